"""What a run must not make worse: task sets and held-out text, measured before training and after every round.

A source is a task source (`humaneval:FILE`, `gsm8k:FILE`), whose score is pass@1, or `perplexity:FILE`, a file of text
(JSONL with `text` or `content`, or plain), or `perplexity:primer`, the text that the primer was made from. Each has a
folder `watch/NAME` in the round's, named by the source and what it holds, so that a run can be given more to watch.
A round whose weights are gone is not measured any more, which its log says.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from errata.errors import UsageError
from errata.evaluation.intervals import Interval, mean
from errata.evaluation.measure import Measuring, measure
from errata.evaluation.watched import Loss, rates
from errata.jsonl import Json
from errata.judges import Judging
from errata.policies import Serving, serve
from errata.runs import Run
from errata.tasks import digest, load
from errata.text import Trim
from errata.training.rows import TEXTLESS, corpus, documents
from errata.types import Task, Timed

TEXT = "perplexity"
PIECE = 3000
"""Characters of a piece of text at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """How what is watched is measured."""

    draws: int = 1
    """Programs drawn for each watched task."""
    temperature: float = 0.0
    """Sampling temperature; 0 is greedy."""
    max_new_tokens: int = 512
    """Longest reply, in tokens."""
    trim: Trim = "function"
    """What of a reply is kept: all, what stands before LETI's stop words, or the first function."""
    texts: int = 256
    """Pieces of watched text at most, spread evenly over the file."""

    def __post_init__(self) -> None:
        for name, value in {"draws": self.draws, "texts": self.texts}.items():
            if value < 1:
                raise UsageError(f"watching.{name} must be at least 1, not {value}")
        _ = self.measuring()

    def measuring(self, seed: int = 0) -> Measuring:
        """What the measurement of watched tasks is told."""
        return Measuring(
            draws=self.draws,
            temperature=self.temperature,
            max_new_tokens=self.max_new_tokens,
            trim=self.trim,
            ks=(1,),
            seed=seed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of watched text."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A source, loaded."""

    source: str
    name: str
    """Of its folder: what it is, and a digest of what it holds."""
    tasks: Sequence[Task] = ()
    texts: Sequence[str] = ()


def load_all(sources: Iterable[str], settings: Watching) -> list[Watched]:
    """The sources, loaded. Raises UsageError for one that cannot be read, or that is named twice."""
    found: dict[str, Watched] = {}
    for source in sources:
        kind, _, rest = source.partition(":")
        if kind == TEXT:
            texts = pieces(rest, settings.texts)
            seal = hashlib.sha256("\0".join(texts).encode(errors="surrogatepass")).hexdigest()
            made = Watched(source=source, name=f"{TEXT}-{seal[:8]}", texts=texts)
        else:
            tasks = load(source)
            kind = Path(kind.partition("[")[0]).name.partition(".")[0]
            made = Watched(source=source, name=f"{kind}-{digest(tasks)[:8]}", tasks=tasks)
        if made.name in found:
            raise UsageError(f"watch: {source} is the same as {found[made.name].source}")
        found[made.name] = made
    return list(found.values())


def check(sources: Iterable[str], settings: Watching, practised: Iterable[Task]) -> None:
    """Raises UsageError for sources that cannot be watched, before anything is begun: also for a task that the run
    trains on, whose score would say nothing about what is lost."""
    trained = {task.id for task in practised}
    for one in load_all(sources, settings):
        shared = next((task.id for task in one.tasks if task.id in trained), "")
        if shared:
            raise UsageError(f"watch: {shared} of {one.source} is trained on; a score on it would mean nothing")


def pieces(source: str, most: int) -> list[str]:
    """Pieces of whole lines of a file's texts, at most so many, spread evenly. Raises UsageError for a file without."""
    if not source:
        raise UsageError(f"watch: {TEXT} needs a file, as in {TEXT}:code.jsonl, or {TEXT}:primer")
    if not corpus(source).is_file():
        raise UsageError(f"watch: {source}: no such file")
    found = [piece for text in documents(corpus(source)) for piece in cut(text) if piece.strip()]
    if not found:
        raise UsageError(f"watch: {source} holds no text{TEXTLESS}")
    return [found[len(found) * at // most] for at in range(most)] if len(found) > most else found


def cut(text: str) -> Iterator[str]:
    """A text in pieces of whole lines; a line that is longer than a piece is one of its own."""
    held = ""
    for line in text.splitlines(keepends=True):
        if held and len(held) + len(line) > PIECE:
            yield held
            held = ""
        held += line
    yield held


def watch(step: Run, model: str, watched: Iterable[Watched], settings: Watching, asking: "Asking") -> None:
    """Measure a model on everything that is watched; what is in the step's folder already is not made again."""
    open_ones: list[tuple[Run, Watched]] = []
    for one in watched:
        place = step.at("watch").at(one.name)
        if not (place.path / "scores.json").exists() and gone(model):
            step.log(f"watch: {one.source} was not measured, since the weights of this round are gone")
            continue
        place.value("watched.json", lambda one=one: {"source": one.source, "metric": TEXT if one.texts else "pass@1"})
        if one.texts:
            likelihood(place, model, one.texts)
        else:
            open_ones.append((place, one))
    measuring = settings.measuring(asking.seed)
    # Once for all of them: a server may have to be started for it. Texts come first, which need the device themselves.
    with serve(model, asking.backend, server=asking.server, folder=step.at("watch").path) as policy:
        for place, one in open_ones:
            measure(place, policy, one.tasks, measuring, goal=asking.goal, judging=asking.judging)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Where and how a model is asked."""

    backend: str = "local"
    server: Serving = Serving()
    goal: str = ""
    """The token that conditions it."""
    seed: int = 0
    judging: Judging = Judging()


def gone(model: str) -> bool:
    """Whether the weights were dropped once their round was measured."""
    place = Path(model)
    return not place.exists() and place.with_name(place.name + ".dropped").exists()


def likelihood(place: Run, model: str, texts: Sequence[str]) -> Mapping[str, Json]:
    """loss.jsonl, a line for each piece, and scores.json with the perplexity of all of it."""

    def stage(pieces: Iterable[Piece]) -> Iterator[Timed[Loss]]:
        from errata.evaluation.likelihood import losses

        owed = list(pieces)
        for piece, (nats, tokens) in zip(owed, losses(model, [("", one.text) for one in owed]), strict=True):
            yield Timed(record=Loss(id=piece.id, of=piece.id, nats=nats, tokens=tokens), timing={"tokens": tokens})

    found = place.map(Loss, stage, [Piece(id=str(at), text=text) for at, text in enumerate(texts)])
    return place.value("scores.json", lambda: {TEXT: entry(perplexity(list(found)))})


def perplexity(found: Sequence[Loss]) -> Interval:
    """exp of the mean loss of a token, with the interval that resampling pieces gives."""
    values = list(rates(found).values()) or [0.0]
    one = mean(values, bounds=(0.0, max(values)))
    return Interval(value=math.exp(one.value), low=math.exp(one.low), high=math.exp(one.high), n=one.n)


def entry(one: Interval) -> dict[str, Json]:
    """The entry of scores.json; a perplexity is no percentage."""
    return {"value": round(one.value, 4), "low": round(one.low, 4), "high": round(one.high, 4), "n": one.n}
