"""Published task sets in their own file formats: MBPP, HumanEval, EvalPlus' two, and ILF's annotation rows."""

import ast
import importlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar, cast

from errata import jsonl
from errata.errors import UsageError
from errata.models import reachable
from errata.types import Task, UnitTests

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class MbppRow:
    """A row of mbpp.jsonl, of sanitized-mbpp.json, of the Hub's set, or of EvalPlus' MbppPlus-OriginFmt."""

    task_id: int
    text: str = ""
    prompt: str = ""
    code: str
    test_list: tuple[str, ...]
    test_setup_code: str = ""
    test_imports: tuple[str, ...] = ()
    test: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanEvalRow:
    """A row of HumanEval.jsonl or of EvalPlus' HumanEvalPlus-OriginFmt."""

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    test: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IlfRow:
    """A row of ILF's surge_annotations.jsonl, with its own test."""

    task_id: int
    prompt: str
    test: str
    unedited_annotator_completion: str


MBPP_SPLITS: Mapping[str, range] = {
    "prompt": range(1, 11),
    "test": range(11, 511),
    "validation": range(511, 601),
    "train": range(601, 975),
    # Chen et al. 2023 (ILF) cut MBPP in their own way.
    "ilf-test": range(11, 111),
    "ilf-refine": range(111, 311),
    "ilf-train": range(311, 975),
}
SPLIT = ("mbpp", "ilf")
"""Sets whose tasks have MBPP's numbers."""
DEF = re.compile(r"^\s*def\s+(\w+)\s*\(", re.MULTILINE)


def entry_point(tests: tuple[str, ...], program: str) -> str:
    """The first name that the tests call and the program defines; empty when nothing fits."""
    try:
        defined = {node.name for node in ast.parse(program).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        calls = [node for test in tests for node in ast.walk(ast.parse(test)) if isinstance(node, ast.Call)]
    except SyntaxError:
        return ""
    names = [call.func.id for call in calls if isinstance(call.func, ast.Name)]
    return next((name for name in names if name in defined), "")


def mbpp(row: MbppRow) -> Task:
    setup = "\n".join((*row.test_imports, row.test_setup_code)).strip()
    return Task(
        id=f"mbpp/{row.task_id}",
        instruction=row.text or row.prompt,
        check=UnitTests(
            tests=row.test_list,
            hidden=(row.test,) if row.test else (),
            setup=setup,
            entry_point=entry_point(row.test_list, row.code),
        ),
        reference=row.code,
    )


def humaneval(row: HumanEvalRow) -> Task:
    return Task(
        id=row.task_id,
        instruction=row.prompt,
        check=UnitTests(tests=(f"check({row.entry_point})",), setup=row.test, entry_point=row.entry_point),
        reference=row.prompt + row.canonical_solution,
        prefix=row.prompt,
    )


def humanevalplus(row: HumanEvalRow) -> Task:
    # HumanEval/32's check has its two arguments changed over in this file, so that no program passes it; EvalPlus' own
    # code has it as it is mended here.
    test = row.test.replace("_poly(*candidate(*inp), inp) <= 0.0001", "abs(_poly(*inp, candidate(*inp))) <= 0.0001")
    return humaneval(replace(row, test=test))


def ilf(row: IlfRow) -> Task:
    prompt = row.prompt.replace("\r\n", "\n")
    names: list[str] = DEF.findall(prompt)
    if not names:
        raise UsageError(f"ilf/{row.task_id}: prompt: no 'def name(' in it")
    words = prompt.strip().removeprefix('"""').partition(">>> Example:")[0].strip()
    return Task(
        id=f"ilf/{row.task_id}",
        instruction=words,
        check=UnitTests(tests=(f"check({names[-1]})",), setup=row.test, entry_point=names[-1]),
        reference=row.unedited_annotator_completion,
        prefix=prompt,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How a published set is read."""

    rows: Callable[[Path], list[Task]]
    hub: tuple[str, str, str]
    """Dataset, configuration and split on the Hub; empty where it is not there in this form."""


def rows_of(kind: type[R], make: Callable[[R], Task]) -> Callable[[Path], list[Task]]:
    return lambda path: [make(row) for row in jsonl.iterate(path, kind, loose=True)]


FORMATS: Mapping[str, Format] = {
    "mbpp": Format(
        rows=rows_of(MbppRow, mbpp), hub=("google-research-datasets/mbpp", "full", "train+test+validation+prompt")
    ),
    "humaneval": Format(
        rows=rows_of(HumanEvalRow, humaneval), hub=("openai/openai_humaneval", "openai_humaneval", "test")
    ),
    "ilf": Format(rows=rows_of(IlfRow, ilf), hub=("", "", "")),
    "mbppplus": Format(rows=rows_of(MbppRow, mbpp), hub=("evalplus/mbppplus", "default", "test")),
    "humanevalplus": Format(
        rows=rows_of(HumanEvalRow, humanevalplus), hub=("evalplus/humanevalplus", "default", "test")
    ),
}
NAMES = tuple(FORMATS)


def load(name: str, file: str, split: str) -> tuple[Task, ...]:
    """The tasks of a published set, from its file or from the Hub; MBPP has splits, which ILF's rows share by their
    task's number, the others none."""
    form = FORMATS[name]
    if split and (name not in SPLIT or split not in MBPP_SPLITS):
        known = ", ".join(MBPP_SPLITS) if name in SPLIT else "none"
        raise UsageError(f"{name}[{split}]: unknown split; there are {known}")
    tasks = form.rows(Path(file)) if file else from_hub(name, form)
    if split:
        tasks = [task for task in tasks if int(task.id.rpartition("/")[2]) in MBPP_SPLITS[split]]
    return tuple(tasks)


class Hub(Protocol):
    """What is used of `datasets`."""

    def load_dataset(self, path: str, name: str, *, split: str) -> Iterable[Mapping[str, object]]: ...


def from_hub(name: str, form: Format) -> list[Task]:
    """Rows from the Hub through `datasets`, written to a file and read as any file is."""
    repository, configuration, split = form.hub
    if not repository:
        raise UsageError(f"{name}: is not on the Hub in this form; give its file, as in {name}:FILE")
    if not reachable(repository):
        # The Hub's client would try for half a minute; so it looks at once for what was loaded before.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    hub = cast("Hub", importlib.import_module("datasets"))
    try:
        rows = list(hub.load_dataset(repository, configuration, split=split))
    except (OSError, ValueError) as error:
        said = first_line(error)
        raise UsageError(f"{name}: cannot be loaded from the Hub ({said}); give a file, as in {name}:FILE") from None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.jsonl"
        jsonl.write_whole(path, (json.dumps(row) for row in rows))
        return form.rows(path)


def first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
