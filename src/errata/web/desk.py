"""The desk where questions are handed out and answers taken in; it knows nothing of pages.

Every answer that was accepted is on the disk, and the same press of the button never writes twice, whatever dies in
between: what is about to be written is journaled first, and a repeated press looks whether the line came to stand.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from errata import jsonl
from errata.errors import UsageError
from errata.feedback import human
from errata.feedback.exchange import SETTLED
from errata.types import Answer, Question
from errata.web.kept import Kept
from errata.web.leases import Leases

AUTHOR = "human:"
LOOK_EVERY = 2.0
"""Seconds between two looks for new questions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question where it lies."""

    key: str
    """Its name in addresses."""
    folder: Path
    step: str
    """The folder as the run names it."""
    number: int
    """Its place among all, from 1."""
    question: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far people are."""

    total: int
    done: int
    """Questions that so many people have answered or skipped as are wanted, or that the run has left."""
    mine: int
    """Answered or skipped by the person who asks."""


class Book:
    """The answers of one folder, followed as they are appended by this process and by others."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.given: dict[str, dict[str, Answer]] = {}
        """By question and by id."""
        self.digests: set[str] = set()
        """Of every line that ever stood."""
        self._at = self._line = 0

    def refresh(self) -> None:
        size = self.path.stat().st_size if self.path.exists() else 0
        if size < self._at:
            self.given, self.digests, self._at, self._line = {}, set(), 0, 0
        if size <= self._at:
            return
        with self.path.open("rb") as file:
            file.seek(self._at)
            new = file.read()
        # A line without its end is still being written.
        new = new[: new.rfind(b"\n") + 1]
        self._at += len(new)
        for line in new.split(b"\n")[:-1]:
            self._line += 1
            if line.strip():
                answer = jsonl.parse(line, Answer, f"{self.path}:{self._line}")
                self.given.setdefault(answer.of, {})[answer.id] = answer
                self.digests.add(digest(answer))


class Desk:
    """The questions of a run and the people at them; safe to be used by several threads."""

    def __init__(
        self, run: Path, kept: Kept, *, votes: int = 1, lease: float = 900.0, clock: Callable[[], float] = time.time
    ) -> None:
        """votes: people that each question is put to. lease: seconds for which a question stays with an idle person."""
        self.run = run
        self.votes = votes
        self._kept = kept
        self._clock = clock
        self._leases = Leases(kept.path / "leases.json", lease, clock)
        self._lock = threading.RLock()
        self._asked: dict[str, Asked] = {}
        self._books: dict[Path, Book] = {}
        self._sizes: dict[Path, int] = {}
        self._later: dict[str, list[str]] = {}
        self._looked = float("-inf")

    def all(self) -> list[Asked]:
        """Every question of the run, those that were asked since the last look too."""
        with self._lock:
            self._look()
            return list(self._asked.values())

    def get(self, key: str) -> Asked | None:
        with self._lock:
            self._look()
            return self._asked.get(key)

    def answers(self, asked: Asked) -> list[Answer]:
        """What was said to a question, one answer an author."""
        with self._lock:
            book = self._books[asked.folder]
            book.refresh()
            return list(book.given.get(asked.question.id, {}).values())

    def answer(self, asked: Asked, name: str) -> Answer | None:
        """What a person said to a question."""
        return next((answer for answer in self.answers(asked) if answer.author == AUTHOR + name), None)

    def settled(self, asked: Asked) -> bool:
        """Whether the run has gone on, so that it hears no more answers to this."""
        return (asked.folder / SETTLED).exists()

    def closed(self, asked: Asked) -> bool:
        """Whether nobody needs to be asked any more."""
        return len(self.answers(asked)) >= self.votes or self.settled(asked)

    def holders(self, asked: Asked) -> set[str]:
        """Who is at a question that they have not answered yet."""
        with self._lock:
            answered = {answer.author for answer in self.answers(asked)}
            return {name for name in self._leases.holders(asked.key) if AUTHOR + name not in answered}

    def progress(self, name: str) -> Progress:
        with self._lock:
            asked = self.all()
            return Progress(
                total=len(asked),
                done=sum(self.closed(one) for one in asked),
                mine=sum(self.answer(one, name) is not None for one in asked),
            )

    def take(self, name: str) -> Asked | None:
        """The question that a person is at, or else the next that is free, which is then held; None where none is."""
        with self._lock:
            asked = {one.key: one for one in self.all()}
            held = asked.get(self._leases.of(name))
            if held is not None and not self.closed(held) and self.answer(held, name) is None:
                self._leases.hold(name, held.key)
                return held
            later = self._later.get(name, [])
            free = [one for one in asked.values() if self._free(one, name)]
            free.sort(key=lambda one: later.index(one.key) if one.key in later else -1)
            if free:
                self._leases.hold(name, free[0].key)
            return free[0] if free else None

    def hold(self, name: str, asked: Asked) -> set[str]:
        """Give a chosen question to a person; else who is at it. Nobody is kept from looking at one that is closed."""
        with self._lock:
            others = self.holders(asked) - {name}
            mine = self.answer(asked, name) is not None
            if others and not mine and not self.closed(asked) and not self._free(asked, name):
                return others
            if not mine and not self.settled(asked):
                self._leases.hold(name, asked.key)
            return set()

    def renew(self, name: str, asked: Asked) -> list[str]:
        """Tell that a person is still at a question; gives who else has answered it or is at it, beyond the votes."""
        with self._lock:
            if self.answer(asked, name) is not None or self.settled(asked):
                return []
            answered = [one.author.removeprefix(AUTHOR) for one in self.answers(asked) if one.author != AUTHOR + name]
            others = sorted({*answered, *(self.holders(asked) - {name})})
            if len(others) < self.votes:
                self._leases.hold(name, asked.key)
                return []
            return others

    def later(self, name: str, asked: Asked) -> None:
        """Put a question back; this person gets it again when nothing else is left."""
        with self._lock:
            self._leases.release(name, asked.key)
            kept = [key for key in self._later.get(name, []) if key != asked.key]
            self._later[name] = [*kept, asked.key]

    def seen(self, asked: Asked, answer: Answer, token: str) -> bool:
        """Whether this very press of the button has been written."""
        with self._lock:
            book = self._books[asked.folder]
            book.refresh()
            return self._kept.noted(token, digest(answer)) and digest(answer) in book.digests

    def submit(self, asked: Asked, answer: Answer, token: str) -> None:
        """Write an answer down, once for each press of the button; on the disk before this returns.

        UsageError where the run has gone on.
        """
        name = answer.author.removeprefix(AUTHOR)
        with self._lock:
            if not self.seen(asked, answer, token):
                if self.settled(asked):
                    raise UsageError("The run has gone on since it asked this, and hears no more answers to it.")
                self._kept.note(token, digest(answer))
                human.add(asked.folder, [answer])
            self._leases.release(name, asked.key)
            self._kept.drop(name, asked.key, token.rpartition("-")[0])

    def _free(self, asked: Asked, name: str) -> bool:
        authors = {answer.author for answer in self.answers(asked)}
        others = self.holders(asked) - {name}
        wanted = len(authors) + len(others) < self.votes and not self.settled(asked)
        return wanted and AUTHOR + name not in authors

    def _look(self) -> None:
        """Read questions that came since the last look; the run may ask more while people answer."""
        if self._clock() - self._looked < LOOK_EVERY:
            return
        self._looked = self._clock()
        for path in sorted(self.run.rglob(human.QUESTIONS)):
            size = path.stat().st_size
            if self._sizes.get(path) == size:
                continue
            self._sizes[path] = size
            step = str(path.parent.relative_to(self.run))
            for question in human.questions(path.parent):
                key = hashlib.sha256(f"{step}\0{question.id}".encode("utf-8", "replace")).hexdigest()[:12]
                number = self._asked[key].number if key in self._asked else len(self._asked) + 1
                self._asked[key] = Asked(key=key, folder=path.parent, step=step, number=number, question=question)
            self._books.setdefault(path.parent, Book(path.parent / human.ANSWERS))


def digest(answer: Answer) -> str:
    """Of what the person sent; what the machine found out about it may differ when it is sent again."""
    sent = replace(answer, passed=None, edit_distance=None)
    return hashlib.sha256(jsonl.dump(sent).encode()).hexdigest()


def checked(run: Path) -> Path:
    """The folder, if it is a run's, which may have no question yet. UsageError otherwise."""
    if not run.is_dir():
        raise UsageError(f"{run}: no such folder")
    if not (run / human.CONFIG).exists() and next(run.rglob("question.jsonl"), None) is None:
        raise UsageError(f"{run}: is no run: it has neither a {human.CONFIG} nor questions")
    return run
