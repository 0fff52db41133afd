"""Verdicts -> scores.json, and two models compared on the same tasks."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from errata import jsonl
from errata.errors import UsageError
from errata.evaluation import events, ifeval, levels, metrics
from errata.evaluation.intervals import Interval, difference, mean
from errata.types import Verdict

Scores: TypeAlias = dict[str, dict[str, float]]
"""Metric -> value, low, high (percent, 95 % interval) and n (tasks)."""


def scores(verdicts: Iterable[Verdict], ks: Iterable[int] = (1, 10, 100)) -> Scores:
    """`pass@1`, which rounds are chosen and reported by, `pass@k` for every other k that all tasks have draws for,
    `public_gap`, `arg_i_f1` and its like for event arguments, IFEval's four accuracies, FollowBench's three figures,
    and `outcome:NAME` for what occurred.

    Empty when there is no verdict that says anything.
    """
    rows = list(verdicts)
    most = metrics.draws(rows)
    found: Scores = {}
    for k in sorted({1, *ks}):
        if 1 <= k <= most:
            found[f"pass@{k}"] = _over_tasks(metrics.passing(rows, k)).percent()
    if gap := metrics.public_gap(rows):
        found["public_gap"] = _over_tasks(gap).percent()
    found |= events.percents(events.metrics(events.counted(rows)))
    found |= {name: one.percent() for name, one in ifeval.accuracies(filter(None, map(ifeval.followed, rows))).items()}
    found |= levels.entries(rows)
    for outcome in metrics.mix(rows):
        found[f"outcome:{outcome}"] = _over_tasks(metrics.outcome_shares(rows, outcome)).percent()
    return found


def compare(base: Path, other: Path, k: int = 1) -> Interval:
    """How many more tasks `other` solves than `base`, paired over the tasks that both folders' verdict.jsonl judge.

    Errors: UsageError when they share no task, or a task of theirs has fewer than k draws.
    """
    sides = [jsonl.read(folder / "verdict.jsonl", Verdict) for folder in (base, other)]
    if min(metrics.draws(side) for side in sides) < k:
        raise UsageError(f"{base}, {other}: pass@{k} needs {k} judged draws of every task on both sides")
    first, second = (metrics.passing(side, k) for side in sides)
    if first.keys().isdisjoint(second):
        raise UsageError(f"{base}, {other}: no task was judged in both; a paired difference needs shared tasks")
    return difference(first, second)


def _over_tasks(values: Mapping[str, float]) -> Interval:
    """The mean over tasks, in the order of their ids, so that the order of the file changes nothing."""
    return mean([values[task] for task in sorted(values)])
