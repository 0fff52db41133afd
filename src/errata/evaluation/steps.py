"""The report's part for training in steps (AutoIF): what each step has trained on, and what its model then follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from rich.console import Console
from rich.table import Table

from errata.evaluation import watched
from errata.evaluation.folder import Folder, Round, checked, differences, look
from errata.evaluation.scoring import Scores
from errata.jsonl import Json

READ = "followed.json"
"""Beside each scores.json: the share of instructions followed, of answers on topic and cut off, and words."""
COMPARED = "compared.json"
"""In each trained model's folder: its paired differences, in points, to the base and to the step before."""
CHART = "steps"
DRAWN = {"instructions": "instructions followed", "about": "answers on topic"}
"""What the chart shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One model of the run: the base, or what a step of training has made of the one before."""

    round: Round
    form: Scores
    """followed.json; empty until the measurement is whole."""
    before: Scores = field(default_factory=dict[str, dict[str, float]])
    """`instructions` and `followed` less those of the step before, in points."""
    to_base: Scores = field(default_factory=dict[str, dict[str, float]])
    """Likewise less those of the base."""

    @property
    def trained_on(self) -> str:
        """`596 pairs`; empty where nothing was."""
        count = self.round.examples
        return f"{count:,} {'pairs' if self.round.paired else 'texts'}" if count else ""

    @property
    def answers(self) -> int:
        """Of online rounds: how many of the model's own answers the pairs were found among."""
        return sum(self.round.training.mix.values())

    @property
    def all_followed(self) -> Mapping[str, float] | None:
        """Answers in percent that follow all of their instructions."""
        return self.round.held_out.scores.get("pass@1")


def steps(folder: Folder) -> Sequence[Step]:
    """The models of a run of AutoIF that are measured, in the order of training; nothing for another recipe's run."""
    if folder.recipe.lower() != "autoif":
        return ()
    return [step(folder.path / round.name, round) for round in folder.rounds if round.held_out.scores]


def step(place: Path, round: Round) -> Step:
    """What one model's folder says."""
    others = differences(place / COMPARED)
    base = others.get("base", {})
    before = next((found for name, found in others.items() if name != "base"), base)
    return Step(round=round, form=checked(round.held_out.path / READ), before=before, to_base=base)


def said(made: Sequence[Step]) -> str:
    """What became of the base, and which step has a share in it that is beyond chance, in two sentences."""
    last = made[-1]
    change = last.to_base.get("instructions")
    if change is None:
        return ""
    went = "more" if change["low"] > 0 else "fewer" if change["high"] < 0 else "not shown to be more"
    found = f"Instructions followed after {last.round.title}: {went} than by the base ({points(change)})."
    sure = [one.round.title for one in made if (own := one.before.get("instructions")) and own["low"] > 0]
    worse = [one.round.title for one in made if (own := one.before.get("instructions")) and own["high"] < 0]
    steps = f" Beyond chance by itself: {', '.join(sure)}." if sure else " No step by itself is a gain beyond chance."
    return found + steps + (f" A loss beyond chance: {', '.join(worse)}." if worse else "")


def points(change: Mapping[str, float]) -> str:
    """`+3.4 points, 95 % interval +0.0 to +6.9`."""
    value, low, high = (signed(change[key]) for key in ("value", "low", "high"))
    return f"{value} points, 95 % interval {low} to {high}"


def signed(number: float) -> str:
    return f"{number:+.1f}".replace("-", "−")


def table(path: Path) -> None:
    """Print what each model of a run follows of the held-out instructions, and what became of the base."""
    made = steps(look(path))
    if not made:
        return
    shown = Table(title="held-out instructions followed, %, with 95 % intervals", title_justify="left")
    for name in ("", "followed", "less the base", "on topic"):
        shown.add_column(name, justify="right" if name else "left", no_wrap=True)
    for one in made:
        cells = (spread(one.form.get("instructions"), ""), spread(one.to_base.get("instructions"), "+"))
        topic = one.form.get("about")
        shown.add_row(one.round.title, *cells, f"{topic['value']:.1f}" if topic else "")
    console = Console(highlight=False)
    console.print(shown)
    if sentence := said(made):
        console.print(sentence, soft_wrap=True)


def spread(found: Mapping[str, float] | None, sign: str) -> str:
    """`52.8 (47.8 to 57.8)`; empty where nothing was measured."""
    return f"{found['value']:{sign}.1f} ({found['low']:{sign}.1f} to {found['high']:{sign}.1f})" if found else ""


def section(folder: Folder) -> Markup:
    """The part of the page; empty where no model of such a run has been measured."""
    made = steps(folder)
    if not made:
        return Markup()
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(signed=signed)
    text = files("errata.evaluation").joinpath("steps.html.jinja").read_text(encoding="utf-8")
    drawn = bool(figures(folder))
    return Markup(environment.from_string(text).render(steps=made, said=said(made), chart=CHART if drawn else ""))


def figures(folder: Folder) -> Mapping[str, Json]:
    """The part's chart, by the id of its place: instructions followed and answers on topic, model by model."""
    made = steps(folder)
    lines = [
        watched.Line(name=words, source="", metric=name, points=points)
        for name, words in DRAWN.items()
        if (points := along(made, name))
    ]
    titles = [one.round.title for one in made]
    return {CHART: watched.chart(lines, titles, percent=True)} if lines and len(made) > 1 else {}


def along(made: Sequence[Step], name: str) -> tuple[watched.Point, ...]:
    return tuple(
        watched.Point(title=one.round.title, score=one.form[name], change=None) for one in made if name in one.form
    )
