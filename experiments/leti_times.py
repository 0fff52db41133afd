"""Where the time of experiments/leti_claims.py went: seconds by stage of a run, with programs and tokens a second."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import cast

from errata import jsonl

DOING = {"sample": "sample", "verdict": "judge", "feedback": "explain", "model": "train"}
MEASURED = "measure"
"""Sampling, judging and reading of what is held out or watched."""
KINDS = (*DOING.values(), MEASURED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a kind of stage took in one run."""

    seconds: float = 0.0
    items: int = 0
    """Programs; optimiser steps where it is training."""


def spent(folder: Path) -> dict[str, Spent]:
    """By kind of stage, summed over the rounds of a run."""
    found = dict.fromkeys(KINDS, Spent())
    path = folder / "timing.jsonl"
    if not path.exists():
        return found
    for _, line in jsonl.lines(path):
        # Most lines are of one program each, which the stage's own line has summed.
        if b'"id"' in line:
            continue
        told = cast("Mapping[str, object]", json.loads(line))
        where, _, what = str(told["stage"]).rpartition("/")
        kind = MEASURED if "/" in where else DOING.get(what, MEASURED)
        seconds, items = float(cast("float", told["seconds"])), int(cast("int", told["items"]))
        found[kind] = Spent(seconds=found[kind].seconds + seconds, items=found[kind].items + items)
    return found


def times(runs: Sequence[Mapping[str, Spent]], tokens: Sequence[float]) -> dict[str, float]:
    """The median run of an arm: seconds by kind; programs sampled and judged, and tokens trained on, a second.

    tokens: those that each run was trained on.
    """
    told = {kind: round(median(run[kind].seconds for run in runs), 1) for kind in KINDS}
    rates: dict[str, Sequence[float]] = {
        f"{kind}/s": [run[kind].items / run[kind].seconds for run in runs if run[kind].seconds]
        for kind in ("sample", "judge")
    }
    rates["tokens/s"] = [
        count / run["train"].seconds for run, count in zip(runs, tokens, strict=True) if run["train"].seconds
    ]
    return told | {name: round(median(rate), 1) for name, rate in rates.items() if rate}
