"""Killed at any moment, the same command goes on: nothing written is lost and nothing on disk is asked for again."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from on_disk import files
from on_disk import lines as written

# Seconds on an idle machine; on a busy one the many starts take long.
pytestmark = pytest.mark.timeout(400)

SCRIPT = Path(__file__).with_name("recorded_run.py")


def start(folder: Path, mode: str) -> subprocess.Popen[str]:
    """The run, begun or gone on with, from the moment that its modules are loaded."""
    folder.mkdir(exist_ok=True)
    words = [sys.executable, str(SCRIPT), str(folder / "run"), str(folder / "asked"), mode]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        pytest.fail(process.communicate()[1])
    return process


def finish(folder: Path, mode: str) -> None:
    with start(folder, mode) as process:
        _, said = process.communicate()
    assert process.returncode == 0, said


def kill_until_done(folder: Path, mode: str, rng: random.Random, most: int) -> int:
    """How often the run was killed, each time when it had made at most so many records and parts of a model.

    From kill to kill no line is lost, and none is asked for again.
    """
    kills = 0
    while True:
        before, asked = lines(folder), noted(folder)
        enough = made(folder) + rng.randint(0, most)
        with start(folder, mode) as process:
            while made(folder) < enough and process.poll() is None:
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.005))
            process.kill()
        after = lines(folder)
        lost = [name for name, held in before.items() if after[name][: len(held)] != held]
        assert not lost
        there = {json.loads(line)["id"] for name, held in before.items() if "sample" in name for line in held}
        assert not there & set(noted(folder)[len(asked) :])
        if process.returncode == 0:
            return kills
        kills += 1


def made(folder: Path) -> int:
    models = sum(1 for path in files(folder / "run") if path.parent.name.startswith("model"))
    return models + written(folder / "run")


def lines(folder: Path) -> dict[str, list[bytes]]:
    """The whole lines of each file of records."""
    found = (folder / "run").glob("[0-9]*/*.jsonl")
    return {str(path.relative_to(folder / "run")): path.read_bytes().split(b"\n")[:-1] for path in found}


def noted(folder: Path) -> list[str]:
    """The ids that the policy was asked for, in order."""
    path = folder / "asked"
    return path.read_text().split() if path.exists() else []


def records(folder: Path) -> dict[str, dict[str, object]]:
    """Every record by file and id; every other file of a step by its name, as it is."""
    held: dict[str, dict[str, object]] = {
        name: {json.loads(line)["id"]: json.loads(line) for line in found} for name, found in lines(folder).items()
    }
    for path in (folder / "run").glob("[0-9]*/**/*"):
        if path.is_file() and path.suffix != ".jsonl":
            held[str(path.relative_to(folder / "run"))] = {"": path.read_bytes()}
    return held


def test_a_recorded_run_that_is_killed_ends_with_the_records_of_an_undisturbed_one(tmp_path: Path) -> None:
    finish(tmp_path / "undisturbed", "recorded")
    kills = kill_until_done(tmp_path / "killed", "recorded", random.Random(1), most=18)
    assert kills >= 20
    wanted = records(tmp_path / "undisturbed")
    assert len(wanted) == 2 * (4 + 40 + 1)
    assert records(tmp_path / "killed") == wanted


def test_a_sampling_run_that_is_killed_keeps_every_line_and_samples_only_what_is_owed(tmp_path: Path) -> None:
    kills = kill_until_done(tmp_path, "sampled", random.Random(2), most=50)
    assert kills >= 5
    found = records(tmp_path)
    for number in ("00", "01"):
        samples = found[f"{number}/sample.jsonl"]
        assert len(samples) == len(lines(tmp_path)[f"{number}/sample.jsonl"]) == 40
        demos = found[f"{number}/example.jsonl"]
        assert [demo["target"] for demo in demos.values()] == [samples[id]["text"] for id in demos]
