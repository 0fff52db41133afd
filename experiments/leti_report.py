"""docs/experiments/leti.md from claims.json: tables, plots, and for each claim whether it holds. Measured only."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from leti_numbers import RESAMPLES
from leti_plot import Entry, plot
from leti_times import KINDS

from errata import jsonl

NAMES = {
    "textual": "LETI: the interpreter's words",
    "values": "LETI: the call, its value and the value wanted",
    "after": "LETI: the words behind the program",
    "binary": "LETI: the reward token alone",
    "shuffled": "control: words and verdicts of other samples",
    "constant": "control: an empty phrase of equal length",
    "shuffled-same-rate": "words and verdicts of other samples, at the words' rate",
    "constant-same-rate": "an empty phrase of equal length, at the words' rate",
    "program-loss": "LETI, loss on the program alone",
    "passing": "rejection sampling",
    "weighted": "reward-weighted regression",
    "supervised": "fine-tuning on reference programs",
    "own-style": "fine-tuning on right programs in the base's own style",
    "chosen": "LETI as `errata leti` does it here",
    "chosen-binary": "the same, the reward token alone",
    "draws-16": "as it does it here, 16 samples a task",
    "draws-64": "as it does it here, 64 samples a task",
    "draws-128": "as it does it here, 128 samples a task",
    "tasks-16": "as it does it here, 16 tasks",
    "tasks-64": "as it does it here, 64 tasks",
    "moments": "LETI, AdamW's moments kept",
    "from-core": "as it does it here, on core tasks alone",
    "on-hard": "LETI on hard tasks alone",
    "mixed": "LETI on hard tasks alone, with the pretraining mix",
}
DATA = ("chosen", "draws-16", "draws-64", "draws-128", "tasks-16", "tasks-64", "from-core")
"""Arms of (c) and (f), which have a plot of their own."""
ASIDE = (*DATA[1:], "on-hard", "mixed", "shuffled-same-rate", "constant-same-rate")
"""Arms that are not in the first two plots, which would be too full to read."""
INTRODUCTION = """\
    python experiments/leti_claims.py runs/leti-claims --preset quick       (resumable; --write makes this page)

Every arm is a run of `errata leti` with one thing changed, in the paper's form (all samples, loss on all text; the
departures at the top of recipes/leti.py stand), at equal samples and optimiser steps a round, at the learning rate that
is best for it on dev after the same search. In (c), (d) and (f) steps are equal and samples are not, and the rate is
that of the form they are asked of. What is fine-tuned on given programs samples none, has its loss on the program
alone, and is asked without a token.

Trained and measured on both tiers, where it is not said otherwise: pass@1 by hidden tests at T=0.2, trained models
asked with their good token. No held-out task is trained on, nor its combination of concepts; the concepts are the same.

"As `errata leti` does it here" is the form that the command takes with this model when nothing is said: sampled at
T=0.8, three good samples for each bad one, identical texts once, loss on the program alone (but with fewer tasks and
samples than it takes). (c) and the way from core to hard tasks in (f) are asked of it.

Controls change the texts of the first round in the words alone (the empty phrase, as long in characters, which is some
more tokens), or in words and verdicts together (those of other samples).

