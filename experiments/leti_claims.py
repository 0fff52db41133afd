"""LETI's claims on the primer: `python experiments/leti_claims.py runs/leti-claims --preset quick`.

Each arm is a run of `errata leti` with one thing changed, at equal samples and equal optimiser steps a round, with a
learning rate that is chosen on dev by the same search for every arm. It may be stopped at any time: everything stands
in run folders, a second call goes on where the first was, and `--seeds` may grow. After each run, and when it is
stopped, it writes claims.json, of what is done; `--write` makes docs/experiments/leti.md of it. `--plan` runs nothing
and tells the minutes, by the times of a run that was made before, and where there is none by those of our two cores.

quick: claims (a), (b) and (e) with controls, 3 seeds. full: all claims, 5 seeds. smoke: that it runs at all.
"""

import argparse
import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from leti_arms import ARMS, GOLD, PRESETS, RATES_OF, Preset, distinct, settings, trial, twin
from leti_curves import Curve, curve
from leti_numbers import claims
from leti_plan import HERE, minutes, pace, table
from leti_report import page

from errata import jsonl
from errata.errors import UsageError
from errata.evaluation.measure import measure
from errata.policies import serve
from errata.prompts import render
from errata.recipes import leti as recipe
from errata.recipes import weights
from errata.recipes.leti import Leti
from errata.runs import Run
from errata.tasks import load
from errata.tasks.concepts import program
from errata.training import fit
from errata.types import Demo

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "experiments"
TUNING = 9_000
"""The seed of the search for a learning rate, which no reported run has."""
STOPPED = "stopped.json"
"""In the folder of a run that cannot go on, say for want of a sample that passes: the reason."""


def go(folder: Path, name: str, config: Leti) -> None:
    """One run, whole; one that has nothing to train on stops with a note, which the table counts."""
    if (folder / STOPPED).exists():
        return
    try:
        with Run.open(folder, config, {**recipe.identity(config), "arm": name}) as run:
            if name in GOLD:
                supervised(config, run, own=name == "own-style")
            else:
                recipe.leti(config, run)
    except UsageError as wrong:
        if "samples passed" not in str(wrong):
            raise
        jsonl.write_whole(folder / STOPPED, json.dumps({"reason": str(wrong)}) + "\n")


