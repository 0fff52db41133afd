"""The numbers of experiments/leti_claims.py: curves, intervals by a hierarchical bootstrap, and what they decide."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import cast

import numpy as np
from leti_curves import TEMPERATURES, Curve, Rates
from leti_times import times
from numpy.typing import NDArray

from errata.evaluation.intervals import mean as exact

RESAMPLES = 20_000
"""So many that the seed of the bootstrap moves a bound by a hundredth of the interval or so: with 2,000 it was half a
point, over zero and back for differences that are near to being decided."""
LEVEL = 0.95
NEVER = 99.0
"""The share of steps that stands for never getting there."""
UNDECIDED = "not decidable at this size"


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
        # How often each concept is drawn, and then each of its tasks, as many as it has for each time it was drawn.
        drawn = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), size=RESAMPLES)
        for those, often in zip(members, drawn.T, strict=True):
            self.weights[:, those] = rng.multinomial(often * those.size, np.full(those.size, 1 / those.size))
        self.weights /= self.weights.sum(axis=1, keepdims=True)
        self.seeds = np.random.default_rng(seed + 1).random((RESAMPLES, 64))

    def means(self, curves: Sequence[Curve]) -> NDArray[np.float64]:
        """pass@1 by resample and round, the first row being the mean itself: shape (1 + RESAMPLES, rounds)."""
        rounds = min(len(one.points) for one in curves)
        return self.over([[at.rates for at in one.points[:rounds]] for one in curves])

    def over(self, rows: Sequence[Sequence[Rates]]) -> NDArray[np.float64]:
        """Means of numbers by seed, column and task, resampled: shape (1 + RESAMPLES, columns)."""
        table = np.asarray([[[column[task] for task in self.tasks] for column in row] for row in rows])
        mine = np.einsum("rt,skt->rsk", self.weights, table)
        chosen = (self.seeds[:, : len(rows)] * len(rows)).astype(int)
        drawn = np.take_along_axis(mine, chosen[:, :, None], axis=1).mean(axis=1)
        return np.vstack([table.mean(axis=(0, 2))[None], drawn])


def interval(values: NDArray[np.float64], scale: float = 100.0) -> dict[str, float]:
    """The first value and the bounds of the others."""
    low, high = np.quantile(values[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"value": clean(values[0] * scale), "low": clean(low * scale), "high": clean(high * scale)}


def bounded(values: NDArray[np.float64], tasks: int) -> dict[str, float]:
    """The interval of a pass rate, which a bootstrap knows nothing of where no task differs from another: none passed,
    say. There it is the exact one of so many tasks."""
    return interval(values) if np.ptp(values) else exact([float(values[0])] * tasks).percent()


def clean(value: float) -> float:
    """Four decimals, since the page rounds once more to one; what was never reached is -1."""
    return round(float(value), 4) if np.isfinite(value) else -1.0


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


def claims(
    arms: Mapping[str, Sequence[Curve]],
    groups: Mapping[str, str],
    notes: Mapping[str, Mapping[str, object]] | None = None,
    hard: Collection[str] = (),
) -> dict[str, object]:
    """Everything that is reported, of the arms that are there.

    groups: the concept of each task, watched ones too. hard: tasks of the hard tier, where there are two tiers.
    """
    if not arms:
        return {"arms": {}}
    first = next(iter(arms.values()))[0].points[0].rates
    draws = Draws({task: groups.get(task, task) for task in first})
    means = {name: draws.means(curves) for name, curves in arms.items()}
    found: dict[str, object] = {
        "arms": {name: {**told(arms[name], made), **(notes or {}).get(name, {})} for name, made in means.items()}
    }
    above = Draws({task: groups.get(task, task) for task in first if task in hard or not hard})
    steep = {name: above.means(curves) for name, curves in arms.items()} if above.tasks else {}
    for name, made in steep.items():
        cast("dict[str, object]", cast("dict[str, object]", found["arms"])[name])["hard"] = [
            bounded(made[:, at], len(above.tasks)) for at in (0, -1)
        ]
    if "binary" in means:
        forms = {form: faster(arms, means, form) for form in ("textual", "values", "after") if form in means}
        found |= {"a": forms.pop("textual")} if "textual" in forms else {}
        found |= {"a, other forms": forms} if forms else {}
    differences: dict[str, object] = {}
    for name, made in means.items():
        if name != "textual" and "textual" in means:
            differences[name] = judged(means["textual"][:, -1] - made[:, -1])
    if "chosen" in means:
        less = {name: judged(means["chosen"][:, -1] - means[name][:, -1]) for name in RIVALS if name in means}
        found["chosen less"] = less
    if "chosen" in means and "chosen-binary" in means:
        found["a, chosen"] = faster(arms, means, "chosen", "chosen-binary")
    below = Draws({task: groups.get(task, task) for task in first if task not in hard})
    flat = {name: below.means(arms[name]) for name in ("on-hard", "mixed") if name in arms and hard and below.tasks}
    told_rows = [*rows(arms, means, draws, groups), *across(steep), *beneath(flat)]
    return {**found, "textual less": differences, "rows": sorted(told_rows, key=letter)}


def judged(values: NDArray[np.float64], bound: float = 0.0, scale: float = 100.0) -> dict[str, object]:
    """An interval, and whether it is above a bound."""
    gap = interval(values, scale)
    return {**gap, "decided": decided(gap["low"], gap["high"], bound)}


BETTER = {
    "control: an empty phrase as long, at the words' rate, is better than the reward token alone": (
        "constant-same-rate",
        "binary",
    ),
    "control: an empty phrase as long is better than words and verdicts of other samples, both at the words' rate": (
        "constant-same-rate",
        "shuffled-same-rate",
    ),
    "(c) 16 samples a task are better than 8, at equal steps": ("draws-16", "chosen"),
    "(c) 64 samples a task are better than 8, at equal steps": ("draws-64", "chosen"),
    "(c) 64 samples a task are better than 16, at equal steps": ("draws-64", "draws-16"),
    "(c) 128 samples a task are better than 64, at equal steps": ("draws-128", "draws-64"),
    "(c) 128 samples a task are better than 16, at equal steps": ("draws-128", "draws-16"),
    "(c) 64 training tasks are better than 16, at equal steps": ("tasks-64", "tasks-16"),
    "(c) all training tasks are better than 64, at equal steps": ("chosen", "tasks-64"),
    "(c) all training tasks are better than 16, at equal steps": ("chosen", "tasks-16"),
    "(f) core tasks alone are better to train on than both tiers": ("from-core", "chosen"),
}
"""Claims that one arm ends higher than another."""
RIVALS = ("chosen-binary", "textual", "passing", "weighted", "supervised", "own-style")
"""What the command's own form is set against."""
LOST = 2.0
"""Points of pass@1 that may be lost where it is said that nothing is."""


