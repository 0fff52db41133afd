"""What an object of the program's says it contains, held against what it has said before.

A result that test code measures, indexes and goes through is taken for a list, and could be a different one for each:
of the right length, in order by its indices, with the right members when gone through. So its answers must agree as
those of plain data do. Where the test has had the program do something in between, where it uses the object's class or
methods, and where what came is no plain data, two answers that differ are the program's word, and the verdict says so.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import cast

from errata.sandbox.protocol import ATOMS, PACKERS

MOST = 1 << 16
"""Items of one object that are remembered."""
MOST_DEPTH = 20


class Claim:
    """One object's word."""

    def __init__(self, name: str, doubt: Callable[[], None]) -> None:
        """doubt: the verdict is the program's word."""
        self.name, self.doubt = name, doubt
        self.sure = True
        """Nothing has happened that may have changed it."""
        self.own = False
        """It has an interface of its own."""
        self.length: int | None = None
        self.items: list[object] | None = None
        """All that came when it was gone through."""
        self.seen: list[object] = []
        """The first of them, also where the test broke off."""
        self.entries: dict[str, tuple[object, object]] = {}
        """What came by an index or key, under its text."""
        self.said: dict[str, object] = {}
        """Plain answers to other questions."""
        self.came = 0
        """Items of an iterator so far."""
        self.over = False
        """It has said that no more come."""
        self.of: tuple[Claim, slice | str] | None = None
        """What it is a part or a view of."""
        self.parts: list[Claim] = []
        self.views: dict[str, list[object]] = {}

    def hold(self, agrees: bool | None, sure: bool = True) -> None:
        """agrees: none where nobody can say."""
        if agrees is False and sure and self.sure and not self.own:
            raise AssertionError(f"'{self.name}' object contradicts itself about what it contains")
        if agrees is False or (agrees is None and not self.own):
            self.doubt()

    def measured(self, length: int) -> int:
        self.hold(self.length is None or length in (self.length, self.length - self.came))
        self.hold(self.items is None or len(self.items) == length)
        self.hold(not self.over or length in (0, self.came))
        self.hold(len(self.seen) <= length, sure=False)
        before, self.length = self.length, length + (self.came if length != self.length else 0)
        if self.length != before:
            self.settle()
        return length

    def through(self, source: Iterator[object]) -> Iterator[object]:
        """The items; at their end they are compared."""
        items: list[object] = []
        for item in source:
            if len(items) <= MOST:
                items.append(item)
                self.step(len(items) - 1, item)
            yield item
        drained = bool(self.items) and not items and self.length is None
        if len(items) <= MOST and not drained:
            self.gone_through(items)

    def step(self, at: int, item: object) -> None:
        """One item, of a pass that may break off."""
        if at < len(self.seen):
            self.hold(alike([item], [self.seen[at]]), sure=False)
        else:
            self.seen.append(item)
        if self.length is not None:
            self.hold(at < self.length, sure=False)
            if at + 1 == self.length:
                self.settle()
        if (entry := self.entries.get(repr(at))) is not None and not self.items:
            self.hold(alike([item], [entry[1]]), sure=False)
        if (whole := self.whole()) is not None:
            self.hold(at < len(whole) and alike([item], [whole[at]]), sure=False)

    def gone_through(self, items: list[object]) -> None:
        self.hold(self.length in (None, len(items)))
        self.hold(True if self.items is None else alike(self.items, items))
        for key, item in self.entries.values():
            self.placed(key, item, items)
        self.items = items
        self.settle()
        self.shown(items)
        self.views_agree()

    def next(self, items: Sequence[object]) -> None:
        """An iterator gave an item, or said that there are no more."""
        more = bool(items)
        if more and self.over:
            self.came, self.over = 0, False
        self.came += more
        self.over = self.over or not more
        self.hold(more or self.length in (None, self.came))
        if more and self.came <= MOST:
            self.step(self.came - 1, items[0])
        elif not more:
            whole = self.whole()
            self.hold(whole is None or len(whole) == self.came, sure=False)
            self.shown(self.seen[: self.came])

    def known(self) -> list[object] | None:
        """All its items."""
        return self.seen if self.items is None and self.length == len(self.seen) else self.items

    def settle(self) -> None:
        """What is known by now agrees."""
        if (items := self.known()) is not None:
            for key, item in self.entries.values():
                self.hold(fits(key, item, items), sure=False)
            for part in self.parts:
                part.part_fits()
        self.part_fits()

    def indexed(self, key: object, item: object) -> None:
        if plain(key) or type(key) is slice:
            name = repr(key)
            self.hold(True if name not in self.entries else alike([item], [self.entries[name][1]]))
            if self.items is not None:
                self.placed(key, item, self.items)
            elif type(key) is int and 0 <= key < len(self.seen):
                self.hold(alike([item], [self.seen[key]]), sure=False)
            elif (items := self.known()) is not None:
                self.hold(fits(key, item, items), sure=False)
            if len(self.entries) < MOST and plain(item):
                self.entries[name] = key, item
            if (whole := self.whole()) is not None:
                self.hold(fits(key, item, whole), sure=False)
            self.entry_agrees(key, item)

    def placed(self, key: object, item: object, items: list[object]) -> None:
        agrees = fits(key, item, items)
        self.hold(agrees, sure=agrees is not False or not among(key, items))

    def whole(self) -> list[object] | None:
        """What it must be, as a part of something that is known."""
        if self.of is None or isinstance(self.of[1], str):
            return None
        items = self.of[0].known()
        return None if items is None else items[self.of[1]]

    def part_fits(self) -> None:
        if (whole := self.whole()) is not None:
            self.hold(alike(self.seen, whole[: len(self.seen)]), sure=False)
            self.hold(self.length in (None, len(whole)), sure=False)
            for key, item in self.entries.values():
                self.hold(fits(key, item, whole), sure=False)

    def shown(self, items: list[object]) -> None:
        if self.of is not None and isinstance(self.of[1], str):
            self.of[0].viewed(self.of[1], items)

    def viewed(self, name: str, items: list[object]) -> None:
        """What came by `keys()`, `values()` or `items()`."""
        self.hold(True if name not in self.views else alike(self.views[name], items), sure=False)
        self.views[name] = items
        self.views_agree()

    def views_agree(self) -> None:
        keys, values, pairs = (self.views.get(name) for name in ("keys", "values", "items"))
        both = [cast("Sequence[object]", pair) for pair in pairs or () if isinstance(pair, tuple | list)]
        if not self.views or any(len(pair) != 2 for pair in both):
            return
        for one, other in (
            (keys, self.items),
            (keys, [pair[0] for pair in both]),
            (values, [pair[1] for pair in both]),
        ):
            if one is not None and other is not None and (pairs is not None or other is self.items):
                self.hold(alike(one, other), sure=False)
        for key, item in self.entries.values():
            self.entry_agrees(key, item)

    def entry_agrees(self, key: object, item: object) -> None:
        """With the pairs that came by `items()`."""
        if (pairs := self.views.get("items")) is not None:
            found = [
                pair[1]
                for pair in cast("list[Sequence[object]]", pairs)
                if isinstance(pair, tuple | list) and len(pair) == 2 and plain(pair[0]) and pair[0] == key
            ]
            self.hold(bool(found) and alike(found, [item]), sure=False)

    def answered(self, question: str, got: object) -> object:
        """One of the questions that have one answer; what it was before, where it is not this one."""
        before = self.said.setdefault(question, got)
        if before is got:
            return got
        self.hold(True if not (plain(before) and plain(got)) else alike([before], [got]), sure=False)
        return before


