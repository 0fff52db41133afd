"""errata: train language models on their own mistakes."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from errata.errors import Fault, UsageError, Waiting
    from errata.judges import Judging, judge
    from errata.policies import Sampling, serve
    from errata.recipes.leti import Leti, leti
    from errata.runs import Run
    from errata.tasks import load
    from errata.training import Objective, fit
    from errata.types import Demo, Feedback, Prompt, Sample, Task, UnitTests, Verdict

__all__ = [
    "Demo",
    "Fault",
    "Feedback",
    "Judging",
    "Leti",
    "Objective",
    "Prompt",
    "Run",
    "Sample",
    "Sampling",
    "Task",
    "UnitTests",
    "UsageError",
    "Verdict",
    "Waiting",
    "fit",
    "judge",
    "leti",
    "load",
    "serve",
]

HOMES = {
    "errata.errors": ("Fault", "UsageError", "Waiting"),
    "errata.judges": ("Judging", "judge"),
    "errata.policies": ("Sampling", "serve"),
    "errata.recipes.leti": ("Leti", "leti"),
    "errata.runs": ("Run",),
    "errata.tasks": ("load",),
    "errata.training": ("Objective", "fit"),
    "errata.types": ("Demo", "Feedback", "Prompt", "Sample", "Task", "UnitTests", "Verdict"),
}


def __getattr__(name: str) -> object:
    """A public name is loaded when it is first asked for (PEP 562), so that `import errata` costs nothing."""
    for home, names in HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'errata' has no attribute {name!r}")
