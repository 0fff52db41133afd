"""What an object of the program's says it contains, held against what it has said before.

A result that test code measures, indexes and goes through is taken for a list, and could be a different one for each:
of the right length, in order by its indices, with the right members when gone through. So its answers must agree as
those of plain data do, until the test has the program do something else. Of objects whose class or methods the test
uses nothing of the kind is asked: they have an interface of their own.
"""

from collections.abc import Iterator, Sequence
from typing import cast

from errata.sandbox.protocol import ATOMS

CHANGING = frozenset(
    (
        *("call", "set", "put", "delete", "remove", "enter", "leave", "poll", "enter_async", "leave_async"),
        "following",
    )
)
"""Questions after which an object may contain something else."""
ALLOWED = frozenset(
    (
        *("__name__", "__qualname__", "__doc__", "__module__", "__dict__", "__annotations__", "__wrapped__"),
        *("__defaults__", "__signature__", "__match_args__"),
    )
)
"""Attributes with two underscores that may be asked for; others could steer this interpreter's own machinery."""
PREDICATES = frozenset(
    (
        *("startswith", "endswith", "issubset", "issuperset", "isdisjoint", "isalnum", "isalpha", "isascii"),
        *("isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle"),
        "isupper",
    )
)
"""Questions to a text or a set: an object that is neither would only say yes."""
SETS = frozenset(("union", "intersection", "difference", "symmetric_difference"))
"""What it would be told by these is what it then gives."""
MOST = 1 << 16
"""Items of one object that are remembered."""


class Claim:
    """One object's word."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.length: int | None = None
        self.items: list[object] | None = None
        """All that came when it was gone through."""
        self.entries: dict[str, tuple[object, object]] = {}
        """What came by an index or key, under its text."""
        self.came = 0
        """Items of an iterator so far."""
        self.over = False
        """It has said that no more come."""

    def hold(self, agrees: bool) -> None:
        if not agrees:
            raise AssertionError(f"'{self.name}' object contradicts itself about what it contains")

    def measured(self, length: int) -> int:
        self.hold(self.length is None or length in (self.length, self.length - self.came))
        self.hold(self.items is None or len(self.items) == length)
        self.hold(not self.over or length in (0, self.came))
        self.length = length + (self.came if length != self.length else 0)
        return length

    def through(self, source: Iterator[object]) -> Iterator[object]:
        """The items; at their end they are compared."""
        items: list[object] = []
        for item in source:
            if len(items) <= MOST:
                items.append(item)
            yield item
        drained = bool(self.items) and not items and self.length is None
        if len(items) <= MOST and not drained:
            self.gone_through(items)

    def gone_through(self, items: list[object]) -> None:
        self.hold(self.length in (None, len(items)))
        self.hold(self.items is None or alike(self.items, items))
        self.hold(all(fits(key, item, items) for key, item in self.entries.values()))
        self.items = items

    def next(self, more: bool) -> None:
        """An iterator gave an item, or said that there are no more."""
        self.came += more
        self.over = self.over or not more
        self.hold(more or self.length in (None, self.came))

    def indexed(self, key: object, item: object) -> object:
        if plain(item) and (type(key) in ATOMS or type(key) is slice):
            name = repr(key)
            self.hold(name not in self.entries or alike([item], [self.entries[name][1]]))
            self.hold(self.items is None or fits(key, item, self.items))
            if len(self.entries) < MOST:
                self.entries[name] = key, item
        return item


def plain(item: object) -> bool:
    """Data that is compared without a question."""
    if type(item) in (list, tuple):
        return all(type(part) in ATOMS for part in cast("Sequence[object]", item))
    return type(item) in ATOMS


def alike(some: Sequence[object], others: Sequence[object]) -> bool:
    return len(some) == len(others) and all(
        one == other or one != one for one, other in zip(some, others, strict=True) if plain(one) and plain(other)
    )


def fits(key: object, item: object, items: list[object]) -> bool:
    """Whether the item of an index, or the items of a slice, are those that came when all were gone through."""
    if type(key) is int and -len(items) <= key < len(items):
        return alike([item], [items[key]])
    if type(key) is slice and type(item) in (list, tuple, str):
        return alike(list(cast("Sequence[object]", item)), items[key])
    return True
