"""The shipped programs: what each tries, the tests it is put to, and whether it may pass."""

from dataclasses import dataclass
from importlib import resources
from typing import Literal

from errata import jsonl

HONEST, WRONG = "honest", "wrong"
"""The groups of controls; all others are attacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One program of the corpus."""

    id: str
    group: str
    expect: Literal["pass", "fail"]
    note: str
    """What it tries, in a few words."""
    entry_point: str
    tests: tuple[str, ...]
    program: str
    """Source, with places in braces that `Stage.filled` fills: {OUTSIDE} {SECRET} {ENV} {PORT} {ABSTRACT} {LATE}."""
    only: tuple[str, ...] = ()
    """Graders that it is made for; empty: any."""
    late: bool = False
    """It needs a grader whose time limit can be set."""
    machine: str = ""
    """The processor whose system calls it names; empty: any."""

    @property
    def attack(self) -> bool:
        return self.group not in (HONEST, WRONG)


def corpus() -> list[Entry]:
    """All programs, in the order in which they are shown."""
    file = resources.files("errata.redteam").joinpath("corpus.jsonl")
    return [
        jsonl.parse(line.encode(), Entry, f"corpus.jsonl:{number}")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines())
    ]
