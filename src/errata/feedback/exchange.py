"""Answers brought into a run and taken out of it.

What comes in is looked at whole before anything is written. A row that cannot be read, or says what no answer may say,
ends the import with file, line and field. Refinements are run against the public tests. Rows that this run has not
asked for are kept out and said by line; all others are written, and where one may not be, none is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from errata.errors import Fault, UsageError
from errata.feedback import execution, formats, human
from errata.feedback.kinds import KINDS
from errata.feedback.row import AUTHOR, Row
from errata.tasks import Index
from errata.text import edit_distance
from errata.types import Answer, Owed, Question, Sample, Stage, Task, Timed, Verdict

Judge = Callable[[Iterable[Task]], Stage[Sample, Verdict]]
SETTLED = "feedback.jsonl"
"""A step that has this has heard its answers and gone on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A step of a run that asks, and what was answered there."""

    folder: Path
    questions: dict[str, Question]
    given: dict[str, Answer]
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """A row with the question that it answers."""

    row: Row
    place: Place
    question: Question
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did."""

    written: dict[Path, int] = field(default_factory=dict[Path, int])
    """Answers by the folder that they were put into."""
    there: int = 0
    """Rows that the run had already."""
    kept_out: tuple[str, ...] = ()
    """`FILE:LINE: why`, for each row that was not taken."""
    failing: tuple[str, ...] = ()
    """`FILE:LINE: why`, for each that was taken though its refinement fails."""


class Refused(UsageError):
    """Nothing was imported; `reasons` says why, by row."""

    def __init__(self, words: str, reasons: tuple[str, ...]) -> None:
        super().__init__(words)
        self.reasons = reasons


def bring(
    run: Path, path: Path, judge: Judge, *, format: str = "", failing: bool = False, replacing: bool = False
) -> Imported:
    """Put a file's answers beside the questions that they answer.

    failing: take answers whose refinement fails its tests, marked as such. replacing: take those whose author has
    answered otherwise before. UsageError where nothing can be imported as asked, Fault where refinements cannot be run.
    """
    places = [look(folder) for folder in human.places(run)]
    rows = formats.read(path, format)
    for row in rows:
        checked(row)
    out: list[str] = []
    fitting: dict[tuple[Path, str], Fitting] = {}
    for row in rows:
        found = fit(row, places)
        if isinstance(found, str):
            out.append(f"{row.where}: {found}")
        else:
            fitting[found.place.folder, found.answer.id] = found
    new: list[Fitting] = []
    there = 0
    for found in fitting.values():
        before = found.place.given.get(found.answer.id)
        if before is not None and same(before, found.answer):
            there += 1
        elif before is not None and not replacing:
            out.append(
                f"{found.row.where}: {before.author} has answered {before.of} otherwise; --replace takes this one"
            )
        else:
            new.append(found)
    tried, reasons = validated(new, judge)
    if reasons and not failing:
        raise Refused(
            f"{path}: {len(reasons)} of {len(new)} refinements fail their tests, so nothing was imported; "
            "mend them, or take them as they are with --failing",
            tuple(reasons),
        )
    written: dict[Path, list[Answer]] = {}
    for found in tried:
        written.setdefault(found.place.folder, []).append(found.answer)
    for folder, answers in written.items():
        human.add(folder, answers)
    counts = {folder: len(answers) for folder, answers in written.items()}
    return Imported(written=counts, there=there, kept_out=tuple(out), failing=tuple(reasons))


def take(run: Path, path: Path, *, format: str = "") -> int:
    """Write a run's answers to a file; gives how many."""
    chosen = formats.format_of(path, format)
    given: list[tuple[Question, Answer]] = []
    for folder in human.places(run):
        place = look(folder)
        given += [
            (place.questions[answer.of], answer) for answer in place.given.values() if answer.of in place.questions
        ]
    formats.write(path, chosen, given)
    return len(given)


def look(folder: Path) -> Place:
    return Place(
        folder=folder,
        questions={question.id: question for question in human.questions(folder)},
        given=human.answers(folder),
        settled=(folder / SETTLED).exists(),
    )


def checked(row: Row) -> None:
    """UsageError where a row says what no answer may say."""
    answer = row.answer
    if not answer.of:
        raise UsageError(f"{row.where}: question: field required")
    if not AUTHOR.fullmatch(answer.author):
        raise UsageError(f"{row.where}: author: human:NAME, simulated:NAME or critic:MODEL")
    if not answer.skip.strip() and not answer.text.strip():
        raise UsageError(f"{row.where}: text: neither words nor a reason to skip")
    if unknown := [kind for kind in answer.category if kind not in KINDS]:
        raise UsageError(f"{row.where}: category: unknown {unknown[0]!r}; there are {', '.join(KINDS)}")
    if answer.seconds is not None and answer.seconds < 0:
        raise UsageError(f"{row.where}: seconds: less than none")


