"""The numbers of experiments/leti_claims.py: curves, intervals by a hierarchical bootstrap, and what they decide."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from errata.evaluation.folder import look

RESAMPLES = 2_000
LEVEL = 0.95
NEVER = 99.0
"""The share of steps that stands for never getting there."""
UNDECIDED = "not decidable at this size"


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """One round of one run."""

    steps: int
    """Optimiser steps so far."""
    tokens: int
    """Tokens trained on so far."""
    rates: Mapping[str, float]
    """pass@1 of each held-out task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One run."""

    points: tuple[At, ...]
    conditions: Mapping[str, float]
    """pass@1 in percent by goal and temperature, of the last round: `good-t0.2`."""
    watched: Mapping[str, tuple[float, float]]
    """Score before and after, by what was watched."""


def curve(folder: Path) -> Curve:
    """A run's folder, as far as it is done; without points unless its last round is whole."""
    if not (folder / "config.json").exists():
        return Curve(points=(), conditions={}, watched={})
    found = look(folder)
    wanted = found.settings.get("iterations")
    points: list[At] = []
    steps = tokens = 0
    for round in found.rounds:
        if round.fitted:
            steps, tokens = steps + round.fitted.steps, tokens + round.fitted.tokens
        if round.held_out.rates:
            points.append(At(steps=steps, tokens=tokens, rates=round.held_out.rates))
    whole = isinstance(wanted, int) and len(points) == wanted + 1
    last = found.rounds[-1].conditioned if found.rounds else {}
    return Curve(
        points=tuple(points) if whole else (),
        conditions={f"{goal}-t{t}": scores["pass@1"]["value"] for (goal, t), scores in last.items()},
        watched=watched(folder, [round.name for round in found.rounds]),
    )


def watched(folder: Path, rounds: Sequence[str]) -> dict[str, tuple[float, float]]:
    """What was watched, before any training and at the end."""
    found: dict[str, tuple[float, float]] = {}
    for place in sorted((folder / "base" / "watch").glob("*")):
        after = folder / rounds[-1] / "watch" / place.name
        if not ((place / "scores.json").exists() and (after / "scores.json").exists()):
            continue
        told = json.loads((place / "watched.json").read_text())
        scores = [json.loads((side / "scores.json").read_text())[told["metric"]]["value"] for side in (place, after)]
        found[told["source"]] = (scores[0], scores[1])
    return found


class Draws:
    """Resamples that all arms share: seeds, then the concepts that tasks share, then tasks of each."""

    def __init__(self, concepts: Mapping[str, str], seed: int = 0) -> None:
        self.tasks = sorted(concepts)
        groups: dict[str, list[int]] = {}
        for at, task in enumerate(self.tasks):
            groups.setdefault(concepts[task], []).append(at)
        rng = np.random.default_rng(seed)
        members = [np.asarray(those) for those in groups.values()]
        self.weights = np.zeros((RESAMPLES, len(self.tasks)))
        for row in self.weights:
            for group in rng.integers(len(members), size=len(members)):
                those = members[group]
                np.add.at(row, those[rng.integers(those.size, size=those.size)], 1.0)
        self.weights /= self.weights.sum(axis=1, keepdims=True)
        self.seeds = np.random.default_rng(seed + 1).random((RESAMPLES, 64))

    def means(self, curves: Sequence[Curve]) -> NDArray[np.float64]:
        """pass@1 by resample and round, the first row being the mean itself: shape (1 + RESAMPLES, rounds)."""
        rounds = min(len(one.points) for one in curves)
        table = np.asarray(
            [[[at.rates[task] for task in self.tasks] for at in one.points[:rounds]] for one in curves]
        )  # seeds, rounds, tasks
        mine = np.einsum("rt,skt->rsk", self.weights, table)
        chosen = (self.seeds[:, : len(curves)] * len(curves)).astype(int)
        drawn = np.take_along_axis(mine, chosen[:, :, None], axis=1).mean(axis=1)
        return np.vstack([table.mean(axis=(0, 2))[None], drawn])


