"""AutoIF on the primer: what each training step gains, and the paper's ablations.

    python experiments/autoif_claims.py runs/autoif-claims          (resumable; --seeds N, --variants full,...)

Each variant and seed is a run of its own, with the settings of `errata autoif` with no flags but for what is left out.
claims.json is written at the end, and with --show at once of whatever is done: the held-out scores of each step, paired
differences to the step before and to the base, answer length and quality, and each variant less the full one.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from errata import jsonl
from errata.evaluation.intervals import crossed
from errata.recipes import autoif
from errata.recipes.autoif_settings import Autoif
from errata.recipes.presets import AUTOIF_PRIMER
from errata.runs import Run
from errata.tasks import load
from errata.types import Sample, Verdict

STEPS = ("base", "sft", "dpo", "online/00", "online/01")
VARIANTS: Mapping[str, Callable[[Autoif], Autoif]] = {
    "full": lambda config: config,
    "no-cross-validation": lambda config: replace(config, filters=replace(config.filters, cross=False)),
    "no-back-translation": lambda config: replace(config, nli="none"),
    "no-quality-score": lambda config: replace(config, filters=replace(config.filters, quality="")),
    "none-of-the-three": lambda config: replace(
        config, nli="none", filters=replace(config.filters, cross=False, quality="")
    ),
}
"""What is left out, as in table 3 of the paper."""
FIGURES = ("followed", "instructions", "kind", "parameter", "about", "words")
"""All instructions of an answer followed; the share of them, all and apart: of kinds, and with parameters of known
kinds, that nothing was trained on; answers about what was asked; words."""


def do(folder: Path, variant: str, seed: int) -> None:
    """One run; goes on where it stopped."""
    config = VARIANTS[variant](replace(AUTOIF_PRIMER, seed=seed))
    config = replace(config, measuring=replace(config.measuring, seed=seed))
    with Run.open(folder, config, autoif.identity(config)) as run:
        autoif.autoif(config, run)


@cache
def parts() -> Mapping[str, Sequence[str]]:
    """Of each held-out task, what each of its instructions is: a new kind, a new parameter, or neither."""
    return {task.id: [tag.partition(":")[0] for tag in task.tags] for task in load(AUTOIF_PRIMER.held_out)}


def rates(folder: Path, step: str, figure: str) -> dict[str, float]:
    """One value a task, the mean of its draws; nothing until the step is measured."""
    place = folder / step / "held-out"
    if not (place / "followed.json").exists():
        return {}
    values: dict[str, list[float]] = {}
    tags = parts()
    if figure == "words":
        for sample in jsonl.iterate(place / "sample.jsonl", Sample):
            values.setdefault(sample.task, []).append(float(len(sample.text.split())))
    else:
        for verdict in jsonl.iterate((place / "about" if figure == "about" else place) / "verdict.jsonl", Verdict):
            if figure in ("kind", "parameter"):
                those = [part for part, tag in zip(verdict.parts, tags[verdict.task], strict=True) if tag == figure]
                if those:
                    values.setdefault(verdict.task, []).append(sum(part.passed for part in those) / len(those))
                continue
            told = verdict.score if figure == "instructions" else float(verdict.passed is True)
            values.setdefault(verdict.task, []).append(told)
    return {task: sum(those) / len(those) for task, those in values.items()}


def less(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    return {task: first[task] - second[task] for task in first.keys() & second.keys()}


def over(rows: Sequence[Mapping[str, float]], *, signed: bool = False, unit: float = 100) -> dict[str, float]:
    """The mean over seeds and tasks with its interval; nothing where no seed has it."""
    there = [row for row in rows if row]
    if not there:
        return {}
    most = max(1.0, *(abs(value) for row in there for value in row.values()))
    found = crossed(there, bounds=(-most if signed else 0.0, most))
    told = {name: round(unit * getattr(found, name), 2) for name in ("value", "low", "high")}
    return {**told, "seeds": len(there)}


def claims(out: Path, seeds: int) -> dict[str, object]:
    """Everything that is reported, each thing over the seeds that have it."""
    found: dict[str, object] = {}
    # Each is read once here, and anew at the next call, when more is done.
    known = cache(rates)
    for variant in VARIANTS:
        folders = [out / f"{variant}-{seed}" for seed in range(seeds)]
        if not any((folder / "base/held-out/followed.json").exists() for folder in folders):
            continue
        steps: dict[str, object] = {}
        for at, step in enumerate(STEPS):
            told: dict[str, object] = {}
            for figure in FIGURES:
                unit = 1 if figure == "words" else 100
                mine = [known(folder, step, figure) for folder in folders]
                told[figure] = over(mine, unit=unit)
                others = {"base": "base", "before": STEPS[at - 1], "full": ""} if at else {}
                for name, other in others.items():
                    if name == "full" and variant == "full":
                        continue
                    beside = [
                        known(folder if other else out / f"full-{seed}", other or step, figure)
                        for seed, folder in enumerate(folders)
                    ]
                    told[f"{figure} less {name}"] = over(
                        [less(a, b) for a, b in zip(mine, beside, strict=True) if a and b], signed=True, unit=unit
                    )
            told["examples"] = [count(folder / step / "example.jsonl") for folder in folders]
            steps[step] = told
        found[variant] = steps
    return found


def count(file: Path) -> int:
    return sum(1 for _ in file.open("rb")) if file.exists() else 0


def tell(out: Path, seeds: int) -> str:
    """Write claims.json, of what is done."""
    text = json.dumps(claims(out, seeds), indent=1)
    jsonl.write_whole(out / "claims.json", text + "\n")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--show", action="store_true", help="only tell what is done")
    args = parser.parse_args()
    for seed in range(0 if args.show else args.seeds):
        for variant in args.variants.split(","):
            do(args.out / f"{variant}-{seed}", variant, seed)
    print(tell(args.out, args.seeds))


if __name__ == "__main__":
    main()
