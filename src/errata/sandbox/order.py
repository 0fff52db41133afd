"""What a program's process is told at its start, by marshal: nothing that a program made is ever read so."""

import marshal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NotRequired, TypeAlias, TypedDict, cast

from errata.sandbox.protocol import MOST_BITS, MOST_DEPTH, Json, pack
from errata.sandbox.show import show

Sign: TypeAlias = Literal["==", "true", "false"]
ATOMS = (bool, float, str, bytes)


class Order(TypedDict):
    """A program, and what it will be asked."""

    source: str
    imports: list[str]
    back: bool
    """Arguments are sent back as the program left them."""
    call: str
    """The function that the plan calls."""
    plan: list[bytes | list[Json]]
    """Arguments of each call: sealed, or packed."""
    whole: bool
    """Nothing but the plan will be asked, and of nothing but this function."""
    script: NotRequired[bool]
    """The program is no more than itself; nothing is asked of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One comparison: `name(arguments) == expected`, or its truth."""

    name: str
    given: tuple[object, ...]
    sealed: bytes
    """The same by marshal, where that holds all of it."""
    sign: Sign
    expected: object
    call: str
    """Its source."""

    def arguments(self) -> tuple[Json, ...]:
        """What is given, packed."""
        return packed(self.given)

    def given_as(self, given: Sequence[object]) -> bool:
        """Whether a call with these is the one that was asked for."""
        if self.sealed:
            return sealed_as(given, self.sealed)
        try:
            return packed(given) == self.arguments()
        except ValueError:
            return False

    def sent(self) -> bytes | list[Json]:
        """What goes with the program."""
        return self.sealed or list(self.arguments())

    def holds(self, got: object) -> bool:
        """As the assert statement would find."""
        if self.sign == "==":
            return bool(got == self.expected)
        return bool(got) == (self.sign == "true")

    def wanted(self) -> str:
        return show(self.expected) if self.sign == "==" else self.sign.capitalize()


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


def seal(given: Sequence[object]) -> bytes:
    """Arguments by marshal; none where it does not hold them. Raises ValueError where they cannot cross at all."""
    if all(native(value) for value in given):
        return marshal.dumps(tuple(given), 2)  # pyright: ignore[reportArgumentType]
    packed(given)
    return b""


def sealed_as(given: Sequence[object], sealed: bytes) -> bool:
    """Whether these are the very arguments."""
    try:
        return marshal.dumps(tuple(given), 2) == sealed  # pyright: ignore[reportArgumentType]
    except ValueError:
        return False
