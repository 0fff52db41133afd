"""ILF's claims on the primer: `python experiments/ilf_claims.py runs/ilf-claims` (docs/experiments/ilf.md).

Runs `errata ilf` for each seed: first the arms of the paper's main table for all seeds, then for each of them the arms
without feedback and a curve over the number of feedbacks. After each part it writes claims.json, of what is done.
Everything stands in run folders, so a second call goes on where the first was stopped; `--seeds` may grow.
"""

import argparse
import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from errata import jsonl
from errata.evaluation import metrics
from errata.evaluation.compared import account
from errata.evaluation.folder import judged
from errata.evaluation.intervals import crossed
from errata.evaluation.measure import Measuring, measure
from errata.policies import serve
from errata.prompts import render
from errata.recipes import arms, ilf, presets, weights
from errata.recipes.ilf import Ilf
from errata.runs import Run
from errata.tasks import load
from errata.tasks.concepts import program
from errata.text import edit_distance
from errata.training import fit
from errata.types import Demo, Feedback, Question, Task

CORE = ("ilf", "gold", "human")
ARMS = (*CORE, "no-feedback", "unrelated")
OWN = "own-style"
"""Gold programs in the base's own style: what of `gold` is its being right, and what its being foreign."""
POINTS = (10, 25, 50, 100)
"""Feedbacks of the curve; the last is all there are, which may be fewer."""
STEPS = 36
"""Optimiser steps of every point."""
CURVE = Measuring(draws=4, temperature=0.8, max_new_tokens=160, ks=(1,))


def settings(seed: int, names: Sequence[str]) -> Ilf:
    """The demo's settings, with the arms that are compared."""
    return replace(presets.ILF_PRIMER, seed=seed, arms=",".join(names))


def compare(folder: Path, seed: int) -> None:
    """The recipe with the paper's arms, and gold programs in the base's own style."""
    config = settings(seed, CORE)
    with Run.open(folder, config, ilf.identity(config)) as run:
        ilf.ilf(config, run)
        step = run.at("00")
        references = {task.id: task for task in load(config.tasks)}
        texts = [own(references[arms.task_of(demo)]) for demo in jsonl.iterate(step.path / "example.jsonl", Demo)]
        point(step.at("arms").at(OWN), texts, config, config.measuring)


def extend(folder: Path, seed: int) -> None:
    """The other arms, then the curve."""
    config = settings(seed, ARMS)
    with Run.open(folder, config, ilf.identity(config)) as run:
        ilf.ilf(config, run)
        step = run.at("00")
        references = {task.id: task for task in load(config.tasks)}
        said = {row.id.rpartition("@")[0]: row for row in jsonl.iterate(step.path / "tasks/feedback.jsonl", Feedback)}
        refined = {arms.task_of(demo): demo for demo in jsonl.iterate(step.path / "example.jsonl", Demo)}
        order = sorted(said)
        random.Random(seed).shuffle(order)
        for number in POINTS:
            chosen = order[:number]
            gold = [
                Demo(id=f"{task}#gold", of=(task,), context=render(references[task]), target=references[task].reference)
                for task in chosen
            ]
            for name, demos in (("ilf", [refined[task] for task in chosen if task in refined]), ("gold", gold)):
                point(step.at("curve").at(f"{number:03}-{name}"), demos, config, CURVE)


def own(task: Task) -> Demo:
    """A right program in the layout and the forms that the base itself writes."""
    return Demo(id=f"{task.id}#own", of=(task.id,), context=render(task), target=program(task))


def point(place: Run, demos: Sequence[Demo], config: Ilf, measuring: Measuring) -> None:
    """The base trained on these texts, and its held-out score."""
    if not demos:
        return
    # As many steps for ten texts as for a hundred: else few texts would also mean little training.
    epochs = math.ceil(STEPS * config.objective.batch_size / len(demos))
    objective = replace(config.objective, seed=1000 * config.seed, epochs=epochs, max_steps=STEPS)
    stored = place.put(Demo, demos)
    model = str(place.once("model", fit(weights.folder(config.model), stored, objective)))
    with serve(model, config.backend) as policy:
        measure(place.at("held-out"), policy, load(config.held_out), measuring, judging=config.judging)
    place.drop("model")


def rates(place: Path, k: int = 1) -> dict[str, float]:
    """pass@k by task of a folder of verdicts; nothing until it is whole."""
    if not ((place / "scores.json").exists() or (place / "refined.json").exists()):
        return {}
    return metrics.passing(judged(place).rows, k)