def fit(row: Row, places: Sequence[Place]) -> Fitting | str:
    """The row as an answer to a question of the run, the last step's where several ask the same; or why it is none."""
    asked = [(place, one) for place in places if (one := _question(place, row.answer.of)) is not None]
    if not asked:
        return f"{row.answer.of}: no question of this run"
    open_ones = [(place, question) for place, question in asked if not place.settled]
    if not open_ones:
        return f"{row.answer.of}: the run has gone on since it asked this"
    chosen = [(place, question, _sample(row, question)) for place, question in open_ones]
    fitting = [one for one in chosen if one[2] is not None]
    if not fitting:
        return f"{row.answer.of}: its program is none of those that the run offers"
    place, question, sample = fitting[-1]
    program = next((offer.program for offer in question.offers if offer.sample == sample), "")
    mended = row.answer.refinement if _plain(row.answer.refinement) not in ("", _plain(program)) else ""
    answer = replace(
        row.answer,
        id=_id(row, place, question),
        of=question.id,
        sample=sample or "",
        refinement=mended,
        passed=None,
        edit_distance=round(edit_distance(program, mended), 6) if mended else None,
    )
    return Fitting(row=row, place=place, question=question, answer=answer)


def same(one: Answer, other: Answer) -> bool:
    """Whether two answers say the same; what a machine measured of them is left out."""
    return replace(one, passed=None, edit_distance=None, seconds=None) == replace(
        other, passed=None, edit_distance=None, seconds=None
    )


def validated(found: Sequence[Fitting], judge: Judge) -> tuple[list[Fitting], list[str]]:
    """The rows with whether their refinements pass, and `FILE:LINE: why` for each that fails."""
    by_id = {f"{at}": one for at, one in enumerate(found) if one.answer.refinement}
    samples = [
        Sample(id=id, of=id, task=one.question.id, prompt="", text=one.answer.refinement) for id, one in by_id.items()
    ]
    tasks = {one.question.id: one.question.task for one in by_id.values()}
    verdicts: dict[str, Verdict] = {}
    for made in judge(tasks.values())(samples) if samples else ():
        if isinstance(made, Owed):
            raise Fault(f"{by_id[made.id].row.where}: refinement: cannot be run ({made.reason}); nothing was imported")
        verdict = made.record if isinstance(made, Timed) else made
        verdicts[verdict.id] = verdict
    tried: list[Fitting] = []
    reasons: list[str] = []
    for at, one in enumerate(found):
        verdict = verdicts.get(f"{at}")
        passed = verdict.passed if verdict else None
        tried.append(replace(one, answer=replace(one.answer, passed=passed)))
        if verdict is not None and passed is False:
            reasons.append(f"{one.row.where}: refinement: {_why(verdict)}")
    return tried, reasons


def _id(row: Row, place: Place, question: Question) -> str:
    """The answer's id: that of what its author has said to the question before, or else the one of the file."""
    author = row.answer.author
    before = (one.id for one in place.given.values() if one.of == question.id and one.author == author)
    if known := next(before, ""):
        return known
    return row.answer.id if row.answer.id.startswith(f"{question.id}@") else f"{question.id}@{author.partition(':')[2]}"


def _why(verdict: Verdict) -> str:
    said = execution.words(verdict, "values").strip()
    return " ".join(said.splitlines()[-1].split())[:200] if said else verdict.outcome


def _question(place: Place, written: str) -> Question | None:
    """The question of that id, or of that task as people write ids."""
    if written in place.questions:
        return place.questions[written]
    task = Index(question.task for question in place.questions.values()).get(written)
    return next((one for one in place.questions.values() if one.task is task), None) if task is not None else None


def _sample(row: Row, question: Question) -> str | None:
    """The program that a row is about, among those offered; empty for a skip that names none, None where it is none."""
    if row.answer.sample in question.of:
        return row.answer.sample
    if row.program:
        wanted = _plain(row.program)
        same = [offer.sample for offer in question.offers if _plain(offer.program) == wanted]
        if same:
            return same[0]
    return "" if row.answer.skip.strip() else None


def _plain(program: str) -> str:
    """A program without what an editor or a spreadsheet changes of its own accord."""
    lines = program.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")
