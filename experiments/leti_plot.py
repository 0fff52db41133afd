"""The plots of docs/experiments/leti.md: pass@1 by steps or tokens, as SVG that can be read on a telephone too."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import cast

Entry = Mapping[str, object]
COLOURS = ("#2456c6", "#a2680a", "#2f9e62", "#b3261e", "#8c62b8", "#d0509c", "#1299a8", "#5c6573")
DASHES = ("", ' stroke-dasharray="6 3"', ' stroke-dasharray="2 3"')
WIDTH, LEFT, TOP, TALL, ROW = 640, 40, 34, 330, 19
"""TALL: of the drawing; below it stand the axis and a row of the legend for each arm."""
AXIS = {"steps": "optimiser steps", "tokens": "tokens trained on"}


def plot(arms: Mapping[str, Entry], axis: str, names: Mapping[str, str]) -> str:
    """The curves, dots at the rounds, and a bar for the 95 % interval of each last one. names: of all arms there are,
    in an order that gives each its colour in every plot."""
    most = max((cast("Sequence[float]", arm[axis])[-1] for arm in arms.values()), default=0.0) or 1.0
    highest = max((score["high"] for arm in arms.values() for score in scores(arm)), default=1.0)
    top = 10 * (int(highest) // 10 + 1)
    # Side by side to the right of the curves where all of them end at the same step.
    aside = 7 * len(arms) + 10 if axis == "steps" else 0
    right = WIDTH - 34 - aside

    def x(value: float) -> float:
        return LEFT + (right - LEFT) * value / most

    def y(value: float) -> float:
        return TOP + TALL * (1 - value / top)

    tall = TOP + TALL + 50 + ROW * (len(arms) + 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{tall}" viewBox="0 0 {WIDTH} {tall}" '
        'font-family="sans-serif" font-size="13" role="img">',
        f"<title>pass@1 by {AXIS[axis]}</title>",
        f'<rect width="{WIDTH}" height="{tall}" fill="white"/>',
        '<text x="8" y="18" font-weight="bold">pass@1 on held-out tasks, %</text>',
    ]
    for tick in range(0, top + 1, 10):
        parts.append(f'<path d="M{LEFT} {y(tick):.1f}H{right + aside:.1f}" stroke="#e2e6ec"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick}</text>')
    for tick in ticks(arms, axis, most):
        parts.append(f'<text x="{x(tick):.1f}" y="{TOP + TALL + 20}" text-anchor="middle">{tick:,.0f}</text>')
    parts.append(f'<text x="{(LEFT + right) / 2:.1f}" y="{TOP + TALL + 40}" text-anchor="middle">{AXIS[axis]}</text>')
    ranked = sorted(arms, key=lambda name: -scores(arms[name])[-1]["value"])
    for at, name in enumerate(ranked):
        places = [
            (x(one), y(score["value"]))
            for one, score in zip(cast("Sequence[float]", arms[name][axis]), scores(arms[name]), strict=True)
        ]
        bar = right + 10 + 7 * at if aside else places[-1][0]
        last = scores(arms[name])[-1]
        parts += drawn(name, names, places, (bar, y(last["low"]), y(last["high"])))
        parts += listed(name, names, last["value"], TOP + TALL + 66 + ROW * at)
    parts.append(
        f'<text x="8" y="{TOP + TALL + 66 + ROW * len(arms)}" fill="#5c6573">'
        "Right: % at the end. Bars: its 95 % interval. Dots: rounds.</text>"
    )
    return "\n".join((*parts, "</svg>")) + "\n"


def scores(arm: Entry) -> Sequence[Mapping[str, float]]:
    """pass@1 by round."""
    return cast("Sequence[Mapping[str, float]]", arm["pass@1"])


def ticks(arms: Mapping[str, Entry], axis: str, most: float) -> Sequence[float]:
    """The rounds, where they are at the same steps for all; of tokens round numbers."""
    rounds = {tuple(cast("Sequence[float]", arm[axis])) for arm in arms.values()}
    if len(rounds) == 1:
        return next(iter(rounds))
    step = next(size for power in range(12) for size in (10**power, 2 * 10**power, 5 * 10**power) if most / size < 6)
    return [step * at for at in range(int(most / step) + 1)]


def look(name: str, names: Mapping[str, str]) -> tuple[str, str]:
    """Colour and dashes of an arm."""
    at = list(names).index(name)
    return COLOURS[at % len(COLOURS)], DASHES[at // len(COLOURS) % len(DASHES)]


def drawn(
    name: str, names: Mapping[str, str], places: Sequence[tuple[float, float]], bar: tuple[float, float, float]
) -> Iterator[str]:
    """A curve and its bar, which is (x, low, high)."""
    colour, dash = look(name, names)
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
    for px, py in places[1:]:
        yield f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>'
    at, low, high = bar
    yield f'<path d="M{at:.1f} {low:.1f}V{high:.1f}" stroke="{colour}" stroke-width="2"/>'
    yield f'<circle cx="{at:.1f}" cy="{places[-1][1]:.1f}" r="3" fill="{colour}"/>'


def listed(name: str, names: Mapping[str, str], value: float, row: int) -> Iterator[str]:
    """An arm's row of the legend."""
    colour, dash = look(name, names)
    yield f'<path d="M8 {row - 4}h30" stroke="{colour}" stroke-width="2"{dash}/>'
    yield f'<text x="46" y="{row}">{escape(names[name])}</text>'
    yield f'<text x="{WIDTH - 12}" y="{row}" text-anchor="end">{value:.1f}</text>'
