"""Whole recipes, killed with their children's parent at random moments, end with equal records: the slow twin."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import ilf_tasks
from checkpoints import checkpoint
from errata import jsonl
from errata.types import Task, UnitTests

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROUNDS, DRAWS = 2, 2
KILLS = {"leti": 12, "ilf": 6}


def command(folder: Path, run: Path) -> list[str]:
    words = ["leti", str(run), "--model", str(folder / "base"), "--backend", f"recorded:{folder / 'replies.jsonl'}"]
    words += ["--tasks", str(folder / "practice.jsonl"), "--held-out", str(folder / "exam.jsonl")]
    words += ["--iterations", str(ROUNDS), "--draws", str(DRAWS), "--judging.workers", "1", "--judging.seconds", "2"]
    words += ["--measuring.draws", str(DRAWS), "--measuring.ks", "1", "--objective.epochs", "1", "--keep", "all"]
    return [sys.executable, "-m", "errata.cli", *words]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    checkpoint(tmp_path / "base")
    replies: list[dict[str, str]] = []
    for name in ("practice", "exam"):
        tasks = [
            Task(
                id=f"{name}/{n}",
                instruction=f"Add {n}.",
                check=UnitTests(tests=(f"assert add(1) == {n + 1}",), entry_point="add"),
            )
            for n in range(4)
        ]
        (tmp_path / f"{name}.jsonl").write_text("".join(jsonl.dump(task) + "\n" for task in tasks))
        replies += [
            {"id": f"{task.id}#{draw}", "text": f"def add(x):\n    return x + {n + draw}\n"}
            for n, task in enumerate(tasks)
            for draw in range(DRAWS)
        ]
    (tmp_path / "replies.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    return tmp_path


def records(run: Path) -> dict[str, dict[str, object]]:
    """Every record of a run by file and id, and its scores."""
    held: dict[str, dict[str, object]] = {}
    for path in run.rglob("*.jsonl"):
        if path.name != "timing.jsonl" and not any("model" in part for part in path.relative_to(run).parts):
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            held[str(path.relative_to(run))] = {row["id"]: row for row in rows}
    for path in run.rglob("scores.json"):
        held[str(path.relative_to(run))] = json.loads(path.read_text())
    return held


def ilf(folder: Path, run: Path) -> list[str]:
    """A process that goes on with ILF, whose questions are answered when it first stops for them."""
    code = f"""
from pathlib import Path
import ilf_tasks
from errata.errors import Waiting
run, config = Path({str(run)!r}), ilf_tasks.config(Path({str(folder)!r}))
try:
    ilf_tasks.go(config, run)
except Waiting:
    ilf_tasks.answer_all(run)
    ilf_tasks.go(config, run)
"""
    return [sys.executable, "-c", code]


@pytest.fixture
def annotated(tmp_path: Path) -> Path:
    ilf_tasks.config(tmp_path)
    return tmp_path


def goes_on(command: Callable[[Path, Path], list[str]], folder: Path, least: int, kills_wanted: int) -> None:
    begun = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    subprocess.run(command(folder, folder / "undisturbed"), check=True, capture_output=True, env=environment)
    whole = time.monotonic() - begun
    rng = random.Random(5)
    kills = 0
    while kills < kills_wanted:
        process = subprocess.Popen(
            command(folder, folder / "killed"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
        )
        try:
            # Early and late moments alike: what a try gets done shortens the next one.
            process.wait(rng.uniform(0.05, 0.4) * whole)
            break
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
    subprocess.run(command(folder, folder / "killed"), check=True, capture_output=True, env=environment)
    assert kills >= 3
    wanted = records(folder / "undisturbed")
    assert len(wanted) >= least
    assert records(folder / "killed") == wanted


def test_leti_that_is_killed_ends_with_the_records_of_an_undisturbed_run(folder: Path) -> None:
    goes_on(command, folder, 20, KILLS["leti"])


def test_ilf_that_is_killed_ends_with_the_records_of_an_undisturbed_run(annotated: Path) -> None:
    goes_on(ilf, annotated, 15, KILLS["ilf"])
