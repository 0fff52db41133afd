"""IFEval's four accuracies: whole prompts and single instructions, strictly and loosely (arXiv 2311.07911, table 3).

`prompt_*` is the share of prompts all of whose instructions are followed, `instruction_*` the share of all
instructions. Where a prompt has several draws, its own share stands for it, so that prompts weigh alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from errata.evaluation.intervals import Interval, mean, ratio
from errata.types import Verdict

NAMES = ("prompt_strict", "instruction_strict", "prompt_loose", "instruction_loose")


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One answer: for each instruction whether it was followed."""

    task: str
    strict: Sequence[bool]
    loose: Sequence[bool]


def followed(verdict: Verdict) -> Followed | None:
    """What a verdict by rules says; none for other verdicts."""
    if "loose[0]" not in verdict.measures:
        return None
    loose = [verdict.measures[f"loose[{number}]"] >= 1 for number in range(len(verdict.parts))]
    return Followed(task=verdict.task, strict=[part.passed for part in verdict.parts], loose=loose)


def accuracies(answers: Iterable[Followed]) -> dict[str, Interval]:
    """The four accuracies, 0 to 1, with intervals over prompts; nothing where there is no answer."""
    of_task: dict[str, list[Followed]] = {}
    for answer in answers:
        of_task.setdefault(answer.task, []).append(answer)
    tasks = [of_task[task] for task in sorted(of_task)]
    if not tasks:
        return {}
    found: dict[str, Interval] = {}
    for level in ("strict", "loose"):
        lists = [[said(answer)[level] for answer in draws] for draws in tasks]
        found[f"prompt_{level}"] = mean([share(all(one) for one in draws) for draws in lists])
        hits = [sum(sum(one) for one in draws) / len(draws) for draws in lists]
        found[f"instruction_{level}"] = ratio(hits, [len(draws[0]) for draws in lists])
    return {name: found[name] for name in NAMES}


def said(answer: Followed) -> Mapping[str, Sequence[bool]]:
    return {"strict": answer.strict, "loose": answer.loose}


def share(values: Iterable[bool]) -> float:
    held = list(values)
    return sum(held) / len(held)


def by_instruction(verdicts: Iterable[Verdict]) -> dict[str, tuple[int, int, int]]:
    """Each kind of instruction, `punctuation:no_comma`: how often it was followed strictly, loosely, and asked for."""
    counts: dict[str, list[int]] = {}
    for verdict in verdicts:
        answer = followed(verdict)
        if answer is None:
            continue
        for part, strict, loose in zip(verdict.parts, answer.strict, answer.loose, strict=True):
            count = counts.setdefault(part.name, [0, 0, 0])
            count[0] += strict
            count[1] += loose
            count[2] += 1
    return {name: (strict, loose, asked) for name, (strict, loose, asked) in sorted(counts.items())}
