"""The arms of a round of ILF side by side, read from the run's folder as far as it has come."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from rich.console import Console
from rich.table import Table

from errata import jsonl
from errata.evaluation import metrics
from errata.evaluation.folder import Folder, Judged, Round, checked, judged, look
from errata.evaluation.intervals import Interval, difference
from errata.evaluation.scoring import Scores
from errata.jsonl import Json
from errata.types import Feedback

WIDE = 128
WORDS = {
    "ilf": "refinements from feedback",
    "gold": "reference programs",
    "human": "refinements by the annotators",
    "no-feedback": "refinements without feedback",
    "unrelated": "refinements from another task's feedback",
    "model-feedback": "refinements from a model's feedback",
    "few-shot": "refinements by a model that was shown examples",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refining:
    """How well failing programs were refined."""

    scores: Scores
    """pass@k of the refinements, by hidden tests too."""
    mended: float
    """Share of the tasks with one refinement at least that passes the public tests, 0 to 1."""
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The paper's account of why it works, for one arm."""

    tasks: int
    perplexity: float
    """Median over its texts, under the model that the round began with."""
    surprising: float
    """Texts in percent whose perplexity is 100 and above."""
    each: dict[str, float]
    """Perplexity by task."""
    distance: float
    """Mean edit distance from the failing program, by the longer of the two."""
    distances: dict[str, float]
    kl: dict[str, float]
    """Nats a token from the model that the round began with, on held-out replies: value, low, high, n."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One arm of a round."""

    name: str
    held_out: Judged
    refining: Refining | None
    account: Account | None
    to_base: Interval | None
    """pass@1 less that of the base, paired over tasks."""
    to_ilf: Interval | None
    """pass@1 of `ilf` less this arm's, paired over tasks."""
    to_ilf_10: Interval | None
    """The same of pass@10, where it was measured."""

    @property
    def words(self) -> str:
        name = self.name.removesuffix("-2")
        return WORDS.get(name, name) + (", 2 examples" if self.name.endswith("-2") else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What people were asked in a round, and what came of it."""

    name: str
    """`refine` or `tasks`."""
    tasks: int
    """Tasks that were sampled."""
    questions: int
    """Of these, tasks of which no sample passed."""
    answers: int
    mended: int
    """Answers whose refinement passes."""
    authors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One round of ILF."""

    title: str
    asked: tuple[Asked, ...]
    arms: tuple[Arm, ...]

    @property
    def simulated(self) -> bool:
        """Whether a program stood in for people."""
        return any(author.startswith("simulated:") for asked in self.asked for author in asked.authors)


def compare(folder: Folder) -> tuple[Compared, ...]:
    """The rounds of a run of ILF; nothing for a run of something else."""
    if folder.recipe.lower() != "ilf":
        return ()
    base = next((round.held_out for round in folder.rounds if round.name == "base"), None)
    return tuple(one for round in folder.rounds if round.name != "base" and (one := compared(folder, round, base)))


def compared(folder: Folder, round: Round, base: Judged | None) -> Compared | None:
    """A round's questions and arms; none before anything was sampled."""
    here = folder.path / round.name
    asked = tuple(found for name in ("refine", "tasks") if (found := questions(here / name)))
    if not asked:
        return None
    # A later round begins with the model of the one before, but the base is what all are compared with.
    places = {"ilf": here, **{path.name: path for path in sorted((here / "arms").glob("*")) if path.is_dir()}}
    measured = {name: round.held_out if name == "ilf" else judged(path / "held-out") for name, path in places.items()}
    own = measured["ilf"]
    order = {name: at for at, name in enumerate(WORDS)}
    # A folder that somebody's own program has put beside the arms comes last.
    names = sorted(places, key=lambda name: (order.get(name.removesuffix("-2"), len(order)), name))
    arms = tuple(
        Arm(
            name=name,
            held_out=measured[name],
            refining=refining(places[name]),
            account=account(places[name] / "account.json"),
            to_base=between(base, measured[name]) if base else None,
            to_ilf=between(measured[name], own) if name != "ilf" else None,
            to_ilf_10=between(measured[name], own, 10) if name != "ilf" else None,
        )
        for name in names
        if name == "ilf" or measured[name].scores or (places[name] / "refined.json").exists()
    )
    return Compared(title=round.title, asked=asked, arms=arms)


def between(base: Judged, other: Judged, k: int = 1) -> Interval | None:
    """`other - base` in pass@k, paired; none until both are measured with so many draws."""
    if not base.scores or not other.scores or min(metrics.draws(base.rows), metrics.draws(other.rows)) < k:
        return None
    first, second = metrics.passing(base.rows, k), metrics.passing(other.rows, k)
    return None if first.keys().isdisjoint(second) else difference(first, second)


def questions(place: Path) -> Asked | None:
    """What one set's folder says."""
    if not (place / "sample.jsonl").exists():
        return None
    tasks = {row.task for row in judged(place).rows}
    mended = judged(place / "mended")
    said = list(jsonl.growing(place / "feedback.jsonl", Feedback))
    return Asked(
        name=place.name,
        tasks=len(tasks),
        questions=sum(1 for _ in jsonl.lines(place / "question.jsonl")) if (place / "question.jsonl").exists() else 0,
        answers=len(said),
        mended=mended.mix.get("passed", 0),
        authors=tuple(sorted({row.author for row in said})),
    )


def refining(place: Path) -> Refining | None:
    """The refinements of an arm; none where it has none."""
    scores = checked(place / "refined.json")
    if not scores:
        return None
    found: dict[str, bool] = {}
    for row in judged(place).rows:
        found[row.task] = found.get(row.task, False) or metrics.public(row)
    return Refining(scores=scores, mended=sum(found.values()) / max(1, len(found)), tasks=len(found))


def account(path: Path) -> Account | None:
    """account.json; none until it is there."""
    if not path.exists():
        return None
    match cast("Json", json.loads(path.read_bytes())):
        case {
            "tasks": int(tasks),
            "perplexity": {"median": float(middle), "surprising": float(surprising), "each": dict(each)},
            "distance": {"mean": float(distance), "each": dict(distances)},
            "kl": dict(kl),
        }:
            return Account(
                tasks=tasks,
                perplexity=middle,
                surprising=surprising,
                each=numbers(each),
                distance=distance,
                distances=numbers(distances),
                kl=numbers(kl),
            )
        case _:
            return None


def numbers(table: Mapping[str, Json]) -> dict[str, float]:
    return {name: float(value) for name, value in table.items() if isinstance(value, int | float)}


def table(path: Path) -> None:
    """Print every round's arms side by side: held-out pass@1 and pass@k, and the paired differences."""
    folder = look(path)
    console = Console(highlight=False)
    if not console.is_terminal:
        # A file or a pipe takes the whole table.
        console.width = WIDE
    base = next((round.held_out.scores.get("pass@1") for round in folder.rounds if round.name == "base"), None)
    if base:
        tasks = f"{base['n']:.0f} held-out task{'s' if base['n'] != 1 else ''}"
        console.print(f"base: {base['value']:.1f} % pass@1 ({span(base)}) on {tasks}")
    for one in compare(folder):
        for asked in one.asked:
            console.print(
                f"{one.title}, {asked.name}: of {asked.tasks} tasks {asked.questions} have no passing sample, "
                f"{asked.answers} answers by {', '.join(asked.authors) or 'nobody yet'}, {asked.mended} mends pass"
            )
        ilf = one.arms[0].refining
        if ilf and "pass@1" in ilf.scores:
            rate = ilf.scores["pass@1"]
            console.print(
                f"{one.title}, refiner: {rate['value']:.1f} % of refinements pass ({span(rate)}), "
                f"{100 * ilf.mended:.0f} % of {ilf.tasks} tasks have one that does"
            )
        console.print(by_arm(one))


def by_arm(one: Compared) -> Table:
    made = Table(title=f"{one.title}: held-out tasks, %", title_justify="left")
    for name in ("trained on", "texts", "pass@1", "pass@10", "to the base", "ilf less it", "KL", "edits"):
        made.add_column(name, justify="left" if name == "trained on" else "right", no_wrap=True)
    for arm in one.arms:
        scores = arm.held_out.scores
        one_try, ten = scores.get("pass@1"), scores.get("pass@10")
        made.add_row(
            arm.name,
            str(arm.account.tasks) if arm.account else "",
            f"{one_try['value']:.1f} ({span(one_try)})" if one_try else "",
            f"{ten['value']:.1f}" if ten else "",
            points(arm.to_base),
            points(arm.to_ilf),
            f"{arm.account.kl['value']:.3f}" if arm.account else "",
            f"{arm.account.distance:.2f}" if arm.account else "",
        )
    return made


def span(score: Mapping[str, float]) -> str:
    return f"{score['low']:.1f} to {score['high']:.1f}"


def points(interval: Interval | None) -> str:
    if interval is None:
        return ""
    value, low, high = (100 * number for number in (interval.value, interval.low, interval.high))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"
