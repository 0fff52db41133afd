"""Where tasks come from: `load("mbpp:FILE[train][:100]")`, `"primer[test]"`, `"humaneval:FILE"`, a user's own file.

A source is `NAME[:FILE][split][a:b]`. FILE may be .json, .jsonl or either with .gz; without FILE the set comes from
the Hub through `datasets`. A user's own tasks are JSONL of `Task` records.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from errata import jsonl
from errata.errors import UsageError
from errata.tasks import (
    answers,
    benchmarks,
    events,
    followbench,
    functions,
    instructions,
    own,
    primer,
    primer_instructions,
)
from errata.types import Task

ROOMS = (
    (benchmarks.NAMES, benchmarks.load),
    (answers.NAMES, answers.load),
    (events.NAMES, events.load),
    (functions.NAMES, functions.load),
    (followbench.NAMES, followbench.load),
    (instructions.NAMES, instructions.load),
    (primer_instructions.NAMES, primer_instructions.load),
)
"""Names of sources, and what loads them: (name, file, split) to tasks."""
NAMES = ("primer", *(name for names, _ in ROOMS for name in names))
SPEC = re.compile(r"(?P<source>[^\[\]]+)(?P<brackets>(?:\[[^\[\]]*\])*)")
SLICE = re.compile(r"(?P<start>\d*):(?P<stop>\d*)")
NUMBERS = re.compile(r"[-+\d: ]*")
"""What is meant as a slice, or is empty."""
FILE_ENDINGS = (".jsonl", ".json", ".jsonl.gz", ".json.gz")


def load(spec: str) -> tuple[Task, ...]:
    """The tasks of a source, in its own order.

    Raises UsageError for an unknown source or split, a missing file, a bad line (`FILE:LINE: field: message`), an id
    that stands twice, and a source without a task.
    """
    parsed = SPEC.fullmatch(spec.strip())
    if parsed is None:
        raise UsageError(f"{spec}: not a task source; write NAME[:FILE][split][a:b], for example primer[test]")
    brackets: list[str] = re.findall(r"\[([^\[\]]*)\]", parsed["brackets"])
    for part in brackets:
        if NUMBERS.fullmatch(part) and not SLICE.fullmatch(part):
            raise UsageError(f"{spec}: [{part}] is no slice; write [a:b] with whole numbers from 0, as in [:100]")
    slices = [part for part in brackets if SLICE.fullmatch(part)]
    splits = [part for part in brackets if not SLICE.fullmatch(part)]
    if len(slices) > 1 or len(splits) > 1:
        raise UsageError(f"{spec}: at most one split and one slice, as in mbpp:mbpp.jsonl[train][:100]")
    tasks = source(parsed["source"], splits[0] if splits else "")
    if slices:
        bounds = SLICE.fullmatch(slices[0])
        assert bounds is not None
        tasks = tasks[int(bounds["start"] or 0) : int(bounds["stop"]) if bounds["stop"] else None]
    if not tasks:
        raise UsageError(f"{spec}: holds no task")
    return tasks


def source(where: str, split: str) -> tuple[Task, ...]:
    name, _, rest = where.partition(":")
    if name in NAMES and rest and not split and not Path(rest).exists() and not rest.endswith(FILE_ENDINGS):
        if "/" in rest:
            raise UsageError(f"{where}: {rest}: no such file or folder")
        rest, split = "", rest
    if name == "primer":
        if rest:
            raise UsageError(f"{where}: the primer ships inside the package and takes no file")
        return primer.load_primer(split)
    for names, load_named in ROOMS:
        if name in names:
            return load_named(name, rest, split)
    if not where.endswith(FILE_ENDINGS):
        raise UsageError(
            f"{where}: unknown task source; there are {', '.join(NAMES)} and files of Task records (.jsonl)"
        )
    if split:
        raise UsageError(f"{where}[{split}]: a file of Task records has no splits; only a slice [a:b]")
    return own.load(Path(where))


def apart(named: Mapping[str, str], *, optional: Collection[str] = ()) -> dict[str, Sequence[Task]]:
    """Several sets by what they are for, from their sources; none where an optional one's source is empty.

    Raises UsageError when a task is in two of them, and for a source that is empty.
    """
    for name, spec in named.items():
        if not spec.strip() and name not in optional:
            raise UsageError(f"{name}: needs tasks, NAME[:FILE][split][a:b], for example primer[test]")
    loaded: dict[str, Sequence[Task]] = {name: load(spec) if spec.strip() else () for name, spec in named.items()}
    seen: dict[str, str] = {}
    for name, tasks in loaded.items():
        for task in tasks:
            if seen.setdefault(task.id, name) != name:
                raise UsageError(f"{name}: {task.id} is among {seen[task.id]} too; a score on it would mean nothing")
    return loaded


def digest(tasks: Iterable[Task]) -> str:
    """sha256 over the records: the same tasks have the same digest wherever their file lies.

    A field that came later counts only where it is set, so that runs begun before it can go on.
    """
    state = hashlib.sha256()
    for task in tasks:
        state.update(jsonl.dump(task).replace(LATER, "").encode() + b"\n")
    return state.hexdigest()


LATER = ', "together": false'
"""As a record writes it."""


class Index:
    """Tasks by id, as people write ids: `Mbpp/11`, `MBPP/11`, `mbpp/11` and `11` are one."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.by_id: dict[str, Task] = {}
        self.by_number: dict[str, Task | None] = {}
        for task in tasks:
            self.by_id[task.id.lower()] = task
            number = task.id.rpartition("/")[2]
            self.by_number[number] = None if number in self.by_number else task

    def get(self, written: str | int) -> Task | None:
        """The task of that id; None where there is none, or where a bare number fits several."""
        name = str(written).strip()
        return self.by_id.get(name.lower()) or (self.by_number.get(name) if "/" not in name else None)
