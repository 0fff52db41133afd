"""What test code holds instead of an object of the program's: every use is a question, and no answer is trusted.

A handle never equals plain data. An instance of a subclass of a plain type is compared by the plain value it holds,
here, so a lying `__eq__` stays behind. An operator between a handle and the test's data may only make another handle
that gives no plain numbers: else `abs(f(x) - 3) < 1e-6` would tell the program what is expected and let it answer.
Membership is decided here, by iteration, where there is any; else the program is only believed of objects with an
interface: those whose attributes the test has used, or which it made by calling a class under a class's name. Refused
are results that merely say yes, questions of str's and set's to what is none, and all questions to what was made so.
"""

import operator as arithmetic
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, cast

from errata.sandbox.raised import expected, left
from errata.sandbox.words import ALLOWED, PREDICATES, SETS, told

if TYPE_CHECKING:
    from errata.sandbox.session import Session

MOST_BATCH = 64
MOST_LENGTH = 1 << 24
"""What `len` may say: lists are made that long before the first item is seen."""


@dataclass(frozen=True, slots=True)
class Same:
    """Which object of the program's it is."""

    session: "Session"
    key: int
    kind: str
    """`function`, `class`, `module`, `object`, or `error BASE`."""
    name: str
    """`module.name` of a function or class, the class of an object."""


def plain(method: str, kind: type) -> Callable[["Handle"], object]:
    """A conversion that gives plain data: only of what does not know the test's data."""

    def convert(self: "Handle", *args: object) -> object:
        same = self.errata_
        if self.errata_tainted:
            raise TypeError(f"bad operand type for {method}(): '{same.name}'")
        got = same.session.ask(method, self, *args)
        if type(got) is not kind and kind is not object:
            raise TypeError(f"{method}() gave no {kind.__name__}")
        return got

    return convert


def operator(method: str, sign: str, swapped: bool = False) -> Callable[["Handle", object], object]:
    def apply(self: "Handle", other: object) -> object:
        same = self.errata_
        left, right = (other, self) if swapped else (self, other)
        alone = same.kind == "object" and not self.errata_tainted and not isinstance(other, Handle)
        held = same.session.base(self) if alone else self  # Before it hears of the other.
        got = same.session.ask(method, left, right)
        if self.errata_made or (isinstance(other, Handle) and other.errata_made):
            make(got)
        if isinstance(other, Handle):
            if self.errata_tainted or other.errata_tainted:
                taint(got)
            return got
        if not isinstance(got, Handle) and not isinstance(held, Handle):
            return vars(arithmetic).get(method, divmod)(*((left, held) if swapped else (held, right)))
        if not isinstance(got, Handle):
            names = [item.errata_.name if isinstance(item, Handle) else type(item).__name__ for item in (left, right)]
            raise TypeError(f"unsupported operand type(s) for {sign}: '{names[0]}' and '{names[1]}'")
        if not (swapped and sign == "+" and type(other) is int and other == 0):  # `sum` begins so.
            taint(got)
        return got

    return apply


def taint(got: object) -> None:
    if isinstance(got, Handle):
        got.errata_.session.tainted.add(got.errata_.key)


def make(got: object) -> None:
    if isinstance(got, Handle):
        got.errata_.session.made.add(got.errata_.key)


def ordering(method: str, sign: str) -> Callable[["Handle", object], bool]:
    def compare(self: "Handle", other: object) -> bool:
        same = self.errata_
        if isinstance(other, Handle):
            same.session.trusting = True
            return truth(same.session.ask(method, self, other))
        held = self if self.errata_tainted else same.session.base(self)
        if isinstance(held, Handle):
            raise TypeError(f"'{sign}' not supported between instances of '{same.name}' and '{type(other).__name__}'")
        return bool(vars(arithmetic)[method](held, other))

    return compare


def believed(handle: "Handle", operation: str, *args: object) -> object:
    """A question that plain data may answer: not of what knows the test's data and has no interface."""
    if handle.errata_tainted and not handle.errata_made:
        raise TypeError(f"'{handle.errata_.name}' object was made of the test's data and is not believed")
    return handle.errata_.session.ask(operation, handle, *args)


def truth(got: object) -> bool:
    return got if isinstance(got, bool) else bool(got)


