"""IFEval's prompts in their own file format; FollowBench's folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from errata import jsonl
from errata.errors import UsageError
from errata.tasks import rulebook
from errata.types import Rule, Rules, Task

NAMES = ("ifeval",)


@dataclass(frozen=True, slots=True, kw_only=True)
class IfevalRow:
    """A row of IFEval's input_data.jsonl, or of the Hub's copy, which gives every argument and null where none is."""

    key: int
    prompt: str
    instruction_id_list: tuple[str, ...]
    kwargs: tuple[Mapping[str, str | int | tuple[str, ...] | None], ...]


def load(name: str, file: str, split: str) -> tuple[Task, ...]:
    """The tasks of `ifeval:FILE`.

    Raises UsageError for a missing file, and `FILE:LINE: field: message` for a bad line, an unknown rule among them.
    """
    if not file:
        raise UsageError(f"{name}: give its file, as in {name}:FILE")
    if split:
        raise UsageError(f"{name}[{split}]: unknown split; there are none")
    return ifeval(Path(file))


def ifeval(path: Path) -> tuple[Task, ...]:
    tasks: list[Task] = []
    seen: dict[str, str] = {}
    for number, line in jsonl.lines(path):
        where = f"{path}:{number}"
        row = jsonl.parse(line, IfevalRow, where, loose=True)
        for name, value in (("key", str(row.key)), ("prompt", row.prompt)):
            if seen.setdefault(f"{name} {value}", where) != where:
                raise UsageError(f"{where}: {name}: stands already in {seen[f'{name} {value}']}")
        tasks.append(Task(id=f"ifeval/{row.key}", instruction=row.prompt, check=Rules(rules=rules(row, where))))
    return tuple(tasks)


def rules(row: IfevalRow, where: str) -> tuple[Rule, ...]:
    """The rules of a row, looked at."""
    if len(row.kwargs) != len(row.instruction_id_list):
        said = f"{len(row.kwargs)} entries for {len(row.instruction_id_list)} instructions"
        raise UsageError(f"{where}: kwargs: {said}")
    made = tuple(
        Rule(id=name, kwargs={key: value for key, value in given.items() if value is not None})
        for name, given in zip(row.instruction_id_list, row.kwargs, strict=True)
    )
    for place, rule in enumerate(made):
        rulebook.read(rule, where, f"instruction_id_list[{place}]", f"kwargs[{place}]")
    return made
