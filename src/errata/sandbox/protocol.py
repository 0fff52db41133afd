"""How the judge and the program talk: plain data by value, as tagged JSON in frames of at most 16 MiB.

Both ends use this file, and it imports nothing of ours: the program's end is loaded from its text. Nothing here can
execute anything: a frame is JSON, a tag names one of the types below and is checked by hand. Exact types cross; what
else there is goes through the `other` hook of its end (a subclass as its base, anything more as a handle). Functions
are taken from their modules at once: programs and tests may put others there.

    frame     4 bytes length, big endian, then JSON in ASCII
    plain     null, true, false, text, whole numbers of 64 bits, finite floats, lists: as in JSON
    tagged    {"t": tag, "v": content}: all other types, and what the two ends make of them
"""

import builtins
import math
from _socket import socket
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from json import JSONDecoder, encoder
from struct import Struct
from typing import TypeAlias, cast

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Read: TypeAlias = Callable[[int], bytes]
"""At most that many bytes; none at the end."""
Other: TypeAlias = Callable[[object], Json]
Known: TypeAlias = Callable[[str, Json], object]
Inner: TypeAlias = Callable[[object], Json]
Outer: TypeAlias = Callable[[Json], object]

SIZE = Struct(">I")
MOST_BYTES = 16 << 20
"""Of one frame."""
MOST_DEPTH = 100
"""Lists in lists; deeper data is no plain data."""
MOST_BITS = 1 << 22
"""Of a whole number; text for it could not be made in reasonable time."""
WORD = 1 << 63


class Broken(Exception):
    """The other end did not keep to the protocol."""


class TooLarge(Exception):
    """More than a frame may hold."""


class Closed(Exception):
    """The other end is gone."""


def send(channel: socket, message: Json) -> None:
    try:
        body = WRITE(message).encode("ascii")
    except (RecursionError, ValueError) as error:
        raise TooLarge from error
    if len(body) > MOST_BYTES:
        raise TooLarge
    try:
        channel.sendall(SIZE.pack(len(body)) + body)
    except TimeoutError:
        raise
    except OSError as error:
        raise Closed from error


def framed(read: Read) -> bytes:
    """The next message, not yet read; raises Closed at the end and Broken for what is too long."""
    (size,) = SIZE.unpack(exactly(read, 4))
    if size > MOST_BYTES:
        raise Broken
    return exactly(read, size)


def exactly(read: Read, size: int) -> bytes:
    body = bytearray()
    while len(body) < size:
        part = read(min(size - len(body), 1 << 18))
        if not part:
            raise Closed
        body += part
    return bytes(body)


def refuse(_: str) -> Json:
    raise Broken


def writer() -> Callable[[Json], str]:
    """The encoder of `json` as it stands in C: through its Python layer each message would make it anew."""
    make: Callable[..., Callable[[Json, int], tuple[str, ...]]] | None = vars(encoder).get("c_make_encoder")
    if make is None:
        return encoder.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
    chunks = make(None, refuse, encoder.encode_basestring_ascii, None, ":", ",", False, False, False)
    return lambda message: "".join(chunks(message, 0))


WRITE = writer()
SCAN: Callable[[str, int], tuple[Json, int]] = vars(JSONDecoder(parse_constant=refuse))["scan_once"]


def parse(body: bytes) -> Json:
    """A message; raises Broken for what is none."""
    try:
        message, end = SCAN(body.decode("ascii"), 0)
    except (ValueError, RecursionError, MemoryError, StopIteration) as error:
        raise Broken from error
    if end != len(body):
        raise Broken
    return message


TYPES: dict[str, type] = {
    **{
        name: kind
        for name, kind in vars(builtins).items()
        if isinstance(kind, type) and (issubclass(kind, BaseException) or kind.__module__ == "builtins")
    },
    "NoneType": type(None),
    **{kind.__name__: kind for kind in (Counter, OrderedDict, defaultdict, deque)},
}
"""Types that cross by name."""
NAMES: dict[type, str] = {kind: name for name, kind in TYPES.items()}
CONSTANTS: dict[str, object] = {"Ellipsis": ..., "NotImplemented": NotImplemented}
SAME = frozenset((bool, str, type(None)))
ATOMS = SAME | {int, float}
MUTABLE: set[type] = {list, dict, set, bytearray, deque, Counter, OrderedDict, defaultdict}
LATE: dict[str, Callable[[], None]] = {}
"""Modules whose types are made known when one first crosses (`values`), and what does it."""
HOMES = {"Fraction": "fractions", "Decimal": "decimal", "array": "array"} | dict.fromkeys(
    ("date", "datetime", "time", "timedelta"), "datetime"
)
"""Their tags and names."""


