"""How sure a mean over tasks is: percentile bootstrap over tasks, seeded, so the same values give the same interval.

Tasks are what is resampled, since draws of one task are not independent of each other. Two models on the same tasks
are compared task by task, which takes the difficulty of the tasks out of the interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
LEVEL = 0.95
CELLS = 4_000_000
"""Indices drawn at a time: 32 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean over tasks, and between which bounds it lies with 95 % confidence."""

    value: float
    low: float
    high: float
    n: int
    """Tasks."""

    def percent(self) -> dict[str, float]:
        """The entry of scores.json: percent (or points, for a difference), two decimals."""
        return {
            "value": round(100 * self.value, 2),
            "low": round(100 * self.low, 2),
            "high": round(100 * self.high, 2),
            "n": self.n,
        }


def mean(
    values: Sequence[float] | NDArray[np.float64], *, bounds: tuple[float, float] = (0.0, 1.0), seed: int = 0
) -> Interval:
    """The mean of one value a task, with its 95 % interval.

    Where all tasks have one value (and so where there is one task) a bootstrap sees no spread and would claim to be
    certain. There the interval is the exact one: with n tasks alike, a share `e = 1 - 0.025 ** (1/n)` of tasks could be
    unlike these and unseen, and could lie at either of the `bounds` of a value; for all 0 or all 1 that is the
    Clopper-Pearson interval.
    """
    array = np.asarray(values, dtype=np.float64)
    n = array.size
    if n == 0:
        raise ValueError("no tasks: a mean needs one value at least")
    value = float(array.mean())
    if np.ptp(array) == 0.0:
        unseen = 1.0 - ((1.0 - LEVEL) / 2) ** (1.0 / n)
        low, high = (value * (1.0 - unseen) + bound * unseen for bound in bounds)
    else:
        tails = [(1.0 - LEVEL) / 2, (1.0 + LEVEL) / 2]
        low, high = (float(bound) for bound in np.quantile(_resampled(array, seed), tails))
    return Interval(value=value, low=low, high=high, n=n)


def ratio(hits: Sequence[float], totals: Sequence[float], *, seed: int = 0) -> Interval:
    """Hits over totals, summed over tasks, with its 95 % interval: tasks are resampled with both their numbers.

    Where every task has all hits, or none, the interval is the exact one of `mean`. A task may have a total of 0; where
    all have, the ratio is 0.
    """
    array, sizes = np.asarray(hits, dtype=np.float64), np.asarray(totals, dtype=np.float64)
    some = sizes > 0
    shares = array[some] / sizes[some] if some.any() else np.zeros(array.size)
    if np.ptp(shares) == 0.0:
        return mean(shares)
    parts, wholes = _resampled(array, seed), _resampled(sizes, seed)
    ratios = np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0)
    low, high = (float(bound) for bound in np.quantile(ratios, [(1.0 - LEVEL) / 2, (1.0 + LEVEL) / 2]))
    return Interval(value=float(array.sum() / sizes.sum()), low=low, high=high, n=array.size)


def difference(base: Mapping[str, float], other: Mapping[str, float], *, seed: int = 0) -> Interval:
    """`other - base`, paired over the tasks that both have. Errors: ValueError when they share none."""
    shared = sorted(base.keys() & other.keys())
    return mean([other[task] - base[task] for task in shared], bounds=(-1.0, 1.0), seed=seed)


def _resampled(array: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Means of RESAMPLES draws with replacement, shape (RESAMPLES,)."""
    rng = np.random.default_rng(seed)
    means = np.empty(RESAMPLES)
    step = max(1, CELLS // array.size)
    for at in range(0, RESAMPLES, step):
        rows = min(step, RESAMPLES - at)
        means[at : at + rows] = array[rng.integers(array.size, size=(rows, array.size))].mean(axis=1)
    return means


def crossed(
    runs: Sequence[Mapping[str, float]], *, bounds: tuple[float, float] = (0.0, 1.0), seed: int = 0
) -> Interval:
    """The mean over several runs (seeds) of the same tasks, with an interval for both: runs and tasks are resampled
    together, as rows and columns of one table (Owen 2007, "The pigeonhole bootstrap").

    `n` is the number of tasks. One run is as `mean`. Errors: ValueError when the runs share no task.
    """
    shared = sorted(set[str].intersection(*(set(run) for run in runs))) if runs else []
    if len(runs) < 2 or not shared:
        return mean([runs[0][task] for task in shared] if runs else [], bounds=bounds, seed=seed)
    table = np.asarray([[run[task] for task in shared] for run in runs])
    if np.ptp(table) == 0.0:
        return mean(table[0], bounds=bounds, seed=seed)
    rng = np.random.default_rng(seed)
    means = np.empty(RESAMPLES)
    for at in range(RESAMPLES):
        weights = np.bincount(rng.integers(len(runs), size=len(runs)), minlength=len(runs))
        columns = rng.integers(len(shared), size=len(shared))
        means[at] = weights @ table[:, columns].mean(axis=1) / len(runs)
    low, high = np.quantile(means, [(1.0 - LEVEL) / 2, (1.0 + LEVEL) / 2])
    return Interval(value=float(table.mean()), low=float(low), high=float(high), n=len(shared))
