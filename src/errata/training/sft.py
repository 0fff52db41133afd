"""The training process: `python -m errata.training.sft FOLDER` trains what FOLDER/job.json says, on TRL's SFTTrainer.

It says one JSON object a line on its standard output; everything else goes to standard error. It ends when its
standard input does, that is, with the process that started it.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from errata import jsonl, models
from errata.errors import UsageError
from errata.training import rows
from errata.training.launch import EXAMPLES, JOB, OUT_OF_MEMORY, WRONG, Job
from errata.training.objective import Objective
from errata.training.rows import Row
from errata.types import Demo

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MOST = 32_768
"""Tokens that go through the model at once at most; more gains nothing."""


def main(folder: Path, train: Callable[[Path, TextIO], None]) -> int:
    """Train, and the exit status."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        train(folder, out)
    except UsageError as error:
        say(out, error=str(error))
        return WRONG
    except RuntimeError as error:
        if not models.out_of_memory(error):
            raise
        print(error, file=sys.stderr)
        return OUT_OF_MEMORY
    return 0


def end_with_parent() -> None:
    """Wait for the end of standard input, which comes when the parent is gone, however it went."""
    sys.stdin.read()
    os._exit(1)


def say(out: TextIO, **what: object) -> None:
    """One line of JSON to the parent."""
    print(json.dumps(what), file=out, flush=True)


def train(folder: Path, out: TextIO) -> None:
    """Train the job of a folder and leave the model there."""
    (job,) = jsonl.iterate(folder / JOB, Job)
    goal = job.objective
    models.quiet()
    models.use_cores()
    tokenizer = models.load_tokenizer(job.model)
    model = models.load_model(job.model, precision=goal.precision if goal.lora else "float32")
    control = models.add_control_tokens(tokenizer, model)
    most = min(models.positions(model) or sys.maxsize, goal.max_length or sys.maxsize)
    examples, left_out = rows.tokenised(
        tokenizer, jsonl.iterate(folder / EXAMPLES, Demo), end_token=goal.end_token, longest=most
    )
    steps = planned(tokenizer, examples, goal, most)
    at_once = divisor(goal.batch_size, job.at_once or fitting(model, longest(steps), goal))
    say(out, at_once=at_once)

    from errata.training.trainer import Training

    training = Training(folder, job, model, tokenizer, control, steps, at_once)
    began = time.perf_counter()
    curve = training.run(lambda step, words: say(out, step=step, steps=len(steps), words=words))
    seconds = time.perf_counter() - began
    training.save()
    tokens = sum(len(row.ids) for step in steps for row in step)
    with_loss = sum(label != rows.IGNORED for step in steps for row in step for label in row.labels[1:])
    report = {
        "model": job.model,
        "objective": jsonl.plain(goal),
        "examples": len(examples),
        "left_out": left_out,
        "steps": len(steps),
        "tokens": tokens,
        "tokens_with_loss": with_loss,
        "seconds": round(seconds, 2),
        "tokens_per_second": round(tokens / seconds, 1),
        "at_once": at_once,
        "device": str(model.device),
        "loss": curve,
    }
    jsonl.write_whole(folder / "training.json", json.dumps(report, indent=1) + "\n")


def planned(tokenizer: PreTrainedTokenizerBase, examples: Sequence[Row], goal: Objective, most: int) -> list[list[Row]]:
    """The rows of each optimiser step, plain text mixed in where that is wanted."""
    chosen = rows.order(
        len(examples),
        epochs=goal.epochs,
        batch_size=goal.batch_size,
        max_steps=goal.max_steps,
        shuffle=goal.shuffle,
        seed=goal.seed,
    )
    steps = rows.by_length(examples, rows.alike(examples, chosen, goal.seed) if goal.shuffle else chosen)
    if not goal.pretrain_mix:
        return steps
    block = min(most, rows.BLOCK, max(len(row.ids) for row in examples))
    return rows.mixed(steps, rows.packed(tokenizer, goal.pretrain_mix, block, goal.seed), goal.batch_size)


def longest(steps: Sequence[Sequence[Row]]) -> int:
    """Tokens of the longest row."""
    return max(len(row.ids) for step in steps for row in step)


def fitting(model: PreTrainedModel, longest: int, goal: Objective) -> int:
    """How many examples go through the model at once: a rough guess of activations, and memory that is free."""
    config = model.config.get_text_config()
    trained = 0 if goal.lora else sum(weights.numel() for weights in model.parameters())
    a_token = 160 * cast("int", config.hidden_size) * cast("int", config.num_hidden_layers)
    left = int(0.6 * models.free(model.device)) - 12 * trained
    return max(1, min(goal.batch_size, left // (a_token * longest), MOST // longest))


def divisor(whole: int, most: int) -> int:
    """The largest divisor that is at most that."""
    return next(part for part in range(min(whole, max(1, most)), 0, -1) if whole % part == 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), train))
