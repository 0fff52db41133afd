"""The rules of the house that a machine can hold: sizes, names, floors, and what an import drags in."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import errata

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
HEAVY = {"torch", "trl", "transformers", "peft", "accelerate", "datasets", "ray", "starlette", "plotly"}


def tops(statement: str) -> set[str]:
    """The top-level modules in a fresh interpreter after a statement, less those that stand there at its start."""
    script = (
        "import json, sys; before = set(sys.modules)\n"
        f"{statement}\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def named(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = function.args
    names = [part.arg for part in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def test_the_front_door_loads_nothing_heavy() -> None:
    assert not tops("import errata.cli") & HEAVY


def test_the_sandbox_stands_on_the_standard_library_alone() -> None:
    assert tops("import errata.sandbox") <= sys.stdlib_module_names | {"errata"}


def test_the_public_names_are_few_and_there() -> None:
    names = errata.__all__
    assert 0 < len(names) <= 20
    assert sorted(names) == list(names) == sorted(name for home in errata.HOMES.values() for name in home)
    for name in names:
        assert getattr(errata, name).__module__.startswith("errata."), name


def test_the_package_itself_loads_nothing() -> None:
    assert tops("import errata") <= sys.stdlib_module_names | {"errata"}


def test_every_room_is_on_its_floor() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_files_functions_and_parameter_lists_are_short(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= 350
    for function in named(ast.parse(source)):
        assert function.end_lineno is not None
        assert function.end_lineno - function.lineno < 60, function.name
        assert parameters(function) <= 8, function.name


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_files_are_named_for_what_they_hold_and_nothing_is_left_unchecked(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "common", "base", "manager", "misc"}
    source = path.read_text()
    assert "# type: ignore" not in source
    assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name) and node.id == "Any"]
    assert (ast.get_docstring(ast.parse(source)) or "").strip(), "a module says what it is for"
