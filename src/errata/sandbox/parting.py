"""The judge's end of objects that both ends change: which of the test's own changes the program hears of.

What a test hands over and then changes by itself may be what it expects (`f(a); a.sort(); assert f([3, 1]) == a`). The
program hears of such a change where the thing is handed over again, where its own call of the test's functions made it,
and where the thing is part of a state that both change: an attribute of an object, a variable of the program's, what a
class was made with. Else the thing is the test's alone from then on, and what the program still knows by its number
comes as another one.
"""

from collections.abc import Callable, Sequence
from typing import cast

from errata.sandbox.protocol import Broken, Json, Known, unpack
from errata.sandbox.shares import MOST, Shared

SHOWING = frozenset(("get", "item", "name"))
"""Questions that are answered by a part of the program's state."""


class Parting(Shared):
    def __init__(self) -> None:
        super().__init__(0)
        self.lasting: set[int] = set()
        """Numbers of what both ends change whenever they like."""
        self.given: set[int] = set()
        """Numbers of what is in the questions that wait for their answers."""
        self.keeping = False
        """What is packed now lasts."""
        self.parted: set[int] = set()
        self.others: dict[int, object] = {}
        """What the program has under the numbers of these."""
        self.seen: dict[int, list[object]] = {}
        """What was in an object when the test's code went on."""

    def numbered(self, value: object) -> int:
        number = super().numbered(value)
        self.given.add(number)
        self.parted.discard(number)
        if self.keeping:
            self.lasting.add(number)
        return number

    def asking(self, nested: bool, lasting: bool) -> None:
        """The test's code stops for a question, in the midst of another or not; whether what is in it lasts."""
        self.keeping = lasting
        if not nested:
            self.given.clear()
        for number in [*self.objects][-MOST:]:
            before = self.seen.get(number)
            if before is not None and number not in self.lasting and not alike(before, inside(self.objects[number])):
                self.parted.add(number)

    def resumed(self) -> None:
        """The test's code goes on."""
        self.keeping = False
        for number in [*self.objects][-MOST:]:
            self.seen[number] = inside(self.objects[number])

    def shown(self, value: object) -> None:
        if (number := self.numbers.get(id(value))) is not None:
            self.lasting.add(number)

    def latest(self) -> Sequence[object]:
        told = self.lasting | self.given
        return [self.objects[number] for number in [*self.objects][-MOST:] if number in told]

    def take(self, content: Json, known: Known) -> object:
        match content:
            case int(number) if number in self.parted:
                if number not in self.others:
                    raise Broken
                return self.others[number]
            case [int(number), tree] if number in self.parted:
                if isinstance(tree, list):
                    mine = self.others[number] = list[object]()
                    mine += cast("list[object]", unpack(tree, known))
                else:
                    self.others[number] = unpack(tree, known)
                return self.others[number]
            case _:
                return super().take(content, known)


def inside(value: object) -> list[object]:
    """What an object holds, not what that holds in turn."""
    if isinstance(value, dict):
        return [part for pair in cast("dict[object, object]", value).items() for part in pair]
    as_bytes = cast("Callable[[], bytes] | None", getattr(value, "tobytes", None))
    return [as_bytes()] if as_bytes is not None else list(cast("list[object]", value))


def alike(some: list[object], others: list[object]) -> bool:
    """Whether they are the same ones, in the same order."""
    return len(some) == len(others) and all(
        one is other or (type(one) is bytes and one == other) for one, other in zip(some, others, strict=True)
    )
