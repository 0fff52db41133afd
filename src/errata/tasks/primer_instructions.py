"""The primer's follow-the-instruction part (docs/primer.md): short questions whose answers have to keep to a form.

It has a version and a base model of its own; the primer's programs are not touched by it. A split is `dev` or `test`;
`dev-about` and `test-about` are the same tasks by id, checked for being about what was asked.

The supervisor is recorded: its instructions, verifiers, responses, words and scores were written for this package,
right and wrong ones among them, by a program (primer/instructions/supervisor.py). No model stands behind it.
"""

from pathlib import Path

from errata import jsonl
from errata.errors import UsageError
from errata.tasks.primer import data
from errata.types import Task

NAMES = ("primer-instructions",)
VERSION = 1
SPLITS = ("dev", "test", "dev-about", "test-about")


def load(name: str, file: str, split: str) -> tuple[Task, ...]:
    """The tasks of a split; without one, all held-out tasks. Raises UsageError for an unknown split or a file."""
    if file:
        raise UsageError(f"{name}:{file}: these tasks ship inside the package and take no file")
    if split and split not in SPLITS:
        raise UsageError(f"{name}[{split}]: unknown split; there are {', '.join(SPLITS)}")
    part, _, about = split.partition("-")
    return tuple(
        task
        for task in jsonl.iterate(data("instructions/tasks.jsonl.gz"), Task)
        if task.id.startswith(f"{name}/{part}/" if part else name) and ("about" in task.tags) == bool(about)
    )


def model_dir() -> Path:
    """The folder of the base model."""
    return data("instructions/model")


def seeds_file() -> Path:
    """Seed instructions, one a line."""
    return data("instructions/seeds.txt")


def queries_file() -> Path:
    """Questions without instructions, JSONL; none of them is in a held-out task."""
    return data("instructions/queries.jsonl")


def supervisor_file() -> Path:
    """What the recorded supervisor says to each draw of a run with the primer's settings."""
    return data("instructions/supervisor.jsonl.gz")