def rows(
    arms: Mapping[str, Sequence[Curve]],
    means: Mapping[str, NDArray[np.float64]],
    draws: "Draws",
    groups: Mapping[str, str],
) -> Iterator[dict[str, object]]:
    """Claims (c) to (f), those whose arms are there: a number that is above a bound where the claim holds."""
    for words, (better, worse) in BETTER.items():
        if better in means and worse in means:
            yield {"claim": words, "unit": "points", **judged(means[better][:, -1] - means[worse][:, -1])}
    yield from untrained(arms, groups)
    asked = [one.conditions for one in arms.get("textual", ()) if one.conditions]
    for t, (one, other) in product(TEMPERATURES if asked else (), (("good", "bad"), ("good", "none"), ("bad", "none"))):
        made = draws.over([[row[f"{one}-t{t}"], row[f"{other}-t{t}"]] for row in asked])
        names = [f"the {goal} token" if goal != "none" else "none" for goal in (one, other)]
        yield {"claim": f"(e) {names[0]} is better than {names[1]} at T={t}", "unit": "points", **between(made)}


def across(steep: Mapping[str, NDArray[np.float64]]) -> Iterator[dict[str, object]]:
    """Claim (f) from the core tier to the hard one. steep: pass@1 of the hard tasks by resample and round."""
    if "from-core" in steep:
        made = steep["from-core"][:, [-1, 0]]
        yield {"claim": "(f) trained on core tasks, hard ones get better", "unit": "points", **between(made)}
    if "from-core" in steep and "chosen" in steep:
        words = "(f) trained on both tiers, hard ones end higher than trained on core tasks alone"
        yield {"claim": words, "unit": "points", **judged(steep["chosen"][:, -1] - steep["from-core"][:, -1])}


def beneath(flat: Mapping[str, NDArray[np.float64]]) -> Iterator[dict[str, object]]:
    """Claims (d) and (f) from the hard tier to the core one. flat: pass@1 of the core tasks by resample and round."""
    plain, mixed = flat.get("on-hard"), flat.get("mixed")
    if plain is not None:
        words = "(f) trained on hard tasks, core ones (all held-out) get better"
        yield {"claim": words, "unit": "points", **between(plain[:, [-1, 0]])}
    if mixed is not None:
        words = "(f) trained on hard tasks with the mix, core ones (all held-out) get better"
        yield {"claim": words, "unit": "points", **between(mixed[:, [-1, 0]])}
        words = f"(d) with the mix less than {LOST:.0f} points of core tasks (all held-out) are lost"
        yield {"claim": words, "unit": "points", **judged(mixed[:, -1] - mixed[:, 0], bound=-LOST)}
    if plain is not None and mixed is not None:
        words = "(d) with the mix pass@1 of core tasks (all held-out) ends higher than without"
        yield {"claim": words, "unit": "points", **judged(mixed[:, -1] - plain[:, -1])}


def letter(row: Mapping[str, object]) -> str:
    """The letter of a claim: (c), (d), ..."""
    return str(row["claim"])[:3]


def between(made: NDArray[np.float64]) -> dict[str, object]:
    """The first column less the second."""
    return judged(made[:, 0] - made[:, 1])


