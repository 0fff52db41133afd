"""What a runner of tests would run: `test_*` functions and cases of unittest that test code only defines.

This text runs beside the judge or, for tests that run together with the program, is sent into its process; it imports
the standard library alone.
"""

import asyncio
import contextlib
import importlib
import inspect
import io
import itertools
import os
import sys
import tempfile
import types
import unittest
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

Names: TypeAlias = Mapping[str, object]
Function: TypeAlias = Callable[..., object]


if TYPE_CHECKING:

    class Said:
        """One `pytest.mark` of a function or class."""

        name: str
        args: tuple[object, ...]

    class Options:
        """What is said of a fixture."""

        params: Iterable[object] | None
        autouse: bool

    class Values:
        """`pytest.param`."""

        values: tuple[object, ...]


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


class Request:
    """pytest's `request`, as far as it tells a fixture's parameter."""

    def __init__(self, param: object) -> None:
        self.param = param


class Given:
    """The fixtures of one call of a test: each is made once."""

    def __init__(self, names: Names, owner: object, chosen: Mapping[str, object], stack: contextlib.ExitStack) -> None:
        """chosen: values of fixtures that have parameters."""
        self.names, self.owner, self.chosen, self.stack = names, owner, chosen, stack
        self.made: dict[str, object] = {}

    def __getitem__(self, word: str) -> object:
        if word not in self.made:
            self.made[word] = self.make(word)
        return self.made[word]

    def make(self, word: str) -> object:
        """pytest's own that test code may want, or one that it defines."""
        own = function_of(word, self.names, self.owner)
        if own is None:
            return self.offered(word)
        needed: dict[str, object] = {}
        for name in inspect.signature(own).parameters:
            match name:
                case "self":
                    needed[name] = self.owner
                case "request":
                    needed[name] = Request(self.chosen.get(word))
                case _:
                    needed[name] = self[name]
        if inspect.isgeneratorfunction(own):
            return self.stack.enter_context(contextlib.contextmanager(own)(**needed))
        return own(**needed)

    def offered(self, word: str) -> object:
        match word:
            case "capsys":
                capture = Capture()
                self.stack.enter_context(contextlib.redirect_stdout(capture.out))
                self.stack.enter_context(contextlib.redirect_stderr(capture.err))
                return capture
            case "monkeypatch":
                return Patch(self.stack)
            case "tmp_path":
                return Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
            case _:
                raise LookupError(f"fixture '{word}' not found")


def defined(word: str, names: Names, owner: object) -> object:
    """What a name means in a test: in its class or around it. Nothing of the program's is looked into."""
    found: object = getattr(type(owner), word, None) if owner is not None else None
    found = names.get(word) if found is None else found
    return found if type(found) is types.FunctionType or type(found).__module__ == "_pytest.fixtures" else None


def function_of(word: str, names: Names, owner: object) -> Function | None:
    found = defined(word, names, owner)
    own = getattr(found, "_fixture_function", None) or getattr(found, "__wrapped__", None) or found
    return cast("Function", own) if inspect.isfunction(own) else None


def options_of(word: str, names: Names, owner: object) -> "Options | None":
    found = defined(word, names, owner)
    said = getattr(found, "_fixture_function_marker", None) or getattr(found, "_pytestfixturefunction", None)
    return cast("Options | None", said)


def wanted_by(function: Function, names: Names, owner: object) -> Iterator[str]:
    """Names of the fixtures that a test needs, and of those that these need."""
    inside = () if owner is None else dir(owner)
    every = [word for word in (*names, *inside) if (said := options_of(word, names, owner)) and said.autouse]
    todo, seen = [*every, *unfilled(function)], set[str]()
    while todo:
        word = todo.pop(0)
        if word not in seen:
            seen.add(word)
            yield word
            todo += unfilled(function_of(word, names, owner))


def unfilled(function: Function | None) -> list[str]:
    parameters = inspect.signature(function).parameters.values() if function is not None else ()
    empty = [one.name for one in parameters if one.default is one.empty]
    return [name for name in empty if name not in ("self", "request")]


