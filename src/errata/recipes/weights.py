"""The model that a recipe begins with, by the name that people give it."""

import json
from pathlib import Path
from typing import cast

from errata import models
from errata.jsonl import Json
from errata.tasks import primer


def folder(name: str) -> str:
    """Where the weights are: `primer` is the model in the package, all else a folder or a name on the Hub."""
    return str(primer.model_dir()) if name == "primer" else name


def digest(name: str, *, served: bool = False) -> str:
    """What the weights are, for a run's identity; a name on the Hub stands for itself, and so does one that only a
    server needs to know (`served`).

    Raises UsageError when there is no such model, before anything is begun.
    """
    place = Path(folder(name))
    if (place / "config.json").is_file():
        return models.digest(place)
    if not served:
        models.load_tokenizer(name)
    return name


def told(model: str) -> dict[str, Json]:
    """What training said of itself, for a file that outlives the weights."""
    return cast("dict[str, Json]", json.loads((Path(model) / "training.json").read_text()))
