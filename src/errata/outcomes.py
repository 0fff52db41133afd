"""What the sandbox knows of records: a judge's process loads these and no others."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Compare: TypeAlias = Literal["lines", "tokens", "exact"]
"""How printed text is compared. `lines`: blanks at the end of lines and blank lines at the end do not count. `tokens`:
only the words count, however they are parted. `exact`: every character counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One test of a check."""

    name: str
    """The test's source, or the rule's name; hidden tests are named `hidden[i]` and their text is not given."""
    passed: bool
    call: str = ""
    """The call whose value was compared, as source: `add(1, 2)`."""
    got: str | None = None
    """`repr` of the value, made by the judge."""
    expected: str | None = None
    """`repr` of the value that was wanted."""


Outcome: TypeAlias = Literal[
    "passed",
    "wrong",
    "exception",
    "syntax",
    "timeout",
    "memory",
    "output",
    "early_exit",
    "crashed",
    "invalid_check",
]
