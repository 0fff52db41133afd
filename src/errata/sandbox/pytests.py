"""A stand-in for pytest where that is not installed.

As `collect`, this text runs beside the judge or in the program's process; it imports the standard library alone.
"""

import contextlib
import importlib
import importlib.util
import inspect
import math
import re
import sys
import types
from collections.abc import Callable, Generator
from typing import TypeAlias, cast

Function: TypeAlias = Callable[..., object]
Errors: TypeAlias = type[BaseException] | tuple[type[BaseException], ...]


class Approx:
    """A number, or numbers, that equal others nearly: as pytest's `approx` for plain data."""

    def __init__(
        self, expected: object, rel: float | None = None, abs: float | None = None, nan_ok: bool = False
    ) -> None:
        self.expected, self.nan_ok = expected, nan_ok
        self.rel = rel if rel is not None else 0.0 if abs is not None else 1e-6
        self.abs = abs if abs is not None else 1e-12

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
                if wanted == got or (self.nan_ok and wanted != wanted and got != got):
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


class Caught:
    """What `raises` tells of the exception."""

    value: BaseException | None = None

    @property
    def type(self) -> type[object]:
        return type(self.value)

    @property
    def typename(self) -> str:
        return type(self.value).__name__

    def match(self, pattern: str) -> bool:
        if re.search(pattern, str(self.value)) is None:
            raise AssertionError(f"{pattern!r} does not match {str(self.value)!r}")
        return True


@contextlib.contextmanager
def raising(expected: Errors, match: str | None) -> Generator[Caught]:
    caught = Caught()
    try:
        yield caught
    except expected as error:
        caught.value = error
    else:
        raise AssertionError(f"DID NOT RAISE {expected}")
    if match is not None:
        caught.match(match)


def raises(
    expected: Errors, call: Function | None = None, *args: object, match: str | None = None, **named: object
) -> object:
    if call is None:
        return raising(expected, match)
    with raising(expected, match) as caught:
        call(*args, **named)
    return caught


class Said:
    """One `pytest.mark` of a function."""

    def __init__(self, name: str, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        self.name, self.args, self.kwargs = name, args, kwargs


class Values:
    """`pytest.param`: the values of one call."""

    def __init__(self, *values: object, **_: object) -> None:
        self.values = values


class Mark:
    """`pytest.mark`: keeps what is said of a function where pytest keeps it."""

    def __getattr__(self, name: str) -> Function:
        def mark(*args: object, **named: object) -> object:
            if len(args) == 1 and not named and inspect.isfunction(args[0]):
                return kept(args[0], Said(name, (), {}))

            def later(target: object) -> object:
                return kept(target, Said(name, args, named))

            return later

        return mark


def kept(target: object, said: Said) -> object:
    before = cast("list[Said]", getattr(target, "pytestmark", []))
    setattr(target, "pytestmark", [*before, said])  # noqa: B010
    return target


class Options:
    """What is said of a fixture, where pytest keeps it."""

    def __init__(self, params: object = None, autouse: bool = False, **_: object) -> None:
        self.params, self.autouse = params, autouse


def fixture(target: Function | None = None, **said: object) -> object:
    def keep(target: Function) -> Function:
        setattr(target, "_pytestfixturefunction", Options(**said))  # noqa: B010  # pyright: ignore[reportArgumentType]
        return target

    return keep if target is None else keep(target)


class Skipped(BaseException):
    """What `skip` raises."""


def skip(reason: str = "", **_: object) -> None:
    raise Skipped(reason)


setattr(skip, "Exception", Skipped)  # noqa: B010


def importorskip(name: str, *_: object, **__: object) -> object:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Skipped(name) from None


def nothing(*_: object, **__: object) -> int:
    """`pytest.main`, for tests that `collected` runs."""
    return 0


def fail(reason: str = "") -> None:
    raise AssertionError(reason)


def stand_in() -> None:
    """Makes `import pytest` work where it is not installed."""
    if "pytest" not in sys.modules and importlib.util.find_spec("pytest") is None:
        module = types.ModuleType("pytest")
        offered = {
            "approx": Approx,
            "raises": raises,
            "mark": Mark(),
            "param": Values,
            "fixture": fixture,
            "fail": fail,
            "skip": skip,
            "importorskip": importorskip,
            "main": nothing,
        }
        vars(module).update(offered)
        sys.modules["pytest"] = module
