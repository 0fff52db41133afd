"""How long experiments/leti_claims.py will take, by the times of a run that was made before. Runs no model."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from leti_arms import GOLD, RATES_OF, WORDLESS, Preset, distinct, settings, trial, twin

from errata import jsonl
from errata.errors import UsageError
from errata.recipes.leti import Leti
from errata.tasks import load
from errata.types import Demo, Feedback, Sample

LIMIT = 90
"""Minutes that the quick preset may take on two cores."""
SIDE_BY_SIDE = 0.7
"""What two processes on two cores take of the minutes of one: 22 runs that took 33.8 minutes so, 49.8 by the plan, and
six tries of a learning rate 3.3, 4.8 by the plan."""
CONDITIONS = 6
"""Measurements more where good, bad and no token are compared: the base at T=1, five after the last round."""
FORWARD = 1 / 3
"""What reading a token costs of training on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What things took in the run that is gone by, in seconds, and how long its texts were."""

    sample: float
    """A program sampled."""
    judge: float
    """A program judged."""
    token: float
    """A token trained on."""
    start: float
    """To begin training and to store what it made."""
    plain: float
    """Tokens of problem and program."""
    words: float
    """Tokens of the interpreter's words about a sample that failed."""
    longest: float
    """Tokens of the longest text, which is the block that pretraining text is cut to."""


HERE = Pace(sample=0.0092, judge=0.0031, token=0.00029, start=6.8, plain=92.4, words=70.0, longest=336.0)
"""Of `make demo` on the two cores that the presets were made for: what is planned by where there is no run yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One arm."""

    name: str
    tokens: float
    """Trained on in a round."""
    run: float
    """Seconds of one run."""
    search: float
    """Seconds of the search for its learning rate."""
    runs: int
    left: float
    """Seconds of what is not done yet."""

    @property
    def whole(self) -> float:
        return self.search + self.runs * self.run


def pace(folder: Path) -> Pace:
    """What a run of `errata leti` took. UsageError where it has not done a round yet."""
    seconds = {"sample": 0.0, "verdict": 0.0, "model": 0.0}
    items = dict.fromkeys(seconds, 0)
    if not (folder / "00" / "training.json").exists():
        raise UsageError(f"--times {folder}: no run of errata leti with a round that is done")
    for _, line in jsonl.lines(folder / "timing.jsonl"):
        told = cast("dict[str, object]", json.loads(line))
        kind = str(told["stage"]).rpartition("/")[2]
        if "id" not in told and kind in seconds:
            seconds[kind] += float(cast("float", told["seconds"]))
            items[kind] += int(cast("int", told["items"]))
    trained = [json.loads(path.read_text()) for path in sorted(folder.glob("[0-9]*/training.json"))]
    tokens, within = (sum(float(one[name]) for one in trained) for name in ("tokens", "seconds"))
    first = folder / "00"
    letters = sum(len(f"{one.context}{one.target}") for one in jsonl.iterate(first / "example.jsonl", Demo))
    # Each text was trained on once an epoch.
    each = letters * trained[0]["objective"]["epochs"] / trained[0]["tokens"]
    plain = [len(f"{one.prompt}{one.text}") for one in jsonl.iterate(first / "sample.jsonl", Sample)]
    said = [len(one.text) for one in jsonl.iterate(first / "feedback.jsonl", Feedback)]
    # Of failing samples alone: nearly all fail at the temperature that the claims are sampled at.
    words = [number for number in said if number]
    return Pace(
        sample=seconds["sample"] / items["sample"],
        judge=seconds["verdict"] / items["verdict"],
        token=within / tokens,
        start=(seconds["model"] - within) / len(trained),
        plain=sum(plain) / len(plain) / each,
        words=sum(words) / len(words) / each,
        longest=max(one + more for one, more in zip(plain, said, strict=True)) / each,
    )


def tokens(name: str, config: Leti, by: Pace) -> float:
    """Tokens that a round trains on."""
    text = by.plain + (0.0 if name in WORDLESS else by.words)
    block = by.longest if config.objective.pretrain_mix else 0.0
    return config.objective.max_steps * config.objective.batch_size * (text + block)


def seconds(name: str, config: Leti, by: Pace) -> float:
    """Seconds of one run, whole."""
    rounds, held_out = config.iterations, len(load(config.held_out)) * config.measuring.draws
    programs = held_out * (1 + rounds + (CONDITIONS if config.compare and name not in GOLD else 0))
    if name not in GOLD:
        programs += len(load(config.tasks)) * config.draws * rounds
    read = 0.0
    for source in config.watch:
        if source.startswith("perplexity:"):
            read += config.watching.texts * by.plain * (rounds + 1)
        else:
            programs += len(load(source)) * config.watching.draws * (rounds + 1)
    training = rounds * (by.start + tokens(name, config, by) * by.token) + read * by.token * FORWARD
    return programs * (by.sample + by.judge) + training


def minutes(out: Path, preset: Preset, names: Sequence[str], seeds: int, by: Pace) -> list[Cost]:
    """What each arm will take; arms whose runs are another's come free."""
    made: list[Cost] = []
    for name in distinct(names, preset):
        config, once = settings(name, preset, 0, preset.rates[0]), trial(name, preset, 0, preset.rates[0])
        rates = preset.rates if len(preset.rates) > 1 and name not in RATES_OF else ()
        run, search = seconds(name, config, by), seconds(name, once, by)
        home = out / twin(name, preset)
        owed = sum(not done(home / f"seed-{seed}", preset.rounds) for seed in range(seeds))
        unknown = sum(not done(out / "tuning" / f"{home.name}-{rate:g}", 1) for rate in rates)
        made.append(
            Cost(
                name=name,
                tokens=tokens(name, config, by),
                run=run,
                search=search * len(rates),
                runs=seeds,
                left=owed * run + unknown * search,
            )
        )
    return made


def done(folder: Path, rounds: int) -> bool:
    return (folder / f"{rounds - 1:02}" / "held-out" / "scores.json").exists() or (folder / "stopped.json").exists()


def table(costs: Sequence[Cost], processes: int = 2) -> str:
    return "\n".join(rows(costs, processes))


def rows(costs: Sequence[Cost], processes: int) -> Iterator[str]:
    wide = max(14, *(len(one.name) + 2 for one in costs))
    heads = f"{'arm':{wide}}{'tokens a round':>16}{'s a run':>9}{'runs':>6}"
    yield heads + f"{'search, min':>13}{'in all, min':>13}{'left, min':>11}"
    for one in costs:
        yield (
            f"{one.name:{wide}}{one.tokens:>16,.0f}{one.run:>9,.0f}{one.runs:>6}{one.search / 60:>13.1f}"
            f"{one.whole / 60:>13.1f}{one.left / 60:>11.1f}"
        )
    whole, left = sum(one.whole for one in costs), sum(one.left for one in costs)
    yield f"{'in all':{wide}}{'':>16}{'':>9}{'':>6}{'':>13}{whole / 60:>13.1f}{left / 60:>11.1f}"
    yield f"One arm at a time: {span(whole)}, of which {span(left)} are left."
    if processes > 1:
        yield (
            f"Two at a time on two cores, as without --processes, {SIDE_BY_SIDE} of it: about "
            f"{span(SIDE_BY_SIDE * whole)}, of which {span(SIDE_BY_SIDE * left)} are left."
        )


def span(seconds: float) -> str:
    """Minutes, or hours where they are many."""
    return f"{seconds / 60:.0f} minutes" if seconds < 3 * 3600 else f"{seconds / 3600:.0f} hours"
