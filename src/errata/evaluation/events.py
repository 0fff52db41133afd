"""Event arguments: precision, recall and F1 over all arguments (micro), with intervals by a bootstrap over rows.

Arg-I counts arguments that are identified, Arg-C those that have the right role too (papers: LETI 2.2). What stands in
no sentence counts as predicted; `found_` metrics leave it out, as the authors do.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from errata.evaluation.intervals import Interval, ratio
from errata.types import Verdict

COUNTS = ("arg_gold", "arg_predicted", "arg_identified", "arg_classified", "arg_hallucinated")


def counted(verdicts: Iterable[Verdict]) -> list[tuple[str, Mapping[str, float]]]:
    """The task and the counts of each verdict on an event."""
    rows = (verdict for verdict in verdicts if verdict.passed is not None and "arg_gold" in verdict.measures)
    return [(verdict.task, verdict.measures) for verdict in rows]


def metrics(rows: Sequence[tuple[str, Mapping[str, float]]]) -> dict[str, Interval]:
    """`arg_i_precision`, `arg_i_recall`, `arg_i_f1`, `arg_c_...`, `found_arg_i_f1`, `found_arg_c_f1` and
    `hallucinated`, the share of predicted arguments that are in no sentence. Empty where there are no rows."""
    return dict(_all(sums(rows))) if rows else {}


def sums(rows: Iterable[tuple[str, Mapping[str, float]]]) -> NDArray[np.float64]:
    """The counts of each task, summed over its draws, tasks by id: shape (len(COUNTS), tasks)."""
    found: dict[str, list[float]] = {}
    for task, counts in rows:
        row = found.setdefault(task, [0.0] * len(COUNTS))
        for at, name in enumerate(COUNTS):
            row[at] += counts.get(name, 0.0)
    return np.asarray([found[task] for task in sorted(found)]).T


def _all(counts: NDArray[np.float64]) -> Iterator[tuple[str, Interval]]:
    gold, predicted, identified, classified, strange = counts
    right = {"arg_i": identified, "arg_c": classified}
    for name, hits in right.items():
        yield f"{name}_precision", share(hits, predicted)
        yield f"{name}_recall", share(hits, gold)
        yield f"{name}_f1", share(2 * hits, gold + predicted)
    for name, hits in right.items():
        yield f"found_{name}_f1", share(2 * hits, gold + predicted - strange)
    yield "hallucinated", share(strange, predicted)


def share(hits: NDArray[np.float64], of: NDArray[np.float64]) -> Interval:
    """Hits over totals, both summed over tasks."""
    return ratio(hits.tolist(), of.tolist())


def percents(found: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    """The entries of scores.json."""
    return {name: one.percent() for name, one in found.items()}