Intervals are 95 %, by a hierarchical bootstrap of {resamples:,}: seeds, then the concepts that tasks share, then tasks;
with few seeds they are rather too narrow, and of twenty claims with nothing in them one will seem decided by chance. A
claim holds where its whole interval is beyond its bound, and does not where none of it is. The pretraining mix adds a
step of its own to each step, as the authors have it. Where two arms were given different learning rates (table below),
part of their difference may be the rate's: dev has few tasks.
"""
PAPER = """\
The authors (Wang et al. 2023) say of their own models: with words the same pass@1 in less than half of the steps, LETI
better than fine-tuning on references (2B parameters), more samples and more tasks better, other skills kept by the mix,
and on MBPP the good token better than the bad one and that better than none. The other rows ask more than that.
"""


def page(found: Mapping[str, object], folder: Path) -> str:
    """The page; its plots are written beside it."""
    arms = cast("Mapping[str, Entry]", found.get("arms", {}))
    first = {name: arm for name, arm in arms.items() if name not in ASIDE}
    for axis in ("steps", "tokens"):
        jsonl.write_whole(folder / f"leti-{axis}.svg", plot(first, axis, NAMES))
    if more := {name: arms[name] for name in DATA if name in arms and len(arms.keys() & set(DATA)) > 1}:
        jsonl.write_whole(folder / "leti-data.svg", plot(more, "steps", NAMES))
    return "\n".join(lines(found, arms)) + "\n"


def lines(found: Mapping[str, object], arms: Mapping[str, Entry]) -> Iterator[str]:
    yield "# LETI on the primer: what holds\n"
    yield INTRODUCTION.format(resamples=RESAMPLES)
    if not arms:
        yield "Nothing has been measured yet."
        return
    yield "![pass@1 by steps](leti-steps.svg)\n\n![pass@1 by tokens](leti-tokens.svg)\n"
    first = next(iter(arms.values()))
    began = spanned(cast("Sequence[Mapping[str, float]]", first["pass@1"])[0])
    hard = cast("Sequence[Mapping[str, float]]", first.get("hard", ()))
    yield f"The base solves {began} %" + (f", of hard tasks {spanned(hard[0])} %.\n" if hard else ".\n")
    yield "| trained on | seeds | steps | tokens | at the end | less the base | hard tasks | LETI with words less it |"
    yield "|---|---|---|---|---|---|---|---|"
    gaps = cast("Mapping[str, Mapping[str, float]]", found.get("textual less", {}))
    for name, arm in arms.items():
        last = cast("Sequence[Mapping[str, float]]", arm["pass@1"])[-1]
        steps, tokens = (cast("Sequence[float]", arm[axis])[-1] for axis in ("steps", "tokens"))
        gain, less = spanned(cast("Mapping[str, float]", arm["gain"]), sign="+"), gaps.get(name)
        yield (
            f"| {NAMES[name]} | {arm['seeds']} | {steps:,.0f} | {tokens:,.0f} | {spanned(last)} | {gain} "
            f"| {steep(arm)} | {spanned(less, sign='+') if less else ''} |"
        )
    yield from decided(found)
    if len(arms.keys() & set(DATA)) > 1:
        yield "\n## (c), (f) Samples a task, training tasks, core tasks alone\n"
        if size := cast("Mapping[str, int]", found.get("size", {})):
            yield f"Where not said otherwise: {size['samples']} samples a task, {size['tasks']} tasks of both tiers.\n"
        yield "![pass@1 by steps](leti-data.svg)"
    yield from searched(arms)
    yield from conditions(arms)
    yield from kept(arms)
    yield from timed(arms)


def steep(arm: Entry) -> str:
    """pass@1 of the hard tier, at the end."""
    ends = cast("Sequence[Mapping[str, float]]", arm.get("hard", ()))
    return spanned(ends[1]) if ends else ""


def decided(found: Mapping[str, object]) -> Iterator[str]:
    """Claim by claim."""
    yield "\n## The claims\n"
    yield PAPER
    yield "| claim | here | |\n|---|---|---|"
    yield from sorted(told(found), key=lambda row: row[2:5] if row.startswith("| (") else "(a~")


def told(found: Mapping[str, object]) -> Iterator[str]:
    """A row for each claim."""
    yield from speeds(cast("Mapping[str, Entry]", found.get("a", {})), "the words")
    for form, entry in cast("Mapping[str, Mapping[str, Entry]]", found.get("a, other forms", {})).items():
        yield from speeds(entry, FORMS[form])
    gaps = cast("Mapping[str, Mapping[str, object]]", found.get("textual less", {}))
    for name, words in {
        "binary": "(a) LETI with words ends higher than the reward token alone",
        "after": "(a) words before the program end higher than behind it",
        "values": "(a) the traceback ends higher than call and values",
        "program-loss": "(a) loss on all text ends higher than on the program alone",
        "supervised": "(b) LETI is better than fine-tuning on reference programs",
        "own-style": "(b) LETI is better than fine-tuning on right programs in the base's own style",
        "passing": "(b) LETI is better than rejection sampling",
        "weighted": "(b) LETI is better than reward-weighted regression",
        "shuffled": "control: LETI is better than words and verdicts of other samples, each at its rate",
        "constant": "control: the words are better than an empty phrase as long, each at its rate",
        "shuffled-same-rate": "control: LETI is better than words and verdicts of other samples, at one rate",
        "constant-same-rate": "control: the words are better than an empty phrase as long, at one rate",
    }.items():
        if name in gaps:
            bounds = cast("Mapping[str, float]", gaps[name])
            yield f"| {words} | {spanned(bounds, sign='+')} points | {gaps[name]['decided']} |"
    yield from speeds(cast("Mapping[str, Entry]", found.get("a, chosen", {})), "as it does it here, the words")
    rivals = cast("Mapping[str, Mapping[str, object]]", found.get("chosen less", {}))
    for name, entry in rivals.items():
        bounds, claim = cast("Mapping[str, float]", entry), "(a)" if name in ("chosen-binary", "textual") else "(b)"
        words = f"{claim} as `errata leti` does it here, better than {RIVALS.get(name, NAMES[name])}"
        yield f"| {words} | {spanned(bounds, sign='+')} points | {entry['decided']} |"
    for row in cast("Sequence[Entry]", found.get("rows", ())):
        bounds = cast("Mapping[str, float]", row)
        yield f"| {row['claim']} | {spanned(bounds, sign='+')} {row['unit']} | {row['decided']} |"


RIVALS = {"chosen-binary": "without words", "textual": "in the paper's form"}
FORMS = {"values": "call and values", "after": "words behind the program"}


def speeds(axes: Mapping[str, Entry], what: str) -> Iterator[str]:
    """Claim (a) for a form of the words."""
    for axis, entry in axes.items():
        bounds = cast("Mapping[str, float]", entry)
        never = f"; in {bounds['never']} % of resamples never" if bounds["never"] else ""
        if bounds["stuck"]:
            never += f"; in {bounds['stuck']} % of resamples the reward token alone gains nothing, which are left out"
        value, low, high = (share_of(bounds[name]) for name in ("value", "low", "high"))
        share = f"{value} ({low} to {high}{never})"
        if not entry["gains"]:
            share = "the reward token alone gains nothing"
        words = f"(a) {what}: less than half of the {axis} needed to get as far as the reward token alone gets"
        yield f"| {words} | {share} | {entry['decided']} |"


def share_of(value: float) -> str:
    """A share of the other's steps; 99 stands for never getting there."""
    return "never" if value >= 99 else f"{value:.2f} of them"


