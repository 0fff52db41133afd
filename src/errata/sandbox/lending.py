"""What a program may do with things of the test's that it was handed: callables, iterators, objects."""

from collections.abc import Callable, Iterator, Sequence
from functools import cmp_to_key
from itertools import islice
from typing import cast

from errata.sandbox.protocol import Broken

OPEN = frozenset(("__main__", "argparse", "collections", "enum", "io", "_io", "random", "re", "string", "types"))
"""Modules of classes whose objects a program may look into when a test hands them over."""
CALLED = frozenset(("__main__", "unittest.mock"))
"""Modules of classes whose objects may be called and have attributes."""
SPECIAL = frozenset(
    (
        *("__iter__", "__len__", "__getitem__", "__contains__", "__str__", "__repr__", "__enter__", "__exit__"),
        *("__eq__", "__lt__", "__gt__", "__le__", "__ge__", "__add__", "__sub__", "__mul__", "__truediv__"),
        *("__radd__", "__rmul__", "__neg__", "__setitem__"),
    )
)
"""What a program may do with such an object beside using its attributes."""

KEYS = type(cast("object", cmp_to_key(cast("Callable[[object, object], int]", max))))


def use(lent: Sequence[object], operation: str, positional: Sequence[object], named: dict[str, object]) -> object:
    """Raises Broken for what is no such use."""
    where, *args = positional
    if type(where) is not int or not 0 <= where < len(lent):
        raise Broken
    target = lent[where]
    kind = type(target)
    match operation, args:
        case "call", _ if callable(target):
            return target(*args, **named)
        case "special", ["iterator"]:
            return hasattr(target, "__next__")
        case "special", ["__bool__"]:
            return bool(target) if kind.__module__ in OPEN else True
        case "special", [str(name), *rest] if name in SPECIAL and (kind.__module__ in OPEN or kind is KEYS):
            method = getattr(kind, name, None)
            return NotImplemented if method is None else method(target, *rest)
        case "special", [str(_), *_]:
            raise TypeError(f"'{kind.__name__}' object of the test cannot be used so")
        case "next", [1] if hasattr(target, "__next__"):
            return list(islice(cast("Iterator[object]", target), 1))
        case "get", [str(name)] if not name.startswith("_") and (kind.__module__ in OPEN or of_mock(kind, name)):
            return getattr(target, name)
        case "set", [str(name), value] if settable(target, name):
            setattr(target, name, value)
            return None
        case ("get", [str(name)]) | ("set", [str(name), _]):
            raise AttributeError(name)
        case _:
            raise Broken


def of_mock(kind: type, name: str) -> bool:
    """What a mock stands for: nothing by which a test asks it what was called."""
    return kind.__module__ == "unittest.mock" and name not in dir(kind)


def settable(target: object, name: str) -> bool:
    """Public data of an object of the test's own class: no method of it."""
    own = type(target).__module__ == "__main__" and not name.startswith("_")
    return own and not callable(getattr(type(target), name, None))
