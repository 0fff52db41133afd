"""What a run must not make worse (recipes/watch.py), by round and against the base, and a plain sentence about it."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import cast

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from errata.evaluation import charts, metrics, typeset
from errata.evaluation.folder import Folder, checked, records
from errata.evaluation.intervals import Interval, difference
from errata.jsonl import Json
from errata.types import Verdict

TEXT = "perplexity"
LOSSES = "loss.jsonl"
MARKS = ("circle", "square", "diamond", "triangle-up", "x")
COLOURS = ("accent", "second", "passed", "syntax", "early_exit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """How likely a piece of watched text is under a model."""

    id: str
    of: str
    nats: float
    """Negative log-likelihood, summed over the tokens."""
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One source, measured on one model."""

    title: str
    """The round's."""
    score: Mapping[str, float]
    """value, low, high, n: percent, or a perplexity."""
    change: Interval | None
    """Against the base, paired: of pass@1 as a share, of a perplexity as the ratio less 1. None in the base itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One source over the rounds."""

    name: str
    source: str
    metric: str
    points: tuple[Point, ...]

    @property
    def worse(self) -> bool:
        """Whether the last round is worse than the base, beyond chance."""
        change = self.points[-1].change
        if change is None:
            return False
        return change.low > 0 if self.metric == TEXT else change.high < 0

    @property
    def words(self) -> str:
        """What became of it from the first to the last model."""
        first, last = self.points[0].score["value"], self.points[-1].score["value"]
        change = self.points[-1].change
        if change is None:
            return f"{shown(self.metric, first)}, measured once"
        went = f"{shown(self.metric, first)}, then {shown(self.metric, last)}"
        unit = "%" if self.metric == TEXT else "points"
        sure = "" if change.low > 0 or change.high < 0 else ": no difference that can be told from none"
        # As many decimals as show that the interval leaves out zero.
        nearest = 100 * min(abs(change.low), abs(change.high))
        digits = 1 if sure else next((digits for digits in range(1, 4) if round(nearest, digits)), 4)
        value, low, high = (
            f"{100 * bound:+.{digits}f}".replace("-", "−") for bound in (change.value, change.low, change.high)
        )
        return f"{went} ({value} {unit}, 95 % interval {low} to {high}{sure})"


def signed(share: float) -> str:
    """A difference of shares, in points."""
    return f"{100 * share:+.1f}".replace("-", "−")


def shown(metric: str, value: float) -> str:
    """A score for people."""
    return f"perplexity {value:.2f}" if metric == TEXT else f"{metric} {value:.1f} %"


def lines(folder: Folder) -> list[Line]:
    """Every source that is watched, in the order of its name."""
    sources = sorted({place.name for round in folder.rounds for place in places(folder, round.name)})
    return [made for name in sources for made in [line(folder, name)] if made.points]


def places(folder: Folder, round: str) -> Iterator[Path]:
    """The folders of what is watched in a round, as far as they are measured."""
    there = folder.path / round / "watch"
    if there.is_dir():
        yield from (place for place in there.iterdir() if (place / "scores.json").exists())


def line(folder: Folder, name: str) -> Line:
    """One source over the rounds that have measured it."""
    there = [(round.title, round.name, folder.path / round.name / "watch" / name) for round in folder.rounds]
    there = [entry for entry in there if (entry[2] / "scores.json").exists()]
    told = cast("dict[str, str]", json.loads((there[0][2] / "watched.json").read_bytes()))
    metric = told["metric"]
    base = there[0][2] if there[0][1] == "base" else None
    points = tuple(
        Point(
            title=title,
            score=found[metric],
            change=None if base is None or place == base else change(base, place, metric),
        )
        for title, _, place in there
        for found in [checked(place / "scores.json")]
        if metric in found
    )
    kind = name.rpartition("-")[0]
    twins = {place.name for round in folder.rounds for place in places(folder, round.name) if kind in place.name}
    return Line(name=kind if len(twins) == 1 else name, source=told["source"], metric=metric, points=points)


