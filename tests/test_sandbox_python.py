"""Packages of the user's own environment: there for programs and tests, and not to be written to."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from errata import cli, jsonl
from errata.types import Task, UnitTests

TASK = Task(
    id="own/1",
    instruction="",
    check=UnitTests(
        tests=("assert f(1) == greeting.WORDS[1]",), setup="import greeting", entry_point="f", hidden=("f(0)",)
    ),
    reference="import greeting\ndef f(n):\n    return greeting.WORDS[n]\n",
)
WRITES = """
import greeting, os
def f(n):
    folder = os.path.dirname(greeting.__file__)
    for path in (greeting.__file__, os.path.join(folder, "more.py")):
        try:
            open(path, "a").write("WORDS = None")
            return "written"
        except OSError:
            pass
    return greeting.WORDS[n]
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that holds one small package."""
    made = tmp_path_factory.mktemp("own") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True)
    (site,) = made.glob("lib/python*/site-packages")
    (site / "greeting.py").write_text("WORDS = ['hello', 'goodbye']\n")
    for folder in (*reversed(made.parents), made):
        if folder.stat().st_uid == site.stat().st_uid and str(folder).startswith(str(made.parent.parent.parent)):
            folder.chmod(0o755)
    return made


def judged(tmp_path: Path, program: str, *flags: str) -> tuple[int, dict]:
    """The exit code of `errata judge`, and its one line."""
    (tmp_path / "tasks.jsonl").write_text(jsonl.dump(TASK) + "\n")
    (tmp_path / "samples.jsonl").write_text(json.dumps({"task_id": "own/1", "solution": program}) + "\n")
    out = tmp_path / "out.jsonl"
    words = ["judge", str(tmp_path / "samples.jsonl"), "--tasks", str(tmp_path / "tasks.jsonl"), "-o", str(out)]
    try:
        cli.main([*words, "--workers", "1", *flags])
    except SystemExit as ended:
        return int(ended.code or 0), {}
    return 0, json.loads(out.read_text())


@pytest.mark.parametrize("tier", ["1", "2"])
def test_programs_and_tests_may_import_what_the_environment_holds(tmp_path, environment, tier):
    code, line = judged(tmp_path, TASK.reference, "--sandbox-python", str(environment), "--tier", tier)
    assert (code, line.get("passed")) == (0, True), line


def test_without_it_the_package_is_not_there(tmp_path):
    _, line = judged(tmp_path, TASK.reference)
    assert not line["passed"]


@pytest.mark.parametrize("tier", ["1", "2"])
def test_programs_cannot_write_there(tmp_path, environment, tier):
    before = {path: path.read_bytes() for path in environment.rglob("*.py")}
    _, line = judged(tmp_path, WRITES, "--sandbox-python", str(environment), "--tier", tier)
    assert line["passed"], line
    assert {path: path.read_bytes() for path in environment.rglob("*.py")} == before


def test_a_path_that_is_no_environment_is_one_clear_line(tmp_path, capsys):
    code, _ = judged(tmp_path, TASK.reference, "--sandbox-python", str(tmp_path / "nowhere"))
    assert code == 2
    said = capsys.readouterr().err
    assert "is no Python environment" in said
    assert said.count("\n") == 1


def test_a_relative_path_is_found(tmp_path, environment, monkeypatch):
    monkeypatch.chdir(environment.parent)
    assert judged(tmp_path, TASK.reference, "--sandbox-python", environment.name)[1]["passed"]