def searched(arms: Mapping[str, Entry]) -> Iterator[str]:
    """The search for learning rates, the same for every arm."""
    told = {name: cast("Mapping[str, float]", arm.get("dev by learning rate", {})) for name, arm in arms.items()}
    rates = sorted({rate for row in told.values() for rate in row}, key=float)
    if not rates:
        return
    yield "\n## Learning rates: pass@1 on dev after one round, %\n"
    yield "| trained on | " + " | ".join(rates) + " | chosen | runs without a sample to train on |"
    yield "|---|" + "---|" * (len(rates) + 2)
    for name, row in told.items():
        cells = " | ".join(cell(row.get(rate)) for rate in rates)
        yield f"| {NAMES[name]} | {cells} | {arms[name]['learning rate']:g} | {arms[name]['stopped']} |"


def cell(score: float | None) -> str:
    """Nothing where it was not tried; -1 stands for no sample that could be trained on."""
    return "" if score is None else "none passed" if score < 0 else f"{score:.1f}"


def conditions(arms: Mapping[str, Entry]) -> Iterator[str]:
    """Claim (e): good, bad and no token."""
    told = {name: cast("Mapping[str, float]", arm["conditions"]) for name, arm in arms.items() if arm["conditions"]}
    if not told:
        return
    goals = sorted({goal for row in told.values() for goal in row})
    yield "\n## (e) Asked for good, bad and neither: pass@1 of the last round, %\n"
    yield "| trained on | " + " | ".join(goals) + " |\n|---|" + "---|" * len(goals)
    for name, row in told.items():
        cells = (f"{row[goal]:.1f}" if goal in row else "" for goal in goals)
        yield f"| {NAMES[name]} | " + " | ".join(cells) + " |"


def kept(arms: Mapping[str, Entry]) -> Iterator[str]:
    """Claim (d): what became of skills that were not trained."""
    told = {name: cast("Mapping[str, Sequence[float]]", arm["watched"]) for name, arm in arms.items() if arm["watched"]}
    if not told:
        return
    yield "\n## (d) What was not trained: before, after\n"
    yield "| trained on | watched: perplexity, or pass@1 in % (greedy) | before | after |\n|---|---|---|---|"
    for name, row in told.items():
        for source, (before, after) in row.items():
            yield f"| {NAMES[name]} | `{source}` | {before:.2f} | {after:.2f} |"
    if any(source.startswith("perplexity") for row in told.values() for source in row):
        yield "\nThe text is a sample of what is mixed in: its perplexity says what is kept, not what carries over."


def timed(arms: Mapping[str, Entry]) -> Iterator[str]:
    """Seconds by stage."""
    told = {name: cast("Mapping[str, float]", arm["seconds"]) for name, arm in arms.items() if arm["seconds"]}
    if not told:
        return
    yield "\n## Where the time went: seconds of the median run, on two cores that other runs shared\n"
    yield f"| trained on | {' | '.join(KINDS)} | programs sampled/s | judged/s | tokens trained on/s |"
    yield "|---|" + "---|" * (len(KINDS) + 3)
    for name, row in told.items():
        cells = [f"{row[kind]:,.0f}" for kind in KINDS]
        cells += [f"{row[rate]:,.0f}" if rate in row else "" for rate in ("sample/s", "judge/s", "tokens/s")]
        yield f"| {NAMES[name]} | {' | '.join(cells)} |"
    yield "\n`measure` is sampling, judging and reading of what is held out or watched. How busy the machine was"
    yield "differs from arm to arm: compare the stages of one, not the arms."


def spanned(score: Mapping[str, float], sign: str = "") -> str:
    return f"{score['value']:{sign}.1f} ({score['low']:{sign}.1f} to {score['high']:{sign}.1f})"
