"""`errata judge`: a file of programs in, a file of verdicts out, line by line.

Reads HumanEval and EvalPlus samples, `{"task_id", "completion"}` or `{"task_id", "solution"}` (the solution wins), and
our own `Sample` records. Works in OUT.part and renames it to OUT, in input order, when nothing is owed; the same
command goes on after a crash. Every output line says in `of` what it was made from (a digest of the program, its task
and the limits), and by that lines are matched.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from errata import jsonl
from errata.errors import UsageError
from errata.evaluation.metrics import pass_at_k
from errata.judges import Judging, judge
from errata.tasks import Index, digest, load
from errata.types import Owed, Sample, Task, Timed, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a samples file, in any of its forms."""

    task_id: str | int | None = None
    completion: str | None = None
    solution: str | None = None
    id: str = ""
    task: str = ""
    prompt: str | tuple[dict[str, str], ...] = ""
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the verdict file."""

    task_id: str | int
    passed: bool | None
    outcome: str
    detail: str
    seconds: float
    score: float
    tier: int
    forgeable: bool
    of: str
    """Digest of the program, its task and the limits."""
    id: str = ""
    """The sample's id, where the input had one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A line of OUT.part."""

    line: int
    verdict: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One input line, ready to be judged."""

    sample: Sample
    row: Row
    of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """What came of a samples file."""

    numbers: Mapping[str, float]
    """`n`, `passed`, `owed`, and pass@k in percent where every task has k samples."""
    reasons: Sequence[str] = ()
    """Why verdicts are owed; what was judged is in OUT.part, and there is no OUT yet."""


def grade(samples: Path, tasks: str, out: Path, judging: Judging) -> Graded:
    """Judge every line of `samples` and write OUT.

    Raises UsageError for bad input (`FILE:LINE: field: message`) and for an OUT that was made from other inputs.
    """
    if not out.parent.is_dir():
        raise UsageError(f"{out}: its folder does not exist")
    index = Index(load(tasks))
    work = list(read(samples, index, judging))
    if out.exists():
        return Graded(numbers=summary(standing(out, work), len(work)))
    part = out.with_name(out.name + ".part")
    done = kept(part, work)
    reasons = fill(part, work, done, index, judging)
    ordered = [done[number] for number in sorted(done)]
    if not reasons:
        jsonl.write_whole(out, (jsonl.dump(line) for line in ordered))
        part.unlink()
    return Graded(numbers=summary(ordered, len(work)), reasons=reasons)


def read(path: Path, index: Index, judging: Judging) -> Iterator[Work]:
    """The input lines as samples; their ids are line numbers."""
    limits = f"{judging.seconds} {judging.memory_mib} {judging.hidden}"
    if judging.together or judging.sandbox_python:
        limits += f" {judging.together} {judging.sandbox_python}"
    for number, raw in jsonl.lines(path):
        row = jsonl.parse(raw, Row, f"{path}:{number}", loose=True)
        written = row.task if row.task_id is None else row.task_id
        if written == "":
            raise UsageError(f"{path}:{number}: task_id: field required")
        task = index.get(written)
        if task is None:
            raise UsageError(f"{path}:{number}: task_id: {written} is not among the tasks")
        prompt, text = program(row, task, f"{path}:{number}")
        seal = hashlib.sha256("\0".join((prompt, text, digest([task]), limits)).encode(errors="surrogatepass"))
        name = str(number)
        sample = Sample(id=name, of=name, task=task.id, prompt=prompt, text=text)
        yield Work(sample=sample, row=row, of=seal.hexdigest()[:16])


def program(row: Row, task: Task, where: str) -> tuple[str, str]:
    """(prompt, text) of a line: a solution is whole, a completion continues its task's code."""
    if row.solution is not None:
        return "", row.solution
    if row.completion is not None:
        return task.prefix, row.completion
    if row.text is not None:
        return (row.prompt if isinstance(row.prompt, str) else ""), row.text
    raise UsageError(f"{where}: completion: field required (or solution, or text)")


def kept(part: Path, work: Sequence[Work]) -> dict[int, Line]:
    """What an earlier try has judged; a torn last line is cut off."""
    if not part.exists():
        return {}
    whole = part.read_bytes()
    end = whole.rfind(b"\n") + 1
    if end < len(whole):
        os.truncate(part, end)
    done = {row.line: row.verdict for row in jsonl.iterate(part, Kept)}
    for number, line in done.items():
        if number >= len(work) or work[number].of != line.of:
            raise UsageError(f"{part}: was begun with other inputs; remove it or use a new name")
    return done


def standing(out: Path, work: Sequence[Work]) -> list[Line]:
    """The lines of an OUT that stands, if it was made from these inputs."""
    lines = list(jsonl.iterate(out, Line, loose=True))
    if [line.of for line in lines] != [item.of for item in work]:
        raise UsageError(f"{out}: stands already and was made from other inputs; use a new name")
    return lines


def fill(part: Path, work: Sequence[Work], done: dict[int, Line], index: Index, judging: Judging) -> list[str]:
    """Judge what is missing from `done`, a line each as it is ready; the reasons of what stays owed."""
    place = {item.sample.id: number for number, item in enumerate(work)}
    owed = [item.sample for number, item in enumerate(work) if number not in done]
    if not owed:
        return []
    reasons: list[str] = []
    stage = judge(index.by_id.values(), judging)
    with part.open("a", encoding="utf-8") as file:
        for made in stage(owed):
            if isinstance(made, Owed):
                reasons.append(made.reason)
                continue
            verdict, timing = (made.record, made.timing) if isinstance(made, Timed) else (made, {})
            number = place[verdict.of]
            done[number] = line_of(verdict, timing, work[number])
            file.write(jsonl.dump(Kept(line=number, verdict=done[number])) + "\n")
            file.flush()
    return reasons


def line_of(verdict: Verdict, timing: Mapping[str, float | int | str], item: Work) -> Line:
    return Line(
        task_id=item.row.task if item.row.task_id is None else item.row.task_id,
        passed=verdict.passed,
        outcome=verdict.outcome,
        detail=verdict.detail,
        seconds=float(timing.get("seconds", 0.0)),
        score=verdict.score,
        tier=int(timing.get("tier", 0)),
        forgeable=verdict.forgeable,
        of=item.of,
        id=item.row.id,
    )


def summary(lines: Sequence[Line], asked: int) -> dict[str, float]:
    """Counts, and pass@k in percent for k = 1, 10, 100 where every task has as many samples."""
    counts: dict[str, list[bool]] = {}
    for line in lines:
        counts.setdefault(str(line.task_id), []).append(line.passed is True)
    found: dict[str, float] = {
        "n": asked,
        "passed": sum(line.passed is True for line in lines),
        "owed": asked - len(lines),
    }
    fewest = min((len(passes) for passes in counts.values()), default=0)
    for k in (1, 10, 100):
        if k <= fewest:
            scores = [pass_at_k(len(passes), sum(passes), k) for passes in counts.values()]
            found[f"pass@{k}"] = round(100 * sum(scores) / len(scores), 2)
    return found


def said(found: Mapping[str, float]) -> str:
    """The summary in a line for people."""
    rates = ", ".join(f"{name} {value:.1f} %" for name, value in found.items() if name.startswith("pass@"))
    return f"{found['passed']:.0f} of {found['n']:.0f} passed" + (f"; {rates}" if rates else "")
