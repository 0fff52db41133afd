"""Between the samples and the refiner: what people are asked, and what of their answers is used.

A step's folder holds `sample`, `verdict`, `question`, `answer` and `feedback.jsonl`, and in `mended/` the verdicts on
people's refinements. Once `feedback.jsonl` stands, what is answered later is not heard any more.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from errata.errors import UsageError
from errata.feedback import exchange, formats, human, simulated
from errata.judges import Judging, judge
from errata.judges.unit_tests import program
from errata.policies import serve
from errata.prompts import ask, render
from errata.runs import Run
from errata.tasks import Index
from errata.types import Answer, Feedback, Offer, Owed, Question, Sample, Stage, Task, Text, Timed, Verdict

if TYPE_CHECKING:
    from errata.recipes.ilf import Ilf


SETS = ("refine", "tasks")
"""The folders of the two sets: what people mend, and what they only need to speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """One answer, with all that a refiner needs of it."""

    feedback: Feedback
    task: Task
    problem: Text
    """The task as it is put to the model."""
    old: str
    """The failing program, whole."""
    passed: bool
    """Whether the refinement is there and passes the public tests."""


def sampled(step: Run, model: str, tasks: Sequence[Task], config: Ilf, *, mend: bool) -> list[Question]:
    """Programs of every task, judged by public tests, and a question for each task of which none passes; with `mend` a
    mended program is asked for, else words are enough."""
    if config.annotations:
        tasks, rows = annotated(tasks, Path(config.annotations))
        samples = step.put(Sample, rows)
    else:
        with serve(model, config.backend, server=config.server, folder=step.path) as policy:
            prompts = list(ask(tasks, config.draws, style=config.prompt))
            samples = step.map(Sample, policy.sample(config.sampling), prompts)
    verdicts = step.map(Verdict, judge(tasks, config.judging), samples)
    made = [replace(one, refinement=mend) for one in questions(tasks, samples, verdicts, config.offers)]
    if config.feedbacks and len(made) > config.feedbacks:
        chosen = random.Random(config.seed).sample(range(len(made)), config.feedbacks)
        made = [made[at] for at in sorted(chosen)]
    if not made:
        raise UsageError(f"{step.path}: every task has a passing sample; there is nothing to mend: take harder tasks")
    return list(step.put(Question, made))


def annotated(tasks: Iterable[Task], path: Path) -> tuple[list[Task], list[Sample]]:
    """The tasks that a file of annotations speaks of, and the program that each row is about, whole.

    Raises UsageError when the file has none of the tasks, and with file, line and field where it cannot be read.
    """
    index = Index(tasks)
    found: dict[str, tuple[Task, Sample]] = {}
    for row in formats.read(path):
        if (task := index.get(row.answer.of)) is not None and row.program:
            id = f"{task.id}#0"
            found[task.id] = (task, Sample(id=id, of=id, task=task.id, prompt="", text=row.program))
    if not found:
        raise UsageError(f"{path}: has no row with a program for any of these tasks")
    return [task for task, _ in found.values()], [sample for _, sample in found.values()]


def brought(step: Run, config: Ilf) -> None:
    """Put the answers of a file of annotations beside their questions, unless the run has gone on since."""
    settled = [(step.path / name / exchange.SETTLED).exists() for name in SETS]
    if not all(settled):
        exchange.bring(step.path, Path(config.annotations), lambda tasks: judge(tasks, config.judging), failing=True)


def questions(
    tasks: Iterable[Task], samples: Iterable[Sample], verdicts: Iterable[Verdict], most: int
) -> Iterator[Question]:
    """A question for each task without a passing sample: its failing programs, each once, the easiest to mend first.

    The easiest: most parts passed, then shortest, then first drawn. Tasks whose check is broken are left out.
    """
    by_task: dict[str, list[tuple[Sample, Verdict]]] = {}
    for sample, verdict in zip(samples, verdicts, strict=True):
        by_task.setdefault(sample.task, []).append((sample, verdict))
    for task in tasks:
        rows = by_task.get(task.id, [])
        if not rows or any(verdict.passed is not False for _, verdict in rows):
            continue
        first: dict[str, Offer] = {}
        for sample, verdict in rows:
            source = program(sample)
            first.setdefault(source, Offer(sample=sample.id, program=source, verdict=verdict))
        offers = sorted(first.values(), key=lambda offer: (-offer.verdict.score, len(offer.program)))[:most]
        yield Question(id=task.id, of=tuple(offer.sample for offer in offers), task=task, offers=tuple(offers))


