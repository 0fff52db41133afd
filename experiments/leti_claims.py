"""LETI's claims on the primer's hard tier: `python experiments/leti_claims.py runs/leti-claims --preset quick`.

Each arm is a run of `errata leti` with one thing changed, at equal samples and equal optimiser steps a round, with a
learning rate that is chosen on dev by the same search for every arm. Everything stands in run folders, so a second call
goes on where the first was stopped, and `--seeds` may grow. After each run it writes claims.json, of what is done;
`--write` makes docs/experiments/leti.md of that file alone.

quick: claims (a) and (b) with their controls, 3 seeds. full: all claims, 5 seeds. smoke: that it runs at all.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from leti_numbers import Curve, claims, curve
from leti_report import page

from errata import jsonl
from errata.evaluation.measure import Measuring, measure
from errata.policies import Sampling, serve
from errata.prompts import render
from errata.recipes import leti as recipe
from errata.recipes import weights
from errata.recipes.leti import Leti
from errata.recipes.watch import Watching
from errata.runs import Run
from errata.tasks import load
from errata.training import Objective, fit
from errata.types import Demo

DOCS = Path(__file__).parents[1] / "docs" / "experiments"
TUNING = 9_000
"""The seed of the search for a learning rate, which no reported run has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How much is done."""

    arms: Sequence[str]
    seeds: int
    rounds: int = 3
    draws: int = 8
    tasks: str = "primer[train-hard][:80]"
    held_out: str = "primer[test-hard]"
    dev: str = "primer[dev-hard]"
    steps: int = 40
    """Optimiser steps a round, for every arm."""
    rates: Sequence[float] = (2e-4, 5e-4, 1e-3)
    """Learning rates that are searched, one round each."""


Change = Callable[[Leti, Preset], Leti]
ARMS: Mapping[str, Change] = {
    "textual": lambda config, _: config,
    "values": lambda config, _: replace(config, feedback="values"),
    "binary": lambda config, _: replace(config, feedback="none"),
    "shuffled": lambda config, _: replace(config, control="shuffled"),
    "constant": lambda config, _: replace(config, control="constant"),
    "program-loss": lambda config, _: replace(config, loss_on="program"),
    "passing": lambda config, _: replace(config, select="passing"),
    "weighted": lambda config, _: replace(config, select="weighted"),
    "supervised": lambda config, _: config,
    "draws-16": lambda config, _: replace(config, draws=16),
    "draws-64": lambda config, _: replace(config, draws=64),
    "draws-128": lambda config, _: replace(config, draws=128),
    "tasks-16": lambda config, preset: replace(config, tasks=sliced(preset.tasks, 16)),
    "tasks-64": lambda config, preset: replace(config, tasks=sliced(preset.tasks, 64)),
    "mixed": lambda config, _: replace(config, objective=replace(config.objective, pretrain_mix="primer")),
    "moments": lambda config, _: replace(config, objective=replace(config.objective, keep_optimizer=True)),
    "from-core": lambda config, _: replace(config, tasks="primer[train-core][:80]"),
}
"""What each arm changes; `supervised` trains on the tasks' reference programs in the place of samples."""
A_AND_B = ("textual", "binary", "shuffled", "constant", "passing", "weighted", "supervised")
PRESETS: Mapping[str, Preset] = {
    "quick": Preset(arms=A_AND_B, seeds=3),
    "full": Preset(arms=tuple(ARMS), seeds=5, rounds=6, draws=16, tasks="primer[train-hard]", steps=80),
    "smoke": Preset(
        arms=("textual", "binary", "supervised"),
        seeds=2,
        rounds=1,
        draws=2,
        tasks="primer[train-hard][:6]",
        held_out="primer[test-hard][:6]",
        dev="primer[dev-hard][:4]",
        steps=2,
        rates=(5e-4,),
    ),
}


def sliced(source: str, number: int) -> str:
    """A source without its slice, and with another."""
    return f"{source.partition('][')[0].rstrip(']')}][:{number}]"


