"""What each stage of a run that makes its data has left over, as a table for a terminal and a part of the report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from rich.console import Console
from rich.table import Table

from errata import jsonl
from errata.evaluation import typeset
from errata.jsonl import Json

NAME = "funnel.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """What is left at one point."""

    stage: str
    """The folder that it lies in."""
    what: str
    n: int
    of: int | None = None
    """Of how many, where it is a part of something."""
    dropped: bool = False
    """Whether this is what was left out rather than what was kept."""

    @property
    def share(self) -> float | None:
        """In percent."""
        return 100 * self.n / self.of if self.of else None


def plain(rows: Iterable[Yield]) -> list[Json]:
    """As funnel.json has it."""
    return [jsonl.plain(row) for row in rows]


def look(run: Path) -> Sequence[Yield]:
    """The funnel of a run; nothing where it has none."""
    path = run / NAME
    return list(jsonl.iterate(path, Yield)) if path.exists() else ()


def table(run: Path) -> None:
    """Print the funnel of a run, if it has one."""
    if not (rows := look(run)):
        return
    shown = Table(title="what each stage left", title_justify="left")
    for name in ("", "", "n", "%"):
        shown.add_column(name, justify="right" if name else "left")
    stage = ""
    for row in rows:
        style = "dim" if row.dropped else ""
        share = "" if row.share is None else f"{row.share:.1f}"
        shown.add_row(row.stage if row.stage != stage else "", row.what, f"{row.n:,}", share, style=style)
        stage = row.stage
    Console(highlight=False).print(shown)


def section(run: Path) -> Markup:
    """The part of the report; empty for a run without a funnel."""
    rows = look(run)
    if not rows:
        return Markup("")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(plain=typeset.plain)
    text = files("errata.evaluation").joinpath("funnel.html.jinja").read_text(encoding="utf-8")
    stages: dict[str, list[Yield]] = {}
    for row in rows:
        stages.setdefault(row.stage, []).append(row)
    return Markup(environment.from_string(text).render(stages=stages))
