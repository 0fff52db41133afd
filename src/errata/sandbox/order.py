"""What a program's process is told at its start, by marshal: nothing that a program made is ever read so."""

import marshal
from collections.abc import Iterable, Sequence
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

    def given_as(self, given: tuple[object, ...]) -> bool:
        """Whether a call with these is the one that was asked for."""
        try:
            if self.sealed:
                return marshal.dumps(given, 2) == self.sealed  # pyright: ignore[reportArgumentType]
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
    source = order["source"].removeprefix("\ufeff")
    rest = (order["imports"], order["call"], order["plan"], order["whole"], order["back"], order.get("script", False))
    return marshal.dumps((source, *rest), 2)  # pyright: ignore[reportArgumentType]


def unplain(_: object) -> Json:
    raise ValueError


def native(values: Iterable[object]) -> bool:
    """Whether marshal gives the other end what the literals make: sets, of which it keeps no order, it does not."""
    for _ in range(MOST_DEPTH + 1):
        inner: list[object] = []
        for value in values:
            kind = type(value)
            if kind is list or kind is tuple:
                inner += cast("list[object]", value)
            elif kind is dict:
                table = cast("dict[object, object]", value)
                inner += (*table.keys(), *table.values())
            elif kind is int:
                if cast("int", value).bit_length() > MOST_BITS:
                    return False
            elif value is not None and kind not in ATOMS:
                return False
        if not inner:
            return True
        values = inner
    return all(type(value) not in (list, tuple, dict) for value in values) and native(values)


def packed(given: Sequence[object]) -> tuple[Json, ...]:
    """Raises ValueError where one of them cannot cross."""
    return tuple(pack(value, unplain) for value in given)


def seal(given: Sequence[object]) -> bytes:
    """Arguments by marshal; none where it does not hold them. Raises ValueError where they cannot cross at all."""
    if native(given):
        return marshal.dumps(tuple(given), 2)  # pyright: ignore[reportArgumentType]
    packed(given)
    return b""
