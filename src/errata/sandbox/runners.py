"""Runners of unittest and pytest that test code starts by itself: `collect` runs their tests, or they fail aloud.

As `collect`, this text runs beside the judge or in the program's process; it imports the standard library alone.
"""

import importlib
import importlib.util
import sys
import types
import unittest
from collections.abc import Callable
from typing import TypeAlias, cast

Raised: TypeAlias = "tuple[type[BaseException], BaseException, types.TracebackType] | tuple[None, None, None]"


def nothing(*_: object, **__: object) -> int:
    """`pytest.main`."""
    return 0


class Ran:
    """What `unittest.main` gives: the tests that it would run are run by `collected`."""

    def __init__(self, *_: object, **__: object) -> None:
        self.result = unittest.TestResult()


def keeping(kind: type[unittest.TestResult], raised: list[BaseException]) -> type[unittest.TestResult]:
    """The same, which keeps what tests raise."""

    class Keeping(kind):
        def addError(self, test: unittest.TestCase, err: Raised) -> None:
            raised.extend(filter(None, err[1:2]))
            super().addError(test, err)

        def addFailure(self, test: unittest.TestCase, err: Raised) -> None:
            raised.extend(filter(None, err[1:2]))
            super().addFailure(test, err)

        def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: "Raised | None") -> None:
            raised.extend(filter(None, err[1:2]) if err else ())
            super().addSubTest(test, subtest, err)

    return Keeping


def runners(pytest: bool) -> Callable[[], None]:
    """Test code that starts a runner by itself neither ends there nor hides what fails; what puts them back.

    pytest: it may start that one.
    """
    run = unittest.TextTestRunner.run

    def loud(self: unittest.TextTestRunner, test: unittest.TestSuite) -> unittest.TestResult:
        raised: list[BaseException] = []
        kind = self.resultclass
        setattr(self, "resultclass", keeping(kind, raised) if isinstance(kind, type) else kind)  # noqa: B010
        result = run(self, test)
        if raised or not result.wasSuccessful():
            raise raised[0] if raised else AssertionError("unexpected success")
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
