"""AutoIF's training: supervised fine-tuning, DPO on recorded pairs, and rounds of online DPO, each of them measured.

Online DPO is a loop over stages that are gone on with like all others: the model of the round before answers the
requests several times, their verifiers look at the answers, strictly better ones are paired with strictly worse ones,
and the model is trained on these pairs. TRL's OnlineDPOTrainer is not used: it trains on ties, and a crash loses its
samples.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from errata import jsonl
from errata.evaluation.intervals import Interval, difference, mean
from errata.evaluation.measure import measure
from errata.evaluation.steps import COMPARED, READ
from errata.jsonl import Json
from errata.judges import judge
from errata.policies import serve
from errata.prompts import ask
from errata.recipes import autoif_pairs, autoif_sources, watch, weights
from errata.recipes.autoif_records import Data
from errata.recipes.autoif_settings import Autoif
from errata.runs import Run
from errata.tasks import load
from errata.training import Objective, fit, fit_pairs
from errata.types import Demo, Pair, Sample, Verdict


def trained(run: Run, config: Autoif, data: Data, demos: Sequence[Demo], pairs: Sequence[Pair]) -> str:
    """The last model's folder. Every model is measured as soon as it stands."""
    model = autoif_sources.base(config.model)
    assess(run.at("base"), model, config)
    sft = run.at("sft")
    model = str(sft.once("model", fit(model, demos, seeded(config.objective, config, 0))))
    follow_up(run, sft, model, config, "base")
    before = "sft"
    if config.offline and pairs:
        model = preferred(run, "dpo", model, pairs, config, 1, before)
        before = "dpo"
    for at in range(config.rounds):
        name = f"online/{at:02}"
        found = answered(run.at(name), model, data, config, at)
        if not found:
            run.log(f"{name}: no request has a better and a worse answer; nothing more can be learnt from them")
            break
        model = preferred(run, name, model, found, config, 2 + at, before)
        before = name
    return model


def answered(step: Run, model: str, data: Data, config: Autoif, at: int) -> Sequence[Pair]:
    """The pairs of a round: the model's own answers, by what the verifiers say of them."""
    sampling = replace(config.sampling, seed=1000 * config.seed + at)
    with serve(model, config.backend, server=config.server, folder=step.path) as policy:
        prompts = ask(data.tasks, config.draws, style="chat" if config.chat else "auto")
        samples = step.map(Sample, policy.sample(sampling), prompts)
    verdicts = step.map(Verdict, judge(data.tasks, config.judging), samples)
    shuffled = replace(config, seed=1000 * config.seed + at)
    return step.put(Pair, autoif_pairs.strict(data.tasks, samples, verdicts, shuffled))


def preferred(run: Run, name: str, model: str, pairs: Sequence[Pair], config: Autoif, turn: int, before: str) -> str:
    """A model trained on pairs, from the one that it begins with, and measured."""
    step = run.at(name)
    how = replace(config.preference, objective=seeded(config.preference.objective, config, turn))
    made = str(step.once("model", fit_pairs(model, pairs, how)))
    follow_up(run, step, made, config, before)
    return made


def seeded(objective: Objective, config: Autoif, turn: int) -> Objective:
    return replace(objective, seed=1000 * config.seed + turn, lora=config.lora or objective.lora)


def follow_up(run: Run, step: Run, model: str, config: Autoif, before: str) -> None:
    """What is told of a model that was just trained, and how it compares with the base and the one before."""
    step.value("training.json", lambda: weights.told(model))
    assess(step, model, config)
    if config.held_out:
        others = {"base": run.at("base"), **({before: run.at(before)} if before != "base" else {})}
        step.value(COMPARED, lambda: {name: compared(step, other) for name, other in others.items()})


def assess(step: Run, model: str, config: Autoif) -> None:
    """Scores on the held-out tasks, their form and length, and whatever is watched beside."""
    if config.held_out:
        tasks = load(config.held_out)
        settings = config.measuring.spoken("chat" if config.chat else "auto")
        place = step.at("held-out")
        with serve(model, config.backend, server=config.server, folder=place.path) as policy:
            measure(place, policy, tasks, settings, judging=config.judging)
            asked = ask(tasks, settings.draws, style=settings.prompt)
            samples = place.map(Sample, policy.sample(settings.sampling), asked)
        verdicts = place.map(Verdict, judge(tasks, config.judging), samples)
        topic: Sequence[Verdict] = ()
        if config.about:
            topic = place.at("about").map(Verdict, judge(load(config.about), config.judging), samples)
        place.value(READ, lambda: read(samples, verdicts, topic))
    if config.watch:
        asking = watch.Asking(backend=config.backend, server=config.server, seed=config.seed, judging=config.judging)
        watch.watch(step, model, watch.load_all(config.watch, config.watching), config.watching, asking)


def read(samples: Iterable[Sample], verdicts: Iterable[Verdict], about: Iterable[Verdict]) -> dict[str, Json]:
    """Means over tasks: the share of instructions followed, of answers that are about what was asked, words, and
    answers that were cut off. Shares are in percent."""
    rows = list(samples)
    told = {
        "instructions": over({each.task: [] for each in rows}, ((v.task, v.score) for v in verdicts)),
        "words": over({}, ((each.task, float(len(re.findall(r"\w+", each.text)))) for each in rows)),
        "cut_off": over({}, ((each.task, float(each.finish == "length")) for each in rows)),
    }
    topics = over({}, ((v.task, float(v.passed is True)) for v in about))
    found: dict[str, Json] = {}
    for name, values in {**told, **({"about": topics} if topics else {})}.items():
        spread = mean([values[task] for task in sorted(values)], bounds=(0.0, max(1.0, *values.values())))
        found[name] = plain(spread, 1 if name == "words" else 100)
    return found


def over(rows: dict[str, list[float]], values: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    """The mean of each task's draws."""
    for task, value in values:
        rows.setdefault(task, []).append(value)
    return {task: sum(those) / len(those) for task, those in rows.items() if those}


def plain(one: Interval, unit: int) -> dict[str, Json]:
    rounded = {name: round(unit * getattr(one, name), 2) for name in ("value", "low", "high")}
    return {**rounded, "n": one.n}


def compared(step: Run, other: Run) -> dict[str, Json]:
    """This model less the other, paired over tasks, in points: all followed, and the share of instructions followed."""
    sides = [list(jsonl.iterate(at.at("held-out").path / "verdict.jsonl", Verdict)) for at in (other, step)]
    found: dict[str, Json] = {}
    for name in ("followed", "instructions"):
        first, second = (over({}, ((v.task, valued(v, name)) for v in side)) for side in sides)
        found[name] = plain(difference(first, second), 100)
    return found


def valued(verdict: Verdict, name: str) -> float:
    """Whether all was followed, or what share of it."""
    return float(verdict.passed is True) if name == "followed" else verdict.score
