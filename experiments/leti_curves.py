"""What a run of experiments/leti_claims.py has measured, read from its folder: scores by task, round and condition."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, cast

from leti_times import Spent, spent

from errata import jsonl
from errata.evaluation import metrics
from errata.evaluation.watched import Loss
from errata.evaluation.watched import rates as losses
from errata.jsonl import Json
from errata.types import Verdict

TEMPERATURES = ("0.2", "1.0")
GOALS = ("good", "bad", "none")
Rates: TypeAlias = Mapping[str, float]
"""A number for each task, or for each text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """One round of one run."""

    steps: int
    """Optimiser steps so far."""
    tokens: int
    """Tokens trained on so far."""
    rates: Rates
    """pass@1 of each held-out task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One run."""

    points: tuple[At, ...]
    conditions: Mapping[str, Rates] = field(default_factory=dict[str, Rates])
    """By goal and temperature, of the last round: `good-t0.2`."""
    watched: Mapping[str, tuple[Rates, Rates]] = field(default_factory=dict[str, tuple[Rates, Rates]])
    """Before any training and at the end, by what was watched: pass@1 of each task, or nats a token of each text."""
    rate: float = 0.0
    """Its learning rate."""
    seconds: Mapping[str, Spent] = field(default_factory=dict[str, Spent])
    """What its stages took, by kind."""


def curve(folder: Path) -> Curve:
    """A run's folder; without points unless its last round is whole."""
    begun = told_in(folder / "config.json").get("settings")
    if not isinstance(begun, Mapping):
        return Curve(points=())
    rounds = [f"{at:02}" for at in range(cast("int", begun["iterations"]))]
    points: list[At] = []
    steps = tokens = 0
    for name in ("base", *rounds):
        trained = told_in(folder / name / "training.json")
        steps, tokens = steps + cast("int", trained.get("steps", 0)), tokens + cast("int", trained.get("tokens", 0))
        if found := passing(folder / name / "held-out"):
            points.append(At(steps=steps, tokens=tokens, rates=found))
    if len(points) <= len(rounds):
        return Curve(points=())
    last = folder / rounds[-1]
    objective = cast("Mapping[str, float]", begun["objective"])
    return Curve(
        points=tuple(points),
        conditions=conditions(last, points[-1].rates),
        watched=watched(folder / "base", last),
        rate=objective["learning_rate"],
        seconds=spent(folder),
    )


def passing(place: Path) -> Rates:
    """pass@1 of each task of a measurement; empty until it is whole."""
    if not (place / "scores.json").exists():
        return {}
    return metrics.passing(jsonl.growing(place / "verdict.jsonl", Verdict))


def told_in(path: Path) -> Mapping[str, Json]:
    """A JSON object; nothing where there is no file."""
    return cast("Mapping[str, Json]", json.loads(path.read_text())) if path.exists() else {}


def conditions(place: Path, good: Rates) -> dict[str, Rates]:
    """What the goals give; `good-t0.2` is the main measurement. Empty until all six are there."""
    found = {
        f"{goal}-t{t}": good if (goal, t) == ("good", "0.2") else passing(place / f"held-out-{goal}-t{t}")
        for goal in GOALS
        for t in TEMPERATURES
    }
    return found if all(found.values()) else {}


def watched(base: Path, last: Path) -> dict[str, tuple[Rates, Rates]]:
    """What was watched, before any training and at the end."""
    found: dict[str, tuple[Rates, Rates]] = {}
    for place in sorted((base / "watch").glob("*")):
        after = last / "watch" / place.name
        if (place / "scores.json").exists() and (after / "scores.json").exists():
            text = (place / "loss.jsonl").exists()
            sides = [
                losses(jsonl.growing(side / "loss.jsonl", Loss)) if text else passing(side) for side in (place, after)
            ]
            found[str(told_in(place / "watched.json")["source"])] = (sides[0], sides[1])
    return found
