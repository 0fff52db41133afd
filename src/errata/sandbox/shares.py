"""Objects that can be changed, under a number that both ends know, so that each end has one object for it.

Used where tests look at what a program does to its arguments. A list that is changed at one end is changed in place at
the other when the next message arrives: its own rows stay its rows, and an argument that is returned is the argument.
"""

from collections.abc import Callable, Sequence
from typing import cast

from errata.sandbox.protocol import MOST_DEPTH, MUTABLE, PACKERS, Broken, Json, Known, Other, pack, unpack
from errata.sandbox.values import from_numpy

MOST = 200
"""Objects whose changes are told; of more the latest."""
CONTAINERS = (tuple, frozenset)


class Shared:
    """One end's objects."""

    def __init__(self, first: int) -> None:
        """first: 0 at one end, 1 at the other; numbers of new objects go up by two."""
        self.objects: dict[int, object] = {}
        self.numbers: dict[int, int] = {}
        self.next = first

    def packer(self, other: Other) -> Callable[[object], Json]:
        """Packs values of one message: each object's content is in it once."""
        sent: set[int] = set()
        return lambda value: self.pack(value, other, sent, 0)

    def pack(self, value: object, other: Other, sent: set[int], depth: int) -> Json:
        kind = type(value)
        numbers = from_numpy(value) if kind.__name__ == "ndarray" and getattr(value, "shape", ()) else None
        if depth > MOST_DEPTH or (kind not in MUTABLE and kind not in CONTAINERS and numbers is None):
            return pack(value, other, depth)

        def inner(item: object) -> Json:
            return self.pack(item, other, sent, depth + 1)

        if kind in CONTAINERS:
            tag, make = PACKERS[kind]
            return {"t": tag, "v": make(value, inner)}
        number = self.numbered(value)
        if number in sent:
            return {"t": "same", "v": number}
        sent.add(number)
        if numbers is not None:
            return {"t": "same", "v": [number, numbers]}
        if kind is list:
            return {"t": "same", "v": [number, [inner(item) for item in cast("list[object]", value)]]}
        tag, make = PACKERS[kind]
        content = make(value, inner)
        return {"t": "same", "v": [number, {"t": tag, "v": content}]} if content is not None else other(value)

    def numbered(self, value: object) -> int:
        """The number of what goes to the other end."""
        number = self.numbers.get(id(value))
        if number is None:
            number = self.keep(self.next, value)
            self.next += 2
        return number

    def keep(self, number: int, value: object) -> int:
        self.objects[number], self.numbers[id(value)] = value, number
        return number

    def latest(self) -> Sequence[object]:
        return list(self.objects.values())[-MOST:]

    def take(self, content: Json, known: Known) -> object:
        """The object that a packed one stands for, with its new content. Raises Broken."""
        if isinstance(content, int) and content in self.objects:
            return self.objects[content]
        match content:
            case [int(number), tree]:
                mine = self.objects.get(number)
                if mine is None and isinstance(tree, list):
                    mine = list[object]()
                    self.keep(number, mine)
                new = unpack(tree, known)
                if mine is None:
                    self.keep(number, new)
                    return new
                if type(new) is not type(mine) or not fits(mine, new):
                    raise Broken
                refill(mine, new)
                return mine
            case _:
                raise Broken


def fits(mine: object, new: object) -> bool:
    """An array keeps its shape, of which it has one, and its kind of numbers."""
    return getattr(mine, "shape", None) != () and all(
        getattr(mine, name, None) == getattr(new, name, None) for name in ("shape", "dtype")
    )


def refill(mine: object, new: object) -> None:
    if isinstance(mine, dict | set):
        cast("dict[object, object]", mine).clear()
        cast("dict[object, object]", mine).update(cast("dict[object, object]", new))
    elif hasattr(mine, "extendleft"):
        cast("list[object]", mine).clear()
        cast("list[object]", mine).extend(cast("list[object]", new))
    else:
        cast("list[object]", mine)[:] = cast("list[object]", new)
