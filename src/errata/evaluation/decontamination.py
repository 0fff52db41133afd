"""Do made instructions stand in the benchmarks that the model is measured on? By words in a row, and reworded.

- **Words in a row**: a text shares n words in a row with a benchmark's prompt (n = 13 and 8; AutoIF, table 4, has 13).
  A text of fewer than n words counts where it stands there whole and has at least `whole` words.
- **Reworded**: the likeness of its wording with a prompt, or with one sentence or clause of it, is at least `likeness`
  (`errata.evaluation.wording`: stems, synonyms of instructions as one, rare words weigh more).

Short instructions that everybody writes ("Do not use commas") are found by both, and are no proof of copying: the
report shows each beside what it was found near to, so that a person can judge.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from errata import jsonl
from errata.errors import UsageError
from errata.evaluation.wording import Wordings, grams, plain
from errata.jsonl import Json
from errata.tasks import load
from errata.types import Task

FILE = "decontamination.json"
SHOWN = 12
"""Hits of a benchmark that the report shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decontaminating:
    """How made texts are compared with benchmarks."""

    against: tuple[str, ...] = ()
    """Benchmarks to compare with, NAME:FILE each, such as `ifeval:input_data.jsonl` and `followbench:DIR`; the held-out
    tasks are compared with in any case."""
    words: tuple[int, ...] = (13, 8)
    """Words in a row that count as an overlap, one share reported for each."""
    whole: int = 5
    """A text of fewer words in a row counts where it has at least this many and stands in a prompt whole."""
    likeness: float = 0.55
    """Likeness of wording, 0 to 1, from which a text counts as reworded."""
    drop: bool = False
    """Leave out what shares the longest of the stretches, or is reworded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One made text that stands in a benchmark."""

    id: str
    benchmark: str
    task: str
    """The benchmark's task."""
    measure: str
    """`13 words`, `8 words` or `reworded`."""
    likeness: float
    """Of a reworded text, 0 to 1; else 1."""
    text: str
    words: str
    """The stretch, or the part of the prompt, that it was found near to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contamination:
    """What was found."""

    texts: int
    """Made texts that were looked at."""
    benchmarks: Mapping[str, int]
    """Benchmarks and their prompts."""
    measures: Sequence[str]
    hits: Sequence[Hit]
    """At most one a text, benchmark and measure."""

    def share(self, benchmark: str, measure: str) -> float:
        """Percent of the made texts that were found so."""
        found = {hit.id for hit in self.hits if hit.benchmark == benchmark and hit.measure == measure}
        return round(100 * len(found) / self.texts, 2) if self.texts else 0.0

    def unclean(self) -> frozenset[str]:
        """The ids of texts that share the longest stretch, or are reworded."""
        strong = {self.measures[0], "reworded"} if self.measures else set[str]()
        return frozenset(hit.id for hit in self.hits if hit.measure in strong)


def told(found: Contamination) -> Mapping[str, Json]:
    """As decontamination.json has it."""
    return jsonl.plain(found)


def look(run: Path) -> Contamination | None:
    """What a run has found; none where it has not looked. Raises UsageError for a file that is no such thing."""
    path = run / FILE
    return jsonl.parse(path.read_bytes(), Contamination, str(path)) if path.exists() else None


def section(run: Path) -> Markup:
    """The part of the report; empty for a run that makes no instructions."""
    found = look(run)
    if found is None:
        return Markup()
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = files("errata.evaluation").joinpath("decontamination.html.jinja").read_text(encoding="utf-8")
    nearest = sorted(found.hits, key=lambda hit: (found.measures.index(hit.measure), -hit.likeness, hit.id))
    shown = {name: [hit for hit in nearest if hit.benchmark == name][:SHOWN] for name in found.benchmarks}
    return Markup(environment.from_string(text).render(found=found, shown=shown))


def benchmarks(settings: Decontaminating) -> dict[str, Sequence[Task]]:
    """The benchmarks by their names. Raises UsageError for what cannot be read and for a name that is there twice."""
    found: dict[str, Sequence[Task]] = {}
    for source in settings.against:
        name = source.partition(":")[0].partition("[")[0]
        if name in found:
            raise UsageError(f"against: {name} stands there twice")
        found[name] = load(source)
    return found


def all_known(settings: Decontaminating, held_out: str) -> dict[str, Sequence[Task]]:
    """The benchmarks, and under `held out` the tasks that scores are reported on, where these are not among them."""
    found = benchmarks(settings)
    if held_out and held_out not in settings.against:
        found["held out"] = load(held_out)
    return found


def compare(
    made: Mapping[str, str], settings: Decontaminating, known: Mapping[str, Sequence[Task]] | None = None
) -> Contamination:
    """Made texts by their ids against the benchmarks; `known` where these are loaded already."""
    loaded = benchmarks(settings) if known is None else known
    measures = [f"{n} words" for n in sorted(settings.words, reverse=True)] + ["reworded"]
    hits: list[Hit] = []
    for name, tasks in loaded.items():
        prompts = {task.id: task.instruction for task in tasks}
        for n in sorted(settings.words, reverse=True):
            hits += in_a_row(made, name, prompts, n, settings.whole)
        hits += reworded(made, name, prompts, settings.likeness)
    sizes = {name: len(tasks) for name, tasks in loaded.items()}
    return Contamination(texts=len(made), benchmarks=sizes, measures=measures, hits=hits)


def in_a_row(made: Mapping[str, str], name: str, prompts: Mapping[str, str], n: int, whole: int) -> Iterator[Hit]:
    split = {task: plain(text) for task, text in prompts.items()}
    of: dict[int, dict[tuple[str, ...], str]] = {}
    for one, text in made.items():
        words = plain(text)
        size = min(n, len(words))
        if size < min(n, whole):
            continue
        if size not in of:
            of[size] = {gram: task for task, known in reversed(split.items()) for gram in grams(known, size)}
        found = next((gram for gram in sorted(grams(words, size)) if gram in of[size]), None)
        if found:
            yield Hit(
                id=one,
                benchmark=name,
                task=of[size][found],
                measure=f"{n} words",
                likeness=1.0,
                text=text,
                words=" ".join(found),
            )


def reworded(made: Mapping[str, str], name: str, prompts: Mapping[str, str], likeness: float) -> Iterator[Hit]:
    wordings = Wordings(prompts)
    for one, text in made.items():
        near = wordings.nearest(text, likeness)
        if near:
            yield Hit(
                id=one,
                benchmark=name,
                task=near.name,
                measure="reworded",
                likeness=near.likeness,
                text=text,
                words=near.words,
            )
