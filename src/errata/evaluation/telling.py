"""The ten samples that tell most about a run, chosen by a rule and not by taste.

In this order, no sample twice; ties are broken by a hash of seed and id, so the same run gives the same ten:

1. up to three held-out tasks that gained most from the base to the last round: a draw that failed, and one that passes;
2. one held-out program of the last round that passes the public tests and fails the hidden ones;
3. up to two held-out tasks that the last round still fails most;
4. one program of the first round's training samples, or before any training of the held-out ones, for every way to
   fail, in the order of `types.Outcome`;
5. what is left of ten: more of 4, in turn; then more of 1.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path

from errata import prompts
from errata.evaluation import metrics
from errata.evaluation.folder import Folder, Judged, Round, find
from errata.feedback.execution import words
from errata.judges.unit_tests import program
from errata.types import Feedback, Sample, Verdict

MOST = 10
MENDED, FOOLED, STILL = 3, 1, 2
UNTRAINED = ("base", "model")
"""The base of a run, and the one model of a measurement: nothing came before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a sample lies."""

    title: str
    """`base, held-out`."""
    folder: Path
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A sample that was chosen, and why; two where a task was mended."""

    why: str
    task: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the folder says of a sample."""

    place: Place
    sample: Sample
    verdict: Verdict
    words: str
    """Feedback, or where nobody gave any, what the interpreter said."""
    author: str

    @property
    def program(self) -> str:
        """The program that was judged."""
        return program(self.sample)

    @property
    def given(self) -> int:
        """Lines of the program that the model was given."""
        return prompts.begun(self.sample.prompt).count("\n")

    @property
    def goal(self) -> str:
        """The control token that the model was asked with; empty without one."""
        prompt = self.sample.prompt
        last = prompt if isinstance(prompt, str) else prompt[-1].content
        return next((token for token in (prompts.GOOD, prompts.BAD) if last.startswith(token)), "")


def pick(folder: Folder, seed: int = 0, most: int = MOST) -> tuple[Pick, ...]:
    """The most telling samples of a run, by the rule above."""
    trained = next((round for round in folder.rounds if round.training.rows), None)
    failing = _failing(f"{trained.title}, training", trained.training, seed) if trained else []
    mended: list[Pick] = []
    first: list[Pick] = []
    if folder.measured:
        base, last = folder.measured[0], folder.measured[-1]
        mended = list(_mended(base, last, seed)) if base is not last else []
        if not trained:
            failing = _failing(f"{last.title}, held-out", last.held_out, seed)
        first = [*mended[:MENDED], *islice(_fooled(last, seed), FOOLED), *islice(_still(last, seed), STILL)]
    chosen: dict[Place, Pick] = {}
    for found in (*first, *failing, *mended[MENDED:]):
        if len(chosen) < most and found.places[-1] not in chosen:
            chosen[found.places[-1]] = found
    return tuple(chosen.values())


def tell(picks: Sequence[Pick]) -> dict[Place, Told]:
    """What the folders hold of the picked samples, read once a folder; what is not there is left out."""
    found: dict[Place, Told] = {}
    places = [place for pick in picks for place in pick.places]
    for folder in dict.fromkeys(place.folder for place in places):
        wanted = [place for place in places if place.folder == folder]
        ids = {place.id for place in wanted}
        samples = find(folder / "sample.jsonl", Sample, ids)
        verdicts = find(folder / "verdict.jsonl", Verdict, ids)
        feedback = find(folder / "feedback.jsonl", Feedback, ids)
        for place in wanted:
            sample, verdict, said = samples.get(place.id), verdicts.get(place.id), feedback.get(place.id)
            if sample is not None and verdict is not None:
                text, author = (said.text, said.author) if said else (words(verdict, "traceback"), "")
                found[place] = Told(place=place, sample=sample, verdict=verdict, words=text, author=author)
    return found


def _mended(base: Round, last: Round, seed: int) -> Iterator[Pick]:
    """Tasks by how much they gained."""
    before, after = base.held_out.rates, last.held_out.rates
    gains = {task: after[task] - before[task] for task in before.keys() & after.keys()}
    for task in sorted(gains, key=lambda task: (-gains[task], _rank(seed, task))):
        if gains[task] > 0:
            wrong = _draws(base.held_out, task, passed=False, seed=seed)[0]
            right = _draws(last.held_out, task, passed=True, seed=seed)[0]
            places = (_held_out(base, wrong), _held_out(last, right))
            rates = f"{100 * before[task]:.0f} % of draws passed, now {100 * after[task]:.0f} %"
            yield Pick(why=f"Mended: {rates}", task=task, places=places)


def _fooled(last: Round, seed: int) -> Iterator[Pick]:
    rows = [row for row in last.held_out.rows if row.measures.get("public", 0) >= 1 and row.passed is False]
    for row in _ranked(rows, seed):
        yield Pick(why="Passes the public tests, fails the hidden ones", task=row.task, places=(_held_out(last, row),))


def _still(last: Round, seed: int) -> Iterator[Pick]:
    rates = last.held_out.rates
    for task in sorted(rates, key=lambda task: (rates[task], _rank(seed, task))):
        if rates[task] < 1:
            row = _draws(last.held_out, task, passed=False, seed=seed)[0]
            why = f"{'Failing' if last.name in UNTRAINED else 'Still failing'}: {100 * rates[task]:.0f} % of draws pass"
            yield Pick(why=why, task=task, places=(_held_out(last, row),))


def _failing(title: str, judged: Judged, seed: int) -> list[Pick]:
    """One of each way to fail, then a second of each, and so on, of different tasks as far as possible."""
    columns: list[list[Pick]] = []
    for outcome in metrics.OUTCOMES[1:]:
        rows = _ranked([row for row in judged.rows if row.outcome == outcome], seed)
        one_a_task = {row.task: row for row in reversed(rows)}
        columns.append(
            [
                Pick(
                    why=f"{'Once more' if at else 'One way to fail'}: {outcome}",
                    task=row.task,
                    places=(Place(title=title, folder=judged.path, id=row.id),),
                )
                for at, row in enumerate(_ranked(list(one_a_task.values()), seed)[:MOST])
            ]
        )
    return [found for turn in zip_longest(*columns) for found in turn if found is not None]


def _held_out(round: Round, row: Verdict) -> Place:
    return Place(title=f"{round.title}, held-out", folder=round.held_out.path, id=row.id)


def _draws(judged: Judged, task: str, *, passed: bool, seed: int) -> list[Verdict]:
    return _ranked([row for row in judged.rows if row.task == task and row.passed is passed], seed)


def _ranked(rows: list[Verdict], seed: int) -> list[Verdict]:
    return sorted(rows, key=lambda row: _rank(seed, row.id))


def _rank(seed: int, id: str) -> str:
    return hashlib.sha256(f"{seed}/{id}".encode()).hexdigest()
