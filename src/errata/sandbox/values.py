"""Values that are nearly plain: instances of subclasses of plain types, numpy's numbers, and types of modules that few
programs use, made known to the protocol when one first crosses: every module that a zygote holds is paid for again in
each of its forks. Used by both ends; a judge loads all at once, since tests may put others in their place.
"""

import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from errata.sandbox.protocol import (
    HOMES,
    LATE,
    MUTABLE,
    NAMES,
    PACKERS,
    TYPES,
    UNPACKERS,
    Inner,
    Json,
    Outer,
    attributes,
    many,
    numbers_of,
    several,
    text,
)

if TYPE_CHECKING:
    from array import array
    from datetime import datetime


BASES: tuple[tuple[type, Callable[[object], object]], ...] = (
    (int, lambda value: int.__pos__(cast("int", value))),
    (float, lambda value: float.__pos__(cast("float", value))),
    (complex, lambda value: complex.__pos__(cast("complex", value))),
    (str, lambda value: str.__str__(cast("str", value))),
    (bytes, lambda value: bytes.__add__(cast("bytes", value), b"")),
    (bytearray, lambda value: bytearray.__add__(cast("bytearray", value), b"")),
    (tuple, lambda value: tuple[object, ...](tuple[object, ...].__iter__(cast("tuple[object, ...]", value)))),
    (list, lambda value: list[object](list[object].__iter__(cast("list[object]", value)))),
    (set, lambda value: set[object](set[object].__iter__(cast("set[object]", value)))),
    (frozenset, lambda value: frozenset[object](frozenset[object].__iter__(cast("frozenset[object]", value)))),
    (dict, lambda value: dict[object, object](dict[object, object].items(cast("dict[object, object]", value)))),
)
"""Plain types, and how an instance of a subclass is read by the base's own means, whatever the subclass overrides."""
PLAIN = tuple(kind for kind, _ in BASES)
Rows: TypeAlias = Iterable[tuple[type, str, Callable[[object, Inner], Json], Callable[[Json, Outer], object]]]
MOST_DIGITS = 10_000
"""Of a decimal number."""


def base(value: object) -> object:
    """The value of a plain type that an instance of a subclass holds; itself where there is none."""
    for kind, plain in BASES:
        if isinstance(value, kind):
            return plain(value)
    return value


def derived(value: object) -> bool:
    """An instance of somebody's own subclass of a plain type."""
    return type(value) not in PACKERS and type(value) not in PLAIN and isinstance(value, PLAIN)


def iterable(value: object) -> bool:
    kind = type(value)
    return hasattr(kind, "__iter__") or (hasattr(kind, "__getitem__") and not hasattr(kind, "__contains__"))


class Kind(Protocol):
    """A numpy dtype."""

    kind: str
    str: str


class Numbers(Protocol):
    """A numpy array."""

    dtype: Kind
    shape: tuple[int, ...]

    def tobytes(self) -> bytes: ...
    def reshape(self, shape: list[int]) -> "Numbers": ...
    def copy(self) -> "Numbers": ...
    def __getitem__(self, at: int) -> object: ...


class Numpy(Protocol):
    """What is used of numpy."""

    generic: type

    def asarray(self, value: object) -> Numbers: ...
    def frombuffer(self, body: bytes, dtype: str) -> Numbers: ...


def numpy_of(module: ModuleType) -> Numpy:
    return cast("Numpy", cast("object", module))


def from_numpy(value: object) -> Json:
    """An array or a scalar of numbers or truths; None for what is neither."""
    module = sys.modules.get("numpy")
    if module is None or type(value).__module__ != "numpy" or isinstance(value, type):
        return None
    numpy = numpy_of(module)
    if type(value).__name__ != "ndarray" and not isinstance(value, numpy.generic):
        return None
    array = numpy.asarray(value)
    if array.dtype.kind not in "biufcUSmM":
        return None
    shape: Json = None if isinstance(value, numpy.generic) else list(array.shape)
    return {"t": "numpy", "v": [array.dtype.str, shape, array.tobytes().hex()]}


def to_numpy(content: Json) -> object:
    """Raises ImportError, ValueError or TypeError for what is no such array."""
    import numpy as module

    kind, shape, body = cast("tuple[str, list[int] | None, str]", content)
    flat = numpy_of(module).frombuffer(bytes.fromhex(body), kind)
    return flat[0] if shape is None else flat.reshape(shape).copy()


