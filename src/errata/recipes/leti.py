"""LETI: learning from textual interactions (Wang et al. 2023, arXiv 2305.10314; Findings of NAACL 2024).

Each iteration samples programs for every training task, runs them, says in the interpreter's words what went wrong,
and fine-tunes on reward token + words + problem + program (feedback-conditioned fine-tuning, FCFT).

What the defaults do otherwise than the authors' code, each a setting that the `paper` preset sets back:

- the end-of-text token is trained (`objective.end_token`); the authors strip it and so unlearn to stop;
- examples are shuffled (`objective.shuffle`); theirs are sorted by length and problem, one problem a step;
- AdamW starts afresh each iteration (`objective.keep_optimizer`); theirs keeps its moments;
- the learning rate warms up and decays (`objective.warmup_steps`, `objective.schedule`); theirs is constant.

The `primer` preset, which holds when no model is named, also trains on three good samples for each bad one (`select`,
`good_share`), on identical texts once (`dedupe`), with loss on the program alone (`loss_on`), sampled at T=0.8. That
is most of the way to rejection sampling, and the report says so; `select="passing"` is rejection sampling itself.

Not taken over at all: prompts cut by character set, paths of the harness in the feedback, load-dependent verdicts,
and feedback that pushes the program out of the text.
"""

import itertools
import json
import math
import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import tyro

from errata import prompts
from errata.errors import UsageError
from errata.evaluation.measure import Measuring, Scores, measure
from errata.feedback.execution import Style as FeedbackStyle
from errata.feedback.execution import interpreter
from errata.jsonl import Json
from errata.judges import Judging, judge
from errata.judges.honeypot import honeypots
from errata.policies import Sampling, Serving, check, serve
from errata.policies.trimming import trimming
from errata.prompts import GOALS, GOOD, ask, fcft
from errata.recipes import ready, watch, weights
from errata.recipes.watch import Watching
from errata.runs import Run
from errata.tasks import apart, digest
from errata.text import Trim
from errata.training import Objective, fit
from errata.training.rows import readable
from errata.types import Demo, Feedback, Sample, Task, Verdict

