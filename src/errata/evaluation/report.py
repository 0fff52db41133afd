"""report.html: one page that says what a run did, made from its folder alone; and the same as a table for a terminal.

The page opens without a network. What models wrote is escaped, cut and shown as text; and should an escape ever be
missed, the page's own policy still runs no script but the two whose digests it names. plotly.js lies in it
compressed (2 MB for 4.8) and is unpacked by the browser, so every number of a chart stands in a table too.
"""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from rich.console import Console
from rich.table import Table

from errata import jsonl
from errata.evaluation import asked, charts, metrics, sections, steps, telling, typeset, watched
from errata.evaluation.departures import departures
from errata.evaluation.folder import Folder, Round, look
from errata.evaluation.intervals import Interval
from errata.evaluation.scoring import Scores
from errata.evaluation.terms import terms
from errata.jsonl import Json
from errata.judges.hacks import KINDS
from errata.types import Outcome, Part

PAGE = "report.html"
DARK, LIGHT = "github-dark", "xcode"
PARTS = 6
HIDDEN_TEST = re.compile(r"hidden\[\d+\]$")
DOING = {"sample": "sample", "verdict": "judge", "feedback": "explain", "model": "train", "loss": "read"}
"""What a stage does, by the name of what it makes."""
MEASURED = {"/watch/": "watched", "/held-out": "held-out", "/dev": "dev"}
"""What is measured there, by what the folder's name holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A round in the table."""

    round: Round
    gain: Interval | None
    best: bool
    """Best on the dev split, of several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One program of a card, typeset."""

    told: telling.Told
    program: Markup
    cut: str
    words: typeset.Excerpt
    public: tuple[Part, ...]
    hidden: tuple[bool, ...]
    """Which of the hidden tests pass; their text is nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One of the most telling samples."""

    pick: telling.Pick
    sides: tuple[Side, ...]


def report(path: Path) -> Path:
    """Write report.html into a run's folder and return its path; a run that is not finished has one too.

    Errors: UsageError when the folder is no run or a file of it is broken.
    """
    folder = look(path)
    boot, plotly = _asset("report.js"), _plotly()
    spent = stages(folder)
    mixes = _mixes(folder)
    called = terms(folder.recipe, events=bool(_arguments(folder)))
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(plain=typeset.plain, seconds=duration)
    page = environment.from_string(_asset("report.html.jinja")).render(
        folder=folder,
        name=path.resolve().name,
        rows=rows(folder),
        conditions=conditions(folder),
        departures=tuple(departures(folder.recipe, folder.settings)),
        settings={name: json.dumps(value, ensure_ascii=False) for name, value in folder.settings.items()},
        stages=spent,
        terms=called,
        most=charts.largest(folder.measured[-1]) if folder.measured else "",
        total=sum(seconds for _, seconds, _, _ in spent),
        tokens_known=any(tokens for _, _, _, tokens in spent),
        mixes=mixes,
        hacks=KINDS,
        outcomes=[name for name in metrics.OUTCOMES if any(name in mix for _, mix in mixes)],
        cards=tuple(_cards(folder, python=called.python)),
        figures={
            **_figures(folder),
            **steps.figures(folder),
            **sections.figures(folder),
            **watched.figures(folder),
        },
        steps=steps.section(folder),
        compared=sections.section(folder),
        watched=watched.section(folder),
        asked=asked.section(path),
        draws=metrics.draws(folder.measured[-1].held_out.rows) if folder.measured else 0,
        style=Markup("\n").join(map(Markup, styles())),
        boot=Markup(boot),
        plotly=Markup(base64.b64encode(gzip.compress(plotly.encode(), mtime=0)).decode()),
        scripts=[_digest(boot), _digest(plotly)],
        parts=PARTS,
    )
    jsonl.write_whole(path / PAGE, page)
    return path / PAGE


