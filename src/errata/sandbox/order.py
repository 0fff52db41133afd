"""What a program's process is told at its start, by marshal: nothing that a program made is ever read so."""

import marshal
from collections.abc import Sequence
from typing import NotRequired, TypedDict, cast

from errata.sandbox.protocol import MOST_BITS, MOST_DEPTH, Json, pack

ATOMS = (bool, float, str, bytes)


class Order(TypedDict):
    """A program, and what it will be asked."""

    source: str
    imports: list[str]
    back: bool
    """Arguments are sent back as the program left them."""
    call: str
    """The function that the plan calls."""
    plan: list[tuple[object, ...] | list[Json]]
    """Arguments of each call: as they are, or packed."""
    whole: bool
    """Nothing but the plan will be asked, and of nothing but this function."""
    script: NotRequired[bool]
    """The program is no more than itself; nothing is asked of it."""


def written(order: Order) -> bytes:
    """Version 2 of marshal keeps no word of objects that are one: literals are each their own."""
    return marshal.dumps(dict(order), 2)  # pyright: ignore[reportArgumentType]


def unplain(_: object) -> Json:
    raise ValueError


def native(value: object, depth: int = 0) -> bool:
    """Whether marshal gives the other end what the literal makes: sets, of which it keeps no order, it does not."""
    kind = type(value)
    if kind is int:
        return cast("int", value).bit_length() <= MOST_BITS
    if value is None or kind in ATOMS:
        return True
    if depth > MOST_DEPTH:
        return False
    if kind is dict:
        return all(native(item, depth + 1) for pair in cast("dict[object, object]", value).items() for item in pair)
    return kind in (list, tuple) and all(native(item, depth + 1) for item in cast("list[object]", value))


def packed(given: Sequence[object]) -> tuple[Json, ...]:
    """Raises ValueError where one of them cannot cross."""
    return tuple(pack(value, unplain) for value in given)


def packable(given: Sequence[object]) -> tuple[object, ...]:
    """The same. Raises ValueError where one of them cannot cross."""
    packed([value for value in given if not native(value)])
    return tuple(given)
