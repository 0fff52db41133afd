"""What a runner of tests would run: `test_*` functions and cases of unittest that test code only defines.

Also a stand-in for pytest where that is not installed. This text runs beside the judge or, for tests that run together
with the program, is sent into its process; it imports the standard library alone.
"""

import contextlib
import importlib
import importlib.util
import inspect
import io
import itertools
import math
import os
import re
import sys
import tempfile
import types
import unittest
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, cast

Names: TypeAlias = Mapping[str, object]
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


def fixture(target: Function | None = None, **_: object) -> object:
    return fixture if target is None else target


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
            "main": nothing,
        }
        vars(module).update(offered)
        sys.modules["pytest"] = module


class Ran:
    """What `unittest.main` gives: the tests that it would run are run by `collected`."""

    def __init__(self, *_: object, **__: object) -> None:
        self.result = unittest.TestResult()


def runners(pytest: bool) -> Callable[[], None]:
    """Test code that starts a runner by itself neither ends there nor hides what fails; what puts them back.

    pytest: it may start that one.
    """
    run = unittest.TextTestRunner.run

    def loud(self: unittest.TextTestRunner, test: unittest.TestSuite) -> unittest.TestResult:
        result = run(self, test)
        for _, text in (*result.failures, *result.errors):
            raise AssertionError(text)
        return result

    put: list[tuple[object, str, object]] = [(unittest, "main", Ran), (unittest.TextTestRunner, "run", loud)]
    if pytest and "pytest" not in sys.modules and importlib.util.find_spec("pytest") is not None:
        importlib.import_module("pytest")
    if (module := sys.modules.get("pytest")) is not None:
        put.append((module, "main", nothing))
    before = [(home, name, cast("object", getattr(home, name, None))) for home, name, _ in put]
    for home, name, value in put:
        setattr(home, name, value)

    def restore() -> None:
        for home, name, value in before:
            setattr(home, name, value)

    return restore


class Read:
    """What `capsys.readouterr` gives."""

    def __init__(self, out: str, err: str) -> None:
        self.out, self.err = out, err

    def __iter__(self) -> Generator[str]:
        yield from (self.out, self.err)


class Capture:
    """pytest's `capsys`."""

    def __init__(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()

    def readouterr(self) -> Read:
        said = Read(self.out.getvalue(), self.err.getvalue())
        for stream in (self.out, self.err):
            stream.seek(0)
            stream.truncate()
        return said


class Patch:
    """pytest's `monkeypatch`, as far as attributes, entries and variables go."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self.stack = stack

    def setattr(self, target: object, name: str, *value: object) -> None:
        if isinstance(target, str):
            path, _, attribute = target.rpartition(".")
            value, name, target = (name,), attribute, importlib.import_module(path)
        self.stack.callback(setattr, target, name, getattr(target, name))
        setattr(target, name, *value)

    def setitem(self, target: dict[object, object], key: object, value: object) -> None:
        own = dict(target)
        self.stack.callback(target.update, own)
        self.stack.callback(target.clear)
        target[key] = value

    def setenv(self, name: str, value: str) -> None:
        self.setitem(cast("dict[object, object]", os.environ), name, str(value))

    def delenv(self, name: str, raising: bool = True) -> None:
        own = dict(os.environ)
        if os.environ.pop(name, None) is None and raising:
            raise KeyError(name)
        self.stack.callback(os.environ.update, own)


def called(function: Function, names: Names) -> None:
    """Runs a test function once for each of its parameters, with its fixtures."""
    marks = cast("list[Said]", getattr(function, "pytestmark", []))
    if any(mark.name in ("skip", "xfail") for mark in marks):
        return
    marks = [mark for mark in marks if mark.name == "parametrize"]
    for chosen in itertools.product(*(cast("Iterable[object]", mark.args[1]) for mark in marks)):
        given: dict[str, object] = {}
        for mark, values in zip(marks, chosen, strict=True):
            given.update(parameters(mark.args[0], values))
        with contextlib.ExitStack() as stack:
            for word, parameter in inspect.signature(function).parameters.items():
                if word not in given and parameter.default is parameter.empty:
                    given[word] = provided(word, names, stack)
            function(**given)


def parameters(said: object, values: object) -> dict[str, object]:
    """The arguments of one call: `"a, b"` and (1, 2)."""
    words = [word.strip() for word in said.split(",")] if isinstance(said, str) else list(cast("list[str]", said))
    if type(values).__name__ in ("Values", "ParameterSet"):
        values = cast("Values", values).values
    elif len(words) == 1:
        values = (values,)
    return dict(zip(words, cast("Sequence[object]", values), strict=True))


def provided(word: str, names: Names, stack: contextlib.ExitStack) -> object:
    """A fixture: pytest's own that test code may want, or one that it defines."""
    match word:
        case "capsys":
            capture = Capture()
            stack.enter_context(contextlib.redirect_stdout(capture.out))
            stack.enter_context(contextlib.redirect_stderr(capture.err))
            return capture
        case "monkeypatch":
            return Patch(stack)
        case "tmp_path":
            return Path(stack.enter_context(tempfile.TemporaryDirectory()))
        case _:
            pass
    own: object = names.get(word)
    own = getattr(own, "_fixture_function", None) or getattr(own, "__wrapped__", None) or own
    if not inspect.isfunction(own):
        raise LookupError(f"fixture '{word}' not found")
    needed = {name: provided(name, names, stack) for name in inspect.signature(own).parameters}
    if inspect.isgeneratorfunction(own):
        return stack.enter_context(contextlib.contextmanager(own)(**needed))
    return own(**needed)


def collected(wanted: Iterable[str], names: Names) -> None:
    """Runs what test code defines under these names and does not call itself."""
    for name in wanted:
        value = names.get(name)
        if inspect.isfunction(value):
            called(value, names)
        elif isinstance(value, type) and issubclass(value, unittest.TestCase):
            value.setUpClass()
            try:
                for case in unittest.defaultTestLoader.loadTestsFromTestCase(value):
                    cast("unittest.TestCase", case).debug()
            finally:
                value.tearDownClass()
                value.doClassCleanups()
        elif isinstance(value, type):
            for method in [method for method in vars(value) if method.startswith("test")]:
                made = cast("object", value())
                if "setup_method" in vars(value):
                    cast("Function", getattr(made, "setup_method"))()  # noqa: B009
                called(cast("Function", getattr(made, method)), names)