def plain(item: object, depth: int = 0) -> bool:
    """Data that is compared without a question."""
    kind = type(item)
    if kind in ATOMS:
        return True
    if depth > MOST_DEPTH:
        return False
    if issubclass(kind, dict):
        mapping = cast("dict[object, object]", item)
        return all(plain(part, depth + 1) for pair in mapping.items() for part in pair)
    if issubclass(kind, list | tuple | set | frozenset):
        return all(plain(part, depth + 1) for part in cast("Sequence[object]", item))
    return kind in PACKERS or kind.__module__ == "numpy" or issubclass(kind, int | float | str)


def alike(some: Sequence[object], others: Sequence[object]) -> bool | None:
    """Whether these are the same; none where that is no plain data."""
    if len(some) != len(others):
        return False
    found: bool | None = True
    for one, other in zip(some, others, strict=True):
        if one is other:
            continue
        if not (plain(one) and plain(other)):
            found = None
        elif not equal(one, other):
            return False
    return found


def equal(one: object, other: object) -> bool:
    """Of plain data; also of what is no number."""
    some, others = (
        cast("Callable[[], object]", getattr(item, "tolist"))() if type(item).__module__ == "numpy" else item  # noqa: B009
        for item in (one, other)
    )
    return some == others or repr(some) == repr(others)


def fits(key: object, item: object, items: list[object]) -> bool | None:
    """Whether the item of an index, or the items of a slice, are those that came when all were gone through."""
    if type(key) is int and -len(items) <= key < len(items):
        return alike([item], [items[key]])
    if type(key) is slice and counting(key) and type(item) in (list, tuple, str):
        return alike(list(cast("Sequence[object]", item)), items[key])
    return True


def counting(key: slice) -> bool:
    """Whether it is a slice by numbers."""
    return all(part is None or type(part) is int for part in (key.start, key.stop, key.step)) and key.step != 0


def among(key: object, items: list[object]) -> bool:
    """Whether a number may be a key of what was gone through and no index."""
    return type(key) is int and any(type(item) is int and item == key for item in items)