def less(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    return {task: first[task] - second[task] for task in first.keys() & second.keys()}


def claims(folders: Sequence[Path]) -> dict[str, object]:
    """Everything that is reported, each thing over the seeds that have it."""
    found: dict[str, object] = {}
    names = ("base", *ARMS, OWN)
    for k in (1, 10):
        by_arm = {name: [rates(where(folder, name) / "held-out", k) for folder in folders] for name in names}
        found[f"pass@{k}"] = {name: over(rows) for name, rows in by_arm.items()}
        found[f"ilf less the arm, pass@{k}"] = {
            name: over([less(a, b) for a, b in zip(by_arm["ilf"], rows, strict=True) if a and b], bounds=(-1.0, 1.0))
            for name, rows in by_arm.items()
            if name != "ilf"
        }
    refiners = ("ilf", "no-feedback", "unrelated")
    found["refined, pass@1"] = {name: over([rates(where(folder, name)) for folder in folders]) for name in refiners}
    found["refined, tasks with one that passes, %"] = {
        name: [mended(where(folder, name)) for folder in folders if (where(folder, name) / "refined.json").exists()]
        for name in refiners
    }
    accounts = {name: [account(where(folder, name) / "account.json") for folder in folders] for name in ARMS}
    found["account"] = {
        name: {
            "texts": [one.tasks for one in rows if one],
            "median perplexity": [one.perplexity for one in rows if one],
            "perplexity 100 and above, %": [one.surprising for one in rows if one],
            "edit distance": [edits(folder, name) for folder, one in zip(folders, rows, strict=True) if one],
            "KL": [round(one.kl["value"], 3) for one in rows if one],
        }
        for name, rows in accounts.items()
    }
    found["curve"] = {
        f"{number}-{name}": curve([folder / f"00/curve/{number:03}-{name}" for folder in folders])
        for number in POINTS
        for name in ("ilf", "gold")
    }
    return found


def over(rows: Sequence[Mapping[str, float]], bounds: tuple[float, float] = (0.0, 1.0)) -> dict[str, float]:
    """The mean over seeds and tasks with its interval, in percent; nothing where no seed has it."""
    there = [row for row in rows if row]
    return {**crossed(there, bounds=bounds).percent(), "seeds": len(there)} if there else {}


def where(folder: Path, name: str) -> Path:
    return folder / "base" if name == "base" else folder / "00" if name == "ilf" else folder / "00/arms" / name


def edits(folder: Path, name: str) -> float:
    """Mean edit distance of an arm's code from the failing programs' code, by the longer of the two."""
    asked = {one.id: one for one in jsonl.iterate(folder / "00/tasks/question.jsonl", Question)}
    chosen = {row.id.rpartition("@")[0]: row.of for row in jsonl.iterate(folder / "00/tasks/feedback.jsonl", Feedback)}
    found: list[float] = []
    for demo in jsonl.iterate(where(folder, name) / "example.jsonl", Demo):
        task = arms.task_of(demo)
        old = next(offer.program for offer in asked[task].offers if offer.sample == chosen[task])
        found.append(edit_distance(demo.target, arms.behind(old, demo.context) or old))
    return round(fmean(found), 3)


def mended(place: Path) -> float:
    found: dict[str, bool] = {}
    for row in judged(place).rows:
        found[row.task] = found.get(row.task, False) or metrics.public(row)
    return round(100 * sum(found.values()) / max(1, len(found)), 1)


def curve(places: Sequence[Path]) -> dict[str, object]:
    done = [place for place in places if (place / "held-out/scores.json").exists()]
    if not done:
        return {}
    texts = [sum(1 for _ in jsonl.iterate(place / "example.jsonl", Demo)) for place in done]
    return {"texts": texts, **over([rates(place / "held-out") for place in done])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--show", action="store_true", help="only tell what is done")
    args = parser.parse_args()
    folders = [args.out / f"seed-{seed}" for seed in range(args.seeds)]
    for part in () if args.show else (compare, extend):
        for seed, folder in enumerate(folders):
            part(folder, seed)
            tell(args.out, folders)
    print(tell(args.out, folders))


def tell(out: Path, folders: Sequence[Path]) -> str:
    """Write claims.json, of what is done."""
    text = json.dumps(claims([folder for folder in folders if folder.exists()]), indent=1)
    jsonl.write_whole(out / "claims.json", text + "\n")
    return text


if __name__ == "__main__":
    main()
