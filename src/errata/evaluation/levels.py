"""FollowBench's three figures, made of verdicts on answers to growing instructions.

For each level, from 1 to 5 added constraints (Jiang et al. 2024, arXiv 2310.20410, section 4.2):

- `hsr:N`, hard satisfaction rate: the share of instructions all of whose constraints are satisfied;
- `ssr:N`, soft satisfaction rate: the mean share of an instruction's constraints that are satisfied;
- `csl`, consistent satisfaction levels: up to which level, from the first without a gap, all constraints of an
  example's instructions are satisfied, 0 to 5, on average.

`hsr` and `ssr` are means over the levels, `hsr:content` and its like those of one category. Intervals resample the
examples, whose levels belong together. An answer about which nothing was decided counts nowhere, and an example that
lacks a level has no CSL. Where a level has several draws, a level's own rate stands for it in HSR and SSR, and it
counts as satisfied in CSL where every draw is.
"""

from collections.abc import Iterable, Mapping

from errata.evaluation.intervals import mean, ratio
from errata.types import Verdict

LEVELS = range(1, 6)


def entries(verdicts: Iterable[Verdict]) -> dict[str, dict[str, float]]:
    """The figures as scores.json has them: percent, and levels for `csl`; nothing where no verdict has a level."""
    hard, soft = rates(verdicts, hard=True), rates(verdicts, hard=False)
    if not hard:
        return {}
    found: dict[str, dict[str, float]] = {}
    for name, table in (("hsr", hard), ("ssr", soft)):
        for level in LEVELS:
            values = [levels[level] for levels in table.values() if level in levels]
            if values:
                found[f"{name}:{level}"] = mean(values).percent()
        for category, part in parts(table).items():
            found[f"{name}:{category}" if category else name] = over_levels(part)
    for category, part in parts(hard).items():
        values = [consistent(levels) for levels in part.values() if len(levels) == len(LEVELS)]
        if values:
            one = mean(values, bounds=(0.0, float(len(LEVELS))))
            kept = {"value": one.value, "low": one.low, "high": one.high}
            entry = {key: round(value, 3) for key, value in kept.items()} | {"n": one.n}
            found[f"csl:{category}" if category else "csl"] = entry
    return found


def rates(verdicts: Iterable[Verdict], *, hard: bool) -> dict[str, dict[int, float]]:
    """For each example (`followbench/content/3`) and level the share of satisfied constraints, or of answers that
    satisfy all."""
    seen: dict[str, dict[int, list[float]]] = {}
    for verdict in verdicts:
        if "level" in verdict.measures and verdict.passed is not None:
            example = verdict.task.rpartition("/")[0]
            values = seen.setdefault(example, {}).setdefault(int(verdict.measures["level"]), [])
            values.append(float(verdict.passed) if hard else verdict.score)
    return {
        example: {level: sum(values) / len(values) for level, values in sorted(levels.items())}
        for example, levels in sorted(seen.items())
    }


def parts(table: Mapping[str, Mapping[int, float]]) -> Mapping[str, Mapping[str, Mapping[int, float]]]:
    """All examples, and those of each category."""
    found: dict[str, dict[str, Mapping[int, float]]] = {"": dict(table)}
    for example, levels in table.items():
        found.setdefault(example.split("/")[-2] if "/" in example else "", {})[example] = levels
    return found


def over_levels(table: Mapping[str, Mapping[int, float]]) -> dict[str, float]:
    """The mean over all instructions; levels weigh alike where every example has all of them."""
    sums = [sum(levels.values()) for levels in table.values()]
    return ratio(sums, [len(levels) for levels in table.values()]).percent()


def consistent(levels: Mapping[int, float]) -> float:
    """Levels from the first on at which all constraints are satisfied."""
    return float(next((level - 1 for level in LEVELS if levels[level] < 1), len(LEVELS)))
