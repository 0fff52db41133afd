"""The same program gives the same verdict, byte for byte, whatever else the machine does."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from errata.judges import Judging, judge
from errata.tasks import load
from errata.text import cut
from errata.types import Sample, Task, Timed, UnitTests, Verdict

DATA = Path(__file__).parents[2] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not DATA.is_dir() and os.environ.get("CI") != "true", reason=f"{DATA} is not here: recorded programs"
)
STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")


@contextmanager
def loaded(loops: int) -> Generator[None]:
    """Busy loops beside what is done meanwhile."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def verdicts(tasks: list[Task], samples: list[Sample]) -> dict[str, Verdict]:
    made: dict[str, Verdict] = {}
    for item in judge(tasks, Judging(workers=2, seconds=3.0))(samples):
        assert isinstance(item, Timed), item
        made[item.record.id] = item.record
    return made


def differing(idle: dict[str, Verdict], busy: dict[str, Verdict]) -> list[tuple[Verdict, Verdict | None]]:
    assert len(idle) == len(busy)
    return [(verdict, busy.get(name)) for name, verdict in idle.items() if busy.get(name) != verdict]


def recorded(count: int) -> tuple[list[Task], list[Sample]]:
    """CodeT's samples, spread over its tasks; most of them fail."""
    import gzip
    import json

    folder = DATA / "outputs_codet"
    tasks = {task.prefix: task for task in load(f"humaneval:{folder / 'HumanEval_for_code_generation.jsonl'}")}
    path = folder / "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_code_solution.jsonl.gz"
    samples: list[Sample] = []
    with gzip.open(path, "rt") as file:
        for row in map(json.loads, file):
            task = tasks[row["prompt"]]
            for at, text in enumerate(row["samples"]):
                name = f"{task.id}#{at}"
                samples.append(Sample(id=name, of=name, task=task.id, prompt=task.prefix, text=cut(text, STOPS)))
    return list(tasks.values()), samples[:: len(samples) // count][:count]


@needs_data
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_recorded_programs_get_the_same_bytes_beside_busy_loops():
    tasks, samples = recorded(200)
    idle = verdicts(tasks, samples)
    with loaded(4):
        busy = verdicts(tasks, samples)
    assert differing(idle, busy) == []
    assert sum(item.passed is False for item in idle.values()) > 100


@needs_data
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_recorded_programs_get_the_same_verdict_beside_eight_busy_loops():
    tasks, samples = recorded(1000)
    idle = verdicts(tasks, samples)
    with loaded(8):
        busy = verdicts(tasks, samples)
    assert differing(idle, busy) == []


CHANCY = {
    "addresses": "class A: pass\ndef f(x): raise ValueError(f'{A()} {f} {[A()]}')",
    "sets": "def f(x): return {str(n) * 3 for n in range(9)}",
    "hashes": "def f(x): return hash('errata') + hash((1, 'x'))",
    "chance": "import random\ndef f(x): return random.random()",
    "identities": "class A: pass\ndef f(x): return [id(A()) % 16, id(x) % 16]",
    "process": "import os\ndef f(x): return sorted(os.environ)",
    "names": "import tempfile\ndef f(x): return tempfile.gettempdir()",
    "recursion": "def f(x): return f(x + 1)",
    "half_way": "def f(x):\n    raise KeyError(frozenset('hello world'))",
}


@pytest.mark.parametrize("name", CHANCY)
def test_what_differs_from_process_to_process_is_not_told(name):
    task = Task(
        id="t/1",
        instruction="",
        check=UnitTests(tests=("assert f(1) == 0", "import random\nassert f(random.random()) == 0"), entry_point="f"),
    )
    sample = Sample(id="t/1#0", of="t/1#0", task="t/1", prompt="", text=CHANCY[name])
    first = verdicts([task], [sample])
    assert not first["t/1#0"].passed
    with loaded(4):
        assert verdicts([task], [sample]) == first
