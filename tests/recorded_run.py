"""A run of two rounds without a model, to be killed: `python recorded_run.py RUN ASKED {recorded,sampled}`.

Each id that the policy is asked for is noted in the file ASKED before it answers. Recorded answers are the same each
time; sampled ones never are.
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from errata.runs import Run
from errata.types import Demo, Feedback, Progress, Prompt, Sample, Timed, Verdict

PAUSE = 0.004


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    rounds: int = 2
    draws: int = 40


def main(folder: Path, noted: Path, mode: str) -> None:
    run = Run.open(folder, Settings(), {"policy": mode})

    def policy(prompts: Iterable[Prompt]) -> Iterator[Sample]:
        batch: list[Prompt] = []
        for prompt in prompts:
            batch.append(prompt)
            if len(batch) == 4:
                yield from answer(batch)
                batch = []
        yield from answer(batch)

    def answer(batch: list[Prompt]) -> Iterator[Sample]:
        with noted.open("a") as file:
            file.writelines(f"{prompt.id}\n" for prompt in batch)
        for prompt in reversed(batch):
            time.sleep(PAUSE)
            text = os.urandom(8).hex() if mode == "sampled" else f"{prompt.text}é\u2028\n" * 3
            yield Sample(id=prompt.id, of=prompt.id, task=prompt.task, prompt=prompt.text, text=text)

    print("ready", flush=True)
    for number in range(Settings().rounds):
        step = run.at(f"{number:02}")
        prompts = (Prompt(id=f"{number}/{i}#0", task=f"{number}/{i}", text=f"{i}") for i in range(Settings().draws))
        samples = step.map(Sample, policy, prompts)
        verdicts = step.map(Verdict, judge, samples)
        feedback = step.map(Feedback, explain, verdicts)
        demos = step.put(
            Demo,
            (
                Demo(id=s.id, of=(s.id, f.id), context=f.text, target=s.text)
                for s, f in zip(samples, feedback, strict=True)
            ),
        )
        step.once("model", lambda partial, progress, demos=demos: train(partial, progress, len(demos)))
        step.value("scores.json", lambda verdicts=verdicts: {"passed": sum(bool(v.passed) for v in verdicts)})


def judge(samples: Iterable[Sample]) -> Iterator[Timed[Verdict]]:
    for sample in samples:
        time.sleep(PAUSE)
        passed = sum(sample.text.encode()) % 3 == 0
        verdict = Verdict(
            id=sample.id,
            of=sample.id,
            task=sample.task,
            passed=passed,
            outcome="passed" if passed else "wrong",
            score=float(passed),
        )
        yield Timed(record=verdict, timing={"seconds": time.monotonic()})


def explain(verdicts: Iterable[Verdict]) -> Iterator[Feedback]:
    for verdict in verdicts:
        time.sleep(PAUSE)
        yield Feedback(id=verdict.id, of=verdict.id, author="interpreter", text=f"{verdict.outcome} " * 50)


def train(partial: Path, progress: Progress, steps: int) -> None:
    """Goes on from the last step that is on disk."""
    # A kill may have left a step that was not whole yet beside the others.
    for step in range(len(list(partial.glob("[0-9]*"))), steps):
        time.sleep(PAUSE)
        beside = partial / ".new"
        beside.write_text(f"{step}")
        beside.rename(partial / f"{step:03}")
        progress(step + 1, steps, "")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
