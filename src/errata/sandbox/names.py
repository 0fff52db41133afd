"""What test code sees under which name, and what of it is run.

Names of the program reach the tests as handles or values, except builtins, helpers that the task gives, and modules
and functions of the standard library: those are this process's own, whatever the program has put in their place. The
entry point alone may be called like one of them.
"""

import ast
import builtins
import importlib
import importlib.util
import math
import sys
import types
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import cast

from errata.sandbox.checks import Test
from errata.sandbox.handles import Handle
from errata.sandbox.protocol import Broken, Json, unpack
from errata.sandbox.session import Session

PURE = frozenset(
    (
        *("array", "bisect", "cmath", "collections", "copy", "datetime", "decimal", "fractions", "functools"),
        *("heapq", "itertools", "math", "operator", "random", "re", "statistics", "string"),
    )
)
"""Modules whose functions do nothing but compute: tests get these as this process's own, under their own names."""
ALIASES = {"np": "numpy", "pd": "pandas"}
"""Other names under which tests know an installed module."""


def namespace(
    session: Session, described: Mapping[str, Json], tests: Sequence[Test], entry: str, given: str
) -> dict[str, object]:
    """The names of the program that tests use and may have from it. `given`: source of the task's own helpers."""
    names: dict[str, object] = {"__name__": "__main__", "__builtins__": builtins}
    wanted, dotted = (frozenset[str]().union(*(getattr(test, kind) for test in tests)) for kind in ("loads", "dotted"))
    if any("pytest" in test.source for test in tests):
        stand_in()
    own = prelude(given) if given else {}
    for name in sorted(wanted & described.keys()):
        if name == entry:
            names[name] = value_of(session, name, described)
        elif name in own:
            names[name] = own[name]
        elif not hasattr(builtins, name):
            found = genuine(name, value_of(session, name, described))
            library = isinstance(found, Handle) and name in sys.stdlib_module_names and name in dotted
            names[name] = importlib.import_module(name) if library else found
        session.known_as(name, names.get(name))
    return names


def value_of(session: Session, name: str, described: Mapping[str, Json]) -> object:
    """What the program holds under a name. Raises Broken where it names something of this process's own."""
    told = described[name]
    if told is not None and not isinstance(told, dict):
        raise Broken
    value = session.ask("name", name) if told is None else unpack(told, session.known)
    if isinstance(value, type) and "errata_" not in vars(value):
        raise Broken
    return value


def prelude(source: str) -> dict[str, object]:
    """What the task's own helpers define."""
    names: dict[str, object] = {"__name__": "__main__", "__builtins__": builtins}
    exec(compile(source, "<prelude>", "exec", dont_inherit=True), names)
    return names


def genuine(name: str, value: object) -> object:
    """This process's own where the program holds an installed module, or a function of a pure one, under its own name.

    Which name means what is the program's word: a name must not reach anything that it does not say.
    """
    if not isinstance(value, Handle):
        return value
    same = value.errata_
    module, _, own = same.name.rpartition(".")
    if same.kind == "module" and same.name == ALIASES.get(name) and importlib.util.find_spec(same.name):
        return importlib.import_module(same.name)
    if same.kind in ("function", "class") and own == name and module in PURE:
        return getattr(importlib.import_module(module), name, value)
    return value


def collected(test: Test, names: Mapping[str, object]) -> None:
    """Runs what a test only defines: `test_*` functions that nothing calls, and cases of unittest."""
    for name in test.tests:
        value = names.get(name)
        if isinstance(value, FunctionType) and value.__code__.co_argcount == 0:
            value()
        elif isinstance(value, type) and "unittest" in sys.modules:
            import unittest

            if issubclass(value, unittest.TestCase):
                for case in unittest.defaultTestLoader.loadTestsFromTestCase(value):
                    case.debug()


class Approx:
    """A number, or numbers, that equal others nearly: as pytest's `approx` for plain data."""

    def __init__(self, expected: object, rel: float = 1e-6, abs: float = 1e-12) -> None:
        self.expected, self.rel, self.abs = expected, rel, abs

    def __eq__(self, other: object) -> bool:
        return self.near(self.expected, other)

    def __hash__(self) -> int:
        raise TypeError("unhashable type: 'approx'")

    def __repr__(self) -> str:
        return f"approx({self.expected!r})"

    def near(self, wanted: object, got: object) -> bool:
        match wanted, got:
            case bool(), _:
                return wanted == got
            case ((int() | float() | complex()), (int() | float() | complex())):
                if wanted == got:
                    return True
                gap = abs(wanted - got)
                return math.isfinite(abs(wanted)) and gap <= max(self.rel * abs(wanted), self.abs)
            case (list(), list()) | (tuple(), tuple()):
                many, others = cast("list[object]", wanted), cast("list[object]", got)
                return len(many) == len(others) and all(map(self.near, many, others))
            case dict(), dict():
                by, other = cast("dict[object, object]", wanted), cast("dict[object, object]", got)
                return by.keys() == other.keys() and all(self.near(by[key], other[key]) for key in by)
            case _:
                return wanted == got


@contextmanager
def raises(*expected: type[BaseException]) -> Generator[None]:
    try:
        yield
    except expected:
        return
    raise AssertionError("DID NOT RAISE " + " or ".join(kind.__name__ for kind in expected))


def stand_in() -> None:
    """Makes `from pytest import approx, raises` work where pytest is not installed."""
    if importlib.util.find_spec("pytest") is None:
        module = types.ModuleType("pytest")
        vars(module).update(approx=Approx, raises=raises)
        sys.modules["pytest"] = module


def shared(imports: Iterable[str], source: str) -> Iterator[str]:
    """Of the tests' imports those that may matter to the program, which in one file with it would see them too."""
    for line in imports:
        node = ast.parse(line).body[0]
        assert isinstance(node, ast.Import | ast.ImportFrom)
        bound = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        module = node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
        if module.partition(".")[0] in sys.stdlib_module_names and any(name in source for name in bound):
            yield line
