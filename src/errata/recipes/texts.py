"""ILF where no test exists: summaries, letters, any text (Scheurer et al. 2022 and 2023, arXiv 2204.14146, 2303.16755).

A person has said what is wrong with a model's text. The model writes it anew several times with the words before it;
in the place of tests a chooser keeps the one that includes the feedback best: by the verdict of a judge model, or by
how close the words and the text lie in the model's own embedding. The model is trained on what was kept.
"""

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from errata import jsonl, prompts
from errata.errors import UsageError
from errata.evaluation.embedding import similarities
from errata.jsonl import Json
from errata.policies import Sampling, check, serve
from errata.recipes import ready, weights
from errata.runs import Run
from errata.training import Objective, fit
from errata.training.rows import readable
from errata.types import Demo, Prompt, Sample

FREE = {"free": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a person has said of a text: a line of the file of notes."""

    id: str
    prompt: str
    """What was asked, the text to be summarised within it."""
    output: str
    """What the model wrote."""
    feedback: str
    """What is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The refinement that was kept of one note's, and what the chooser gave each."""

    id: str
    of: str
    sample: str
    """The sample's id."""
    grades: tuple[float, ...]
    """0 to 1 by a judge (the share of its replies that say yes), -1 to 1 by embedding; in the order of the draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Settings of ILF without tests."""

    notes: str
    """JSONL of notes: id, prompt, output, feedback."""
    model: str
    """The model that wrote the texts, or another: a folder, or a name on the Hub."""
    refinements: int = 5
    """Second tries for each note, of which one is kept."""
    chooser: Literal["judge", "embedding"] = "judge"
    """What chooses: a judge model that is asked whether the feedback was followed, or closeness by embedding."""
    judge: str = ""
    """Who judges: a folder, or a name on the Hub; empty is the model itself. It also embeds."""
    replies: int = 3
    """Times that the judge is asked about each text."""
    backend: str = field(default="local", metadata=FREE)
    """Where the model answers: `local` or `recorded:FILE`."""
    judge_backend: str = field(default="local", metadata=FREE)
    """Where the judge answers."""
    seed: int = 0
    """Seed of draws, ties and training."""
    sampling: Sampling = Sampling(temperature=0.9, max_new_tokens=200)
    """Of second tries."""
    judging: Sampling = Sampling(temperature=0.7, max_new_tokens=4)
    """Of the judge's replies."""
    objective: Objective = Objective()
    """Of training."""

    def __post_init__(self) -> None:
        for name, value in {"refinements": self.refinements, "replies": self.replies}.items():
            if value < 1:
                raise UsageError(f"{name} must be at least 1, not {value}")


def texts(config: Texts, run: Run) -> str:
    """The trained model's folder. Re-running goes on where it stopped.

    Raises UsageError for settings or notes that do not fit, Fault when the machine fails; nothing done is lost.
    """
    model, notes = weights.folder(config.model), noted(config)
    asked = [
        Prompt(id=f"{note.id}#{draw}", task=note.id, text=prompts.rewriting(note.prompt, note.output, note.feedback))
        for note in notes
        for draw in range(config.refinements)
    ]
    with serve(model, config.backend, folder=run.path) as policy:
        samples = run.map(Sample, policy.sample(replace(config.sampling, seed=config.seed)), asked)
    judge = weights.folder(config.judge) if config.judge else model
    grades = judged(run.at("judge"), judge, notes, samples, config) if config.chooser == "judge" else None
    kept = run.put(Chosen, chosen(notes, samples, grades or embedded(judge, notes, samples), config.seed))
    objective = replace(config.objective, seed=config.seed)
    made = run.once("model", fit(model, run.put(Demo, demos(notes, samples, kept)), objective))
    run.value("training.json", lambda: weights.told(str(made)))
    return str(made)


def identity(config: Texts) -> dict[str, Json]:
    """What a run is besides its settings. Raises UsageError for settings that do not fit, before anything is begun."""
    check(config.backend)
    check(config.judge_backend)
    readable(config.objective)
    notes = "\n".join(map(jsonl.dump, noted(config)))
    judge: dict[str, Json] = {"judge": weights.digest(config.judge)} if config.judge else {}
    return {"notes": hashlib.sha256(notes.encode()).hexdigest(), "model": weights.digest(config.model), **judge}


def prepared(config: Texts) -> None:
    """Raises UsageError or Fault where something is missing that a new run needs, before its folder is made."""
    ready.replies(config.backend, config.judge_backend)
    ready.texts(config.objective)
    ready.weights(config.model, *([config.judge] if config.judge else []))


def noted(config: Texts) -> list[Note]:
    """What people have said. UsageError, `FILE:LINE: field: message`, for a line that is no note."""
    return jsonl.read(Path(config.notes), Note, empty=False)


def judged(run: Run, judge: str, notes: Sequence[Note], samples: Sequence[Sample], config: Texts) -> dict[str, float]:
    """The share of a judge's replies that say yes, by sample."""
    about = {note.id: note for note in notes}
    asked = [
        Prompt(
            id=f"{sample.id}/{turn}",
            task=sample.task,
            text=prompts.including(about[sample.task].output, about[sample.task].feedback, sample.text),
        )
        for sample in samples
        for turn in range(config.replies)
    ]
    with serve(judge, config.judge_backend, folder=run.path) as policy:
        replies = run.map(Sample, policy.sample(replace(config.judging, seed=config.seed)), asked)
    yes: dict[str, float] = {}
    for reply in replies:
        sample = reply.id.rpartition("/")[0]
        yes[sample] = yes.get(sample, 0.0) + reply.text.strip().lower().startswith("yes") / config.replies
    return yes


def embedded(model: str, notes: Sequence[Note], samples: Sequence[Sample]) -> dict[str, float]:
    """How close each second try lies to its feedback, by sample."""
    words = {note.id: note.feedback for note in notes}
    pairs = [(words[sample.task], sample.text) for sample in samples]
    return {sample.id: value for sample, value in zip(samples, similarities(model, pairs), strict=True)}


def chosen(notes: Iterable[Note], samples: Iterable[Sample], grades: dict[str, float], seed: int) -> Iterator[Chosen]:
    """The best of each note's refinements; of equals one that the seed draws. Empty texts are never kept."""
    by_note: dict[str, list[Sample]] = {}
    for sample in samples:
        by_note.setdefault(sample.task, []).append(sample)
    for note in notes:
        tries = by_note[note.id]
        written = [sample for sample in tries if sample.text.strip()]
        if not written:
            continue
        best = max(grades[sample.id] for sample in written)
        ties = [sample for sample in written if grades[sample.id] == best]
        yield Chosen(
            id=note.id,
            of=note.id,
            sample=random.Random(f"{seed}/{note.id}").choice(ties).id,
            grades=tuple(round(grades[sample.id], 6) for sample in tries),
        )


def demos(notes: Iterable[Note], samples: Iterable[Sample], kept: Iterable[Chosen]) -> Iterator[Demo]:
    """What the model learns: what was asked, and the text that was kept, without the words between."""
    asked = {note.id: note.prompt for note in notes}
    written = {sample.id: sample for sample in samples}
    for one in kept:
        sample = written[one.sample]
        text = f"{asked[one.of].rstrip()}\n"
        yield Demo(id=one.id, of=(one.of, sample.id), context=text, target=sample.text.strip())