def table(path: Path) -> None:
    """Print held-out pass@1 by round with 95 % intervals, the difference to the base, and pass@1 by condition."""
    folder = look(path)
    console = Console(highlight=False)
    tasks = {f"{round.held_out.scores['pass@1']['n']:.0f}" for round in folder.measured}
    called = terms(folder.recipe)
    title = f"{called.score} on {', '.join(sorted(tasks)) or 'no'} held-out task{'s' if tasks != {'1'} else ''}, %"
    by_round = Table(title=title, title_justify="left")
    columns = ("", called.score, "95 % interval", "to the base", "95 % interval")
    for name in (*columns, "hack rate") if called.python else columns:
        by_round.add_column(name, justify="right" if name else "left", no_wrap=name != "hack rate")
    starred = False
    for row in rows(folder):
        score = row.round.held_out.scores.get("pass@1")
        if score is None:
            continue
        starred |= row.best
        gain = ("", "")
        if row.gain:
            gain = (f"{100 * row.gain.value:+.1f}", _span(100 * row.gain.low, 100 * row.gain.high, "+"))
        name = row.round.title + (" *" if row.best else "")
        hacked = f"{row.round.held_out.hacks.rate:.1f}" if row.round.held_out.hacks.samples else ""
        cells = (f"{score['value']:.1f}", _span(score["low"], score["high"]), *gain)
        by_round.add_row(name, *cells, *((hacked,) if called.python else ()))
    by_round.caption = "* best on dev" if starred else None
    by_round.caption_justify = "left"
    console.print(by_round)
    if found := _arguments(folder):
        console.print(_by_argument(found))
    if called.python and any(round.training.hacks.tried or round.training.hacks.pots for round in folder.rounds):
        console.print(_tries(folder))
    temperatures, found = conditions(folder)
    if found:
        by_goal = Table(title=f"pass@1 by what {_last(folder)} is asked for, %", title_justify="left")
        by_goal.add_column("")
        for temperature in temperatures:
            by_goal.add_column(f"T = {temperature}", justify="right")
        for goal, scores in found:
            cells = [f"{s['value']:.1f}  ({_span(s['low'], s['high'])})" if s else "" for s in scores]
            by_goal.add_row("no token" if goal == "none" else goal, *cells)
        console.print(by_goal)
    if seen := watched.lines(folder):
        console.print(watched.verdict(seen), markup=False, emoji=False)


def _arguments(folder: Folder) -> list[Round]:
    """Rounds that were measured on event arguments."""
    return [round for round in folder.measured if "arg_c_f1" in round.held_out.scores]


def _by_argument(rounds: Sequence[Round]) -> Table:
    """F1 of identified and of classified event arguments, by round."""
    title = "F1 of event arguments, %: identified (Arg-I), in the right role (Arg-C)"
    made = Table(title=title, title_justify="left")
    for name in ("", "Arg-I", "95 % interval", "Arg-C", "95 % interval", "hallucinated"):
        made.add_column(name, justify="right" if name else "left", no_wrap=True)
    for round in rounds:
        scores = round.held_out.scores
        both = [scores[name] for name in ("arg_i_f1", "arg_c_f1")]
        cells = [cell for one in both for cell in (f"{one['value']:.1f}", _span(one["low"], one["high"]))]
        made.add_row(round.title, *cells, f"{scores['hallucinated']['value']:.1f}")
    return made


def _tries(folder: Folder) -> Table:
    """Training samples that tried to fool the judge, by round, and what came of the honeypots."""
    made = Table(title="training samples that tried to fool the judge", title_justify="left")
    for name in ("", "hack rate", "impossible tests passed"):
        made.add_column(name, justify="right" if name else "left")
    for round in folder.rounds:
        found = round.training.hacks
        if found.samples:
            made.add_row(round.title, found.words, f"{found.taken} of {found.pots}" if found.pots else "")
    return made


def rows(folder: Folder) -> list[Row]:
    """Every round, with its paired difference to the base and whether it is the best on dev."""
    dev = {r.name: r.dev["pass@1"]["value"] for r in folder.rounds if "pass@1" in r.dev and r.name != "base"}
    # The first of equals, as the recipe chooses.
    best = max(dev, key=lambda name: dev[name]) if len(dev) > 1 else ""
    return [Row(round=round, gain=folder.gain(round), best=round.name == best) for round in folder.rounds]