def interval(values: NDArray[np.float64], scale: float = 100.0) -> dict[str, float]:
    """The first value and the bounds of the others."""
    low, high = np.quantile(values[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"value": clean(values[0] * scale), "low": clean(low * scale), "high": clean(high * scale)}


def clean(value: float) -> float:
    """Two decimals; what was never reached is -1."""
    return round(float(value), 2) if np.isfinite(value) else -1.0


def reached(means: NDArray[np.float64], x: Sequence[float], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where each curve first reaches its target, between rounds by a straight line; infinite where it never does."""
    found = np.full(len(means), np.inf)
    for row, (values, wanted) in enumerate(zip(means, target, strict=True)):
        for at in range(len(values)):
            if values[at] >= wanted:
                if at == 0:
                    found[row] = x[0]
                else:
                    share = (wanted - values[at - 1]) / (values[at] - values[at - 1])
                    found[row] = x[at - 1] + share * (x[at] - x[at - 1])
                break
    return found


def decided(low: float, high: float, bound: float) -> str:
    """Whether a difference is above a bound."""
    return "holds" if low > bound else "does not hold" if high < bound else UNDECIDED


def claims(arms: Mapping[str, Sequence[Curve]], concepts: Mapping[str, str]) -> dict[str, object]:
    """Everything that is reported, of the arms that are there."""
    draws = Draws(concepts)
    means = {name: draws.means(curves) for name, curves in arms.items()}
    found: dict[str, object] = {"arms": {name: told(arms[name], made) for name, made in means.items()}}
    if "textual" in means and "binary" in means:
        found["a"] = faster(arms, means)
    differences: dict[str, object] = {}
    for name, made in means.items():
        if name != "textual" and "textual" in means:
            gap = interval(means["textual"][:, -1] - made[:, -1])
            differences[name] = {**gap, "decided": decided(gap["low"], gap["high"], 0.0)}
    return {**found, "textual less": differences}


def told(curves: Sequence[Curve], means: NDArray[np.float64]) -> dict[str, object]:
    """One arm: its curve over steps and tokens, its conditions, and what it did to what was watched."""
    rounds = means.shape[1]
    goals = sorted({name for one in curves for name in one.conditions})
    sources = sorted({name for one in curves for name in one.watched})
    return {
        "seeds": len(curves),
        **{axis: axes(curves, axis)[:rounds] for axis in ("steps", "tokens")},
        "pass@1": [interval(means[:, at]) for at in range(rounds)],
        "conditions": {
            name: mean([one.conditions[name] for one in curves if name in one.conditions]) for name in goals
        },
        "watched": {
            name: [mean([one.watched[name][side] for one in curves if name in one.watched]) for side in (0, 1)]
            for name in sources
        },
    }


def axes(curves: Sequence[Curve], axis: str) -> list[float]:
    """Steps or tokens by round, the mean over seeds."""
    rounds = min(len(one.points) for one in curves)
    places = [[one.points[at] for one in curves] for at in range(rounds)]
    return [round(mean([at.steps if axis == "steps" else at.tokens for at in place]), 1) for place in places]


def mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 3)


def faster(arms: Mapping[str, Sequence[Curve]], means: Mapping[str, NDArray[np.float64]]) -> dict[str, object]:
    """Claim (a): the share of the binary arm's steps, and of its tokens, that words need to get as far as it gets.

    A resample in which the binary arm gains nothing says nothing of speed (`stuck`); where there are more than one in
    forty of these, nothing is decided.
    """
    binary = means["binary"]
    gains = binary[:, -1] > binary[:, 0]
    found: dict[str, object] = {}
    for axis in ("steps", "tokens"):
        whole = axes(arms["binary"], axis)[binary.shape[1] - 1]
        there = axes(arms["textual"], axis)[: means["textual"].shape[1]]
        ratio = np.minimum(reached(means["textual"], there, binary[:, -1]) / whole, NEVER)
        told = ratio[gains] if gains[0] else np.full(2, NEVER)
        bounds = interval(told if len(told) > 1 else np.full(2, NEVER), scale=1.0)
        # Less is better here: the difference is that of a half to the share.
        word = decided(0.5 - bounds["high"], 0.5 - bounds["low"], 0.0)
        stuck = 1 - float(gains.mean())
        never = round(100 * float(np.mean(told[1:] >= NEVER)), 1)
        found[axis] = {
            **bounds,
            "never": never,
            "stuck": round(100 * stuck, 1),
            "decided": word if gains[0] and stuck <= (1 - LEVEL) / 2 else UNDECIDED,
        }
    return found