def untrained(arms: Mapping[str, Sequence[Curve]], groups: Mapping[str, str]) -> Iterator[dict[str, object]]:
    """Claims (d) and (f) about what was watched: arms that are trained on hard tasks, with the mix and without."""
    sources = sorted({source for name in ("on-hard", "mixed") for one in arms.get(name, ()) for source in one.watched})
    for source in sources:
        kept = {
            name: [one.watched[source] for one in arms.get(name, ()) if source in one.watched]
            for name in ("on-hard", "mixed")
        }
        ids = next(row for made in kept.values() for row in made)[0]
        draws = Draws({id: groups.get(id, id) for id in ids})
        made = {name: draws.over(found) for name, found in kept.items() if found}
        plain, mixed = made.get("on-hard"), made.get("mixed")
        if source.startswith("perplexity"):
            if plain is not None and mixed is not None:
                ratio = np.expm1(plain[:, 1] - mixed[:, 1])
                words = "(d) perplexity of the pretraining text ends higher without the mix"
                yield {"claim": words, "unit": "%", **judged(ratio)}
            continue
        if plain is not None:
            change = plain[:, 1] - plain[:, 0]
            words = f"of `{source}`, which was not trained, is lost without the mix"
            yield {"claim": f"(d) pass@1 {words}", "unit": "points", **judged(-change)}
            words = f"(f) trained on hard tasks, core ones (`{source}`) get better"
            yield {"claim": words, "unit": "points", **judged(change)}
        if mixed is not None:
            words = f"(d) with the mix less than {LOST:.0f} points of `{source}` are lost"
            yield {"claim": words, "unit": "points", **judged(mixed[:, 1] - mixed[:, 0], bound=-LOST)}
        if plain is not None and mixed is not None:
            words = f"(d) with the mix pass@1 of `{source}` ends higher than without"
            yield {"claim": words, "unit": "points", **judged(mixed[:, 1] - plain[:, 1])}


def told(curves: Sequence[Curve], means: NDArray[np.float64]) -> dict[str, object]:
    """One arm: its curve over steps and tokens, its conditions, and what it did to what was watched."""
    rounds = means.shape[1]
    timed = [one for one in curves if one.seconds]
    goals = sorted({name for one in curves for name in one.conditions})
    sources = sorted({name for one in curves for name in one.watched})
    return {
        "seeds": len(curves),
        "learning rate": curves[0].rate,
        **{axis: axes(curves, axis)[:rounds] for axis in ("steps", "tokens")},
        "pass@1": [interval(means[:, at]) for at in range(rounds)],
        "seconds": times([one.seconds for one in timed], [one.points[-1].tokens for one in timed]) if timed else {},
        "gain": judged(means[:, -1] - means[:, 0]),
        "conditions": {
            name: mean([100 * mean(one.conditions[name].values()) for one in curves if name in one.conditions])
            for name in goals
        },
        "watched": {
            name: [
                mean([score(name, one.watched[name][side]) for one in curves if name in one.watched]) for side in (0, 1)
            ]
            for name in sources
        },
    }


def score(source: str, found: Rates) -> float:
    """A perplexity, or pass@1 in percent."""
    value = float(np.mean(list(found.values())))
    return float(np.exp(value)) if source.startswith("perplexity") else 100 * value


def axes(curves: Sequence[Curve], axis: str) -> list[float]:
    """Steps or tokens by round, the mean over seeds."""
    rounds = min(len(one.points) for one in curves)
    places = [[one.points[at] for one in curves] for at in range(rounds)]
    return [round(mean([at.steps if axis == "steps" else at.tokens for at in place]), 1) for place in places]


def mean(values: Iterable[float]) -> float:
    return round(float(np.mean(list(values))), 4)


def faster(
    arms: Mapping[str, Sequence[Curve]], means: Mapping[str, NDArray[np.float64]], form: str, wordless: str = "binary"
) -> dict[str, object]:
    """Claim (a), for a form of the words: the share of the wordless arm's steps, and of its tokens, that they need to
    get as far as it gets.

    A resample in which the binary arm gains nothing says nothing of speed (`stuck`); where there are more than one in
    forty of these, nothing is decided.
    """
    binary = means[wordless]
    gains = binary[:, -1] > binary[:, 0]
    found: dict[str, object] = {}
    for axis in ("steps", "tokens"):
        whole = axes(arms[wordless], axis)[binary.shape[1] - 1]
        there = axes(arms[form], axis)[: means[form].shape[1]]
        ratio = np.minimum(reached(means[form], there, binary[:, -1]) / whole, NEVER)
        told = ratio[gains] if gains[0] else np.full(2, NEVER)
        bounds = interval(told if len(told) > 1 else np.full(2, NEVER), scale=1.0)
        # Less is better here: the difference is that of a half to the share.
        word = decided(0.5 - bounds["high"], 0.5 - bounds["low"], 0.0)
        stuck = 1 - float(gains.mean())
        never = round(100 * float(np.mean(told[1:] >= NEVER)), 1)
        found[axis] = {
            **bounds,
            "never": never,
            "gains": bool(gains[0]),
            "stuck": round(100 * stuck, 1),
            "decided": word if gains[0] and stuck <= (1 - LEVEL) / 2 else UNDECIDED,
        }
    return found
