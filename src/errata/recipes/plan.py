"""What a run will look like and cost, before it is begun: a prompt, a training example, tokens, time, disk."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text as Words

from errata import models
from errata.feedback.execution import interpreter
from errata.judges import judge
from errata.policies import serve
from errata.prompts import GOALS, GOOD, ask, fcft
from errata.recipes import weights
from errata.recipes.leti import COMPARED, Leti, identity, prepared, splits
from errata.recipes.watch import load_all
from errata.types import Demo, Feedback, Owed, Prompt, Sample, Task, Timed, UnitTests, Verdict

PROBE = 32
"""Draws that are really sampled and judged, to tell the time."""


def show(config: Leti) -> None:
    """Print the plan of a LETI run. Samples and judges a few programs; writes nothing.

    Raises what the run itself would be refused with.
    """
    identity(config)
    prepared(config)
    loaded = splits(config)
    tasks = loaded["tasks"]
    model = weights.folder(config.model)
    tokenizer = models.load_tokenizer(model)
    console = Console()
    asked = list(ask(tasks, config.draws, GOOD, config.prompt))
    console.print(Panel(Words(str(asked[0].text)), title=f"a prompt ({asked[0].id})", title_align="left"))
    example = an_example(tasks[0], config)
    console.print(Panel(Words(f"{example.context}{example.target}"), title="a training example", title_align="left"))

    prompt_tokens = mean_tokens([models.context_ids(tokenizer, prompt.text) for prompt in asked[:: config.draws]])
    sampling, judging, reply_tokens = pace(model, tasks, config)
    sampled = len(asked)
    measured, around = measurements(config, loaded)
    trained = round(sampled * (prompt_tokens + reply_tokens + 60) * config.objective.epochs)
    rounds = config.iterations
    # Of each: in a round, and before the first and after the last of them.
    counts = {
        "training samples": (sampled, 0),
        "samples to measure with": (measured, around),
        "tokens sampled": (round((sampled + measured) * reply_tokens), round(around * reply_tokens)),
        "tokens trained, at most": (trained, 0),
    }
    whole = f"{rounds} round{'s' if rounds > 1 else ''}, base{' and comparison' if config.compare else ''}"
    shown = Table("", "a round", whole, title="what it costs", title_justify="left")
    for name, (each, beside) in counts.items():
        shown.add_row(name, f"{each:,}", f"{each * rounds + beside:,}")
    pace_of_one = sampling + judging
    shown.add_row(
        "seconds to sample and judge here",
        f"{(sampled + measured) * pace_of_one:,.0f}",
        f"{((sampled + measured) * rounds + around) * pace_of_one:,.0f} (training comes on top)",
    )
    size = trained_mib(model, config)
    shown.add_row(
        "MiB on disk for weights", f"{size:,.0f}", f"{size * at_once(config):,.0f}" if size else "as the model"
    )
    console.print(shown)


def an_example(task: Task, config: Leti) -> Demo:
    """The training text of a program that does nothing, with what the judge and the interpreter really say of it."""
    name = (task.check.entry_point if isinstance(task.check, UnitTests) else "") or "f"
    body = "    return None\n" if task.prefix else f"def {name}(*args):\n    return None\n"
    (prompt,) = ask([task], 1, GOOD, config.prompt)
    sample = Sample(id=prompt.id, of=prompt.id, task=task.id, prompt=prompt.text, text=body)
    (made,) = judge([task], config.judging)([sample])
    if isinstance(made, Owed):
        return fcft(
            sample, Verdict(id=sample.id, of=sample.id, task=task.id, passed=False, outcome="wrong", score=0), None
        )
    verdict = made.record if isinstance(made, Timed) else made
    said = None if config.feedback == "none" else next(iter(interpreter(config.feedback)([verdict])))
    said = said if isinstance(said, Feedback) else None
    return fcft(sample, verdict, said, loss_on=config.loss_on, feedback_at=config.feedback_at)


def pace(model: str, tasks: Sequence[Task], config: Leti) -> tuple[float, float, float]:
    """Seconds to sample one program, seconds to judge one, and tokens of a reply, measured on a few."""
    asked: list[Prompt] = list(ask(tasks[:PROBE], 1, "", config.prompt))
    with serve(model, config.backend, server=config.server) as policy:
        stage = policy.sample(replace(config.sampling, seed=config.seed))
        list(stage(asked[:1]))
        begun = time.monotonic()
        made = [row.record if isinstance(row, Timed) else row for row in stage(asked)]
        sampled = time.monotonic() - begun
    samples = [row for row in made if isinstance(row, Sample)]
    begun = time.monotonic()
    list(judge(tasks, config.judging)(samples))
    judged = time.monotonic() - begun
    tokenizer = models.load_tokenizer(model)
    replies = mean_tokens([models.target_ids(tokenizer, sample.text) for sample in samples])
    return sampled / len(asked), judged / len(asked), replies


def mean_tokens(texts: list[list[int]]) -> float:
    return sum(len(ids) for ids in texts) / max(1, len(texts))


def measurements(config: Leti, loaded: Mapping[str, Sequence[Task]]) -> tuple[int, int]:
    """Samples that a round is measured with, and those of the base and of the comparison of tokens beside them."""
    watched = load_all(config.watch, config.watching)
    each = config.measuring.draws * (len(loaded["held_out"]) + len(loaded["dev"]))
    each += config.watching.draws * sum(len(one.tasks) for one in watched)
    if not config.compare:
        return each, each
    # Good, bad and no token at each temperature after the last round, no token at each in the base.
    known = config.measuring.temperature in COMPARED
    again = len(COMPARED) * (len(GOALS) + 1) - (2 if known else 0)
    return each, each + again * config.measuring.draws * len(loaded["held_out"])


def trained_mib(model: str, config: Leti) -> float:
    """The weights that a round leaves: numbers of four bytes, with AdamW's two moments where these are kept."""
    place = Path(model)
    if not place.is_dir():
        return 0.0
    numbers = models.numbers(place)
    if not numbers or config.trained.lora:
        return sum(file.stat().st_size for file in place.iterdir()) / 2**20
    return numbers * 4 * (3 if config.objective.keep_optimizer else 1) / 2**20


def at_once(config: Leti) -> int:
    """Rounds whose weights lie on disk at one time: what is not kept goes when the next one is measured."""
    most = {"all": config.iterations, "best,last": 3 if config.dev else 2, "last": 2}[config.keep]
    return min(config.iterations, most)
