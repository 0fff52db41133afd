"""Which judge a task's check asks for: one `match` over the closed union `Check`."""

from collections.abc import Iterable, Iterator

from errata.errors import UsageError
from errata.judges import answers, constraints, events, functions, rules, unit_tests
from errata.judges.heads import head
from errata.judges.unit_tests import Judging
from errata.sandbox.places import python
from errata.sandbox.tiers import chosen, probe
from errata.types import (
    Constrained,
    Events,
    Functions,
    Number,
    Owed,
    Rules,
    Sample,
    Stage,
    StdinTests,
    Task,
    Timed,
    UnitTests,
    Verdict,
)

RUN = ("unit_tests", "stdin_tests")
"""Checks that run the answer as a program; one stage takes both."""


def judge(tasks: Iterable[Task], judging: Judging) -> Stage[Sample, Verdict]:
    """A stage that judges every sample by its task's check; yields verdicts with their timing, or Owed.

    Where the tasks have checks of one kind, as sets do, samples are taken as they come; where they are mixed, all
    samples are taken first and judged kind by kind.
    """
    kinds: dict[str, list[Task]] = {}
    for task in tasks:
        kinds.setdefault("run" if task.check.kind in RUN else task.check.kind, []).append(task)
    stages = {kind: of_kind(group, judging) for kind, group in kinds.items()}
    if len(stages) == 1:
        return next(iter(stages.values()))
    home = {task.id: kind for kind, group in kinds.items() for task in group}

    def mixed(samples: Iterable[Sample]) -> Iterator[Verdict | Timed[Verdict] | Owed]:
        sorted_out: dict[str, list[Sample]] = {}
        for sample in samples:
            if sample.task not in home:
                raise UsageError(f"{sample.id}: its task {sample.task} is not among the tasks")
            sorted_out.setdefault(home[sample.task], []).append(sample)
        for kind, group in sorted_out.items():
            yield from stages[kind](group)

    return mixed


def usable(judging: Judging) -> None:
    """Raises UsageError or Fault where the Python, the tier or the parser that is asked for cannot be had here."""
    if judging.sandbox_python:
        python(judging.sandbox_python)
    if judging.tier is not None:
        chosen(probe(judging.sandbox_python), judging.tier, unsafe=False)
    if judging.heads == "spacy":
        head("It.", (0, 2), judging.heads)


def of_kind(tasks: Iterable[Task], judging: Judging) -> Stage[Sample, Verdict]:
    """The stage for tasks whose checks are of one kind."""
    some = list(tasks)
    match some[0].check:
        case UnitTests() | StdinTests():
            return unit_tests.judge(some, judging)
        case Functions():
            return functions.judge(some, judging)
        case Events():
            return events.judge(some, judging)
        case Number():
            return answers.judge(some, judging)
        case Rules():
            return rules.judge(some)
        case Constrained():
            return constraints.judge(some)
