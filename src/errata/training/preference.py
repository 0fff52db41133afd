"""The training process for pairs: `python -m errata.training.preference FOLDER`, on TRL's DPOTrainer.

It is put, hears and ends as the process for demonstrations does (errata.training.sft). The tokens of both replies are
made here, each by itself behind the context as the sampler puts it: TRL would tokenise context and reply together, and
where a token spans the seam train on a text that is never sampled.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from errata import jsonl, models
from errata.errors import UsageError
from errata.training import rows, sft
from errata.training.launch import EXAMPLES, JOB, Job
from errata.training.objective import Objective
from errata.types import Demo, Pair

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """One pair to train on, in token ids."""

    context: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...]
    """The replies, their end tokens included."""

    @property
    def longest(self) -> int:
        """Tokens of the context with the longer reply."""
        return len(self.context) + max(len(self.chosen), len(self.rejected))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Pairs that are not trained on, by the reason."""

    long: int = 0
    """Longer than the model or the settings take; no text is ever cut."""
    equal: int = 0
    """Two replies of the same tokens: a tie, which teaches nothing."""


def pair_row(tokenizer: PreTrainedTokenizerBase, pair: Pair, *, end_token: bool) -> PairRow:
    """A pair's ids: each reply as it would be trained on as a demonstration."""
    chosen, rejected = (
        rows.row(tokenizer, Demo(id=pair.id, of=pair.of, context=pair.context, target=text), end_token=end_token)
        for text in (pair.chosen, pair.rejected)
    )
    seam = sum(label == rows.IGNORED for label in chosen.labels)
    return PairRow(context=chosen.ids[:seam], chosen=chosen.ids[seam:], rejected=rejected.ids[seam:])


def tokenised(
    tokenizer: PreTrainedTokenizerBase, pairs: Iterable[Pair], *, end_token: bool, longest: int
) -> tuple[list[PairRow], LeftOut]:
    """The rows, and how many pairs were left out. Raises UsageError when none is left."""
    kept: list[PairRow] = []
    long = equal = 0
    for pair in pairs:
        made = pair_row(tokenizer, pair, end_token=end_token)
        if made.longest > longest:
            long += 1
        elif made.chosen == made.rejected:
            equal += 1
        elif not (made.context and made.chosen and made.rejected):
            raise UsageError(f"{pair.id}: a pair needs a context and two replies, or an end token in place of one")
        else:
            kept.append(made)
    if not kept:
        why = f"{long} are longer than {longest} tokens, {equal} are ties" if long or equal else "there is none"
        raise UsageError(f"no pair to train on: {why}")
    return kept, LeftOut(long=long, equal=equal)


def planned(pairs: Sequence[PairRow], goal: Objective) -> list[list[PairRow]]:
    """The pairs of each optimiser step, longest first, so that the parts it is split into have little padding."""
    chosen = rows.order(
        len(pairs),
        epochs=goal.epochs,
        batch_size=goal.batch_size,
        max_steps=goal.max_steps,
        shuffle=goal.shuffle,
        seed=goal.seed,
    )
    return [sorted((pairs[at] for at in step), key=lambda one: -one.longest) for step in chosen]


def train(folder: Path, out: TextIO) -> None:
    """Train the job of a folder and leave the model there."""
    (job,) = jsonl.iterate(folder / JOB, Job)
    goal = job.objective
    models.quiet()
    models.use_cores()
    tokenizer = models.load_tokenizer(job.model)
    precision = goal.precision if goal.lora else "float32"
    model = models.load_model(job.model, precision=precision)
    most = min(models.positions(model) or sys.maxsize, goal.max_length or sys.maxsize)
    pairs, left_out = tokenised(
        tokenizer, jsonl.iterate(folder / EXAMPLES, Pair), end_token=goal.end_token, longest=most
    )
    steps = planned(pairs, goal)
    longest = max(pair.longest for pair in pairs)
    # Two replies a pair go through the model and through its reference.
    at_once = sft.divisor(goal.batch_size, job.at_once or max(1, sft.fitting(model, longest, goal) // 3))
    sft.say(out, at_once=at_once)

    from errata.training.dpo import PairTraining

    reference = None if goal.lora else models.load_model(job.model, precision=precision)
    training = PairTraining(folder, job, model, tokenizer, reference, steps, at_once)
    began = time.perf_counter()
    curve = training.run(lambda step, words: sft.say(out, step=step, steps=len(steps), words=words))
    seconds = time.perf_counter() - began
    training.save()
    report = {
        "model": job.model,
        "preference": jsonl.plain(job.preference),
        "examples": len(pairs),
        "left_out": left_out.long,
        "ties": left_out.equal,
        "steps": len(steps),
        "tokens": sum(2 * len(row.context) + len(row.chosen) + len(row.rejected) for step in steps for row in step),
        "seconds": round(seconds, 2),
        "at_once": at_once,
        "device": str(model.device),
        "loss": curve,
        **training.told(),
    }
    jsonl.write_whole(folder / "training.json", json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(sft.main(Path(sys.argv[1]), train))