def change(base: Path, other: Path, metric: str) -> Interval | None:
    """What became of the base's score, paired over tasks or over pieces of text."""
    if metric == TEXT:
        before, after = (rates(records(place / LOSSES, Loss)) for place in (base, other))
        if before.keys().isdisjoint(after):
            return None
        gap = difference(before, after)
        low, high, value = (math.expm1(bound) for bound in (gap.low, gap.high, gap.value))
        return Interval(value=value, low=low, high=high, n=gap.n)
    before, after = (metrics.passing(records(place / "verdict.jsonl", Verdict)) for place in (base, other))
    return None if before.keys().isdisjoint(after) else difference(before, after)


def rates(found: Iterable[Loss]) -> dict[str, float]:
    """The loss of each piece of text, over the mean number of tokens of a piece; their mean is that of a token."""
    counted = [one for one in found if one.tokens]
    tokens = sum(one.tokens for one in counted) / max(1, len(counted))
    return {one.id: one.nats / tokens for one in counted}


def verdict(made: Sequence[Line]) -> str:
    """What got worse, in a sentence."""
    compared = [one for one in made if one.points[-1].change is not None]
    if not compared:
        return "Nothing can be compared yet." if made else ""
    worse = [
        one.words if one.words.startswith(one.name) else f"{one.name}: {one.words}" for one in compared if one.worse
    ]
    if not worse:
        return "Nothing that was watched got worse beyond chance."
    return f"{len(worse)} of {len(compared)} watched got worse. {'; '.join(worse)}."


def section(folder: Folder) -> Markup:
    """The part of the page; empty where nothing is watched."""
    made = lines(folder)
    if not made:
        return Markup("")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(plain=typeset.plain)
    text = files("errata.evaluation").joinpath("watched.html.jinja").read_text(encoding="utf-8")
    titles = [
        round.title for round in folder.rounds if any(point.title == round.title for o in made for point in o.points)
    ]
    return Markup(
        environment.from_string(text).render(
            lines=made, titles=titles, said=verdict(made), worse=any(one.worse for one in made), figures=figures(folder)
        )
    )


def figures(folder: Folder) -> Mapping[str, Json]:
    """The charts, by the id of their place: shares of tasks in one, perplexities in the other."""
    made = lines(folder)
    found: dict[str, Json] = {}
    for name, those in {
        "watched-tasks": [one for one in made if one.metric != TEXT],
        "watched-text": [one for one in made if one.metric == TEXT],
    }.items():
        if those:
            found[name] = chart(those, [round.title for round in folder.rounds], percent=name == "watched-tasks")
    return found


def chart(those: Sequence[Line], titles: Sequence[str], *, percent: bool) -> Json:
    """A line for each source, with its intervals as bars."""
    known = {title for one in those for title in (point.title for point in one.points)}
    ticks = [title for title in titles if title in known]
    traces: list[Json] = []
    for at, one in enumerate(those):
        values = [point.score for point in one.points]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": one.name,
                "x": [ticks.index(point.title) + 0.04 * (at - (len(those) - 1) / 2) for point in one.points],
                "y": [score["value"] for score in values],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [score["high"] - score["value"] for score in values],
                    "arrayminus": [score["value"] - score["low"] for score in values],
                    "thickness": 1.2,
                    "width": 3,
                },
                "line": {"color": f"var(--{COLOURS[at % len(COLOURS)]})", "width": 2},
                "marker": {"size": 7, "symbol": MARKS[at % len(MARKS)]},
                "hovertemplate": f"{one.name}: %{{y:.{1 if percent else 2}f}}{' %' if percent else ''}<extra></extra>",
            }
        )
    layout: dict[str, Json] = {
        "height": 260,
        "showlegend": len(those) > 1,
        "xaxis": {
            "tickvals": list(range(len(ticks))),
            "ticktext": [charts.tick(title) for title in ticks],
            "zeroline": False,
            "range": [-0.25, max(len(ticks) - 0.75, 0.25)],
        },
        "yaxis": {"rangemode": "tozero", "ticksuffix": " %"} if percent else {"title": {"text": "perplexity"}},
    }
    return {"data": traces, "layout": layout}
