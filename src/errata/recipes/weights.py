"""The model that a recipe begins with, by the name that people give it."""

from pathlib import Path

from errata import models
from errata.tasks import primer


def folder(name: str) -> str:
    """Where the weights are: `primer` is the model in the package, all else a folder or a name on the Hub."""
    return str(primer.model_dir()) if name == "primer" else name


def digest(name: str) -> str:
    """What the weights are, for a run's identity; a name on the Hub stands for itself."""
    place = Path(folder(name))
    return models.digest(place) if place.is_dir() else name
