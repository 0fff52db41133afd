"""Values as words: `repr` with a bound, the same bytes whatever the order of sets and the place in memory."""

import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable
from typing import cast

from errata.sandbox.handles import Handle
from errata.sandbox.kinds import NAMED, Row

MOST = 600
"""Characters of one value."""
PLAIN = (bool, float, type(None))
TEXTS = (str, bytes, bytearray)
WORD = 1 << 63
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{4,}")
BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    deque: ("deque([", "])"),
    dict: ("{", "}"),
    Counter: ("Counter({", "})"),
    OrderedDict: ("OrderedDict({", "})"),
    defaultdict: ("defaultdict({", "})"),
}


def show(value: object, most: int = MOST) -> str:
    """The value as it would be written, at most about `most` characters."""
    if type(value) in PLAIN or (type(value) is int and -WORD < value < WORD):
        return repr(value)
    text = part(value, most, 0)
    return text if len(text) <= most else text[:most] + "..."


def part(value: object, room: int, depth: int) -> str:
    kind = type(value)
    if issubclass(kind, Handle):  # First of all: it may say that it is a text, and would be asked for its length.
        same = cast("Handle", value).errata_
        name = same.name.rpartition(".")[2]
        return f"<{name} object>" if same.kind == "object" else f"<{same.kind} {name}>"
    if isinstance(value, TEXTS) and len(value) > room:
        return repr(cast("str", value)[:room]) + "..."
    if isinstance(value, int) and value.bit_length() > 4 * MOST:
        return f"<int of {value.bit_length()} bits>"
    if isinstance(value, NAMED):
        kind = tuple if isinstance(value, Row) else kind
    brackets = BRACKETS.get(kind)
    if brackets is None or depth > 20:
        return plain(value) if brackets is None else "..."
    found: list[str] = []
    items = cast("dict[object, object]", value).items() if isinstance(value, dict) else cast("Iterable[object]", value)
    for item in items:
        if room <= 0:
            found.append("...")
            break
        if isinstance(value, dict):
            key, held = cast("tuple[object, object]", item)
            text = f"{part(key, room, depth + 1)}: {part(held, room, depth + 1)}"
        else:
            text = part(item, room, depth + 1)
        room -= len(text) + 2
        found.append(text)
    if kind in (set, frozenset):
        found.sort()
    if not found and kind is set:
        return "set()"
    comma = "," if kind is tuple and len(found) == 1 else ""
    return brackets[0] + ", ".join(found) + comma + brackets[1]


def plain(value: object) -> str:
    try:
        return fixed(repr(value))
    except Exception as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


def fixed(text: str) -> str:
    """The text without places in memory, which differ from run to run."""
    return ADDRESS.sub("at 0x0", text)
