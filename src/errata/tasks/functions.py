"""Instructions with the functions that verify them, as tasks: `functions:FILE`.

Reads what `errata autoif` writes (cross-validation/verified.jsonl), the rows of AutoIF's own code with `instruction` or
`prompt` and `eval_func`, and plain rows {"instruction", "functions"}. Rows with a `query` ask that, by the instruction.
"""

from dataclasses import dataclass
from pathlib import Path

from errata import jsonl
from errata.errors import UsageError
from errata.types import Functions, Task

NAMES = ("functions",)
READY = "[Query]"
"""Stands in prompts of AutoIF's code that are whole already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A function with how often it is right; of ours."""

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the file, in any of its forms."""

    id: str = ""
    instruction: str = ""
    query: str = ""
    prompt: str = ""
    functions: tuple[str | Scored, ...] | None = None
    eval_func: tuple[tuple[str | float, ...], ...] | None = None
    above: float = 0.5
    reason: str = ""
    """Why cross-validation dropped it; such rows are passed over."""


def load(name: str, file: str, split: str) -> tuple[Task, ...]:
    """The tasks of a file.

    Raises UsageError for a missing file and `FILE:LINE: field: message` for a bad line.
    """
    if not file:
        raise UsageError(f"{name}: give its file, as in {name}:FILE")
    if split:
        raise UsageError(f"{name}[{split}]: unknown split; there are none")
    tasks: list[Task] = []
    seen: dict[str, str] = {}
    for number, line in jsonl.lines(Path(file)):
        where = f"{file}:{number}"
        row = jsonl.parse(line, Row, where, loose=True)
        if row.reason:
            continue
        id = row.id or f"functions/{number}"
        if seen.setdefault(id, where) != where:
            raise UsageError(f"{where}: id: {id!r} stands already in {seen[id]}")
        tasks.append(Task(id=id, instruction=words(row, where), check=check(row, where)))
    return tuple(tasks)


def words(row: Row, where: str) -> str:
    """What is asked. A prompt of AutoIF's code is whole; else the query, and the instruction behind it."""
    text = (
        row.prompt
        if READY in row.prompt or not row.instruction
        else " ".join(filter(None, (row.query, row.instruction)))
    )
    if not text.strip():
        raise UsageError(f"{where}: instruction: field required")
    return text


def check(row: Row, where: str) -> Functions:
    if row.functions is not None:
        sources = tuple(one if isinstance(one, str) else one.source for one in row.functions)
    elif row.eval_func is not None:
        # A function and its accuracy.
        sources = tuple(str(part) for one in row.eval_func for part in one[:1])
    else:
        raise UsageError(f"{where}: functions: field required (or eval_func)")
    if not all(source.strip() for source in sources) or not sources:
        raise UsageError(f"{where}: functions: a task needs at least one function, and none may be empty")
    return Functions(functions=sources, above=row.above)
