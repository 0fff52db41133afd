"""Figures for plotly, as the JSON that its JavaScript takes; colours are names of the page's own style (`var(--x)`)."""

from collections.abc import Mapping, Sequence

from errata.evaluation import metrics
from errata.evaluation.folder import Folder, Round
from errata.jsonl import Json
from errata.types import Outcome

MANY = 10
"""Labels that an axis holds."""
FEW = 4
"""Bars that fill a figure; fewer leave room beside them."""


def learning_curve(folder: Folder) -> Json:
    """pass@1 (and the largest pass@k that was measured) by round, with 95 % intervals; dev as a thin line."""
    rounds = folder.measured
    shown = [name for name in ("pass@1", largest(rounds[-1])) if name]
    traces: list[Json] = []
    for name, colour in zip(reversed(shown), ["second", "accent"][-len(shown) :], strict=True):
        traces.extend(_curve(rounds, name, colour))
    dev = [(at, round.dev["pass@1"]["value"]) for at, round in enumerate(rounds) if "pass@1" in round.dev]
    if dev:
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": "dev, pass@1",
                "x": [at for at, _ in dev],
                "y": [value for _, value in dev],
                "line": {"color": "var(--faint)", "dash": "dot", "width": 1.5},
                "marker": {"size": 5},
                "hovertemplate": "%{y:.1f} %",
            }
        )
    labels = _ticks(folder)
    apart = -(-len(rounds) // MANY)
    layout: dict[str, Json] = {
        "height": 340,
        "hovermode": "x unified",
        "showlegend": len(shown) + bool(dev) > 1,
        "xaxis": {
            "tickvals": list(range(len(rounds)))[::apart],
            "ticktext": labels[::apart],
            "zeroline": False,
            "range": [-0.25, max(len(rounds) - 0.75, 0.25)],
        },
        "yaxis": {"range": [0, 102], "ticksuffix": " %", "rangemode": "tozero"},
    }
    return {"data": traces, "layout": layout}


def largest(round: Round) -> str:
    """The metric with the largest k that was measured beside pass@1; empty when there is none."""
    ks = [name for name in round.held_out.scores if name.startswith("pass@")]
    return ks[-1] if len(ks) > 1 else ""


def mixes(titled: Sequence[tuple[str, Mapping[Outcome, int]]]) -> Json:
    """How programs ended, in percent, one stacked bar for each title."""
    occurred: list[Outcome] = [outcome for outcome in metrics.OUTCOMES if any(outcome in mix for _, mix in titled)]
    traces: list[Json] = []
    for outcome in occurred:
        counts = [mix.get(outcome, 0) for _, mix in titled]
        totals = [sum(mix.values()) for _, mix in titled]
        traces.append(
            {
                "type": "bar",
                "name": outcome,
                "x": [title for title, _ in titled],
                "y": [
                    round(100 * count / total, 3) if total else 0 for count, total in zip(counts, totals, strict=True)
                ],
                "customdata": [f"{count:,} of {total:,}" for count, total in zip(counts, totals, strict=True)],
                "marker": {"color": f"var(--{outcome})", "line": {"width": 0}},
                "hovertemplate": f"{outcome}: %{{y:.1f}} % (%{{customdata}})<extra></extra>",
            }
        )
    pad = max(0.0, (FEW - len(titled)) / 2)
    layout: dict[str, Json] = {
        "barmode": "stack",
        "showlegend": False,
        "bargap": 0.28,
        "height": 280,
        "xaxis": {"type": "category", "range": [-0.5 - pad, len(titled) - 0.5 + pad]},
        "yaxis": {"range": [0, 100], "ticksuffix": " %"},
    }
    return {"data": traces, "layout": layout}


def _curve(rounds: Sequence[Round], name: str, colour: str) -> list[Json]:
    """A line over its band."""
    points = [(at, round.held_out.scores[name]) for at, round in enumerate(rounds) if name in round.held_out.scores]
    at = [x for x, _ in points]
    value, low, high = ([score[key] for _, score in points] for key in ("value", "low", "high"))
    band: Json = {
        "type": "scatter",
        "x": [*at, *reversed(at)],
        "y": [*high, *reversed(low)],
        "fill": "toself",
        "fillcolor": f"var(--{colour}-band)",
        "line": {"width": 0},
        "mode": "lines",
        "hoverinfo": "skip",
        "showlegend": False,
    }
    line: Json = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": at,
        "y": value,
        "customdata": [[one, other] for one, other in zip(low, high, strict=True)],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [top - middle for top, middle in zip(high, value, strict=True)],
            "arrayminus": [middle - bottom for middle, bottom in zip(value, low, strict=True)],
            "thickness": 1.5,
            "width": 5,
            "color": f"var(--{colour})",
        },
        "line": {"color": f"var(--{colour})", "width": 2.5},
        "marker": {"size": 8, "color": f"var(--{colour})"},
        "hovertemplate": "%{y:.1f} % (%{customdata[0]:.1f} to %{customdata[1]:.1f})",
    }
    return [band, line]


def _ticks(folder: Folder) -> list[Json]:
    """`round 1` and, under it, what had been trained on by then."""
    labels: list[Json] = []
    texts, tokens = 0, 0
    trained = [round for round in folder.measured if round.examples]
    known = all(round.fitted for round in trained)
    for round in folder.measured:
        texts += round.examples
        tokens += round.fitted.tokens if round.fitted else 0
        under = f"{_short(tokens)} tok." if known else f"{_short(texts)} texts"
        small = f"<br><span style='font-size:0.85em'>{under}</span>" if texts else ""
        labels.append(tick(round.title) + small)
    return labels


def tick(title: str) -> str:
    """A round's title as a label of an axis, in two lines where one would run into the next label."""
    return title.replace(" DPO", "<br>DPO")


def _short(number: int) -> str:
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)