def answered(step: Run, asked: Sequence[Question], config: Ilf) -> list[Mended]:
    """What people said, one a question at most, and whether their refinements pass.

    Raises Waiting while questions are open; UsageError when nobody has said anything.
    """
    if config.annotator == "simulated":
        step.map(Answer, annotating(config.judging), asked)
    feedback = step.put(Feedback, told(step, asked, config))
    known = {offer.sample: (question.task, offer.program) for question in asked for offer in question.offers}
    rows = [row for row in feedback if row.of in known]
    if not rows:
        raise UsageError(f"{step.path}: all questions were skipped; there is no feedback to learn from")
    written = [
        Sample(id=row.id, of=row.id, task=known[row.of][0].id, prompt="", text=row.refinement)
        for row in rows
        if row.refinement.strip()
    ]
    tasks = [known[row.of][0] for row in rows]
    verdicts = step.at("mended").map(Verdict, judge(tasks, config.judging), written) if written else ()
    passed = {verdict.id for verdict in verdicts if verdict.passed}
    return [
        Mended(
            feedback=row,
            task=known[row.of][0],
            problem=render(known[row.of][0], config.prompt),
            old=known[row.of][1],
            passed=row.id in passed,
        )
        for row in rows
    ]


def told(step: Run, asked: Sequence[Question], config: Ilf) -> Iterator[Feedback]:
    """People's answers as feedback on the program that each of them chose."""
    offered = {question.id: question.of for question in asked}
    for answer in human.ask(step, asked, config.votes, config.go_on_with):
        chosen = answer.sample or offered[answer.of][0]
        yield Feedback(id=answer.id, of=chosen, author=answer.author, text=answer.text, refinement=answer.refinement)


def annotating(judging: Judging) -> Stage[Question, Answer]:
    """The simulated annotator, which tries its proposals: offer by offer, all questions that are open still at once."""

    def stage(asked: Iterable[Question]) -> Iterator[Answer | Owed]:
        left = list(asked)
        for turn in range(max((len(question.offers) for question in left), default=0)):
            open_ones: list[Question] = []
            for question, found in tried(left, turn, judging):
                if found is None:
                    open_ones.append(question)
                else:
                    yield found
            left = open_ones
        for question in left:
            yield simulated.skipped(question)

    return stage


def tried(left: Sequence[Question], turn: int, judging: Judging) -> Iterator[tuple[Question, Answer | Owed | None]]:
    """Each question with the first proposal for its `turn`-th offer that passes the public tests, or with none."""
    proposed = {
        f"{question.id}#{at}": (question, proposal)
        for question in left
        if turn < len(question.offers)
        for at, proposal in enumerate(simulated.proposals(question, question.offers[turn]))
    }
    samples = [
        Sample(id=id, of=id, task=question.task.id, prompt="", text=proposal.refinement)
        for id, (question, proposal) in proposed.items()
    ]
    passed: set[str] = set()
    owed: dict[str, Owed] = {}
    for made in judge([question.task for question in left], judging)(samples):
        row = made.record if isinstance(made, Timed) else made
        if isinstance(row, Owed):
            question = proposed[row.id][0]
            owed[question.id] = Owed(id=question.id, reason=row.reason)
        elif row.passed:
            passed.add(row.id)
    first: dict[str, simulated.Proposal] = {}
    for id, (question, proposal) in proposed.items():
        if id in passed:
            first.setdefault(question.id, proposal)
    for question in left:
        if question.id in owed:
            yield question, owed[question.id]
        elif question.id in first:
            yield question, simulated.answer(question, first[question.id])
        else:
            yield question, None
