"""One answer of a file that comes in, whatever the file's format."""

import re
from dataclasses import dataclass

from errata.types import Answer

AUTHOR = re.compile(r"(human|simulated|critic):.+", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One answer of a file, not yet looked at."""

    where: str
    """`answers.csv:12`."""
    answer: Answer
    """`of` is the task as the file writes it."""
    program: str = ""
    """The program that it is about, where the file holds that and no sample's id."""
