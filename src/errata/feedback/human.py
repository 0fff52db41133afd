"""What people are asked and what they have answered: two files in a run's folder, read and written by several programs.

A folder with `question.jsonl` (`Question` records, whole in themselves) asks people; their answers stand beside it in
`answer.jsonl` (`Answer` records), which is only appended to and of which the last line of an id holds. A recipe calls
`ask`, which gives the answers or stops with `Waiting`; whoever puts the questions (the annotators' page, an import)
calls `places`, `open_questions` and `add`.
"""

import fcntl
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from errata import jsonl
from errata.errors import UsageError, Waiting
from errata.runs import Run
from errata.runs.rows import append, mend
from errata.types import Answer, Question

QUESTIONS = "question.jsonl"
ANSWERS = "answer.jsonl"
CONFIG = "config.json"


def ask(run: Run, asked: Iterable[Question], votes: int = 1, go_on_with: int = 0) -> list[Answer]:
    """Store the questions once and give the answers, at most one a question, in the order of the questions.

    A question is closed when `votes` people have answered or skipped it. Of several answers to one question the first
    whose refinement passed is taken, else the first that has words; a question that was only skipped has none.

    Raises Waiting while a question is open, unless `go_on_with` is above 0 and so many answers are there. It counts the
    open questions of all folders of the run, so that one sitting can answer them all.
    """
    stored = run.put(Question, asked)
    given = by_question(answers(run.path).values())
    chosen = [answer for question in stored if (answer := best(given.get(question.id, ()))) is not None]
    left = len(unclosed(stored, given, votes))
    if left and not 0 < go_on_with <= len(chosen):
        top = root(run.path)
        counts = [(len(open_questions(place, votes)), len(questions(place))) for place in places(top)]
        still, all_of_them = (sum(column) for column in zip(*[both for both in counts if both[0]], strict=True))
        raise Waiting(f"{still} of {all_of_them} questions are open: errata annotate {top}")
    return chosen


def questions(folder: Path) -> list[Question]:
    """The questions of a folder, in their order; none where nothing is asked."""
    return list(jsonl.growing(folder / QUESTIONS, Question))


def answers(folder: Path) -> dict[str, Answer]:
    """The answers of a folder by id, the last line of each id, in the order in which they were first given."""
    return {answer.id: answer for answer in jsonl.growing(folder / ANSWERS, Answer)}


def by_question(given: Iterable[Answer]) -> dict[str, list[Answer]]:
    """Answers by the id of their question."""
    found: dict[str, list[Answer]] = {}
    for answer in given:
        found.setdefault(answer.of, []).append(answer)
    return found


def open_questions(folder: Path, votes: int = 1) -> list[Question]:
    """The questions of a folder that fewer than `votes` people have answered or skipped, in their order."""
    return unclosed(questions(folder), by_question(answers(folder).values()), votes)


def unclosed(asked: Iterable[Question], given: Mapping[str, Sequence[Answer]], votes: int) -> list[Question]:
    """Those of the questions that fewer than `votes` authors have answered or skipped."""
    return [question for question in asked if len({one.author for one in given.get(question.id, ())}) < max(1, votes)]


def best(given: Sequence[Answer]) -> Answer | None:
    """The answer that a recipe takes: the first whose refinement passed, else the first with words, else none."""
    said = [answer for answer in given if not answer.skip and (answer.text.strip() or answer.refinement.strip())]
    return next((answer for answer in said if answer.refinement and answer.passed is True), said[0] if said else None)


def places(run: Path) -> list[Path]:
    """Every folder of a run that asks people something. Raises UsageError where there is none."""
    found = sorted(path.parent for path in run.rglob(QUESTIONS))
    if not found:
        raise UsageError(f"{run}: asks nothing; questions are there once a run that needs people waits for them")
    return found


def root(folder: Path) -> Path:
    """The run that a folder belongs to: the nearest one above it that holds config.json, else itself."""
    return next((path for path in (folder, *folder.parents) if (path / CONFIG).is_file()), folder)


def add(folder: Path, given: Iterable[Answer]) -> None:
    """Append answers, all whole and on the disk before this returns; a torn line of a killed writer is cut off first.

    Several processes may add at once. Raises OSError when the disk is full; none of them stays then.
    """
    path = folder / ANSWERS
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        mend(path, is_answer)
        if lines := "\n".join(map(jsonl.dump, given)):
            append(file, os.fstat(file).st_size, lines)
        os.fsync(file)
    finally:
        os.close(file)


def is_answer(line: bytes) -> bool:
    """Whether a line without its newline is a whole answer."""
    try:
        jsonl.parse(line, Answer, "")
    except UsageError:
        return False
    return True
