"""Values that are nearly plain: instances of subclasses of plain types, and numpy's numbers. Used by both ends."""

import base64
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Protocol, cast

from errata.sandbox.protocol import PACKERS, Json

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
    return hasattr(type(value), "__iter__") or hasattr(type(value), "__getitem__")


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
    if array.dtype.kind not in "biufc":
        return None
    shape: Json = None if isinstance(value, numpy.generic) else list(array.shape)
    return {"t": "numpy", "v": [array.dtype.str, shape, base64.b64encode(array.tobytes()).decode("ascii")]}


def to_numpy(content: Json) -> object:
    """Raises ImportError, ValueError or TypeError for what is no such array."""
    import numpy as module

    kind, shape, body = cast("tuple[str, list[int] | None, str]", content)
    flat = numpy_of(module).frombuffer(base64.b64decode(body, validate=True), kind)
    return flat[0] if shape is None else flat.reshape(shape).copy()
