"""Numbers made of verdicts: one value a task, 0 to 1, so that everything after can be a mean over tasks.

Verdicts whose check is itself broken (`passed` is none) say nothing about a program; they count in the mix of
outcomes alone.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import get_args

from errata.types import Outcome, Verdict

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def pass_at_k(n: int, c: int, k: int) -> float:
    """The unbiased chance that at least one of k draws passes, from n draws of which c passed.

    `1 - prod_{i=n-c+1..n}(1 - k/i)`, that is `1 - C(n-c, k) / C(n, k)` without the large numbers (Chen et al. 2021,
    arXiv 2107.03374, figure 3).
    """
    if not (0 <= c <= n and 1 <= k <= n):
        raise ValueError(f"pass@{k} needs at least {k} draws and no more passes than draws, not n={n}, c={c}")
    if n - c < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))


def draws(verdicts: Iterable[Verdict]) -> int:
    """The draws that every task has: the largest k that pass@k can be told for; 0 without verdicts."""
    return min(Counter(v.task for v in verdicts if v.passed is not None).values(), default=0)


def passing(verdicts: Iterable[Verdict], k: int = 1) -> dict[str, float]:
    """pass@k of each task. Every task must have k draws."""
    counts: dict[str, list[int]] = {}
    for verdict in verdicts:
        if verdict.passed is not None:
            count = counts.setdefault(verdict.task, [0, 0])
            count[0] += 1
            count[1] += verdict.passed
    return {task: pass_at_k(n, c, k) for task, (n, c) in counts.items()}


def public(verdict: Verdict) -> bool:
    """Whether a program passes the public tests, which is all that training may see."""
    return verdict.measures.get("public", float(verdict.passed is True)) >= 1


def public_gap(verdicts: Iterable[Verdict]) -> dict[str, float]:
    """The share of each task's programs that pass the public tests and not the hidden ones.

    Nothing where no verdict knows of hidden tests (`measures["hidden"]`): there is no gap to see then.
    """
    rows = [v for v in verdicts if v.passed is not None]
    if not any("hidden" in v.measures for v in rows):
        return {}
    return _share(rows, {v.id for v in rows if v.measures.get("public", 0.0) >= 1 and not v.passed})


def outcome_shares(verdicts: Iterable[Verdict], outcome: Outcome) -> dict[str, float]:
    """The share of each task's programs that ended so."""
    rows = list(verdicts)
    return _share(rows, {v.id for v in rows if v.outcome == outcome})


def mix(verdicts: Iterable[Verdict]) -> dict[Outcome, int]:
    """How many programs ended how, in the order of `types.Outcome`; what did not occur is left out."""
    counts = Counter(v.outcome for v in verdicts)
    return {outcome: counts[outcome] for outcome in OUTCOMES if counts[outcome]}


def _share(verdicts: list[Verdict], marked: set[str]) -> dict[str, float]:
    """Marked verdicts of each task over all its verdicts."""
    all_of = Counter(v.task for v in verdicts)
    hits = Counter(v.task for v in verdicts if v.id in marked)
    return {task: hits[task] / n for task, n in all_of.items()}
