"""A run that waits for people: questions with failing programs, judged in the sandbox once and kept."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from errata import jsonl
from errata.judges import Judging, judge
from errata.types import Offer, Question, Sample, Task, Timed, UnitTests, Verdict

WRONG = (
    "def largest(xs):\n    best = 0\n    for x in xs:\n        if x > best:\n            best = x\n    return best\n",
    "def largest(xs):\n    return sorted(xs)[0]\n",
    "def largest(xs):\n    return xs[10]\n",
)
RIGHT = WRONG[0].replace("best = 0", "best = xs[0]")
TESTS = ("assert largest([1, 5, 2]) == 5", "assert largest([-3, -1]) == -1", "assert largest([7]) == 7")


def task(number: int) -> Task:
    return Task(
        id=f"toy/{number}",
        instruction=f"Return the largest number of a list that is not empty. (Task {number})",
        check=UnitTests(tests=TESTS, hidden=("assert largest([0]) == 0  # secret",), entry_point="largest"),
        reference="def largest(xs):\n    return max(xs)  # the reference\n",
    )


def verdicts(asked: Task, programs: tuple[str, ...]) -> list[Verdict]:
    samples = [
        Sample(id=f"{asked.id}#{n}", of=f"{asked.id}#{n}", task=asked.id, prompt="", text=program)
        for n, program in enumerate(programs)
    ]
    made = {}
    for one in judge([asked], Judging(workers=1))(samples):
        assert isinstance(one, Timed)
        made[one.record.id] = one.record
    return [made[sample.id] for sample in samples]


def question(number: int, programs: tuple[str, ...] = WRONG, judged: list[Verdict] | None = None) -> Question:
    """A question; verdicts of another task's same programs may be given, so that they are not made again."""
    asked = task(number)
    judged = verdicts(asked, programs) if judged is None else judged
    offers = tuple(
        Offer(
            sample=f"{asked.id}#{n}",
            program=program,
            verdict=replace(verdict, id=f"{asked.id}#{n}", of=f"{asked.id}#{n}", task=asked.id),
        )
        for n, (program, verdict) in enumerate(zip(programs, judged, strict=True))
    )
    return Question(id=asked.id, of=tuple(offer.sample for offer in offers), task=asked, offers=offers)


def ask(folder: Path, count: int = 3, programs: tuple[str, ...] = WRONG) -> Path:
    """Questions in a step of a run; gives the run's folder."""
    step = folder / "00" / "refine"
    step.mkdir(parents=True)
    judged = verdicts(task(0), programs)
    questions = [question(number, programs, judged) for number in range(count)]
    jsonl.write_whole(step / "question.jsonl", map(jsonl.dump, questions))
    (folder / "config.json").write_text("{}")
    return folder


class Served:
    """`errata annotate` in a process of its own, always on the same port."""

    def __init__(self, run: Path, *flags: str) -> None:
        self.run = run
        self.flags = flags
        self.port = 0
        self.link = ""
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "errata.cli", "annotate", str(self.run), "--port", str(self.port), *self.flags],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://[\d.]+:(\d+)(\S*)", line):
                self.port, self.link = int(found[1]), found[2]
                return
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
