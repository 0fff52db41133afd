"""The primer: a small task set and a tiny base model that ship inside the package (docs/primer.md).

Version 1 is frozen: experiments name the version and its digest. A split is `refine`, `train`, `dev` or `test`, whole
or one tier of it: `train-core`, `train-hard`; the empty split is every task.
"""

from importlib import resources
from pathlib import Path

from errata import jsonl
from errata.errors import Fault, UsageError
from errata.types import Task

VERSION = 1
SPLITS = ("refine", "train", "dev", "test")
TIERS = ("core", "hard")


def load_primer(split: str) -> tuple[Task, ...]:
    """The tasks of a split, in the set's own order. Raises UsageError for an unknown split."""
    name, _, tier = split.partition("-")
    if split and (name not in SPLITS or (tier not in TIERS and "-" in split)):
        known = ", ".join(SPLITS)
        raise UsageError(f"primer[{split}]: unknown split; there are {known}, each also as {SPLITS[1]}-core, -hard")
    tasks = jsonl.iterate(data("tasks.jsonl.gz"), Task)
    return tuple(
        task
        for task in tasks
        if task.id.startswith(f"primer/{name}/" if name else "primer/") and (not tier or f"tier:{tier}" in task.tags)
    )


def model_dir() -> Path:
    """The folder of the base model, as `from_pretrained` takes it."""
    return data("model")


def corpus_file() -> Path:
    """A sample of what the base was pretrained on: gzipped JSONL, one `{"text": ...}` a document."""
    return data("corpus.jsonl.gz")


def data(name: str) -> Path:
    """A file or folder of the package. Raises Fault where the installation lacks it."""
    path = Path(str(resources.files("errata.tasks"))) / "primer_data" / name
    if not path.exists():
        raise Fault(f"{path}: the primer is missing from this installation; install errata again")
    return path
