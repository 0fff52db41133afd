"""Texts judged by functions that look at them (AutoIF's verifiers): all are asked, and those with an answer vote.

A function that raises, leaves, hangs or answers neither true nor false says nothing about the text: it has no vote.
Where none has one, the check is broken and nothing is said of the text (`invalid_check`); it is never counted as a text
that was turned down. Blank space around a text does not belong to it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from errata.errors import Fault, UsageError
from errata.judges.functions_calls import SECONDS, Call, Heard, Said, call, runs_text, truth
from errata.judges.unit_tests import FIRST_WINDOW, LAST_WINDOW, Judging, known_task
from errata.sandbox import Limits, Pool
from errata.types import Functions, Owed, Part, Sample, Stage, Task, Timed, Verdict


def judge(tasks: Iterable[Task], judging: Judging) -> Stage[Sample, Verdict]:
    """A stage that puts every sample's text to its task's functions; yields verdicts with their timing, or Owed.

    `judging.seconds` is what a function has for one process of texts; none: 5, as in AutoIF's code.
    """
    known = {task.id: task for task in tasks}
    limits = limits_of(judging)

    def stage(samples: Iterable[Sample]) -> Iterator[Timed[Verdict] | Owed]:
        left, size = iter(samples), FIRST_WINDOW
        with Pool(judging.workers, judging.tier, environment=judging.sandbox_python) as pool:
            while window := list(islice(left, size)):
                checks = [check_of(known_task(known, sample)) for sample in window]
                heard = asked(pool, window, checks, limits)
                for sample, check in zip(window, checks, strict=True):
                    yield found(sample, check, heard)
                size = min(2 * size, LAST_WINDOW)

    return stage


def limits_of(judging: Judging) -> Limits:
    return Limits(seconds=judging.seconds or SECONDS, memory_mib=judging.memory_mib)


def check_of(task: Task) -> Functions:
    match task.check:
        case Functions() as check if check.functions:
            return check
        case Functions():
            raise UsageError(f"{task.id}: check.functions: no function to judge by")
        case _:
            raise RuntimeError(f"{task.id}: a check of kind {task.check.kind} is not for this judge")


def asked(
    pool: Pool, samples: Sequence[Sample], checks: Sequence[Functions], limits: Limits
) -> Mapping[tuple[str, str], Said | Fault]:
    """What each function says of each text that it is asked about, each asked once."""
    texts: dict[str, dict[str, None]] = {}
    for sample, check in zip(samples, checks, strict=True):
        for source in check.functions:
            texts.setdefault(source, {})[reply(sample)] = None
    calls = [Call(source=source, texts=tuple(those)) for source, those in texts.items()]
    heard: dict[tuple[str, str], Said | Fault] = {}
    for number, answers in call(pool, calls, limits):
        one = calls[number]
        heard |= {(one.source, text): said for text, said in zip(one.texts, each(answers, one), strict=True)}
    return heard


def each(answers: Heard, one: Call) -> Sequence[Said | Fault]:
    return [answers] * len(one.texts) if isinstance(answers, Fault) else answers


def reply(sample: Sample) -> str:
    """The text that is looked at."""
    return sample.text.strip()


def found(sample: Sample, check: Functions, heard: Mapping[tuple[str, str], Said | Fault]) -> Timed[Verdict] | Owed:
    text = reply(sample)
    said: list[Said] = []
    for source in check.functions:
        answer = heard[source, text]
        if isinstance(answer, Fault):
            return Owed(id=sample.id, reason=str(answer))
        said.append(answer)
    votes = [truth(answer) for answer in said]
    counted = [vote for vote in votes if vote is not None]
    score = sum(counted) / len(counted) if counted else 0.0
    passed = score > check.above if counted else None
    verdict = Verdict(
        id=sample.id,
        of=sample.id,
        task=sample.task,
        passed=passed,
        outcome="invalid_check" if passed is None else "passed" if passed else "wrong",
        score=score,
        parts=tuple(
            Part(
                name=f"function[{at}]", passed=vote is True, call="evaluate(response)", got=got(answer), expected="True"
            )
            for at, (answer, vote) in enumerate(zip(said, votes, strict=True))
        ),
        measures={"public": float(passed)} if passed is not None else {},
        detail="".join(words(at, answer, vote) for at, (answer, vote) in enumerate(zip(said, votes, strict=True))),
        forgeable=any(runs_text(source) for source in check.functions),
    )
    return Timed(record=verdict, timing={"tier": max((answer.tier for answer in said), default=0)})


def got(said: Said) -> str | None:
    return None if said.error else repr(said.value)


def words(at: int, said: Said, vote: bool | None) -> str:
    """What a function has against a text, or why it does not count."""
    if said.error:
        return f"function[{at}] came to no answer: {said.error}\n"
    return "" if vote else f"function[{at}] answers {said.value!r}\n"
