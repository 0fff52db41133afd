"""What a stage is asked: the items that have no line yet, and the watch that each is answered once."""

from collections.abc import Container, Generator, Iterable, Iterator, Sized
from typing import Generic, TypeVar

from errata.jsonl import Named
from errata.runs.rows import key
from errata.types import Owed, Stage, Timed

N = TypeVar("N", bound=Named)
R = TypeVar("R")


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

    def answers(self, stage: Stage[N, R]) -> Iterator[tuple[str, R | Timed[R] | Owed]]:
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
    match answer:
        case Owed(id=id):
            return id
        case Timed(record=record):
            return key(record)
        case record:
            return key(record)
