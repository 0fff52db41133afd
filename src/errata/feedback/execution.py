"""What the interpreter says of a failed program, as text that a model can learn from.

Two styles. `traceback` is LETI's (Wang et al. 2023; papers: LETI 2.1, 2.5): the traceback that the program and its
tests give when run as one file, `Traceback (most recent call last):\\n  File "<string>", line 7, in <module>\\n
assert add(1,2)==3\\nAssertionError\\n`, frames joined with an empty line as the authors' code has it, and a bare word
where there is none. `values` adds what a traceback of an assert does not say: the call, what it gave, what was wanted.

Not taken over from the authors: paths of their harness, line numbers moved by an indentation, and `process timeout`
for programs that merely waited in a queue. A passing program gets no words.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from errata.feedback import events
from errata.text import tail
from errata.types import Feedback, Outcome, Stage, Verdict

Style: TypeAlias = Literal["traceback", "values"]
LIMIT = 2000
"""Characters of feedback at most; the end of a traceback is what is kept."""

WORDS: dict[Outcome, str] = {
    "timeout": "timeout",
    "memory": "out of memory",
    "output": "too much output",
    "early_exit": "the program ended before its tests did",
    "crashed": "the interpreter crashed",
    "wrong": "a test failed",
    "exception": "an exception was raised",
    "syntax": "invalid syntax",
}
NEXT_FRAME = re.compile(r'(?<!\(most recent call last\):)\n(?=  File ")')


def interpreter(style: Style) -> Stage[Verdict, Feedback]:
    """A stage from verdicts to the interpreter's words, one for each; empty text where there is nothing to say."""

    def explain(verdicts: Iterable[Verdict]) -> Iterator[Feedback]:
        for verdict in verdicts:
            text = tail(words(verdict, style), LIMIT)
            yield Feedback(id=verdict.id, of=verdict.id, author="interpreter", text=text)

    return explain


def words(verdict: Verdict, style: Style) -> str:
    if verdict.passed is not False:
        return ""
    if said := events.words(verdict, style):
        return said
    if style == "values" and (said := values(verdict)):
        return said
    return NEXT_FRAME.sub("\n\n", verdict.detail) if verdict.detail else WORDS.get(verdict.outcome, verdict.outcome)


def values(verdict: Verdict) -> str:
    """`add(1, 2) gave 4, expected 3`, or the last line of what was raised; empty when no value was compared."""
    failed = next((part for part in verdict.parts if not part.passed and part.call), None)
    if failed is None:
        return ""
    if failed.got is not None and failed.expected is not None:
        return f"{failed.call} gave {failed.got}, expected {failed.expected}\n"
    raised = verdict.detail.strip().splitlines()[-1:] if verdict.outcome == "exception" else []
    return f"{failed.call} raised {raised[0]}\n" if raised else ""