FREE = {"free": True}
GROWS = {"may": "grow"}
KEPT = tyro.conf.arg(metavar="{all|best,last|last}")
COMPARED = (0.2, 1.0)
"""Temperatures at which good, bad and no token are compared."""
PHRASE = "The program did not do what was asked, and more than this is not said of it. "
"""What the control `constant` says of every failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leti:
    """Settings of LETI."""

    model: str = "primer"
    """The base: `primer`, a folder, or a name on the Hub; any causal LM that transformers loads."""
    tasks: str = "primer[train]"
    """Tasks to practise on: NAME[:FILE][split][a:b]."""
    held_out: str = "primer[test]"
    """Tasks that scores are reported on; none may be among the training tasks."""
    dev: str = ""
    """Tasks on which the best round is chosen; without them the last round is the result. With tasks of your own there
    are none unless you name them."""
    iterations: int = field(default=3, metadata=GROWS)
    """Rounds of sampling, judging and training; a finished run can be given more."""
    draws: int = 16
    """Programs sampled for each training task in a round."""
    prompt: prompts.Style = "auto"
    """How a task is put to the model."""
    feedback: FeedbackStyle | Literal["none"] = "traceback"
    """Words for failed programs: the traceback, the values got and expected, or none (the reward token alone)."""
    loss_on: Literal["all", "program"] = "all"
    """Loss on all text, as in the paper, or on the program alone."""
    feedback_at: Literal["before", "after"] = "before"
    """Words before problem and program, as in the paper, or behind them; there they bear loss whatever `loss_on` is."""
    select: Literal["all", "balanced", "passing", "weighted"] = "all"
    """Samples to train on: all as in the paper, good and bad in a fixed ratio, the passing alone (rejection sampling),
    or as many drawn by weight, without words (reward-weighted regression)."""
    good_share: float = 0.5
    """Share of good samples where `select` is `balanced`; 1 would be rejection sampling."""
    dedupe: bool = False
    """Train on identical texts once a round; otherwise as often as they were sampled, as in the paper."""
    honeypot: float = 0.0
    """Share of the training tasks that get an impossible test: what passes it is a hack; never trained on."""
    control: Literal["none", "shuffled", "constant"] = "none"
    """Controls: `shuffled` gives verdicts and words to the wrong samples and must not gain; `constant` gives the same
    empty phrase, as long as the words were, to all that failed."""
    beta: float = 0.5
    """Where `select` is `weighted`: a sample counts `exp(score / beta)`, its score being the share of tests passed."""
    trim: Trim = "none"
    """What of a training sample is kept: all, what stands before LETI's stop words, or the first function."""
    lora: bool = False
    """Train low-rank adapters in place of all weights; merged into the model that is kept."""
    keep: Annotated[Literal["all", "best,last", "last"], KEPT] = field(default="last", metadata=FREE)
    """Rounds whose weights stay on disk: `all`, the best on `dev` and the last (`best,last`), or the `last` alone."""
    compare: bool = field(default=True, metadata=FREE)
    """Ask for good, bad and no token at T=0.2 and T=1 after the last round, and the base at T=1."""
    watch: tyro.conf.UseAppendAction[tuple[str, ...]] = field(default=(), metadata=FREE)
    """What must not get worse, measured before training and after each round: a task source, or `perplexity:FILE`."""
    watching: Watching = Watching()
    """How what is watched is measured."""
    backend: str = field(default="local", metadata=FREE)
    """Where the model answers: `local` (transformers, in process), `server:URL` or `recorded:FILE`."""
    server: Serving = field(default=Serving(), metadata=FREE)
    """How the server is asked, where the backend is one."""
    seed: int = 0
    """Seed of draws, selection and training."""
    sampling: Sampling = Sampling(temperature=1.0)
    """Of training samples."""
    objective: Objective = Objective()
    """Of training."""
    measuring: Measuring = Measuring()
    """Of held-out scores."""
    judging: Judging = Judging()
    """Of all programs."""

    def __post_init__(self) -> None:
        if not 0 < self.good_share < 1:
            raise UsageError(f"good_share must be between 0 and 1, not {self.good_share}; use --select passing for 1")
        if self.control == "constant" and (self.feedback == "none" or self.select in ("passing", "weighted")):
            raise UsageError(
                "control constant takes the place of words, and no words are trained on with these settings"
            )
        if self.beta <= 0:
            raise UsageError(f"beta must be above 0, not {self.beta}")
        if not 0 <= self.honeypot < 1:
            raise UsageError(f"honeypot must be at least 0 and less than 1, not {self.honeypot}")
        for name, value in {"iterations": self.iterations, "draws": self.draws}.items():
            if value < 1:
                raise UsageError(f"{name} must be at least 1, not {value}")
        _ = self.trained

    @property
    def trained(self) -> Objective:
        """What training is told, with adapters by either flag. Raises UsageError for what does not go with them."""
        return replace(self.objective, lora=self.lora or self.objective.lora)


