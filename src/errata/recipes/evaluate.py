"""A model measured on tasks, without training."""

from dataclasses import dataclass, field
from typing import Literal

from errata.evaluation.followbench import JudgeModel, judged, needed
from errata.evaluation.measure import Measuring, Scores, answered, measure
from errata.evaluation.scoring import scores
from errata.jsonl import Json
from errata.judges import Judging
from errata.policies import Serving, check, serve
from errata.prompts import GOALS, Style
from errata.recipes import ready, weights
from errata.runs import Run
from errata.tasks import digest, load
from errata.text import Trim


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """Settings of a measurement."""

    model: str
    """`primer`, a folder, a name on the Hub, or the name that a server knows."""
    tasks: str
    """What to measure on: NAME[:FILE][split][a:b]."""
    goal: Literal["good", "bad", "none"] = "none"
    """Control token that the model is asked with; `good` for what errata has trained."""
    backend: str = field(default="local", metadata={"free": True})
    """Where the model answers: `local` (transformers, in process), `server:URL` or `recorded:FILE`."""
    server: Serving = field(default=Serving(), metadata={"free": True})
    """How the server is asked, where the backend is one."""
    draws: int = 10
    """Programs drawn for each task."""
    temperature: float = 0.2
    """Sampling temperature; 0 is greedy."""
    max_new_tokens: int = 512
    """Longest reply, in tokens."""
    trim: Trim = "none"
    """What of a reply is kept: all, what stands before LETI's stop words, or the first function."""
    seed: int = 0
    """Seed of the draws."""
    judging: Judging = Judging()
    """Limits of the programs."""
    prompt: Style = field(default="auto", metadata={"was": "style"})
    """How tasks are put to the model; `chat` for models with a chat template."""
    judge: JudgeModel = JudgeModel()
    """The model that decides what rules cannot (FollowBench)."""

    def __post_init__(self) -> None:
        _ = self.measuring

    @property
    def measuring(self) -> Measuring:
        """What the measurement is told."""
        return Measuring(
            draws=self.draws,
            temperature=self.temperature,
            max_new_tokens=self.max_new_tokens,
            trim=self.trim,
            prompt=self.prompt,
            seed=self.seed,
        )


def identity(config: Evaluate) -> dict[str, Json]:
    """What a measurement is besides its settings: digests of its tasks and of its model.

    Raises UsageError for settings that do not fit, before anything is begun.
    """
    kind, _ = check(config.backend, config.server)
    model = weights.digest(config.model, served=kind == "server")
    tasks = load(config.tasks)
    judge: dict[str, Json] = {}
    if needed(tasks, config.judge):
        kind, _ = check(config.judge.backend, config.judge.server)
        judge = {"judge": weights.digest(config.judge.model, served=kind == "server")}
    return {"tasks": digest(tasks), **config.server.identity(), "model": model, **judge}


def prepared(config: Evaluate) -> None:
    """Raises UsageError or Fault where something is missing that a new run needs, before its folder is made."""
    ready.replies(config.backend, config.judge.backend)
    ready.weights(*(one.model for one in (config, config.judge) if one.model and one.backend == "local"))
    ready.programs(config.judging)


def evaluate(config: Evaluate, run: Run) -> Scores:
    """Scores of the model; what is in the run's folder already is not asked again."""
    tasks = load(config.tasks)
    measuring, goal, other = config.measuring, GOALS[config.goal], config.judge
    with serve(weights.folder(config.model), config.backend, server=config.server, folder=run.path) as policy:
        if not needed(tasks, other):
            return measure(run, policy, tasks, measuring, goal=goal, judging=config.judging)
        samples = answered(run, policy, tasks, measuring, goal)
    folder = run.at("judge").path
    with serve(weights.folder(other.model), other.backend, server=other.server, folder=folder) as policy:
        verdicts = judged(run, policy, tasks, samples, other)
    return run.value("scores.json", lambda: scores(verdicts, measuring.ks))
