"""What is wrong with an event object, as text that a model can learn from (papers: LETI 2.2).

The judge has put it in words, one line each, in an order that does not change. `traceback` is the authors': the first
of them alone, as the error that it would have been raised as. `values` gives all of them.
"""

from typing import Literal

from errata.types import Verdict

COUNTED = "arg_gold"
"""The measure that verdicts on events have."""


def words(verdict: Verdict, style: Literal["traceback", "values"]) -> str:
    """The words for an object whose arguments are wrong; empty for other verdicts, which others put in words."""
    if COUNTED not in verdict.measures or verdict.outcome != "wrong":
        return ""
    lines = verdict.detail.splitlines(keepends=True)
    return f"ValueError: {lines[0]}" if style == "traceback" and lines else "".join(lines)
