"""ILF: imitation learning from language feedback (Chen et al. 2023, arXiv 2303.16749; TMLR 2024).

Each round samples programs for two sets of tasks and keeps the tasks of which no sample passes. People say what is
wrong with one of ten failing programs and how to mend it, and on the `refine` set mend it too (algorithm 1). A refiner
is trained on their refinements; it refines the failing programs of the other set by people's feedback; one refinement a
task that passes is kept; and the model is trained on those. Baselines, called arms, share the samples and the feedback
(recipes/arms.py).

What the defaults do otherwise than the authors' code, each a setting that the `paper` preset sets back:

- the refiner's loss bears on the program alone (`loss_on`); theirs on the problem text before it too;
- the learning rate warms up (`refiner.warmup_steps`); theirs falls from the first step.

Not taken over at all: prompts cut in the middle of their feedback, refinements without an end, tasks that are passed
over because their prompt cannot be made, and choices without a seed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import tyro

from errata import prompts
from errata.errors import UsageError, Waiting
from errata.evaluation.measure import Measuring, measure
from errata.jsonl import Json, lines
from errata.judges import Judging
from errata.policies import Sampling, Serving, check, serve
from errata.recipes import account, arms, questions, ready, watch, weights
from errata.recipes.watch import Watching
from errata.runs import Run
from errata.tasks import apart, digest
from errata.training import Objective, fit
from errata.training.rows import readable
from errata.types import Demo, Question, Task

FREE = {"free": True}
GROWS = {"may": "grow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Critic:
    """A model in the place of people, for the arm `model-feedback`, and examples in the place of training."""

    model: str = ""
    """Who writes feedback: `primer`, a folder, or a name on the Hub; empty is the base model."""
    backend: str = "local"
    """Where it answers: `local`, `server:URL` or `recorded:FILE`."""
    server: Serving = field(default=Serving(), metadata=FREE)
    """How the server is asked, where the backend is one."""
    sampling: Sampling = Sampling(temperature=0.7, max_new_tokens=200)
    """How it is asked for feedback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ilf:
    """Settings of ILF."""

    model: str = "primer"
    """The base of both the model and the refiner: `primer`, a folder, or a name on the Hub."""
    refine: str = "primer[refine]"
    """Tasks whose failing programs people mend; the refiner learns from them."""
    tasks: str = "primer[train]"
    """Tasks whose failing programs people say something about; the model learns from their refinements."""
    held_out: str = "primer[test]"
    """Tasks that scores are reported on; none may be among the others."""
    rounds: int = field(default=1, metadata=GROWS)
    """Times that all of it is done, each with the model of the one before; a finished run can be given more."""
    arms: str = field(default="ilf", metadata=FREE)
    """What is trained on the same samples, with commas: `ilf`, `gold`, `human`, `no-feedback`, `unrelated`,
    `model-feedback`, `few-shot`; the last two with 1 example or, as `few-shot:2`, with 2. More can be added later."""
    annotator: Literal["people", "simulated"] = "people"
    """Who answers: `simulated` is a program that knows the primer's tasks; it stands for no person."""
    annotations: str = ""
    """A file of the ILF authors' annotation rows, in the place of sampling and asking: each row's program is its task's
    only sample, its feedback and its refinement are the answer. Tasks are `ilf:FILE[ilf-refine]`, `[ilf-train]`."""
    votes: int = 1
    """People that each question is put to."""
    go_on_with: int = field(default=0, metadata=FREE)
    """Go on when so many questions of each set are answered, though others are open; 0 waits for all."""
    draws: int = 30
    """Programs sampled for each task, to find the tasks of which none passes."""
    offers: int = 10
    """Failing programs of a task that people may choose from, the easiest to mend first."""
    feedbacks: int = 0
    """Tasks of each set that are gone on with, chosen with the seed; 0 is all. For curves of sample efficiency."""
    refinements: int = 30
    """Refinements sampled for each feedback."""
    prompt: prompts.Style = "auto"
    """How a task is put to the model."""
    loss_on: Literal["all", "program"] = "program"
    """The refiner's loss: on all of a refinement, the problem text before it too (as in the paper), or the program."""
    old_tokens: int = 0
    """Longest failing program in a refinement's prompt, in tokens of the model; 0 is as long as it is."""
    warm_up: int = 0
    """Texts that teach the refiner to do what feedback says, before people's: corpus programs of the primer with some
    places changed, and words that say how to change them back. 0 is none, as in the paper."""
    lora: bool = False
    """Train low-rank adapters in place of all weights; merged into the models that are kept."""
    watch: tyro.conf.UseAppendAction[tuple[str, ...]] = field(default=(), metadata=FREE)
    """What must not get worse, measured on the base and on every arm: a task source, or `perplexity:FILE`."""
    watching: Watching = Watching()
    """How what is watched is measured."""
    backend: str = field(default="local", metadata=FREE)
    """Where the model and the refiner answer: `local` (transformers, in process), `server:URL` or `recorded:FILE`."""
    server: Serving = field(default=Serving(), metadata=FREE)
    """How the server is asked, where the backend is one."""
    seed: int = 0
    """Seed of draws, choices and training."""
    critic: Critic = Critic()
    """Of the arm `model-feedback`."""
    sampling: Sampling = Sampling(temperature=0.8)
    """Of programs, and of refinements."""
    refiner: Objective = Objective(learning_rate=5e-6, epochs=2)
    """Of the refiner's training."""
    objective: Objective = Objective(learning_rate=5e-6, epochs=2)
    """Of the model's training."""
    warming: Objective = Objective(learning_rate=1e-3, epochs=1, batch_size=16)
    """Of the refiner's warm-up."""
    measuring: Measuring = Measuring(draws=30, temperature=0.8, ks=(1, 10))
    """Of held-out scores."""
    judging: Judging = Judging()
    """Of all programs."""

    def __post_init__(self) -> None:
        counts = {"rounds": self.rounds, "draws": self.draws, "offers": self.offers, "votes": self.votes}
        for name, value in {**counts, "refinements": self.refinements}.items():
            if value < 1:
                raise UsageError(f"{name} must be at least 1, not {value}")
        limits = {"go_on_with": self.go_on_with, "feedbacks": self.feedbacks, "warm_up": self.warm_up}
        for name, value in {**limits, "old_tokens": self.old_tokens}.items():
            if value < 0:
                raise UsageError(f"{name} must be 0 or more, not {value}")
        arms.named(self.arms)
        _ = self.trained

    @property
    def trained(self) -> tuple[Objective, Objective]:
        """What the refiner's and the model's training are told, with adapters by either flag. Raises UsageError for
        what does not go with them."""
        one, other = (replace(each, lora=self.lora or each.lora) for each in (self.refiner, self.objective))
        return one, other


