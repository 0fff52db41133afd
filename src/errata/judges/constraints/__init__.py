"""Answers judged by the constraints that were added to their instruction (FollowBench).

What rules decide is decided here; for the rest a judge model is asked (`questions`), and its replies are read into
verdicts (`read`). `measures["level"]` is the number of constraints, `parts` has one entry a constraint where they can
be told apart. Answers are looked at without the blanks around them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from errata.errors import UsageError
from errata.judges.constraints import asked, ruled
from errata.types import Constrained, Message, Part, Prompt, Sample, Stage, Task, Verdict

__all__ = ["by_model", "judge", "questions", "read"]


def by_model(task: Task) -> bool:
    """Whether a judge model must be asked about a task's answers."""
    return isinstance(task.check, Constrained) and not task.check.rule


def known_task(tasks: Mapping[str, Task], sample: Sample) -> tuple[Task, Constrained]:
    task = tasks.get(sample.task)
    if task is None or not isinstance(task.check, Constrained):
        raise UsageError(f"{sample.id}: its task {sample.task} is not among the tasks")
    return task, task.check


def judge(tasks: Iterable[Task]) -> Stage[Sample, Verdict]:
    """A stage that judges by rules. Raises UsageError for an answer that only a judge model can decide."""
    known = {task.id: task for task in tasks}

    def stage(samples: Iterable[Sample]) -> Iterator[Verdict]:
        for sample in samples:
            task, check = known_task(known, sample)
            if not check.rule:
                raise UsageError(
                    f"{task.id}: only a judge model can decide this: errata evaluate --judge.model M, "
                    "or the part that rules decide, followbench:DIR[rules]"
                )
            yield verdict(sample.id, check, sample.task, ruled.held(check, sample.text.strip()))

    return stage


def verdict(name: str, check: Constrained, task: str, held: Sequence[ruled.Held]) -> Verdict:
    failed = [words for words, satisfied in held if not satisfied]
    return Verdict(
        id=name,
        of=name,
        task=task,
        passed=not failed,
        outcome="wrong" if failed else "passed",
        score=1 - len(failed) / len(held),
        parts=tuple(Part(name=words, passed=satisfied) for words, satisfied in held),
        measures={"level": float(check.level)},
        detail="\n".join(f"Not satisfied: {words}." for words in failed),
    )


def questions(tasks: Iterable[Task], samples: Iterable[Sample], *, chat: bool) -> Iterator[Prompt]:
    """What a judge model is asked about the samples that rules cannot decide; the ids are the samples'."""
    known = {task.id: task for task in tasks}
    for sample in samples:
        task, check = known_task(known, sample)
        if not check.rule:
            words = asked.question(check, sample.text.strip())
            text = (Message(role="user", content=words),) if chat else f"{words}\n\n"
            yield Prompt(id=sample.id, task=task.id, text=text)


def read(tasks: Iterable[Task]) -> Stage[Sample, Verdict]:
    """A stage from a judge model's replies to verdicts; one that cannot be read leaves the verdict open."""
    known = {task.id: task for task in tasks}

    def stage(replies: Iterable[Sample]) -> Iterator[Verdict]:
        for reply in replies:
            _, check = known_task(known, reply)
            said = asked.verdicts(reply.text, check.level)
            if said is None:
                yield Verdict(
                    id=reply.id,
                    of=reply.id,
                    task=reply.task,
                    passed=None,
                    outcome="invalid_check",
                    score=0.0,
                    measures={"level": float(check.level)},
                    detail=f"the judge's reply does not end with a list of {check.level} times YES or NO",
                )
                continue
            held = [(f"constraint {number}", satisfied) for number, satisfied in enumerate(said, 1)]
            yield verdict(reply.id, check, reply.task, held)

    return stage
