"""Instructions verified by rules (IFEval): strictly, and loosely. Nothing of an answer is ever run, so no sandbox.

Strict: the answer as it is. Loose: the answer or any of seven made from it, without its first line, its last line or
both, each with or without the asterisks, so that "Sure, here it is:" and markdown do not count against it
(arXiv 2311.07911, section 2.2). A blank text follows nothing.

Every rule takes time in proportion to the text, or stops looking after a fixed part of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from time import perf_counter

from errata.errors import UsageError
from errata.judges.rules.seen import Seen
from errata.judges.rules.table import look
from errata.tasks import rulebook
from errata.tasks.rulebook import Instruction
from errata.types import Part, Rules, Sample, Stage, Task, Timed, Verdict

__all__ = ["Seen", "judge", "look", "loosely", "strictly", "variants"]


def judge(tasks: Iterable[Task]) -> Stage[Sample, Verdict]:
    """A stage that looks at every sample by its task's rules.

    `passed` is strict, with a part for each instruction; `measures` has `loose[i]` for each, and the counts.
    Raises UsageError for an unknown rule and for arguments that do not fit.
    """
    known: dict[str, tuple[tuple[str, ...], tuple[Instruction, ...]]] = {}
    for task in tasks:
        assert isinstance(task.check, Rules)
        names = tuple(rule.id for rule in task.check.rules)
        known[task.id] = names, rulebook.read_all(task.check, task.id)

    def stage(samples: Iterable[Sample]) -> Iterator[Timed[Verdict]]:
        for sample in samples:
            if sample.task not in known:
                raise UsageError(f"{sample.id}: its task {sample.task} is not among the tasks")
            names, asked = known[sample.task]
            begun = perf_counter()
            strict = [strictly(one, sample.text) for one in asked]
            verdict = found(sample, names, strict, loosely(asked, sample.text, strict))
            yield Timed(record=verdict, timing={"seconds": perf_counter() - begun})

    return stage


def found(sample: Sample, names: Sequence[str], strict: Sequence[Seen], loose: Sequence[bool]) -> Verdict:
    failed = [(name, seen) for name, seen in zip(names, strict, strict=True) if not seen.passed]
    return Verdict(
        id=sample.id,
        of=sample.id,
        task=sample.task,
        passed=not failed,
        outcome="wrong" if failed else "passed",
        score=sum(seen.passed for seen in strict) / len(strict) if strict else 1.0,
        parts=tuple(
            Part(name=name, passed=seen.passed, got=seen.got, expected=seen.expected)
            for name, seen in zip(names, strict, strict=True)
        ),
        measures={f"loose[{number}]": float(passed) for number, passed in enumerate(loose)},
        detail="\n".join(f"{name}: wanted {seen.expected}; the answer has {seen.got}." for name, seen in failed),
    )


def strictly(asked: Instruction, text: str) -> Seen:
    """What the rule sees in the answer as it is."""
    seen = look(asked, text)
    return seen if text.strip() else Seen(passed=False, got="an empty answer", expected=seen.expected)


def loosely(asked: Sequence[Instruction], text: str, strict: Sequence[Seen]) -> list[bool]:
    """For each instruction whether the answer, or a text made from it, follows it."""
    texts = [variant for variant in dict.fromkeys(variants(text)) if variant.strip() and variant != text]
    return [
        seen.passed or any(look(one, variant).passed for variant in texts)
        for one, seen in zip(asked, strict, strict=True)
    ]


def variants(text: str) -> Iterator[str]:
    """The answer and the seven texts made from it."""
    lines = text.split("\n")
    shorter = ("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))
    for variant in (text, *shorter):
        yield variant
        yield variant.replace("*", "")