def arrived(module: object) -> bool:
    """Makes the types of such a module known; whether there was anything to do."""
    load = LATE.pop(module, None) if type(module) is str else None
    if load is not None:
        load()
    return load is not None


def pack(value: object, other: Other, depth: int = 0) -> Json:
    """Plain data as JSON; `other` makes JSON of what is no plain data."""
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return cast("Json", value)
    if kind is int:
        number = cast("int", value)
        if -WORD <= number < WORD:
            return number
        return {"t": "int", "v": hex(number)} if number.bit_length() <= MOST_BITS else other(value)
    if kind is float:
        real = cast("float", value)
        return real if math.isfinite(real) else {"t": "float", "v": repr(real)}
    if depth > MOST_DEPTH:
        return other(value)
    if kind is list:
        row = cast("list[object]", value)
        return cast("Json", row.copy()) if flat(row) else [pack(item, other, depth + 1) for item in row]
    maker = PACKERS.get(kind)
    if maker is None and arrived(kind.__module__):
        maker = PACKERS.get(kind)
    if maker is None:
        return other(value)
    tag, make = maker
    content = make(value, lambda item: pack(item, other, depth + 1))
    return {"t": tag, "v": content} if content is not None else other(value)


def flat(row: Sequence[object]) -> bool:
    """Whether its items are at one glance what JSON has too: truths, texts and none, or whole numbers of 64 bits."""
    kinds: set[type] = {*map(type, row)}
    return kinds <= SAME or (kinds == {int} and max(numbers := cast("list[int]", row)) < WORD and min(numbers) >= -WORD)


def items(value: object, inner: Inner) -> Json:
    row = [*cast("Iterable[object]", value)]
    return cast("Json", row) if flat(row) else [inner(item) for item in row]


def pairs(value: object, inner: Inner) -> Json:
    mapping = cast("dict[object, object]", value)
    return [[inner(key), inner(item)] for key, item in mapping.items()]


def defaults(value: object, inner: Inner) -> Json:
    mapping = cast("defaultdict[object, object]", value)
    made = cast("type", mapping.default_factory)
    return [NAMES.get(made) or inner(made) if made else "", pairs(mapping, inner)]


def bounded(value: object, inner: Inner) -> Json:
    queue = cast("deque[object]", value)
    return [queue.maxlen, items(queue, inner)]


def blob(value: object, _: Inner) -> Json:
    return cast("bytes", value).hex()


def by_name(value: object, _: Inner) -> Json:
    kind = cast("type", value)
    if kind not in NAMES:
        arrived(kind.__module__)
    return NAMES.get(kind)


def attributes(*names: str) -> Callable[[object, Inner], Json]:
    return lambda value, inner: [inner(getattr(value, name)) for name in names]


EMPTY: dict[object, object] = {}
KEYS, ITEMS = type(EMPTY.keys()), type(EMPTY.items())
PACKERS: dict[type, tuple[str, Callable[[object, Inner], Json]]] = {
    tuple: ("tuple", items),
    dict: ("dict", pairs),
    set: ("set", items),
    frozenset: ("frozenset", items),
    bytes: ("bytes", blob),
    bytearray: ("bytearray", blob),
    complex: ("complex", attributes("real", "imag")),
    range: ("range", attributes("start", "stop", "step")),
    slice: ("slice", attributes("start", "stop", "step")),
    Counter: ("Counter", pairs),
    OrderedDict: ("OrderedDict", pairs),
    defaultdict: ("defaultdict", defaults),
    deque: ("deque", bounded),
    KEYS: ("keys", items),
    ITEMS: ("items", lambda value, inner: pairs(dict(cast("Iterable[tuple[object, object]]", value)), inner)),
    type: ("type", by_name),
    type(...): ("constant", lambda value, _: repr(value)),
    type(NotImplemented): ("constant", lambda value, _: repr(value)),
}