def known(rows: Rows) -> None:
    for kind, tag, pack, unpack in rows:
        PACKERS[kind], UNPACKERS[tag] = (tag, pack), unpack


def crossing(*kinds: type) -> None:
    """Types that cross by name too."""
    for kind in kinds:
        TYPES[kind.__name__], NAMES[kind] = kind, kind.__name__


def fractions() -> None:
    from fractions import Fraction

    crossing(Fraction)
    pack = attributes("numerator", "denominator")
    known([(Fraction, "Fraction", pack, lambda content, inner: Fraction(*numbers_of(content, inner)))])


def decimals() -> None:
    from decimal import Decimal

    def decimal(content: Json, _: Outer) -> object:
        digits = text(content)
        if len(digits) > MOST_DIGITS:
            raise ValueError
        return Decimal(digits)

    crossing(Decimal)
    known([(Decimal, "Decimal", lambda value, _: str(value), decimal)])


def moments() -> None:
    from datetime import date, datetime, time, timedelta

    crossing(date, datetime)
    known(
        [
            (date, "date", moment, lambda content, _: date.fromisoformat(text(content))),
            (datetime, "datetime", moment, dated),
            (time, "time", moment, lambda content, _: time.fromisoformat(text(content))),
            (
                timedelta,
                "timedelta",
                attributes("days", "seconds", "microseconds"),
                lambda content, inner: timedelta(*numbers_of(content, inner)),
            ),
        ]
    )


def moment(value: object, _: Inner) -> Json:
    when = cast("datetime", value)
    zone = getattr(when, "tzinfo", None)
    if zone is None or type(zone).__module__ == "datetime":
        return when.isoformat()
    key = getattr(zone, "key", None) if type(zone).__module__ == "zoneinfo" else None
    return [when.replace(tzinfo=None).isoformat(), key, when.fold] if isinstance(key, str) else None


def dated(content: Json, _: Outer) -> object:
    from datetime import datetime

    if isinstance(content, str):
        return datetime.fromisoformat(content)
    from zoneinfo import ZoneInfo

    when, key, fold = several(content)
    try:
        zone = ZoneInfo(text(key))
    except OSError as error:
        raise ValueError from error
    return datetime.fromisoformat(text(when)).replace(tzinfo=zone, fold=1 if fold == 1 else 0)


def paths() -> None:
    import pathlib

    def one(kind: type, tag: str) -> None:
        known([(kind, tag, lambda value, _: str(value), lambda content, _: cast("object", kind(text(content))))])

    one(type(pathlib.Path()), "Path")
    one(pathlib.PurePosixPath, "PurePosixPath")
    one(pathlib.PureWindowsPath, "PureWindowsPath")


def identities() -> None:
    from uuid import UUID

    known([(UUID, "UUID", lambda value, _: str(value), lambda content, _: UUID(text(content)))])


def chains() -> None:
    from collections import ChainMap

    def chained(content: Json, inner: Outer) -> object:
        (maps,) = cast("list[list[object]]", many(content, inner))
        if not all(isinstance(one, dict) for one in maps):
            raise ValueError
        return ChainMap(*cast("list[dict[object, object]]", maps))

    known([(ChainMap, "ChainMap", attributes("maps"), chained)])


def viewed(value: object, _: Inner) -> Json:
    view = cast("memoryview", value)
    return view.tobytes().hex() if view.format == "B" and view.ndim == 1 else None


def arrays() -> None:
    from array import array

    def array_of(content: Json, _: Outer) -> object:
        code, body = several(content)
        return array(text(code), bytes.fromhex(text(body)))

    MUTABLE.add(array)
    known([(array, "array", typed, array_of)])


def typed(value: object, _: Inner) -> Json:
    numbers = cast("array[int]", value)
    return [numbers.typecode, numbers.tobytes().hex()]


def every() -> None:
    """Makes all of them known now."""
    for name in EARLY:
        if (load := LATE.pop(name, None)) is not None:
            load()


LATE.update(fractions=fractions, decimal=decimals, datetime=moments, array=arrays)
EARLY = (*LATE,)
LATE.update(pathlib=paths, uuid=identities, collections=chains)
HOMES.update(
    dict.fromkeys(("Path", "PurePosixPath", "PureWindowsPath"), "pathlib"), UUID="uuid", ChainMap="collections"
)
known([(memoryview, "memoryview", viewed, lambda content, _: memoryview(bytes.fromhex(text(content))))])
