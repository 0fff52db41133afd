"""The paper's account of why ILF works, measured for each arm: how likely its texts were to the base (figure 3 there),
how far they are from the failing programs, and how far training on them has moved the model."""

from collections.abc import Iterable, Mapping
from statistics import fmean, median

from errata import jsonl
from errata.evaluation import likelihood
from errata.evaluation.intervals import mean
from errata.jsonl import Json
from errata.recipes import arms
from errata.runs import Run
from errata.text import edit_distance
from errata.types import Demo, Sample, Text

SURPRISING = 100.0
"""The perplexity from which on the paper's figure 3 counts."""


def account(run: Run, bench: arms.Bench, trained: Mapping[str, str]) -> None:
    """`account.json` in each arm's folder; what stands is not measured again."""
    for name, model in trained.items():
        place = arms.place(bench.step, name)
        place.value("account.json", lambda place=place, model=model: measured(run, place, bench, model))


def measured(run: Run, place: Run, bench: arms.Bench, model: str) -> Mapping[str, Json]:
    """One arm's account."""
    demos = list(jsonl.iterate(place.path / "example.jsonl", Demo))
    old = {row.task.id: arms.behind(row.old, row.problem) or row.old for row in bench.heard["tasks"]}
    perplexities = likelihood.perplexities(bench.model, [(demo.context, demo.target) for demo in demos])
    # Of the code alone: the problem's text before it is the same in both.
    distances = [edit_distance(demo.target, old[arms.task_of(demo)]) for demo in demos]
    written = replies(run)
    moved = likelihood.divergences(model, bench.model, written)
    return {
        "tasks": len(demos),
        "perplexity": {
            "median": round(median(perplexities), 4),
            "mean": round(fmean(perplexities), 4),
            "surprising": round(100 * fmean(value >= SURPRISING for value in perplexities), 2),
            "each": {arms.task_of(demo): round(value, 4) for demo, value in zip(demos, perplexities, strict=True)},
        },
        "distance": {
            "mean": round(fmean(distances), 4),
            "each": {arms.task_of(demo): round(value, 4) for demo, value in zip(demos, distances, strict=True)},
        },
        "kl": nats(moved),
    }


def replies(run: Run) -> list[tuple[Text, str]]:
    """The base's first reply to each held-out task: the same words for every arm, and none that it was trained on."""
    first: dict[str, Sample] = {}
    for sample in jsonl.iterate(run.at("base").at("held-out").path / "sample.jsonl", Sample):
        if sample.task not in first or draw(sample.id) < draw(first[sample.task].id):
            first[sample.task] = sample
    return [(first[task].prompt, first[task].text) for task in sorted(first)]


def draw(id: str) -> int:
    return int(id.rpartition("#")[2])


def nats(values: Iterable[float]) -> dict[str, float]:
    """A mean over tasks with its 95 % interval, in nats a token."""
    found = list(values)
    over = mean(found, bounds=(0.0, max(found)))
    return {"value": round(over.value, 5), "low": round(over.low, 5), "high": round(over.high, 5), "n": over.n}
