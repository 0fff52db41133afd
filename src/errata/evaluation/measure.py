"""A model measured on held-out tasks: ask, judge by hidden tests, and write scores.json with intervals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from errata.errors import UsageError
from errata.evaluation.scoring import Scores, scores
from errata.judges import Judging, judge
from errata.policies import Policy, Sampling
from errata.policies.trimming import trimming
from errata.prompts import Style, ask
from errata.runs import Run
from errata.text import Trim
from errata.types import Sample, Task, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """How a model is measured."""

    draws: int = 10
    """Programs drawn for each held-out task."""
    temperature: float = 0.2
    """Sampling temperature; 0 is greedy."""
    top_p: float = 1.0
    """Nucleus sampling: the smallest set of tokens with this much probability."""
    top_k: int = 0
    """Only the so many likeliest tokens; 0 is all."""
    max_new_tokens: int = 512
    """Longest reply, in tokens."""
    stop: tuple[str, ...] = ()
    """Strings that end a reply."""
    trim: Trim = "none"
    """What of a reply is kept: all, what stands before LETI's stop words, or the first function."""
    ks: tuple[int, ...] = (1, 10, 100)
    """The k of pass@k, beside 1; those above the number of draws are left out."""
    prompt: Style = field(default="auto", metadata={"was": "style"})
    """How tasks are put to the model; `auto` is a chat where the model is trained in chats, else what fits the task."""
    seed: int = 0
    """Seed of the draws."""

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise UsageError(f"draws must be at least 1, not {self.draws}")
        if not self.ks or min(self.ks) < 1:
            raise UsageError(f"ks: the k of pass@k is 1 or more, not {' '.join(map(str, self.ks)) or 'none'}")
        _ = self.sampling

    def spoken(self, prompt: Style) -> "Measuring":
        """The same, for a model that is trained with such prompts: it is asked as it learns, unless told otherwise."""
        return replace(self, prompt=prompt) if self.prompt == "auto" else self

    @property
    def sampling(self) -> Sampling:
        """What the policy is told."""
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            max_new_tokens=self.max_new_tokens,
            stop=self.stop,
            seed=self.seed,
        )


def measure(
    run: Run,
    policy: Policy,
    tasks: Sequence[Task],
    settings: Measuring,
    *,
    goal: str = "",
    judging: Judging | None = None,
) -> Scores:
    """Samples, verdicts and scores.json in the run's folder; what is there already is not made again.

    `goal` is the token that conditions the model; scores always come from hidden tests where a task has them.
    """
    judging = replace(judging or Judging(), hidden=True)
    samples = answered(run, policy, tasks, settings, goal)
    verdicts = run.map(Verdict, judge(tasks, judging), samples)
    return run.value("scores.json", lambda: scores(verdicts, settings.ks))


def answered(run: Run, policy: Policy, tasks: Sequence[Task], settings: Measuring, goal: str = "") -> Iterable[Sample]:
    """The model's answers, in the run's folder."""
    prompts = ask(tasks, settings.draws, goal, settings.prompt)
    return run.map(Sample, trimming(policy.sample(settings.sampling), settings.trim), prompts)
