"""The report's part for instructions: IFEval's four accuracies, FollowBench's three figures, and each kind apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from errata import jsonl
from errata.evaluation import ifeval, levels
from errata.evaluation.folder import Folder
from errata.evaluation.scoring import Scores
from errata.types import Verdict

ACCURACIES = {
    "prompt_strict": "prompts, strict",
    "instruction_strict": "instructions, strict",
    "prompt_loose": "prompts, loose",
    "instruction_loose": "instructions, loose",
}
LEVELLED = {
    **{f"hsr:{level}": f"all constraints satisfied, level {level}" for level in levels.LEVELS},
    "hsr": "all constraints satisfied (HSR)",
    **{f"ssr:{level}": f"constraints satisfied, level {level}" for level in levels.LEVELS},
    "ssr": "constraints satisfied (SSR)",
    "csl": "levels without a gap (CSL, of 5)",
}
NAMES = ACCURACIES | LEVELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure of one round."""

    round: str
    what: str
    value: float
    low: float
    high: float
    n: int


def section(folder: Folder) -> Markup:
    """The part of the page; empty where no answer was judged by instructions."""
    lines = [line for one in folder.measured for line in of(one.title, one.held_out.scores)]
    if not lines:
        return Markup()
    kinds = by_instruction(folder.measured[-1].held_out.path)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = files("errata.evaluation").joinpath("followed.html.jinja").read_text(encoding="utf-8")
    return Markup(environment.from_string(text).render(lines=lines, kinds=kinds, last=folder.measured[-1].title))


def of(title: str, scores: Scores) -> Sequence[Line]:
    return [
        Line(round=title, what=what, value=one["value"], low=one["low"], high=one["high"], n=int(one["n"]))
        for name, what in NAMES.items()
        if (one := scores.get(name))
    ]


def by_instruction(path: Path) -> dict[str, tuple[int, int, int]]:
    """Each kind of instruction in the verdicts of a folder: followed strictly, loosely, asked for."""
    return ifeval.by_instruction(jsonl.growing(path / "verdict.jsonl", Verdict))
