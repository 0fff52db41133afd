"""AutoIF killed at any moment: the same command goes on, and ends with the records of an undisturbed run."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from on_disk import lines

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
SCRIPT = Path(__file__).with_name("autoif_world.py")


def start(folder):
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    if process.stdout.readline() != b"ready\n":
        pytest.fail(process.communicate()[1].decode())
    return process


def records(folder):
    return {
        str(path.relative_to(folder / "run")): {
            row["id"]: row for row in map(json.loads, path.read_bytes().splitlines())
        }
        for path in (folder / "run").rglob("*.jsonl")
        if path.name != "timing.jsonl"
    }


def test_a_run_that_is_killed_ends_with_the_records_of_an_undisturbed_one(tmp_path):
    whole, killed, rng, kills = tmp_path / "whole", tmp_path / "killed", random.Random(3), 0
    for folder in (whole, killed):
        folder.mkdir()
    with start(whole) as process:
        assert process.communicate()[0] == b""
    assert process.returncode == 0
    while True:
        enough = lines(killed / "run") + rng.randint(1, 60)
        with start(killed) as process:
            while lines(killed / "run") < enough and process.poll() is None:
                time.sleep(0.001)
            process.kill()
        if process.returncode == 0:
            break
        kills += 1
    assert kills >= 3
    assert records(killed) == records(whole)