def unpack(tree: Json, known: Known, depth: int = 0) -> object:
    """The value of JSON made by `pack`; `known(tag, content)` makes what is no plain data. Raises Broken."""
    if type(tree) in ATOMS or tree is None or isinstance(tree, (bool, int, float, str)):
        return tree
    if depth > MOST_DEPTH + 20:
        raise Broken
    if isinstance(tree, list):
        return [*tree] if {*map(type, tree)} <= ATOMS else [unpack(item, known, depth + 1) for item in tree]
    tag, content = tree.get("t"), tree.get("v")
    if not isinstance(tag, str):
        raise Broken
    make = UNPACKERS.get(tag)
    if make is None and arrived(HOMES.get(tag)):
        make = UNPACKERS.get(tag)
    if make is None:
        return known(tag, content)

    def inner(item: Json) -> object:
        return unpack(item, known, depth + 1)

    try:
        return make(content, inner)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, MemoryError) as error:
        raise Broken from error


def text(content: Json) -> str:
    if not isinstance(content, str):
        raise Broken
    return content


def several(content: Json) -> list[Json]:
    if not isinstance(content, list):
        raise Broken
    return content


def many(content: Json, inner: Outer) -> list[object]:
    row = several(content)
    return [*row] if {*map(type, row)} <= ATOMS else [inner(item) for item in row]


def in_order(items: list[object]) -> set[object]:
    """A set that is iterated as at the other end, where a set can: a literal's order differs from one that grew."""
    grown = set(items)
    if all(one is other for one, other in zip(grown, items, strict=False)):
        return grown
    copied = set(grown)
    return copied if all(one is other for one, other in zip(copied, items, strict=False)) else grown


def couples(content: Json, inner: Outer) -> dict[object, object]:
    return dict(cast("list[tuple[object, object]]", [many(item, inner) for item in several(content)]))


def whole(content: Json, _: Outer) -> object:
    digits = text(content)
    if len(digits) > MOST_BITS // 4 + 4:
        raise Broken
    return int(digits, 16)


def real(content: Json, _: Outer) -> object:
    return {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}[text(content)]


def defaulted(content: Json, inner: Outer) -> object:
    told, rows = several(content)
    factory = cast("type", inner(told)) if isinstance(told, dict) else TYPES[text(told)] if told else None
    return defaultdict(factory, couples(rows, inner))


def queued(content: Json, inner: Outer) -> object:
    most, rows = several(content)
    return deque(many(rows, inner), cast("int | None", most))


def numbers_of(content: Json, inner: Outer) -> list[int]:
    numbers = many(content, inner)
    if not all(number is None or type(number) is int for number in numbers):
        raise Broken
    return cast("list[int]", numbers)


def type_of(content: Json, _: Outer) -> object:
    name = text(content)
    if name not in TYPES:
        arrived(HOMES.get(name))
    return TYPES[name]


UNPACKERS: dict[str, Callable[[Json, Outer], object]] = {
    "int": whole,
    "float": real,
    "tuple": lambda content, inner: tuple(many(content, inner)),
    "dict": couples,
    "set": lambda content, inner: in_order(many(content, inner)),
    "frozenset": lambda content, inner: frozenset(many(content, inner)),
    "bytes": lambda content, _: bytes.fromhex(text(content)),
    "bytearray": lambda content, _: bytearray.fromhex(text(content)),
    "complex": lambda content, inner: complex(*cast("list[float]", many(content, inner))),
    "range": lambda content, inner: range(*numbers_of(content, inner)),
    "slice": lambda content, inner: slice(*many(content, inner)),
    "Counter": lambda content, inner: Counter(cast("dict[object, int]", couples(content, inner))),
    "OrderedDict": lambda content, inner: OrderedDict(couples(content, inner)),
    "defaultdict": defaulted,
    "deque": queued,
    "keys": lambda content, inner: dict.fromkeys(many(content, inner)).keys(),
    "items": lambda content, inner: couples(content, inner).items(),
    "type": type_of,
    "constant": lambda content, _: CONSTANTS[text(content)],
}