def leti(config: Leti, run: Run) -> str:
    """The trained model's folder. Re-running goes on where it stopped.

    Raises UsageError for settings or tasks that do not fit, Fault when the machine fails; nothing done is lost.
    """
    model, loaded = weights.folder(config.model), splits(config)
    sets = {"held-out": loaded["held_out"], "dev": loaded["dev"]}
    tasks, pots = honeypots(loaded["tasks"], config.honeypot, config.seed)
    if pots:
        run.value("honeypot.json", lambda: {"tasks": list[Json](pots)})
    assess(run.at("base"), model, sets, config, goal="", compared=("none",) if config.compare else ())
    for i in range(config.iterations):
        step, seed = run.at(f"{i:02}"), 1000 * config.seed + i
        sampling = replace(config.sampling, seed=seed)
        objective = replace(config.trained, seed=seed)
        with serve(model, config.backend, server=config.server, folder=step.path) as policy:
            asked = list(ask(tasks, config.draws, GOOD if i else "", config.prompt))
            samples = step.map(Sample, trimming(policy.sample(sampling), config.trim), asked)
        verdicts = step.map(Verdict, judge(tasks, config.judging), samples)
        words: Iterable[Feedback | None] = [None] * len(verdicts)
        if config.feedback != "none":
            words = step.map(Feedback, interpreter(config.feedback), verdicts)
        examples = step.put(Demo, conditioned(samples, verdicts, words, config, seed, pots))
        model = str(step.once("model", fit(model, examples, objective)))
        step.value("training.json", lambda made=model: weights.told(made))
        last = i == config.iterations - 1
        assess(step, model, sets, config, goal=GOOD, compared=GOALS if config.compare and last else ())
        weed(run, i, config)
    return str(run.at(f"{best(run, config.iterations - 1):02}").path / "model") if config.dev else model


def splits(config: Leti) -> dict[str, Sequence[Task]]:
    """Training, held-out and dev tasks, none in two of them."""
    return apart({"tasks": config.tasks, "held_out": config.held_out, "dev": config.dev}, optional=("dev",))


def identity(config: Leti) -> dict[str, Json]:
    """What a run is besides its settings: digests of its tasks and of its base model.

    Raises UsageError for settings that do not fit, before anything is begun.
    """
    check(config.backend, config.server)
    ready.reloaded(config.backend, config.server)
    readable(config.objective)
    loaded = splits(config)
    watch.check(config.watch, config.watching, loaded["tasks"])
    named: dict[str, Json] = {name: digest(tasks) for name, tasks in loaded.items()}
    return {**named, **config.server.identity(), "model": weights.digest(config.model)}


def prepared(config: Leti) -> None:
    """Raises UsageError or Fault where something is missing that a new run needs, before its folder is made."""
    ready.replies(config.backend)
    ready.texts(config.objective)
    ready.weights(config.model)
    ready.ends(config.model, config.objective)
    if config.backend == "local":
        style = config.measuring.spoken(config.prompt).prompt
        for name, tasks in splits(config).items():
            ready.prompts(config.model, ask(tasks, 1, "", config.prompt if name == "tasks" else style))
    ready.programs(config.judging)


def assess(
    step: Run, model: str, sets: Mapping[str, Sequence[Task]], config: Leti, goal: str, compared: Iterable[str] = ()
) -> None:
    """Scores of one model: every set under `goal`, and the held-out one under each compared goal at T=0.2 and T=1.

    The goal is the good token for trained models and none for the base, which has never seen one. The comparison
    tells what the token does, apart from what was learnt; the condition that was measured already is not asked again.
    """
    told: dict[tuple[str, float], Scores] = {}
    asked = config.measuring.spoken(config.prompt)
    with serve(model, config.backend, server=config.server, folder=step.path) as policy:
        for name, tasks in sets.items():
            if tasks:
                scores = measure(step.at(name), policy, tasks, asked, goal=goal, judging=config.judging)
                told.setdefault((goal, config.measuring.temperature), scores)
        for name, temperature in itertools.product(compared, COMPARED):
            there = step.at(f"held-out-{name}-t{temperature}")
            if (GOALS[name], temperature) in told:
                there.value("scores.json", lambda there=told[GOALS[name], temperature]: there)
                continue
            settings = replace(asked, temperature=temperature)
            measure(there, policy, sets["held-out"], settings, goal=GOALS[name], judging=config.judging)
    if config.watch:
        asking = watch.Asking(
            backend=config.backend, server=config.server, goal=goal, seed=config.seed, judging=config.judging
        )
        watch.watch(step, model, watch.load_all(config.watch, config.watching), config.watching, asking)