class Handle:
    """One object of the program's, as test code sees it."""

    __slots__ = ()

    if TYPE_CHECKING:
        errata_: Same

    @property
    def errata_tainted(self) -> bool:
        """It may know the test's data, and may not speak of numbers or truth any more."""
        return self.errata_.key in self.errata_.session.tainted

    @property
    def errata_made(self) -> bool:
        """It is of a class that the test knows under a class's name, or came of such an object."""
        return self.errata_.key in self.errata_.session.made

    def __getattr__(self, name: str) -> object:
        same = self.errata_
        if name == "__dataclass_fields__":
            return getattr(type(self), name)
        foreign = name in PREDICATES and same.kind == "object" and not self.errata_made
        if foreign or (name.startswith("__") and name not in ALLOWED):
            raise AttributeError(f"'{same.name}' object has no attribute '{name}'")
        if name == "__signature__":
            if same.kind not in ("function", "class", "object"):
                raise AttributeError(name)
            return same.session.signature(self)
        got = believed(self, "get", name)
        same.session.words.got(same.key, name, got)
        if self.errata_made:
            same.session.trusting |= name in PREDICATES | SETS
            make(got)
        if name[:1].isupper():
            same.session.known_as(name, got)
        return got

    def __setattr__(self, name: str, value: object) -> None:
        self.errata_.session.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self.errata_.session.ask("delete", self, name)

    def __call__(self, *args: object, **named: object) -> object:
        key, session = self.errata_.key, self.errata_.session
        if key in session.tainted and key not in session.made:
            raise TypeError(f"'{self.errata_.name}' object is not callable")
        if key not in session.made and told(session.words.owners.get(key, (0, ""))[1], args):
            raise TypeError(f"{self.errata_.name}() of what is no set is not told what a set should be like")
        got = session.put("call", (self, *args), named)
        if key in session.made or key in session.classes:
            make(got)
        return got

    def __eq__(self, other: object) -> bool:
        same, session = self.errata_, self.errata_.session
        if self is other:
            return True
        if isinstance(other, Handle):
            if same.kind != "object" or other.errata_.session is not session:
                return False  # Each class has one handle. The library remembers classes longer than a program lives.
            session.trusting = True
            return truth(session.ask("eq", self, other))
        if same.kind != "object" or self.errata_tainted:
            return False
        held = session.base(self)
        return not isinstance(held, Handle) and bool(held == other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        same = self.errata_
        if same.kind != "object" or self.errata_tainted:
            return hash(same.key)
        got = same.session.ask("hash", self)
        return got if type(got) is int else hash(same.key)

    def __bool__(self) -> bool:
        same = self.errata_
        if self.errata_tainted:
            raise TypeError(f"bad operand type for bool(): '{same.name}'")
        return same.session.ask("bool", self) is True if same.kind == "object" else True

    def __len__(self) -> int:
        got = None if self.errata_tainted else self.errata_.session.ask("len", self)
        if type(got) is not int or not 0 <= got <= MOST_LENGTH:
            raise TypeError(f"object of type '{self.errata_.name}' has no len()")
        return self.errata_.session.claim(self).measured(got)

    def __iter__(self) -> Iterator[object]:
        source = believed(self, "iter")
        if source is self:
            return self
        items = source.errata_items() if isinstance(source, Handle) else iter(cast("list[object]", source))
        return self.errata_.session.claim(self).through(items)

    def errata_items(self) -> Iterator[object]:
        session, most = self.errata_.session, 1
        while items := cast("list[object]", session.ask("next", self, most)):
            yield from items
            most = min(2 * most, MOST_BATCH)

    def __next__(self) -> object:
        items = cast("list[object]", believed(self, "next", 1))
        self.errata_.session.claim(self).next(items)
        for item in items:
            return item
        raise StopIteration

    def __reversed__(self) -> Iterator[object]:
        return iter(cast("Handle", self.errata_part(slice(None, None, -1), believed(self, "reversed"))))

    def __contains__(self, item: object) -> bool:
        session = self.errata_.session
        if not isinstance(item, Handle) and believed(self, "iterable") is True:
            mine = any(item is found or item == found for found in self)
            asked = self.errata_.kind == "object" and (mine or self.errata_made)
            said = session.ask("holds", item, self) if asked else mine
            if said is mine or type(said) is not bool:
                return mine
            if not self.errata_made:
                raise AssertionError(f"'{self.errata_.name}' object contradicts itself about what it contains")
        elif not isinstance(item, Handle) and not session.speaks(self):
            raise TypeError(f"argument of type '{self.errata_.name}' is not iterable")
        session.trusting = True
        return session.ask("contains", self, item) is True

    def __getitem__(self, key: object) -> object:
        got = believed(self, "item", key)
        self.errata_.session.claim(self).indexed(key, got)
        return self.errata_part(key, got) if type(key) is slice else got

    def errata_part(self, how: slice, got: object) -> object:
        """A part or a copy of it."""
        self.errata_.session.words.part(self.errata_.session.claim(self), how, got)
        return got

    def __setitem__(self, key: object, value: object) -> None:
        self.errata_.session.ask("put", self, key, value)

    def __delitem__(self, key: object) -> None:
        self.errata_.session.ask("remove", self, key)

    def __enter__(self) -> object:
        return self.errata_.session.ask("enter", self)

    def __exit__(self, _: object, error: BaseException | None, trace: TracebackType | None) -> bool:
        """What ended the block may be held back only where the test itself raises it there, and nothing else."""
        session = self.errata_.session
        if error is None:
            session.ask("leave", self)
            return False
        held = session.ask("leave", self, *left(session, error))
        return held is True and trace is not None and expected(session, trace)

    async def __aenter__(self) -> object:
        return await cast("Awaitable[object]", self.errata_.session.ask("enter_async", self))

    async def __aexit__(self, *_: object) -> None:
        await cast("Awaitable[object]", self.errata_.session.ask("leave_async", self))

    def __aiter__(self) -> "Handle":
        return self

    async def __anext__(self) -> object:
        got = await cast("Awaitable[object]", self.errata_.session.ask("following", self))
        for item in cast("list[object]", got):
            return item
        raise StopAsyncIteration

    def __instancecheck__(self, instance: object) -> bool:
        whole = getattr(instance, "errata_", instance) if not isinstance(instance, Handle) else instance
        return isinstance(whole, Handle) and self.errata_.session.ask("isinstance", whole, self) is True

    def __subclasscheck__(self, kind: object) -> bool:
        return isinstance(kind, Handle) and self.errata_.session.ask("issubclass", kind, self) is True

    def __copy__(self) -> object:
        return self.errata_part(slice(None), believed(self, "copy"))

    def __deepcopy__(self, _: dict[int, object]) -> object:
        return self.errata_part(slice(None), believed(self, "deepcopy"))

    def __repr__(self) -> str:
        return got if isinstance(got := believed(self, "repr"), str) else ""

    def __str__(self) -> str:
        return got if isinstance(got := believed(self, "str"), str) else ""

    def __format__(self, how: str) -> str:
        return got if isinstance(got := believed(self, "format", how), str) else ""

    __int__ = plain("int", int)
    __float__ = plain("float", float)
    __complex__ = plain("complex", complex)
    __index__ = plain("index", int)
    __abs__ = plain("abs", object)
    __round__ = plain("round", object)
    __neg__ = plain("neg", object)
    __pos__ = plain("pos", object)
    __invert__ = plain("invert", object)
    __lt__, __le__ = ordering("lt", "<"), ordering("le", "<=")
    __gt__, __ge__ = ordering("gt", ">"), ordering("ge", ">=")
    __add__, __radd__ = operator("add", "+"), operator("add", "+", swapped=True)
    __sub__, __rsub__ = operator("sub", "-"), operator("sub", "-", swapped=True)
    __mul__, __rmul__ = operator("mul", "*"), operator("mul", "*", swapped=True)
    __truediv__, __rtruediv__ = operator("truediv", "/"), operator("truediv", "/", swapped=True)
    __floordiv__, __rfloordiv__ = operator("floordiv", "//"), operator("floordiv", "//", swapped=True)
    __mod__, __rmod__ = operator("mod", "%"), operator("mod", "%", swapped=True)
    __pow__, __rpow__ = operator("pow", "**"), operator("pow", "**", swapped=True)
    __and__, __rand__ = operator("and_", "&"), operator("and_", "&", swapped=True)
    __or__, __ror__ = operator("or_", "|"), operator("or_", "|", swapped=True)
    __xor__, __rxor__ = operator("xor", "^"), operator("xor", "^", swapped=True)
    __matmul__, __rmatmul__ = operator("matmul", "@"), operator("matmul", "@", swapped=True)
    __divmod__, __rdivmod__ = operator("divmod", "divmod()"), operator("divmod", "divmod()", swapped=True)
    __lshift__, __rshift__ = operator("lshift", "<<"), operator("rshift", ">>")


for sign, method in (
    *(("+", "add"), ("-", "sub"), ("*", "mul"), ("/", "truediv"), ("//", "floordiv"), ("%", "mod"), ("**", "pow")),
    *(("&", "and"), ("|", "or"), ("^", "xor"), ("@", "matmul"), ("<<", "lshift"), (">>", "rshift")),
):
    setattr(Handle, f"__i{method}__", operator(f"i{method}", f"{sign}="))
for name in ("__doc__", "__annotations__"):
    setattr(Handle, name, property(lambda self, name=name: Handle.__getattr__(self, name)))


class Thing(Handle):
    # A handle that is no class. What an object says of itself is its own `__doc__`.
    __slots__ = ("errata_",)
    __doc__ = Handle.__dict__["__doc__"]

    def __init__(self, same: Same) -> None:
        object.__setattr__(self, "errata_", same)
