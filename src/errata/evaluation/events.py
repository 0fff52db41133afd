"""Event arguments: precision, recall and F1 over all arguments (micro), with intervals by a bootstrap over rows.

Arg-I counts arguments that are identified, Arg-C those that have the right role too (papers: LETI 2.2). What stands in
no sentence counts as predicted; `found_` metrics leave it out, as the authors do.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from errata.evaluation.intervals import CELLS, LEVEL, RESAMPLES, Interval
from errata.types import Verdict

COUNTS = ("arg_gold", "arg_predicted", "arg_identified", "arg_classified", "arg_hallucinated")
RIGHT = {"arg_i": "arg_identified", "arg_c": "arg_classified"}


def metrics(verdicts: Iterable[Verdict]) -> dict[str, Interval]:
    """`arg_i_precision`, `arg_i_recall`, `arg_i_f1`, `arg_c_...`, `found_arg_i_f1`, `found_arg_c_f1` and
    `hallucinated`, the share of predicted arguments that are in no sentence. Empty where no verdict is on events."""
    rows = [verdict for verdict in verdicts if "arg_gold" in verdict.measures and verdict.passed is not None]
    return dict(_all(table(rows))) if rows else {}


def table(verdicts: Iterable[Verdict]) -> NDArray[np.float64]:
    """The counts of each task, summed over its draws, tasks by id: shape (tasks, len(COUNTS))."""
    sums: dict[str, list[float]] = {}
    for verdict in verdicts:
        row = sums.setdefault(verdict.task, [0.0] * len(COUNTS))
        for at, name in enumerate(COUNTS):
            row[at] += verdict.measures.get(name, 0.0)
    return np.asarray([sums[task] for task in sorted(sums)])


def _all(counts: NDArray[np.float64]) -> Iterator[tuple[str, Interval]]:
    sums = np.vstack([counts.sum(axis=0)[None], resampled(counts)])
    gold, predicted, *_, strange = sums.T
    n = len(counts)
    for name, right in RIGHT.items():
        hits = sums[:, COUNTS.index(right)]
        yield f"{name}_precision", interval(hits, predicted, n)
        yield f"{name}_recall", interval(hits, gold, n)
        yield f"{name}_f1", interval(2 * hits, gold + predicted, n)
    for name, right in RIGHT.items():
        hits = sums[:, COUNTS.index(right)]
        yield f"found_{name}_f1", interval(2 * hits, gold + predicted - strange, n)
    yield "hallucinated", interval(strange, predicted, n)


def interval(hits: NDArray[np.float64], of: NDArray[np.float64], n: int) -> Interval:
    """A ratio of sums, the first of which is the value and the others its resamples; 0 where there is nothing.

    Where all resamples are alike the interval is widened by what could be unlike them and unseen, as means are.
    """
    ratios = np.divide(hits, of, out=np.zeros_like(hits), where=of > 0)
    value = float(ratios[0])
    if np.ptp(ratios) == 0.0:
        unseen = 1.0 - ((1.0 - LEVEL) / 2) ** (1.0 / n)
        return Interval(value=value, low=value * (1 - unseen), high=value * (1 - unseen) + unseen, n=n)
    low, high = np.quantile(ratios[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value=value, low=float(low), high=float(high), n=n)


def resampled(counts: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """Sums of counts over rows drawn with replacement: shape (RESAMPLES, counts)."""
    rng = np.random.default_rng(seed)
    sums = np.empty((RESAMPLES, counts.shape[1]))
    step = max(1, CELLS // counts.size)
    for at in range(0, RESAMPLES, step):
        size = min(step, RESAMPLES - at)
        sums[at : at + size] = counts[rng.integers(len(counts), size=(size, len(counts)))].sum(axis=1)
    return sums


def percents(found: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    """The entries of scores.json."""
    return {name: one.percent() for name, one in found.items()}
