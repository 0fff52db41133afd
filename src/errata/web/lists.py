"""What the lists show: every question and who is at it, one person's own answers, and how far people agree."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

from errata.evaluation.report import duration
from errata.evaluation.typeset import excerpt
from errata.feedback.kinds import KINDS
from errata.types import Answer
from errata.web.desk import AUTHOR, Asked, Desk

State: TypeAlias = Literal["open", "taken", "done", "skipped", "left"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A question in a list."""

    asked: Asked
    words: str
    """The task in short."""
    state: State
    said: int
    """How many people have answered or skipped it."""
    who: tuple[str, ...]
    """Who has answered, or who is at it."""
    mine: bool
    begun: bool
    """The person who looks has a draft of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """One of a person's own answers."""

    asked: Asked
    answer: Answer
    number: int
    """The program that was chosen, from 1; 0 for none."""
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one person said to a question, for a table."""

    name: str
    number: int
    kinds: tuple[str, ...]
    passed: bool | None
    skip: str
    distance: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """How far people agree about one thing."""

    about: str
    questions: int
    """That at least two people answered."""
    share: float
    """Percent of the pairs of answers that agree."""
    alpha: float | None
    """Krippendorff's: 1 for full agreement, 0 for that of chance; None where all say the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The closed questions and what each person said to them."""

    rows: tuple[tuple[Asked, tuple[Said, ...]], ...]
    agreed: tuple[Agreed, ...]


def everything(desk: Desk, begun: set[str], name: str) -> list[Row]:
    rows: list[Row] = []
    for asked in desk.all():
        answers, holders = desk.answers(asked), sorted(desk.holders(asked))
        skipped = all(answer.skip for answer in answers)
        closed = "skipped" if skipped else "done"
        state: State = closed if len(answers) >= desk.votes else "taken" if holders else "open"
        if desk.settled(asked) and not answers:
            state = "left"
        rows.append(
            Row(
                asked=asked,
                words=excerpt(asked.question.task.instruction.strip(), lines=1, columns=140).text,
                state=state,
                said=len(answers),
                who=tuple(_name(answer) for answer in answers) + tuple(holders),
                mine=any(_name(answer) == name for answer in answers),
                begun=asked.key in begun,
            )
        )
    return rows


def own(desk: Desk, name: str) -> list[Own]:
    found = [(asked, desk.answer(asked, name)) for asked in desk.all()]
    return [
        Own(asked=asked, answer=answer, number=_number(asked, answer), time=duration(answer.seconds or 0.0))
        for asked, answer in found
        if answer is not None
    ]


def agreement(desk: Desk) -> Agreement:
    """Of questions that are closed, so that nobody is led by what others said."""
    rows = [(asked, desk.answers(asked)) for asked in desk.all() if desk.closed(asked)]
    said = tuple(
        (asked, tuple(_said(asked, answer) for answer in sorted(answers, key=lambda one: one.author)))
        for asked, answers in rows
    )
    given = [[one for one in answers if not one.skip] for _, answers in said]
    judged: list[tuple[str, Sequence[Sequence[Hashable]]]] = [
        ("skipped", [[bool(one.skip) for one in answers] for _, answers in said]),
        ("program chosen", [[one.number for one in answers] for answers in given]),
        ("refinement passes", [[one.passed for one in answers if one.passed is not None] for answers in given]),
    ]
    used = [kind for kind in KINDS if any(kind in one.kinds for answers in given for one in answers)]
    judged += [(kind, [[kind in one.kinds for one in answers] for answers in given]) for kind in used]
    return Agreement(rows=said, agreed=tuple(one for about, units in judged if (one := agreed(about, units))))


def agreed(about: str, units: Sequence[Sequence[Hashable]]) -> Agreed | None:
    """How far those who were asked the same say the same; None where nobody was asked what another was."""
    several = [unit for unit in units if len(unit) > 1]
    pairs = [left == right for unit in several for left, right in combinations(unit, 2)]
    if not pairs:
        return None
    return Agreed(about=about, questions=len(several), share=100 * sum(pairs) / len(pairs), alpha=alpha(several))


def alpha(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Krippendorff's alpha of nominal values (Krippendorff 2011), each unit one question's two or more values."""
    values = [value for unit in units for value in unit]
    observed = sum(sum(left != right for left in unit for right in unit) / (len(unit) - 1) for unit in units)
    expected = sum(left != right for left in values for right in values) / (len(values) - 1)
    return 1 - observed / expected if expected else None


def _said(asked: Asked, answer: Answer) -> Said:
    return Said(
        name=_name(answer),
        number=_number(asked, answer),
        kinds=answer.category,
        passed=answer.passed,
        skip=answer.skip,
        distance=answer.edit_distance,
    )


def _number(asked: Asked, answer: Answer) -> int:
    samples = [offer.sample for offer in asked.question.offers]
    return samples.index(answer.sample) + 1 if answer.sample in samples else 0


def _name(answer: Answer) -> str:
    return answer.author.removeprefix(AUTHOR)
