"""The nouns: frozen records without behaviour, one JSONL line each, and the shape of a stage.

All records have an `id`; made ones have `of`, the id that they were made from. Ids are paths: `mbpp/11` is a
task, `mbpp/11#3` its fourth draw, and that draw's sample, verdict and feedback bear the same id.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeAlias, TypeVar

from errata.outcomes import Compare as Compare
from errata.outcomes import Outcome as Outcome
from errata.outcomes import Part as Part

R = TypeVar("R")
A = TypeVar("A")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTests:
    """A program is right when every test runs without raising."""

    kind: Literal["unit_tests"] = "unit_tests"
    tests: tuple[str, ...]
    """Public tests: Python source, each run by itself after `setup`. Prompts, rewards and feedback see these."""
    hidden: tuple[str, ...] = ()
    """Tests that only reported scores see."""
    setup: str = ""
    """Python source that belongs to the tests and is run once before them (imports, HumanEval's `def check`)."""
    entry_point: str = ""
    """The name that the tests call, where the source of the task says it."""
    together: bool = False
    """These tests need the program's own process (mocks, patched modules); a program could forge such a verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a whole program is given to read, and what it must print."""

    stdin: str = ""
    stdout: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StdinTests:
    """A whole program is right when it prints what each case wants for what the case gives on standard input."""

    kind: Literal["stdin_tests"] = "stdin_tests"
    cases: tuple[Case, ...] = ()
    """Public cases: each is run in a process of its own. Prompts, rewards and feedback see these."""
    hidden: tuple[Case, ...] = ()
    """Cases that only reported scores see."""
    compare: Compare = "lines"
    """How what was printed is compared with what is wanted."""
    tolerance: float = 0.0
    """Numbers in the text may differ by this much, absolutely or relatively; text is then compared word by word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """What takes part in an event: a stretch of its sentence."""

    role: str
    """The role that it has, one of the event's."""
    start: int
    """Where it begins in the sentence, in characters."""
    end: int
    """Where it ends, in characters."""
    whole: bool = True
    """False where the annotation is in several pieces, of which this is the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """A program is right when the event object that it makes has the arguments that people found in the sentence."""

    kind: Literal["events"] = "events"
    event: str
    """The class of the event: a Python name."""
    sentence: str
    """The text that the arguments stand in."""
    trigger: tuple[int, int]
    """Where the words that tell of the event begin and end, in characters."""
    roles: tuple[str, ...]
    """The roles that the event may have: the parameters of its class."""
    gold: tuple[Argument, ...] = ()
    """The arguments that people found; prompts never see them."""
    definitions: str
    """Python source of the classes; the program that is judged begins with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """An answer is right when its last word, or what its program gives, is this number."""

    kind: Literal["answer"] = "answer"
    value: str
    """The number, as people write it: `1,250`, `$3.50`, `2/3`, `40 %`."""
    tolerance: float = 1e-6
    """How far an answer may be off, absolutely, and by the number's own size where that is above 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """A text is right when more than a share of the functions that look at it and come to an answer say so (AutoIF)."""

    kind: Literal["functions"] = "functions"
    functions: tuple[str, ...]
    """Python source, each with a function `evaluate(response)` that says True or False of a text."""
    above: float = 0.5
    """More than this share of those that come to an answer must say True."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One instruction that a rule can verify."""

    id: str
    """The rule's name, as IFEval has it: `punctuation:no_comma`; `errata.tasks.rulebook` lists all."""
    kwargs: dict[str, str | int | tuple[str, ...]] = field(default_factory=dict[str, str | int | tuple[str, ...]])
    """What the rule is told: `num_words`, `relation`, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A text is right when it follows every instruction, each verified by a rule (IFEval)."""

    kind: Literal["rules"] = "rules"
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Constrained:
    """An answer is right when it satisfies every constraint that was added to an instruction (FollowBench)."""

    kind: Literal["constrained"] = "constrained"
    path: tuple[str, ...]
    """The instruction as it grew, a constraint a step: without one first, the task's own last."""
    level: int
    """Constraints that were added, 1 to 5."""
    category: str
    """What they are about: content, situation, style, format, example, mixed."""
    rule: str = ""
    """What decides; empty: a judge model."""
    target: tuple[str, ...] = ()
    """What the rule compares with."""


Check: TypeAlias = UnitTests | StdinTests | Events | Number | Functions | Rules | Constrained


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to do, and how to tell whether it was done."""

    id: str
    instruction: str
    """What is wanted, in words."""
    check: Check
    """What decides."""
    reference: str = ""
    """A right program, whole; never shown to the model."""
    prefix: str = ""
    """Code that a completion continues (HumanEval's prompt); part of the program that is judged."""
    tags: tuple[str, ...] = ()
    """What the task shares with others: `tier:hard`, `concept:positive`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


Text: TypeAlias = str | tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One draw that is asked for; derived, never stored. The seed of the draw derives from its id."""

    id: str
    task: str
    """The task's id."""
    text: Text
    """What the model sees: a string to continue, or chat messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the model answered."""

    id: str
    of: str
    task: str
    prompt: Text
    """The very text that the model saw, control tokens included; empty where a whole program was read from a file."""
    text: str
    """The reply, without the prompt and without what ended it."""
    finish: Literal["stop", "length"] = "stop"
    """`stop`: the model ended it, or a stop string did; `length`: it was cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the judge says of a program; never of the machine."""

    id: str
    of: str
    task: str
    passed: bool | None
    """None when the check itself is broken; nothing is trained on that."""
    outcome: Outcome
    score: float
    """Share of the parts that passed, 0 to 1."""
    parts: tuple[Part, ...] = ()
    measures: dict[str, float] = field(default_factory=dict[str, float])
    """Counts that metrics are made of, by name: `public` is 1 when the public tests passed."""
    detail: str = ""
    """What the interpreter said: the traceback of the first failure, frames of the program and of the test alone."""
    forgeable: bool = False
    """True when the program could have written this verdict: it shared a process with its tests, or a comparison of two
    of its own objects was left to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What went wrong, in words."""

    id: str
    of: str
    author: str
    """`interpreter`, `human:<name>` or `critic:<model>`."""
    text: str
    refinement: str = ""
    """A mended program, where the author gave one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A failing program that people may choose to mend."""

    sample: str
    """The sample's id."""
    program: str
    """Its whole source."""
    verdict: Verdict
    """What the judge said of it: the parts passed, got and expected, the interpreter's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What people are asked: what is wrong with one of these programs, and how is it mended?"""

    id: str
    """The task's id."""
    of: tuple[str, ...]
    """The samples that are offered."""
    task: Task
    """Whole, so that whoever puts the question can also try an answer."""
    offers: tuple[Offer, ...]
    """Failing programs of the task, the easiest to mend first."""
    refinement: bool = True
    """Whether a mended program is wanted too, or words are enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one person said to one question; of several lines with one id the last holds."""

    id: str
    """`mbpp/11@ada`: the question and the author."""
    of: str
    """The question's id."""
    author: str
    """`human:<name>`, `simulated:<name>` or `critic:<model>`."""
    sample: str = ""
    """The sample that was chosen among the offers."""
    text: str = ""
    """What is wrong, and how to mend it."""
    refinement: str = ""
    """The mended program, whole."""
    skip: str = ""
    """Why no answer can be given; closes the question for its author."""
    category: tuple[str, ...] = ()
    """What kind of error it is (ILF, table 5)."""
    passed: bool | None = None
    """Whether the refinement passes the task's tests, where it was tried."""
    edit_distance: float | None = None
    """Levenshtein distance of refinement and program, by the longer of the two: 0 to 1."""
    seconds: float | None = None
    """Time spent on the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """Text to imitate: only `target` bears loss."""

    id: str
    of: tuple[str, ...]
    """The ids of all records that this text was made from."""
    context: Text
    target: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two answers of which one is better."""

    id: str
    of: tuple[str, ...]
    context: Text
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed(Generic[R]):
    """A record together with what differs from run to run by nature; `Run.map` files that in `timing.jsonl`."""

    record: R
    timing: dict[str, float | int | str]
    """Seconds, peak memory in MiB, sandbox tier, host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """The machine failed at this item, even when tried again: no record, still to be done."""

    id: str
    reason: str


Stage: TypeAlias = Callable[[Iterable[A]], Iterable[R | Timed[R] | Owed]]
"""Records in, records out: one out for one in, in any order, each as soon as it is ready."""

Progress: TypeAlias = Callable[[int, int, str], None]
"""Told (done, total, a few words) by long work that is no stage, such as training."""
