"""The model that a recipe begins with, by the name that people give it."""

from pathlib import Path

from errata import models
from errata.tasks import primer


def folder(name: str) -> str:
    """Where the weights are: `primer` is the model in the package, all else a folder or a name on the Hub."""
    return str(primer.model_dir()) if name == "primer" else name


def digest(name: str) -> str:
    """What the weights are, for a run's identity; a name on the Hub stands for itself.

    Raises UsageError when there is no such model, before anything is begun.
    """
    place = Path(folder(name))
    if (place / "config.json").is_file():
        return models.digest(place)
    models.load_tokenizer(name)
    return name
