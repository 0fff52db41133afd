"""FollowBench measured: answers judged by rules, and by a judge model where no rule decides."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from errata.errors import UsageError
from errata.judges import constraints
from errata.policies import Policy, Sampling, Serving
from errata.runs import Run
from errata.types import Owed, Sample, Task, Timed, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeModel:
    """The model that decides what rules cannot (FollowBench)."""

    model: str = ""
    """`primer`, a folder, a name on the Hub, or the name that a server knows; empty: there is none."""
    backend: str = field(default="local", metadata={"free": True})
    """Where it answers: `local`, `server:URL` or `recorded:FILE`."""
    server: Serving = field(default=Serving(), metadata={"free": True})
    """How the server is asked, where the backend is one."""
    chat: bool = True
    """Ask it in chat turns; without it in plain text, as models without a chat template need it."""
    sampling: Sampling = Sampling(temperature=0.0, max_new_tokens=1024)
    """How it is asked."""


def needed(tasks: Sequence[Task], judge: JudgeModel) -> bool:
    """Whether a judge model must be asked. Raises UsageError where it must and none is named."""
    count = sum(map(constraints.by_model, tasks))
    if count and not judge.model:
        raise UsageError(
            f"{count} of {len(tasks)} tasks need a judge model: name one with --judge.model, or take the part that "
            "rules decide, followbench:DIR[rules]"
        )
    return count > 0


def judged(
    run: Run, policy: Policy, tasks: Sequence[Task], samples: Iterable[Sample], judge: JudgeModel
) -> Iterable[Verdict]:
    """The verdicts, in the run's folder; what the judge model replied lies beneath it in `judge/`."""
    answers = list(samples)
    questions = constraints.questions(tasks, answers, chat=judge.chat)
    replies = {one.id: one for one in run.at("judge").map(Sample, policy.sample(judge.sampling), questions)}
    by_rule, by_model = constraints.judge(tasks), constraints.read(tasks)

    def stage(asked: Iterable[Sample]) -> Iterator[Verdict | Timed[Verdict] | Owed]:
        for sample in asked:
            reply = replies.get(sample.id)
            yield from by_rule([sample]) if reply is None else by_model([reply])

    return run.map(Verdict, stage, answers)