def weed(run: Run, newest: int, config: Leti) -> None:
    """Drop the weights of rounds that are neither the newest nor, by the dev score, the best."""
    if config.keep == "all":
        return
    kept = {newest}
    if config.keep == "best,last" and config.dev:
        kept.add(best(run, newest))
    for i in range(newest):
        if i not in kept:
            run.at(f"{i:02}").drop("model")


def best(run: Run, newest: int) -> int:
    """The round with the highest pass@1 on dev, the earliest of equals."""

    def score(i: int) -> float:
        found = json.loads((run.at(f"{i:02}").at("dev").path / "scores.json").read_text())
        return float(found["pass@1"]["value"])

    return max(range(newest + 1), key=score)


def conditioned(
    samples: Iterable[Sample],
    verdicts: Iterable[Verdict],
    words: Iterable[Feedback | None],
    config: Leti,
    seed: int,
    pots: Collection[str] = (),
) -> Iterator[Demo]:
    """The round's training texts, a pure function of stored records and the seed.

    Samples whose check is broken are left out, and those of the tasks in `pots`, which nobody can solve. Balanced: all
    samples of the kind that is short, and of the other so many that `good_share` holds, drawn without replacement; all
    good ones where none is bad.
    """
    rng = random.Random(seed)
    told = [row for row in zip(samples, verdicts, words, strict=True) if row[0].task not in pots]
    heard = [(verdict, feedback) for _, verdict, feedback in told]
    if config.control == "shuffled":
        rng.shuffle(heard)
    elif config.control == "constant":
        heard = [(verdict, feedback and replace(feedback, text=constant(feedback.text))) for verdict, feedback in heard]
    rows = [(row[0], *said) for row, said in zip(told, heard, strict=True) if said[0].passed is not None]
    if config.dedupe:
        first = {(row[0].prompt, row[0].text): row for row in reversed(rows)}
        rows = list(first.values())[::-1]
    good, bad = ([row for row in rows if row[1].passed is passed] for passed in (True, False))
    if config.select in ("balanced", "passing") and not good:
        raise UsageError(
            f"none of the {len(told)} programs of this round passed, and --select {config.select} needs some that do: "
            "begin a new run with more --draws, with easier or more --tasks, or with --select all"
        )
    if not rows:
        raise UsageError("no sample of this round can be trained on; take more draws or other tasks")
    if config.select == "weighted":
        yield from weighted([(sample, verdict) for sample, verdict, _ in rows], config, rng)
        return
    if config.select == "passing":
        rows = good
    elif config.select == "balanced" and bad:
        odds = config.good_share / (1 - config.good_share)
        goods, bads = min(len(good), round(len(bad) * odds)), min(len(bad), round(len(good) / odds))
        rows = rng.sample(good, goods) + rng.sample(bad, bads)
    for sample, verdict, feedback in rows:
        yield fcft(sample, verdict, feedback, loss_on=config.loss_on, feedback_at=config.feedback_at)


def weighted(rows: Sequence[tuple[Sample, Verdict]], config: Leti, rng: random.Random) -> Iterator[Demo]:
    """Reward-weighted regression (Peters & Schaal 2007): samples drawn with replacement by `exp(score / beta)`, as many
    as there are, whose mean loss is that of all of them so weighted. Every text bears the good token, since what is
    learnt is one policy, and a repeated one an id of its own."""
    chosen = rng.choices(rows, [math.exp(verdict.score / config.beta) for _, verdict in rows], k=len(rows))
    seen: Counter[str] = Counter()
    for sample, verdict in chosen:
        demo = fcft(sample, replace(verdict, passed=True), None, loss_on=config.loss_on)
        yield replace(demo, id=f"{demo.id}~{seen[demo.id]}") if seen[demo.id] else demo
        seen[demo.id] += 1


def constant(words: str) -> str:
    """A phrase that says nothing, as long as the words."""
    return (PHRASE * (len(words) // len(PHRASE) + 1))[: len(words)]
