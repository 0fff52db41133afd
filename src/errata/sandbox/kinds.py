"""What a handle is here: of a class a class, of a coroutine something to wait for, of an enumeration's number a number.

So that `type(x) is P`, `match`, `except E`, `await` and `C.RED < 3` in test code mean what they say. A plain value with
a name is compared by the plain value, here; only what it is called is asked for there.
"""

import dataclasses
import re
import sys
import types
from collections.abc import Callable, Generator
from dataclasses import Field, field
from functools import cache
from typing import TYPE_CHECKING, cast

from errata.sandbox.handles import Handle, Same, Thing
from errata.sandbox.protocol import PACKERS, Broken, Json
from errata.sandbox.values import to_numpy

if TYPE_CHECKING:
    import inspect

    from errata.sandbox.session import Session

SHOWN = frozenset(
    (
        *("_io", "_queue", "_random", "argparse", "functools", "io", "itertools"),
        *("queue", "random", "re", "string", "types"),
    )
)
LAZY = frozenset(("map", "filter", "zip", "enumerate", "reversed"))
SINGLE = types.NoneType, types.EllipsisType, types.NotImplementedType
NUMBERS = re.compile(r"[<>|=](?:[biufc]\d{1,2}|[US]\d{1,6}|[mM]8(?:\[\d*[A-Za-z]{1,2}\])?)")
MOST_NAME = 100
MOST_FIELDS = 1000


class Kind(Handle, type):
    # A class of the program's. Its instances here are handles of its instances there; it has its own `__doc__`.
    errata_same: Same
    errata_ = property(lambda cls: cls.errata_same)  # pyright: ignore
    __doc__ = Handle.__dict__["__doc__"]
    __bases__ = property(lambda cls: Handle.__getattr__(cls, "__bases__"))  # pyright: ignore

    def __new__(cls, name: str, bases: tuple[type, ...], own: dict[str, object]) -> "Kind":
        """Also what `class Q(P)` in a test comes to: a class of the program's whose methods are the test's."""
        if "errata_same" in own:
            return type.__new__(cls, name, bases, own)
        cell = own.pop("__classcell__", None)
        base = next(kind for kind in bases if isinstance(kind, Kind))
        mine = [(key, value) for key, value in own.items() if callable(value) or not key.startswith("__")]
        made = base.errata_.session.ask("subclass", name, list(bases), mine)
        if not isinstance(made, Kind):
            raise TypeError("metaclass conflict")
        if isinstance(cell, types.CellType):
            cell.cell_contents = made
        return made

    def __init__(self, name: str, bases: tuple[type, ...], own: dict[str, object]) -> None:
        pass

    def __getattr__(cls, name: str) -> object:
        if name == "__dataclass_fields__":
            return cls.errata_fields()
        return Handle.__getattr__(cls, name)

    def errata_fields(cls) -> "dict[str, Field[object]]":
        """What `dataclasses.asdict` and its like want to know."""
        names = cls.errata_.session.ask("fields", cls)
        if not isinstance(names, list) or len(cast("list[object]", names)) > MOST_FIELDS:
            raise AttributeError("__dataclass_fields__")
        made: dict[str, Field[object]] = {}
        for name in cast("list[object]", names):
            one = cast("Field[object]", field())
            one.name = str(name)
            setattr(one, "_field_type", FIELD)  # noqa: B010
            made[one.name] = one
        return made


FIELD = cast("object", vars(dataclasses)["_FIELD"])


class Waiting(Thing):
    """A coroutine of the program's: it runs there, a moment at a time, together with all others that are waited for."""

    __slots__ = ()
    __class__ = property(lambda _: types.CoroutineType)  # pyright: ignore

    def __iter__(self) -> "Waiting":
        return self

    def __next__(self) -> None:
        return self.send(None)

    def send(self, _: object) -> None:
        got = self.errata_.session.ask("poll", self)
        if got:
            raise StopIteration(cast("list[object]", got)[0])

    def throw(self, error: BaseException, *_: object) -> None:
        raise error

    def close(self) -> None:
        pass

    def __await__(self) -> Generator[None, None, object]:
        while not (got := cast("list[object]", self.errata_.session.ask("poll", self))):
            yield
        return got[0]


class Function(Thing):
    # A function of the program's; it has its own `__doc__`.
    __doc__ = Handle.__dict__["__doc__"]
    __slots__ = ()
    __class__ = property(lambda _: types.FunctionType)  # pyright: ignore

    @property
    def __code__(self) -> types.CodeType:
        """Of use to `inspect.iscoroutinefunction` and its like alone."""
        flags = self.errata_.session.ask("flags", self)
        own = flags & KINDS if isinstance(flags, int) else 0
        return EMPTY.replace(co_flags=EMPTY.co_flags | own, co_filename="<string>", co_firstlineno=1)


def nothing() -> None: ...


EMPTY = nothing.__code__
KINDS = 0x20 | 0x80 | 0x200
"""Flags of code: generators, coroutines, asynchronous generators."""


class Yielding(Thing):
    """A generator of the program's."""

    __slots__ = ()
    __class__ = property(lambda _: types.GeneratorType)  # pyright: ignore


class Called:
    """A plain value here that has a name in the program: what it is called is asked for there."""

    __slots__ = ()
    errata_: Handle

    def __getattr__(self, name: str) -> object:
        return getattr(self.errata_, name)

    def __repr__(self) -> str:
        return repr(self.errata_)

    def __str__(self) -> str:
        return str(self.errata_)

    def __format__(self, how: str) -> str:
        return format(self.errata_, how)


