"""What servers were asked in a run and what it has cost, from timing.jsonl: replies, tokens read and written, tries."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import cast

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from errata import jsonl
from errata.evaluation import typeset
from errata.jsonl import Json

ROUND = re.compile(r"(?:base|\d+)(?:/|$)")
"""What begins the name of a stage that each round has."""


@dataclass(slots=True, kw_only=True)
class Asked:
    """The replies of one stage, over all rounds, or of all stages."""

    name: str
    replies: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    again: int = 0
    """Tries beyond the first."""
    kept: int = 0
    """Replies that were there from before: asked by a run that was stopped, or by another with the same cache."""
    cost: float = 0.0

    def add(self, row: Mapping[str, Json]) -> None:
        """Count one reply."""
        self.replies += 1
        self.tokens_in += _whole(row.get("tokens_in"))
        self.tokens_out += _whole(row.get("tokens"))
        self.again += max(0, _whole(row.get("tries")) - 1)
        self.kept += _whole(row.get("kept"))
        cost = row.get("cost")
        self.cost += cost if isinstance(cost, int | float) else 0.0


def asked(path: Path) -> list[Asked]:
    """One entry a stage, the dearest first; nothing for a run that has asked no server."""
    found: dict[str, Asked] = {}
    for row in _rows(path / "timing.jsonl"):
        where = str(row.get("stage", "")).rpartition("/")[0]
        name = ROUND.sub("", where, count=1) or "samples"
        found.setdefault(name, Asked(name=name)).add(row)
    return sorted(found.values(), key=lambda one: (-one.cost, -one.tokens_in - one.tokens_out))


def together(each: list[Asked]) -> Asked:
    """The sum."""
    whole = Asked(name="together")
    for one in each:
        for name in ("replies", "tokens_in", "tokens_out", "again", "kept", "cost"):
            setattr(whole, name, getattr(whole, name) + getattr(one, name))
    return whole


def told(path: Path) -> str:
    """The sum in one line for a terminal; empty for a run that has asked no server."""
    each = asked(path)
    if not each:
        return ""
    whole = together(each)
    cost = f", cost {money(whole.cost)}" if whole.cost else ""
    return f"{whole.replies:,} replies, {whole.tokens_in:,} tokens in, {whole.tokens_out:,} tokens out{cost}"


def section(path: Path) -> Markup:
    """The report's part; empty for a run that has asked no server."""
    each = asked(path)
    if not each:
        return Markup("")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(plain=typeset.plain, money=money)
    text = files("errata.evaluation").joinpath("asked.html.jinja").read_text(encoding="utf-8")
    return Markup(environment.from_string(text).render(each=each, whole=together(each)))


def money(cost: float) -> str:
    """An amount in the unit of the prices, with the digits that it needs."""
    return f"{cost:,.2f}" if cost >= 1 else f"{cost:.4g}"


def _rows(path: Path) -> Iterator[Mapping[str, Json]]:
    """The lines of single replies that a server gave."""
    if not path.exists():
        return
    for _, line in jsonl.lines(path):
        if b'"tokens_in"' not in line:
            continue
        try:
            row = cast("Json", json.loads(line))
        except ValueError:
            # Torn: the run is under way, or was killed.
            continue
        if isinstance(row, Mapping) and "id" in row:
            yield row


def _whole(value: Json) -> int:
    return value if isinstance(value, int) else 0
