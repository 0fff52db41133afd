"""What AutoIF makes on its way: instructions, verifiers, relations, requests and scores, one JSONL line each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from errata.types import Sample, Task, Verdict

Label: TypeAlias = Literal["entailment", "neutral", "contradiction", "unclear"]
"""What one text says of another; `unclear` where whoever was asked did not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Something that people ask, without an instruction on how to answer."""

    id: str
    """Its number in the file, from 0."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """How an answer is to be given, such that a program can tell whether it was."""

    id: str
    """`autoif/7`."""
    of: tuple[str, ...]
    """The draw that it was written in; nothing for a seed."""
    text: str
    source: Literal["seed", "rewritten", "query"]
    """Where it comes from: the seeds, a model that was shown them, or a model that was shown a query."""
    query: str = ""
    """The query that it was written for, where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A verifier."""

    source: str
    """Python with a function `evaluate(response)`."""
    accuracy: float | None = None
    """Share of the kept cases that it gets right; none where that was not asked."""
    draw: int = 0
    """The draw that it was written in, of equal ones the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A test case of an instruction: a text, and whether it follows."""

    input: str
    output: bool | int | str | None
    """Its truth; as it was written where words are not taken for truth values."""
    accuracy: float | None = None
    """Share of the functions that agree, among those that came to an answer."""
    follows: float | None = None
    """Share of the kept functions that say True of it, among those that came to an answer; none where none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What cross-validation left of an instruction's functions and cases."""

    id: str
    of: str
    """The instruction's id."""
    instruction: str
    functions: tuple[Scored, ...] = ()
    cases: tuple[Tried, ...] = ()
    reason: str = ""
    """Why the instruction was dropped; empty where it was kept."""
    counts: dict[str, int] = field(default_factory=dict[str, int])
    """How many replies, functions and cases there were on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What an instruction says of the one that was read off a verifier of it."""

    id: str
    of: str
    """The reply that the second instruction stands in."""
    task: str
    """The instruction's id."""
    text: str
    """The second instruction."""
    label: Label
    by: str
    """Who said so: a model's name, `judge`, or `lexical`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An instruction joined to a query."""

    id: str
    """`autoif/7/query/12`."""
    of: tuple[str, ...]
    """The instruction and its verified functions."""
    instruction: str
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well a response answers, by a judge model."""

    id: str
    of: str
    """The judge's reply."""
    task: str
    sample: str
    """The response."""
    value: float | None
    """0 to 10; none where the judge's last line is no score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """All that the data stages have made."""

    instructions: Sequence[Instruction]
    verified: Sequence[Verified]
    """One an instruction, dropped ones too."""
    relations: Sequence[Relation]
    translated: Sequence[Verified]
    """Those that cross-validation and back-translation kept."""
    requests: Sequence[Request]
    tasks: Sequence[Task]
    """One a request, in the same order: what models are asked and judged by."""
    samples: Sequence[Sample]
    verdicts: Sequence[Verdict]
    scores: Sequence[Score]