class Row(Called, tuple[object, ...]):
    """A named tuple of the program's: a plain tuple here, whose names are asked for there."""

    def __new__(cls, *items: object) -> "Row":
        """One of several items is what `dataclasses.asdict` makes of it: a plain tuple."""
        return super().__new__(cls, *cast("tuple[tuple[object, ...]]", items)) if len(items) < 2 else cast("Row", items)


class Number(Called, int):
    """A whole number with a name."""


class Real(Called, float):
    """A number with a name."""


class Word(Called, str):
    """A text with a name."""


ROWS: dict[type, type[Row | Number | Real | Word]] = {tuple: Row, int: Number, float: Real, str: Word}
NAMED = (Row, Number, Real, Word)


def row(whole: Handle, plain: object) -> object:
    """A plain value together with its handle; one for each handle, so that an enumeration's member is itself."""
    kind = ROWS.get(type(plain))
    if kind is None:
        return None
    rows = whole.errata_.session.rows
    found = rows.get(whole.errata_.key)
    if found is None or found != plain:
        found = rows[whole.errata_.key] = kind(cast("int", plain))  # pyright: ignore[reportArgumentType]
        found.errata_ = whole
    return found


def made(session: "Session", key: int, kind: str, name: str, of: object) -> object:
    """The handle, of its own class. `of`: the class of an object, the bases of an exception's class."""
    same = Same(session=session, key=key, kind=kind, name=name)
    short = name.rpartition(".")[2][:MOST_NAME]
    short = short if short.isidentifier() else "Unnamed"
    match kind:
        case "class":
            own = {
                "errata_same": same,
                "__slots__": (),
                "__module__": "__main__",
                "__doc__": Handle.__dict__["__doc__"],
            }
            return Kind(
                short, (Thing,), cast("dict[str, object]", own | {"__init__": initial(same)} | shadow(short, of))
            )
        case "awaitable":
            return Waiting(same)
        case "generator":
            return Yielding(same)
        case "function":
            return Function(same)
        case "object" if isinstance(of, str) and (standing := of_library(of)) is not None:
            return foreign(standing)(same)
        case "object" if isinstance(of, Kind):
            found = object.__new__(of)
            object.__setattr__(found, "errata_", same)
            return found
        case _:
            return Thing(same)


def of_library(name: str) -> type | None:
    """This process's own class of such a name, of those whose objects only hold what they hold: no comparison that
    goes by such a class asks the other side about the test's data."""
    module, _, own = name.rpartition(".")
    home = sys.modules.get(module) if module.partition(".")[0] in SHOWN or own in LAZY else None
    found = vars(home).get(own) if home is not None else None
    held = isinstance(found, type) and found not in PACKERS and not issubclass(found, (BaseException, *SINGLE))
    return cast("type", found) if held else None


@cache
def foreign(kind: type) -> type[Thing]:
    """Handles of such objects: `isinstance(x, re.Match)` holds for them."""
    own = {"__slots__": (), "__class__": property(lambda _: kind), "__doc__": Handle.__dict__["__doc__"]}
    return cast("type[Thing]", type(kind.__name__, (Thing,), own))


def shadow(name: str, bases: object) -> dict[str, object]:
    """`isinstance(x, list)` holds for objects of a class that derives from list, and so on; they are none here."""
    plain = {"list": list, "dict": dict, "set": set, "frozenset": frozenset, "tuple": tuple, "str": str}
    match bases:
        case [{"t": "type", "v": str(above)}] if above in plain:
            kind = type(name, (plain[above],), {"__module__": "__main__"})
            return {"__class__": property(lambda _: kind)}
        case _:
            return {}


def initial(same: Same) -> Callable[..., None]:
    """`P.__init__(self, 1)`, as a class that a test derives from the program's `P` may say."""

    def init(self: Handle, *args: object, **named: object) -> None:
        session = same.session
        session.put("call", (session.ask("get", session.handles[same.key], "__init__"), self, *args), named)

    return init


class Above:
    """`super()` in a method of such a class."""

    def __init__(self, kind: Kind, target: object) -> None:
        object.__setattr__(self, "errata_above", (kind, target))

    def __getattribute__(self, name: str) -> object:
        kind, target = cast("tuple[Kind, object]", object.__getattribute__(self, "errata_above"))
        return kind.errata_.session.ask("above", kind, target, name)


def above(*given: object) -> object:
    """`super` as test code knows it."""
    if given:
        kind, *target = given
    else:
        frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
        own = frame.f_locals
        kind, target = own.get("__class__"), [own.get(frame.f_code.co_varnames[0])]
    if isinstance(kind, Kind):
        return Above(kind, target[0])
    return cast("object", super(cast("type", kind), *target))


def parts(value: object) -> tuple[object, ...] | None:
    """What a property or another descriptor in such a class is made of."""
    if isinstance(value, staticmethod | classmethod):
        return (cast("object", value.__func__),)
    return (value.fget, value.fset, value.fdel) if isinstance(value, property) else None


def parameters(told: object) -> "inspect.Signature":
    """Of `operations.signature`."""
    import inspect

    made: list[inspect.Parameter] = []
    one = inspect.Parameter
    kinds = (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD, one.VAR_POSITIONAL, one.KEYWORD_ONLY, one.VAR_KEYWORD)
    for name, kind, has, default in cast("list[tuple[str, int, bool, object]]", told):
        made.append(one(str(name), kinds[kind], default=default if has is True else one.empty))
    return inspect.Signature(made)


def numbers(content: Json) -> object:
    """An array or a number of numpy's that the program sends. Raises Broken."""
    match content:
        case [str(kind), None | list() as shape, str(_)] if NUMBERS.fullmatch(kind):
            if not shape or all(type(size) is int for size in shape):
                try:
                    return to_numpy(content)
                except (ValueError, TypeError, IndexError, ImportError) as error:
                    raise Broken from error
        case _:
            pass
    raise Broken