def settings(name: str, preset: Preset, seed: int, rate: float) -> Leti:
    """The paper's form of the method, at the primer's size, with what the arm changes."""
    config = Leti(
        model="primer",
        tasks=preset.tasks,
        held_out=preset.held_out,
        iterations=preset.rounds,
        draws=preset.draws,
        keep="last",
        seed=seed,
        watch=("perplexity:primer", "primer[test-core][:60]") if name in ("textual", "mixed") else (),
        watching=Watching(max_new_tokens=160, texts=128),
        sampling=Sampling(temperature=1.0, max_new_tokens=160),
        objective=Objective(
            # As many epochs as the steps need of the fewest texts there can be.
            learning_rate=rate,
            warmup_steps=5,
            schedule="linear",
            batch_size=16,
            epochs=16 * preset.steps,
            max_steps=preset.steps,
        ),
        measuring=Measuring(draws=4, temperature=0.2, max_new_tokens=160, ks=(1,)),
    )
    return ARMS[name](config, preset)


def go(folder: Path, name: str, config: Leti) -> None:
    """One run, whole."""
    with Run.open(folder, config, {**recipe.identity(config), "arm": name}) as run:
        if name == "supervised":
            supervised(config, run)
        else:
            recipe.leti(config, run)


def supervised(config: Leti, run: Run) -> None:
    """The base trained on the tasks' own programs: as many steps a round, measured after each."""
    model, held_out = weights.folder(config.model), load(config.held_out)
    texts = [
        Demo(id=f"{task.id}#gold", of=(task.id,), context=render(task), target=task.reference)
        for task in load(config.tasks)
    ]
    for at in range(-1, config.iterations):
        step = run.at(f"{at:02}" if at >= 0 else "base")
        if at >= 0:
            objective = replace(config.objective, seed=1000 * config.seed + at)
            model = str(step.once("model", fit(model, step.put(Demo, texts), objective)))
            step.value("training.json", lambda made=model: weights.told(made))
        with serve(model, config.backend) as policy:
            measure(step.at("held-out"), policy, held_out, config.measuring, judging=config.judging)
        if at > 0:
            run.at(f"{at - 1:02}").drop("model")


def tuned(out: Path, name: str, preset: Preset) -> float:
    """The learning rate that is best on dev after one round; the same search for every arm."""
    found: dict[float, float] = {}
    for rate in preset.rates:
        folder = out / "tuning" / f"{name}-{rate:g}"
        if len(preset.rates) == 1:
            return rate
        config = settings(name, preset, TUNING, rate)
        go(folder, name, replace(config, held_out=preset.dev, iterations=1, watch=()))
        scores = json.loads((folder / "00/held-out/scores.json").read_text())
        found[rate] = scores["pass@1"]["value"]
    return max(found, key=lambda rate: found[rate])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="quick")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--arms", default="", help="only these, with commas")
    parser.add_argument("--show", action="store_true", help="run nothing; tell what is done")
    parser.add_argument("--write", action="store_true", help=f"make {DOCS.name}/leti.md of claims.json")
    given = parser.parse_args()
    preset = PRESETS[given.preset]
    names = given.arms.split(",") if given.arms else list(preset.arms)
    if not given.show:
        rates = {name: tuned(given.out, name, preset) for name in names}
        for seed in range(given.seeds or preset.seeds):
            for name in names:
                go(given.out / name / f"seed-{seed}", name, settings(name, preset, seed, rates[name]))
                tell(given.out, preset)
    text = tell(given.out, preset)
    if given.write:
        jsonl.write_whole(DOCS / "leti.md", page(json.loads(text), DOCS))
    else:
        print(text)


def tell(out: Path, preset: Preset) -> str:
    """Write claims.json, of what is done."""
    concepts = {task.id: concept(task.tags) for task in load(preset.held_out)}
    arms: dict[str, list[Curve]] = {}
    for name in ARMS:
        for folder in sorted((out / name).glob("seed-*")):
            if (made := curve(folder)).points:
                arms.setdefault(name, []).append(made)
    text = json.dumps(claims(arms, concepts), indent=1) + "\n"
    jsonl.write_whole(out / "claims.json", text)
    return text


def concept(tags: Sequence[str]) -> str:
    """The concept that tasks are resampled by: the first that a task is tagged with."""
    return next((tag for tag in tags if tag.startswith("concept:")), "")


if __name__ == "__main__":
    main()
