"""What a run needs of the machine, looked for before its folder is made: a name with a mistake costs no run."""

from pathlib import Path

from errata import models
from errata.errors import UsageError
from errata.judges import Judging, usable
from errata.policies.recorded import Recorded
from errata.recipes.weights import folder
from errata.training import Objective
from errata.training.rows import corpus, documents


def replies(*backends: str) -> None:
    """Raises UsageError for a file of recorded replies that is not there, is empty, or has a line that is no reply."""
    for backend in dict.fromkeys(backends):
        kind, _, file = backend.partition(":")
        if kind == "recorded":
            Recorded(Path(file)).check()


def weights(*names: str) -> None:
    """Raises UsageError for a folder without weights, or without a tokenizer; a name on the Hub is not looked into."""
    for name in dict.fromkeys(folder(name) for name in names):
        if Path(name).is_dir():
            models.check(Path(name))


def texts(*objectives: Objective) -> None:
    """Raises UsageError for a pretraining mix with a line that cannot be read, or without a text."""
    for mix in dict.fromkeys(objective.pretrain_mix for objective in objectives):
        if mix and not sum(bool(text.strip()) for text in documents(corpus(mix))):
            raise UsageError(f"pretrain_mix: {mix}: holds no text")


def programs(*judgings: Judging) -> None:
    """Raises UsageError or Fault where programs could not be judged as is wanted."""
    for judging in dict.fromkeys(judgings):
        usable(judging)
