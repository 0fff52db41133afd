"""A user's own tasks: JSONL of `Task` records.

What shows without running anything is refused by file, line and field: an empty id, a check without a test, a test or
a reference that is no Python, a rule that there is not.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path

from errata import jsonl
from errata.errors import UsageError
from errata.tasks import rulebook
from errata.types import Functions, Rules, StdinTests, Task, UnitTests


def load(path: Path) -> tuple[Task, ...]:
    """The tasks of a file in its order. UsageError, `FILE:LINE: field: message`, for one that is none."""
    return tuple(_sound(task, f"{path}:{number}") for number, task in jsonl.numbered(path, Task))


def _sound(task: Task, where: str) -> Task:
    if not task.id.strip():
        raise UsageError(f"{where}: id: a task needs an id")
    match task.check:
        case UnitTests(tests=asked, hidden=hidden):
            field = "tests"
        case StdinTests(cases=asked, hidden=hidden):
            field = "cases"
        case Functions(functions=asked):
            field, hidden = "functions", ()
        case Rules() as check:
            rulebook.read_all(check, where)
            return task
        case _:
            return task
    if not asked and not hidden:
        raise UsageError(f"{where}: check.{field}: a task needs at least one {field.removesuffix('s')}")
    for name, source in _programs(task):
        _parsed(source, f"{where}: {name}")
    return task


def _programs(task: Task) -> Iterator[tuple[str, str]]:
    """(field, Python source) of what is to be run of a task, but not what models write."""
    match task.check:
        case UnitTests() as check:
            yield "check.setup", check.setup
            yield from ((f"check.tests[{i}]", source) for i, source in enumerate(check.tests))
            yield from ((f"check.hidden[{i}]", source) for i, source in enumerate(check.hidden))
            yield "reference", task.reference
        case StdinTests():
            yield "reference", task.reference
        case _:
            pass


def _parsed(source: str, where: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<string>", "exec", dont_inherit=True)
    except SyntaxError as broken:
        line = f" in its line {broken.lineno}" if broken.lineno and "\n" in source.strip() else ""
        raise UsageError(f"{where}: is not Python: {broken.msg}{line}") from None
    except (ValueError, RecursionError, MemoryError) as broken:
        raise UsageError(f"{where}: is not Python: {broken}") from None