def ilf(config: Ilf, run: Run) -> str:
    """The trained model's folder. Re-running goes on where it stopped.

    Raises Waiting while people's answers are missing, UsageError for settings or tasks that do not fit, Fault when the
    machine fails; nothing done is lost.
    """
    model, sets = weights.folder(config.model), splits(config)
    refiner, mend = model, any(arm.kind == "human" for arm in arms.named(config.arms))
    assess(run.at("base"), model, sets["held_out"], config)
    for i in range(config.rounds):
        step, settings = run.at(f"{i:02}"), seeded(config, i)
        asked = {
            name: questions.sampled(step.at(name), model, sets[name], settings, mend=name == "refine" or mend)
            for name in questions.SETS
        }
        heard = listened(step, asked, settings)
        bench = arms.Bench(step=step, model=model, refiner=refiner, heard=heard, config=settings)
        refiner = arms.refiner(bench)
        trained: dict[str, str] = {}
        for arm in arms.named(config.arms):
            place = arms.place(step, arm.name)
            examples = place.put(Demo, arms.examples(replace(bench, refiner=refiner), arm))
            trained[arm.name] = str(place.once("model", fit(model, examples, settings.objective)))
            place.value("training.json", lambda made=trained[arm.name]: weights.told(made))
            assess(place, trained[arm.name], sets["held_out"], config)
        account.account(run, bench, trained)
        model = trained["ilf"]
    return model


def listened(step: Run, asked: Mapping[str, Sequence[Question]], config: Ilf) -> dict[str, list[questions.Mended]]:
    """What people said to the questions of both sets, which are all put before anybody is waited for."""
    if config.annotations:
        questions.brought(step, config)
    heard: dict[str, list[questions.Mended]] = {}
    waiting: Waiting | None = None
    for name, those in asked.items():
        try:
            heard[name] = questions.answered(step.at(name), those, config)
        except Waiting as open_ones:
            waiting = open_ones
    if waiting:
        raise waiting
    return heard


def seeded(config: Ilf, i: int) -> Ilf:
    """The settings of a round, whose seed is its own."""
    seed = 1000 * config.seed + i
    refiner, objective = config.trained
    return replace(
        config,
        seed=seed,
        sampling=replace(config.sampling, seed=seed),
        refiner=replace(refiner, seed=seed),
        objective=replace(objective, seed=seed),
        warming=replace(config.warming, seed=seed),
    )


def splits(config: Ilf) -> dict[str, Sequence[Task]]:
    """The three sets of tasks, none of which shares a task with another."""
    return apart({"refine": config.refine, "tasks": config.tasks, "held_out": config.held_out})


def identity(config: Ilf) -> dict[str, Json]:
    """What a run is besides its settings: digests of its tasks and of its base model.

    Raises UsageError for settings that do not fit, before anything is begun.
    """
    check(config.backend, config.server)
    ready.reloaded(config.backend, config.server)
    readable(config.refiner, config.objective, config.warming)
    check(config.critic.backend, config.critic.server)
    loaded = splits(config)
    watch.check(config.watch, config.watching, (*loaded["refine"], *loaded["tasks"]))
    named: dict[str, Json] = {name: digest(tasks) for name, tasks in loaded.items()}
    if config.annotations:
        named["annotations"] = hashlib.sha256(b"".join(line for _, line in lines(Path(config.annotations)))).hexdigest()
    asked = {f"critic.{name}": value for name, value in config.critic.server.identity().items()}
    return {**named, **config.server.identity(), **asked, "model": weights.digest(config.model)}


def prepared(config: Ilf) -> None:
    """Raises UsageError or Fault where something is missing that a new run needs, before its folder is made."""
    ready.replies(config.backend, config.critic.backend)
    ready.texts(config.refiner, config.objective, config.warming)
    ready.weights(config.model)
    ready.programs(config.judging)


def assess(step: Run, model: str, tasks: Sequence[Task], config: Ilf) -> None:
    """Scores of one model on the held-out tasks, by hidden tests where they have them."""
    settings = config.measuring.spoken(config.prompt)
    with serve(model, config.backend, server=config.server, folder=step.path) as policy:
        measure(step.at("held-out"), policy, tasks, settings, judging=config.judging)
    if config.watch:
        asking = watch.Asking(backend=config.backend, server=config.server, seed=config.seed, judging=config.judging)
        watch.watch(step, model, watch.load_all(config.watch, config.watching), config.watching, asking)