def supervised(config: Leti, run: Run, *, own: bool) -> None:
    """The base trained on right programs: as many steps a round, measured after each. own: in the base's own style."""
    model, held_out = weights.folder(config.model), load(config.held_out)
    texts = [
        Demo(id=f"{task.id}#gold", of=(task.id,), context=render(task), target=program(task) if own else task.reference)
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


def tried(out: Path, name: str, preset: Preset) -> dict[float, float]:
    """pass@1 on dev by learning rate, as far as it was searched."""
    found: dict[float, float] = {}
    for rate in preset.rates:
        folder = out / "tuning" / f"{name}-{rate:g}"
        path = folder / "00/held-out/scores.json"
        if path.exists():
            found[rate] = json.loads(path.read_text())["pass@1"]["value"]
        elif (folder / STOPPED).exists():
            found[rate] = -1.0
    return found


def tuned(out: Path, name: str, preset: Preset) -> float:
    """The learning rate that is best on dev after one round, the lowest of equals."""
    if len(preset.rates) == 1:
        return preset.rates[0]
    there = tried(out, name, preset)
    for rate in [rate for rate in preset.rates if rate not in there]:
        print(f"{name}, learning rate {rate:g} on dev", file=sys.stderr)
        go(out / "tuning" / f"{name}-{rate:g}", name, trial(name, preset, TUNING, rate))
    found = tried(out, name, preset)
    return max(found, key=lambda rate: found[rate])


def tell(out: Path, preset: Preset, known: dict[Path, Curve]) -> str:
    """Write claims.json, of what is done, one process at a time. known: the runs that were read before."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".claims.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        text = json.dumps(gathered(out, preset, known), indent=1) + "\n"
        jsonl.write_whole(out / "claims.json", text)
    return text


def gathered(out: Path, preset: Preset, known: dict[Path, Curve]) -> dict[str, object]:
    """What claims.json holds, of the runs that are whole."""
    groups = {task.id: concept(task.tags) for task in load("primer[test]")}
    arms: dict[str, list[Curve]] = {}
    notes: dict[str, dict[str, object]] = {}
    for name in ARMS:
        made: list[Curve] = []
        stopped = 0
        for folder in sorted((out / twin(name, preset)).glob("seed-*")):
            if folder not in known:
                known[folder] = curve(folder)
            stopped += (folder / STOPPED).exists()
            if known[folder].points:
                made.append(known[folder])
            else:
                del known[folder]
        if made:
            arms[name] = made
            notes[name] = {"dev by learning rate": tried(out, twin(name, preset), preset), "stopped": stopped}
    size = {"samples": preset.draws, "tasks": len(load(preset.tasks))}
    return {**claims(arms, groups, notes, hard={task.id for task in load("primer[test-hard]")}), "size": size}


def concept(tags: Sequence[str]) -> str:
    """The concept that tasks are resampled by: the first that a task is tagged with."""
    return next((tag for tag in tags if tag.startswith("concept:")), "")


def run_all(out: Path, preset: Preset, names: Sequence[str], seeds: int) -> None:
    """Everything, seed by seed, so that a part of it is a whole table of fewer seeds."""
    known: dict[Path, Curve] = {}
    mine = distinct(names, preset)
    try:
        rates: Mapping[str, float] = {name: tuned(out, RATES_OF.get(name, twin(name, preset)), preset) for name in mine}
        for seed in range(seeds):
            for name in mine:
                own = twin(name, preset)
                print(f"{own}, seed {seed} of 0 to {seeds - 1}", file=sys.stderr)
                go(out / own / f"seed-{seed}", own, settings(own, preset, seed, rates[name]))
                tell(out, preset, known)
    finally:
        tell(out, preset, known)


def side_by_side(given: argparse.Namespace, names: Sequence[str], seeds: int) -> None:
    """The same by several processes, each at one arm: they share the cores, and one of them alone leaves some idle."""
    locks = {name: threading.Lock() for name in names}

    def one(name: str, upto: int) -> None:
        call = [sys.executable, __file__, str(given.out), "--preset", given.preset, "--arms", name]
        with locks[name]:
            subprocess.run([*call, "--seeds", str(upto), "--processes", "1"], check=True, stdout=subprocess.DEVNULL)

    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // given.processes)))
    with ThreadPoolExecutor(given.processes) as pool:
        begun = [pool.submit(one, name, upto) for upto in range(1, seeds + 1) for name in names]
        try:
            for job in begun:
                job.result()
        finally:
            pool.shutdown(cancel_futures=True)


def planned(given: argparse.Namespace, preset: Preset, names: Sequence[str], seeds: int) -> str:
    """What --plan says. UsageError where --times names no run that can be gone by."""
    demo = ROOT / "runs/demo"
    times = given.times or (demo if (demo / "00/training.json").exists() else None)
    told = table(minutes(given.out, preset, names, seeds, pace(times) if times else HERE), given.processes)
    source = f"in {times}" if times else "in `make demo` on the two cores that the presets were made for"
    return f"{told}\nEach stage is taken to be as fast as {source}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the folder that everything lies in, one for each preset")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="quick", help="how much is done (default: quick)")
    parser.add_argument("--seeds", type=int, default=0, help="in the place of as many as the preset has")
    parser.add_argument("--arms", default="", help=f"only these, with commas: {', '.join(ARMS)}")
    parser.add_argument("--processes", type=int, default=2, help="arms that are worked on at the same time")
    parser.add_argument("--plan", action="store_true", help="run nothing; tell the minutes it will take")
    parser.add_argument("--times", type=Path, help="the run of errata leti whose times --plan goes by, say runs/demo")
    parser.add_argument("--show", action="store_true", help="run nothing; tell what is done")
    parser.add_argument("--write", action="store_true", help="make docs/experiments/leti.md of claims.json")
    given = parser.parse_args()
    preset = PRESETS[given.preset]
    names = given.arms.split(",") if given.arms else list(preset.arms)
    if unknown := [name for name in names if name not in ARMS]:
        parser.error(f"--arms: unknown {unknown[0]!r}; there are {', '.join(ARMS)}")
    seeds = given.seeds or preset.seeds
    if given.plan:
        try:
            print(planned(given, preset, names, seeds))
        except UsageError as wrong:
            parser.error(str(wrong))
        return
    if not given.show and given.processes > 1:
        side_by_side(given, distinct(names, preset), seeds)
    elif not given.show:
        run_all(given.out, preset, names, seeds)
    text = tell(given.out, preset, {})
    if given.write:
        jsonl.write_whole(DOCS / "leti.md", page(json.loads(text), DOCS))
    else:
        print(text)


if __name__ == "__main__":
    main()