def conditions(folder: Folder) -> tuple[list[str], list[tuple[str, list[dict[str, float] | None]]]]:
    """Temperatures, and the pass@1 at each: of the base, and of the last round asked for good, bad and neither."""
    measured = [round for round in folder.rounds if round.conditioned and round.name != "base"]
    if not measured:
        return [], []
    found = measured[-1].conditioned
    temperatures = sorted({temperature for _, temperature in found}, key=float)
    goals = [goal for goal in ("good", "bad", "none") if any(key[0] == goal for key in found)]
    base = next((round.conditioned for round in folder.rounds if round.name == "base"), dict[tuple[str, str], Scores]())
    lines = [("base", [base.get(("none", t), {}).get("pass@1") for t in temperatures])] if base else []
    lines += [(goal, [found.get((goal, t), {}).get("pass@1") for t in temperatures]) for goal in goals]
    return temperatures, lines


def stages(folder: Folder) -> list[tuple[str, float, int, int]]:
    """Kind of stage, seconds, items, tokens, summed over rounds; the dearest first."""
    found: dict[str, tuple[float, int, int]] = {}
    for stretch in folder.seconds:
        where, _, what = stretch.stage.rpartition("/")
        what = DOING.get(what, what)
        kind = what
        for mark, name in MEASURED.items():
            if mark in f"/{where}":
                kind = f"{what}, {name}"
                break
        seconds, items, tokens = found.get(kind, (0.0, 0, 0))
        found[kind] = (seconds + stretch.seconds, items + stretch.items, tokens + stretch.tokens)
    trained = sum(round.fitted.tokens for round in folder.rounds if round.fitted)
    if "train" in found and not found["train"][2]:
        found["train"] = (*found["train"][:2], trained)
    return sorted(((kind, *sums) for kind, sums in found.items()), key=lambda row: -row[1])


def duration(seconds: float) -> str:
    """`48 s`, `3 min 20 s`, `2 h 05 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60:02} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _figures(folder: Folder) -> dict[str, Json]:
    figures: dict[str, Json] = {}
    if folder.measured:
        # Of one model alone a curve is one point, which stands in the table.
        if folder.measured[-1].name != "model":
            figures["curve"] = charts.learning_curve(folder)
        figures["held-out"] = charts.mixes([(r.title, r.held_out.mix) for r in folder.measured])
    if trained := [(r.title, r.training.mix) for r in folder.rounds if r.training.mix]:
        figures["training"] = charts.mixes(trained)
    return figures


def _mixes(folder: Folder) -> list[tuple[str, dict[Outcome, int]]]:
    """The charts' numbers, for the table under them."""
    trained = [(f"{r.title}, training", r.training.mix) for r in folder.rounds if r.training.mix]
    return trained + [(f"{r.title}, held-out", r.held_out.mix) for r in folder.measured]


def _cards(folder: Folder, *, python: bool) -> Iterator[Card]:
    seed = folder.settings.get("seed")
    picks = telling.pick(folder, seed if isinstance(seed, int) else 0)
    told = telling.tell(picks)
    for pick in picks:
        sides = tuple(_side(told[place], python=python) for place in pick.places if place in told)
        if sides:
            yield Card(pick=pick, sides=sides)


def _side(told: telling.Told, *, python: bool) -> Side:
    shown = typeset.excerpt(told.program)
    failed = typeset.lines_named(told.verdict.detail) if told.verdict.passed is False else frozenset[int]()
    return Side(
        told=told,
        program=typeset.program(shown.text, dim=told.given, failed=failed, python=python),
        cut=shown.note,
        words=typeset.excerpt(told.words, lines=24),
        public=tuple(part for part in told.verdict.parts if not HIDDEN_TEST.match(part.name)),
        hidden=tuple(part.passed for part in told.verdict.parts if HIDDEN_TEST.match(part.name)),
    )


def styles() -> Iterator[str]:
    """The style sheets of the house: of its pages, and of programs in light and in dark."""
    yield _asset("report.css")
    yield typeset.colours(LIGHT, ".code")
    yield "@media screen and (prefers-color-scheme: dark) {\n" + typeset.colours(DARK, ".code") + "\n}"


def _asset(name: str) -> str:
    return files("errata.evaluation").joinpath(name).read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    return files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")


def _digest(script: str) -> str:
    """The script as the page's Content-Security-Policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _last(folder: Folder) -> str:
    return next(round.title for round in reversed(folder.rounds) if round.conditioned)


def _span(low: float, high: float, sign: str = "") -> str:
    return f"{low:{sign}.1f} to {high:{sign}.1f}"
