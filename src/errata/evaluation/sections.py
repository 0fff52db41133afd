"""The report's part for recipes that make data or have arms: yields, what was asked, the arms, why it may work."""

from collections.abc import Mapping
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from errata.evaluation import decontamination, followed, funnel, typeset
from errata.evaluation.compared import Compared, compare
from errata.evaluation.folder import Folder
from errata.jsonl import Json

SETS = {"refine": "to mend (refine)", "tasks": "to say what is wrong (tasks)"}


def section(folder: Folder) -> Markup:
    """The part of the page; empty for a recipe that neither makes its data nor has arms."""
    made = followed.section(folder) + funnel.section(folder.path) + decontamination.section(folder.path)
    rounds = compare(folder)
    if not rounds:
        return made
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(plain=typeset.plain)
    text = files("errata.evaluation").joinpath("compared.html.jinja").read_text(encoding="utf-8")
    ids = [name(at) for at in range(len(rounds))]
    return made + Markup(environment.from_string(text).render(rounds=rounds, names=SETS, ids=ids))


def figures(folder: Folder) -> Mapping[str, Json]:
    """The part's charts, by the id of their place."""
    return {
        name(at): perplexities(one) for at, one in enumerate(compare(folder)) if any(arm.account for arm in one.arms)
    }


def name(at: int) -> str:
    return f"perplexities-{at}"


def perplexities(one: Compared) -> Json:
    """How likely each text of each arm was, one point a task on a logarithmic axis (figure 3 of the paper)."""
    traces: list[Json] = [
        {
            "type": "box",
            "name": arm.name,
            "x": list(arm.account.each.values()),
            "text": list(arm.account.each),
            "boxpoints": "all",
            "jitter": 0.6,
            "pointpos": 0,
            "marker": {"size": 4, "opacity": 0.55, "color": f"var(--{'accent' if arm.name == 'ilf' else 'second'})"},
            "line": {"width": 1.5},
            "fillcolor": "rgba(0,0,0,0)",
            "hovertemplate": "%{text}: %{x:.2f}<extra></extra>",
        }
        for arm in reversed(one.arms)
        if arm.account
    ]
    layout: dict[str, Json] = {
        "height": 90 + 46 * len(traces),
        "showlegend": False,
        "xaxis": {"type": "log", "title": {"text": "perplexity under the base"}, "dtick": 1},
        "yaxis": {"automargin": True},
    }
    return {"data": traces, "layout": layout}
