"""Things of the test's as the program holds them; part of the program's end of the channel."""

import builtins
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

from errata.sandbox.protocol import Json, Known, unpack


class Asks(Protocol):
    """The program's way to the judge."""

    def ask(self, operation: str, key: int, args: tuple[object, ...], named: dict[str, object]) -> object: ...


class Borrowed:
    """A callable or an iterator of the test's."""

    def __init__(self, service: Asks, key: int, name: str, doc: str | None) -> None:
        self.service, self.key = service, key
        self._items: Iterator[object] = iter(())
        self.__doc__ = doc
        if name:
            self.__name__ = self.__qualname__ = name

    def __call__(self, *args: object, **named: object) -> object:
        return self.service.ask("call", self.key, args, named)

    def __get__(self, instance: object, _: type | None = None) -> object:
        return self if instance is None else partial(self, instance)

    def __lt__(self, other: object) -> object:
        """As keys made by `functools.cmp_to_key` want."""
        return self.service.ask("special", self.key, ("__lt__", other), {})

    def __gt__(self, other: object) -> object:
        return self.service.ask("special", self.key, ("__gt__", other), {})

    def __iter__(self) -> "Borrowed":
        return self

    def __next__(self) -> object:
        for item in self._items:
            return item
        got = cast("list[object]", self.service.ask("next", self.key, (1,), {}))
        self._items = iter(got)
        for item in self._items:
            return item
        raise StopIteration


def raised(told: list[Json], known: Known) -> object:
    """An exception of the test's, made anew: [class, arguments ...]."""
    kind, *said = told
    made: Callable[..., object] = unpack(kind, known) if isinstance(kind, dict) else vars(builtins)[cast("str", kind)]  # pyright: ignore[reportAssignmentType]
    values = [unpack(item, known) for item in said]
    try:
        return made(*values)
    except TypeError:
        error = cast("BaseException", made.__new__(made))  # pyright: ignore
        error.args = tuple(values)
        return error


def lent_class(key: int, name: str, above: str) -> type:
    """A class of exceptions that the test defines."""
    return type(name, (cast("type", vars(builtins)[above]),), {"errata_key": key, "__module__": "__main__"})


def special(name: str, lacking: str = "") -> Callable[..., object]:
    """lacking: what the language says of an object whose class has no such method."""

    def method(self: "Lent", *args: object) -> object:
        got = self.errata_service.ask("special", self.errata_key, (name, *args), {})
        if lacking and got is NotImplemented:
            raise TypeError(lacking)
        return got

    return method


class Lent:
    """An object of a class that the test defines, or a stream: its public attributes, by way of the judge."""

    if TYPE_CHECKING:
        errata_service: Asks
        errata_key: int

    def __init__(self, service: Asks, key: int) -> None:
        object.__setattr__(self, "errata_service", service)
        object.__setattr__(self, "errata_key", key)

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.errata_service.ask("get", self.errata_key, (name,), {})

    def __setattr__(self, name: str, value: object) -> None:
        self.errata_service.ask("set", self.errata_key, (name, value), {})

    def __iter__(self) -> Iterator[object]:
        if self.errata_service.ask("special", self.errata_key, ("iterator",), {}):
            return self
        return cast("Iterator[object]", special("__iter__", "object is not iterable")(self))

    def __next__(self) -> object:
        for item in cast("list[object]", self.errata_service.ask("next", self.errata_key, (1,), {})):
            return item
        raise StopIteration

    def __eq__(self, other: object) -> bool:
        return self is other or special("__eq__")(self, other) is True

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        return special("__bool__")(self) is True

    def __contains__(self, item: object) -> bool:
        got = special("__contains__")(self, item)
        return any(item is one or item == one for one in iter(self)) if got is NotImplemented else bool(got)

    __len__ = special("__len__", "object has no len()")
    __getitem__ = special("__getitem__", "object is not subscriptable")
    __setitem__ = special("__setitem__", "object does not support item assignment")
    __enter__ = special("__enter__", "object does not support the context manager protocol")
    __lt__, __gt__, __le__, __ge__ = special("__lt__"), special("__gt__"), special("__le__"), special("__ge__")
    __add__, __sub__, __mul__ = special("__add__"), special("__sub__"), special("__mul__")
    __truediv__, __radd__, __rmul__ = special("__truediv__"), special("__radd__"), special("__rmul__")
    __neg__ = special("__neg__", "bad operand type for unary -")

    def __str__(self) -> str:
        return str(special("__str__")(self))

    def __repr__(self) -> str:
        return str(special("__repr__")(self))

    def __exit__(self, *_: object) -> None:
        special("__exit__")(self, None, None, None)


class LentCall(Lent):
    """One that may be called."""

    def __call__(self, *args: object, **named: object) -> object:
        return self.errata_service.ask("call", self.errata_key, args, named)
