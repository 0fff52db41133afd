"""FollowBench's folder (Jiang et al. 2024, arXiv 2310.20410): instructions that grow by one constraint a level."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from errata import jsonl
from errata.errors import UsageError
from errata.types import Constrained, Task

NAMES = ("followbench",)
CATEGORIES = ("content", "situation", "style", "format", "example", "mixed")
RULED = "rules"
"""The split of what rules decide."""
SOURCES: Mapping[str, str] = {
    "E2E": "equal",
    "text_editing": "equal",
    "WIKIEVENTS": "lines",
    "CONLL2003": "one_of",
    "BBH_logical": "option",
    "BBH_time": "date",
    "gsm_8k": "dollars",
    "self_made_space": "contains",
    "cnn_dailymail": "cnn_dailymail",
    "xsum": "xsum",
    "samsum": "samsum",
    "gigaword": "gigaword",
    "arxiv": "arxiv",
}
"""Where instructions come from whose answers a rule decides, and by which rule."""
FORMATS = {22: "three_paragraphs", 30: "five_points"}
"""The format constraints that a rule decides, by their example's number."""
HOLE = "{answer}"
LEVELS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of `content_constraints.json` and its like."""

    example_id: int
    source: str = ""
    level: int
    instruction: str
    target: str = ""


def load(name: str, folder: str, split: str) -> tuple[Task, ...]:
    """The tasks of `followbench:DIR`, of one category (`[content]`), or of what rules decide (`[rules]`).

    Raises UsageError for what is missing, and `FILE:ENTRY: field: message` for a bad entry.
    """
    if not folder:
        raise UsageError(f"{name}: needs the folder of its data, as in {name}:DIR")
    if split not in ("", RULED, *CATEGORIES):
        raise UsageError(f"{name}[{split}]: unknown split; there are {', '.join((*CATEGORIES, RULED))}")
    wanted = (split,) if split in CATEGORIES else CATEGORIES
    tasks = [task for category in wanted for task in read(Path(folder) / f"{category}_constraints.json", category)]
    if split == RULED:
        tasks = [task for task in tasks if isinstance(task.check, Constrained) and task.check.rule]
    return tuple(tasks)


def read(path: Path, category: str) -> list[Task]:
    tasks: list[Task] = []
    grown: dict[int, list[str]] = {}
    for number, line in jsonl.lines(path):
        where = f"{path}:{number}"
        row = jsonl.parse(line, Row, where, loose=True)
        path_so_far = grown.setdefault(row.example_id, [])
        if category != "example" and row.level != len(path_so_far):
            raise UsageError(f"{where}: level: {row.level} comes where level {len(path_so_far)} is due")
        path_so_far.append(row.instruction)
        if row.level == 0:
            continue
        if not 1 <= row.level <= LEVELS:
            raise UsageError(f"{where}: level: must be from 0 to {LEVELS}")
        rule, target = ruled(row, category, where)
        check = Constrained(
            path=(row.instruction,) if category == "example" else tuple(path_so_far),
            level=row.level,
            category=category,
            rule=rule,
            target=target,
        )
        name = f"followbench/{category}/{row.example_id}/{row.level}"
        tasks.append(Task(id=name, instruction=row.instruction, check=check, tags=(f"level:{row.level}",)))
    return tasks


def ruled(row: Row, category: str, where: str) -> tuple[str, tuple[str, ...]]:
    """The rule that decides a row and what it compares with; nothing where a judge model decides."""
    if category == "example":
        form = row.target.replace("{instruction}\n", "").replace("{{", "{").replace("}}", "}")
        if form.count(HOLE) != 1:
            raise UsageError(f"{where}: target: needs {HOLE} once")
        before, _, after = form.partition(HOLE)
        return "form", (before, after)
    rule = FORMATS.get(row.example_id, "") if category == "format" else SOURCES.get(row.source, "")
    match rule:
        case "":
            return "", ()
        case "lines":
            return rule, tuple(row.target.split("\n"))
        case "one_of":
            return rule, listed(row.target, where)
        case _:
            return rule, (row.target,)


def listed(target: str, where: str) -> tuple[str, ...]:
    """A list of strings, as Python writes it."""
    try:
        found = cast("object", ast.literal_eval(target))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise UsageError(f"{where}: target: not a list of strings") from None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in cast("list[object]", found)):
        raise UsageError(f"{where}: target: not a list of strings")
    return tuple(cast("list[str]", found))
