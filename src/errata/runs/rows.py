"""One file of a run: what stands in it, what is owed, and lines added at its end.

A line is written and handed to the system before the next record is asked for, so a killed process loses at most
the record that it was at; the torn line it may leave is cut off when the file is opened again.
"""

import errno
import os
from array import array
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar, cast, overload

from errata import jsonl
from errata.errors import Fault, UsageError
from errata.jsonl import Named
from errata.types import Owed, Stage, Timed

N = TypeVar("N", bound=Named)
R = TypeVar("R")

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Rows(Sequence[R], Generic[R]):
    """Records of a file in the order that was asked for, read from disk each time: a view, as large as it likes."""

    def __init__(self, path: Path, kind: type[R], spans: Iterable[tuple[int, int]]) -> None:
        self.path = path
        self._kind: type[R] = kind
        self._spans = array("q", (number for span in spans for number in span))

    def __len__(self) -> int:
        return len(self._spans) // 2

    def __iter__(self) -> Iterator[R]:
        if not self._spans:
            return
        with self.path.open("rb", buffering=0) as file:
            for at in range(len(self)):
                yield self._record(file.fileno(), at)

    @overload
    def __getitem__(self, index: int) -> R: ...
    @overload
    def __getitem__(self, index: slice) -> "Rows[R]": ...
    def __getitem__(self, index: int | slice) -> "R | Rows[R]":
        if isinstance(index, slice):
            return Rows(self.path, self._kind, (self._span(at) for at in range(len(self))[index]))
        at = range(len(self))[index]
        with self.path.open("rb", buffering=0) as file:
            return self._record(file.fileno(), at)

    def _span(self, at: int) -> tuple[int, int]:
        return self._spans[2 * at], self._spans[2 * at + 1]

    def _record(self, file: int, at: int) -> R:
        start, end = self._span(at)
        return jsonl.parse(os.pread(file, end - start, start), self._kind, f"{self.path}: byte {start}")


class Shelf(Generic[R]):
    """A file of records being filled, and where the line of each id stands in it."""

    def __init__(self, path: Path, kind: type[R]) -> None:
        self.path = path
        self._kind: type[R] = kind
        self._spans: dict[str, tuple[int, int]] = {}
        self._file = -1
        self._end = 0
        if path.exists():
            mend(path, self._whole)
            self._read()

    def __enter__(self) -> "Shelf[R]":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        self._end = os.fstat(self._file).st_size
        return self

    def __exit__(self, *_: object) -> None:
        try:
            os.fsync(self._file)
        finally:
            os.close(self._file)

    def __contains__(self, id: str) -> bool:
        return id in self._spans

    def add(self, id: str, record: R) -> None:
        """Append the record's line; it is the system's before this returns. An error leaves no half line."""
        start, self._end = self._end, append(self._file, self._end, jsonl.dump(record))
        self._spans[id] = (start, self._end)

    def rows(self, ids: Iterable[str]) -> Rows[R]:
        return Rows(self.path, self._kind, (self._spans[id] for id in ids))

    def all(self) -> Rows[R]:
        return Rows(self.path, self._kind, self._spans.values())

    def _whole(self, line: bytes) -> bool:
        try:
            jsonl.parse(line, self._kind, "")
        except UsageError:
            return False
        return True

    def _read(self) -> None:
        # Of several lines with one id the last holds, at the place of the first.
        at = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                start, at = at, at + len(line)
                if line.strip():
                    self._spans[key(jsonl.parse(line, self._kind, f"{self.path}:{number}"))] = (start, at)


class Asked(Generic[N]):
    """Items in their order, drawn only as the stage takes them; what is done already is passed over."""

    def __init__(self, items: Iterable[N], done: Container[str]) -> None:
        self.ids: list[str] = []
        """Ids of all items drawn so far, done or not."""
        self.kept = 0
        """How many of them had a line."""
        self.answered = 0
        self._done = done
        self._count = len(items) if isinstance(items, Sized) else None
        self._items = iter(items)
        self._seen: set[str] = set()
        self._open: set[str] = set()
        self._first: list[N] = []

    @property
    def total(self) -> int | None:
        """How many items there are, None until that is known."""
        return self._count

    def anything(self) -> bool:
        """Whether anything is owed; draws items up to the first that is."""
        self._first.extend(self._next())
        return bool(self._first)

    def answers(self, stage: Stage[N, R]) -> Generator[tuple[str, R | Timed[R] | Owed]]:
        """(id, what the stage made of it), as it comes. RuntimeError when it is not one for one."""
        made = iter(stage(self._owed()))
        try:
            for answer in made:
                id = _id(answer)
                if id not in self._open:
                    again = "a second time" if id in self._seen else "though it was not asked"
                    raise RuntimeError(f"the stage answers {id!r} {again}")
                self._open.remove(id)
                self.answered += 1
                yield id, answer
        finally:
            if isinstance(made, Generator):
                made.close()
        left = next(iter(self._open), None) or next((item.id for item in self._owed()), None)
        if left is not None:
            raise RuntimeError(f"the stage ended without an answer for {left!r}")

    def _owed(self) -> Iterator[N]:
        while item := (self._first or self._next()):
            yield self._hand(item.pop())

    def _hand(self, item: N) -> N:
        self._open.add(item.id)
        return item

    def _next(self) -> list[N]:
        """The next owed item, or nothing at the end."""
        for item in self._items:
            if item.id in self._seen:
                raise RuntimeError(f"two items of one id are asked: {item.id!r}")
            self._seen.add(item.id)
            self.ids.append(item.id)
            if item.id not in self._done:
                return [item]
            self.kept += 1
        self._count = len(self.ids)
        return []


def _id(answer: R | Timed[R] | Owed) -> str:
    if isinstance(answer, Owed):
        return answer.id
    return key(cast("Timed[R]", answer).record if isinstance(answer, Timed) else answer)


def key(record: object) -> str:
    """The id of what a record was made from, or its own where it was made from nothing or from several."""
    of = getattr(record, "of", None)
    return of if isinstance(of, str) else str(getattr(record, "id"))  # noqa: B009


def append(file: int, end: int, line: str) -> int:
    """Write a line at the end of a file opened for appending and return the new end; an error takes it off again."""
    data = memoryview(f"{line}\n".encode())
    written = 0
    try:
        while written < len(data):
            written += os.write(file, data[written:])
    except BaseException:
        if written:
            os.ftruncate(file, end)
        raise
    return end + written


def mend(path: Path, whole: Callable[[bytes], bool]) -> None:
    """Cut off a torn last line; one that is whole but for its newline gets that."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        tail, block = b"", 1 << 16
        while len(tail) < size and b"\n" not in tail:
            at = max(0, size - len(tail) - block)
            file.seek(at)
            tail = file.read(size - len(tail) - at) + tail
        last = tail[tail.rfind(b"\n") + 1 :]
        if last and whole(last):
            file.seek(size)
            file.write(b"\n")
        else:
            file.truncate(size - len(last))


@contextmanager
def space(path: Path) -> Generator[None]:
    """A full disk is the machine's turn, and what could not be written stays owed."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise Fault(f"{path}: no space left on the disk; make room and run the same command again") from error
        raise