def called(function: Function, names: Names, owner: object = None) -> None:
    """Runs a test function once for each of its parameters, with its fixtures."""
    marks = [*cast("list[Said]", getattr(function, "pytestmark", []))]
    marks += cast("list[Said]", getattr(type(owner), "pytestmark", []))
    if any(mark.name in ("skip", "xfail") or (mark.name == "skipif" and mark.args[0]) for mark in marks):
        return
    marks = [mark for mark in marks if mark.name == "parametrize"]
    said = [word for mark in marks for word in words_of(mark.args[0])]
    words = [word for word in wanted_by(function, names, owner) if word not in said]
    varied = {word: told.params for word in words if (told := options_of(word, names, owner)) and told.params}
    skipped = getattr(getattr(sys.modules.get("pytest"), "skip", None), "Exception", unittest.SkipTest)
    rows = [cast("Iterable[object]", mark.args[1]) for mark in marks]
    for chosen in itertools.product(*rows, *varied.values()):
        given: dict[str, object] = {}
        for mark, values in zip(marks, chosen, strict=False):
            given.update(parameters(words_of(mark.args[0]), values))
        with contextlib.ExitStack() as stack:
            fixtures = Given(names, owner, dict(zip(varied, chosen[len(marks) :], strict=True)), stack)
            needed = unfilled(function)
            try:
                given.update({word: fixtures[word] for word in words if word not in given} | given)
                ended = function(**{word: given[word] for word in given if word in needed or word in said})
                if inspect.iscoroutine(ended):
                    asyncio.run(cast("Coroutine[object, object, object]", ended))
            except cast("type[BaseException]", skipped):
                continue


def words_of(said: object) -> list[str]:
    return [word.strip() for word in said.split(",")] if isinstance(said, str) else list(cast("list[str]", said))


def parameters(words: Sequence[str], values: object) -> dict[str, object]:
    """The arguments of one call: `"a, b"` and (1, 2)."""
    if type(values).__name__ in ("Values", "ParameterSet"):
        values = cast("Values", values).values
    elif len(words) == 1:
        values = (values,)
    return dict(zip(words, cast("Sequence[object]", values), strict=True))


def collected(wanted: Iterable[str], names: Names) -> None:
    """Runs what test code defines under these names and does not call itself."""
    begin(names, "setUpModule", "setup_module")
    for name in wanted:
        value = names.get(name)
        if inspect.isfunction(value):
            called(value, names)
        elif isinstance(value, type) and issubclass(value, unittest.TestCase):
            suite(value)
        elif isinstance(value, type):
            group(value, names)
    begin(names, "tearDownModule", "teardown_module")


def begin(names: Names, *words: str) -> None:
    for word in words:
        if inspect.isfunction(value := names.get(word)):
            value()


def suite(kind: type[unittest.TestCase]) -> None:
    """The cases of a class of unittest's."""
    if getattr(kind, "__unittest_skip__", False):
        return
    kind.setUpClass()
    try:
        for case in unittest.defaultTestLoader.loadTestsFromTestCase(kind):
            failing = failing_of(cast("unittest.TestCase", case))
            try:
                cast("unittest.TestCase", case).debug()
            except unittest.SkipTest:
                continue
            except Exception:
                if not failing:
                    raise
            else:
                if failing:
                    raise AssertionError("unexpected success")
    finally:
        kind.tearDownClass()
        kind.doClassCleanups()


def failing_of(case: unittest.TestCase) -> bool:
    """Whether it is said to fail."""
    method = cast("object", getattr(case, case.id().rpartition(".")[2]))
    return any(getattr(one, "__unittest_expecting_failure__", False) for one in (case, method))


def group(kind: type, names: Names) -> None:
    """The tests of a plain class, each with an object of its own."""
    methods = dict.fromkeys(word for one in reversed(kind.__mro__) for word in vars(one) if word.startswith("test"))
    around(kind, "setup_class")
    for method in methods:
        made = cast("object", kind())
        around(made, "setup_method", method)
        called(cast("Function", getattr(made, method)), names, made)
        around(made, "teardown_method", method)
    around(kind, "teardown_class")


def around(owner: object, word: str, method: str = "") -> None:
    """What a class has done before or after its tests."""
    own = cast("Function | None", getattr(owner, word, None))
    if own is not None:
        own(*([getattr(owner, method)] if method and inspect.signature(own).parameters else []))
