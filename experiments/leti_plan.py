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
SIDE_BY_SIDE = 0.6
"""What two processes on two cores take of the minutes of one."""
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


def minutes(out: Path, preset: Preset, names: Sequence[str], seeds: int, times: Path) -> list[Cost]:
    """What each arm will take; arms whose runs are another's come free."""
    by = pace(times)
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


def table(costs: Sequence[Cost]) -> str:
    return "\n".join(rows(costs))


def rows(costs: Sequence[Cost]) -> Iterator[str]:
    heads = f"{'arm':14}{'tokens a round':>16}{'s a run':>9}{'runs':>6}"
    yield heads + f"{'search, min':>13}{'in all, min':>13}{'left, min':>11}"
    for one in costs:
        yield (
            f"{one.name:14}{one.tokens:>16,.0f}{one.run:>9,.0f}{one.runs:>6}{one.search / 60:>13.1f}"
            f"{one.whole / 60:>13.1f}{one.left / 60:>11.1f}"
        )
    whole, left = (sum(one.whole for one in costs) / 60, sum(one.left for one in costs) / 60)
    yield f"{'in all':14}{'':>16}{'':>9}{'':>6}{'':>13}{whole:>13.1f}{left:>11.1f}"
    yield (
        "Stages as fast as in the run that --times names, by one process; two, as by default, on a core each "
        f"take about {SIDE_BY_SIDE} of it."
    )
