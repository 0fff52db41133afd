"""Starting a training process, hearing from it, and ending it: the one place that knows how it is launched."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from errata import jsonl
from errata.errors import Fault, UsageError
from errata.training.objective import Objective, Preference
from errata.types import Demo, Pair, Progress

JOB = "job.jsonl"
EXAMPLES = "examples.jsonl"
LOG = "training.log"
CHECKPOINTS = "checkpoints"
OUT_OF_MEMORY = 12
"""Exit status of a training process that ran out of memory: begin again from its checkpoint, with half as many
examples at once."""
WRONG = 2
"""Exit status after a line that says what the user can do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a training process is given, beside the examples."""

    model: str
    objective: Objective
    at_once: int = 0
    """Examples that go through the model at once; 0 is as many as seem to fit."""
    preference: Preference | None = None
    """How to train where the examples are pairs; its objective is then the job's."""


def fit(model: str, examples: Iterable[Demo], objective: Objective) -> Callable[[Path, Progress], None]:
    """How to make the folder of the model that these examples lead to.

    The maker trains in a process of its own, which ends with this one, and goes on from the checkpoints that it finds
    in the folder. Raises UsageError for examples or settings that do not fit, Fault when the process fails.
    """

    return maker(Job(model=model, objective=objective), examples)


def fit_pairs(model: str, pairs: Iterable[Pair], preference: Preference) -> Callable[[Path, Progress], None]:
    """The same for pairs; the reference is the model that training begins with."""
    return maker(Job(model=model, objective=preference.objective, preference=preference), pairs)


def maker(first: Job, examples: Iterable[Demo | Pair]) -> Callable[[Path, Progress], None]:
    """How to do a job in a folder, again with fewer examples at once when memory runs out."""

    def make(path: Path, progress: Progress) -> None:
        path.mkdir(parents=True, exist_ok=True)
        jsonl.write_whole(path / EXAMPLES, (jsonl.dump(example) for example in examples))
        job: Job | None = first
        while job:
            jsonl.write_whole(path / JOB, [jsonl.dump(job)])
            job = run(path, job, progress)
        for used in (JOB, EXAMPLES):
            (path / used).unlink()
        shutil.rmtree(path / CHECKPOINTS, ignore_errors=True)

    return make


def launcher(folder: Path, kind: str = "sft") -> list[str]:
    """The command that trains in a folder; for several devices put `accelerate launch -m` in place of `python -m`."""
    return [sys.executable, "-m", f"errata.training.{kind}", str(folder)]


def run(folder: Path, job: Job, progress: Progress) -> Job | None:
    """Train once: none when done, or the job to try next after memory ran out."""
    environment = os.environ | {"TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1"}
    said: dict[str, object] = {}
    with (folder / LOG).open("ab") as log:
        child = subprocess.Popen(
            launcher(folder, "sft" if job.preference is None else "preference"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
            start_new_session=True,
        )
        try:
            assert child.stdout is not None
            for line in child.stdout:
                said |= cast("dict[str, object]", json.loads(line))
                if "step" in said:
                    progress(cast("int", said["step"]), cast("int", said["steps"]), str(said.get("words", "")))
            status = child.wait()
        finally:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()
    if status == 0:
        return None
    if status == WRONG and "error" in said:
        raise UsageError(str(said["error"]))
    tried = cast("int", said.get("at_once", 1))
    if status == OUT_OF_MEMORY and tried > 1:
        return replace(job, at_once=tried // 2)
    raise Fault(f"training failed: {last_line(folder / LOG, status)} (see {folder / LOG})")


def last_line(log: Path, status: int) -> str:
    """The end of the log, or the signal that ended the process."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    if status < 0:
        return f"the process was ended by signal {-status}" + (", perhaps for lack of memory" if status == -9 else "")
    return lines[-1] if lines else f"exit status {status}"
