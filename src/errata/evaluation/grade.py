"""`errata judge`: a file of programs in, a file of verdicts out, line by line.

Reads HumanEval and EvalPlus samples, `{"task_id", "completion"}` or `{"task_id", "solution"}` (the solution wins), and
our own `Sample` records; where tasks are judged by rules, also Google's response files, `{"prompt", "response"}`, whose
lines are matched by their prompt. Works in OUT.part and renames it to OUT, in input order, when nothing is owed; the
same command goes on after a crash. Every output line says in `of` what it was made from (a digest of the program, its
task and the limits), and by that lines are matched.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from errata import jsonl
from errata.errors import UsageError
from errata.evaluation import events, levels
from errata.evaluation.ifeval import Followed, accuracies, followed
from errata.evaluation.metrics import pass_at_k
from errata.judges import Judging, judge, usable
from errata.tasks import Index, digest, load
from errata.text import code
from errata.types import Constrained, Owed, Rules, Sample, Task, Timed, Verdict

UNMATCHED = "unmatched"
"""The outcome in a line whose prompt is none of the tasks'."""
BROKEN = "broken_checks"
"""Lines of which nothing is known, since the check itself is broken; in no rate."""
UNASKED = "tasks_without_sample"
"""Tasks that no line answers; in no rate."""
ARGUMENTS = {"arg_i_f1": "Arg-I F1", "arg_c_f1": "Arg-C F1"}
"""Of event arguments, as the papers write it."""
APART = {
    UNMATCHED: "{:.0f} unmatched: no task has their prompt",
    BROKEN: "{:.0f} not decided: the check itself is broken (invalid_check; their `detail` says how)",
    UNASKED: "tasks without a sample: {:.0f}",
}


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
    response: str | None = None


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
    strict: tuple[bool, ...] = ()
    """Where rules judge: for each instruction whether the answer follows it."""
    loose: tuple[bool, ...] = ()
    """Likewise with the answer's first and last line, and its asterisks, left out where that helps."""
    counts: dict[str, float] = field(default_factory=dict[str, float])
    """Of event arguments: how many people found, how many were given, how many of these are right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A line of OUT.part."""

    line: int
    verdict: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One input line, ready to be judged."""

    sample: Sample
    """Without a task where a response's prompt is none of the tasks'."""
    row: Row
    of: str
    level: int = 0
    """Of a task whose instruction grows (FollowBench): how many constraints it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """What came of a samples file."""

    numbers: Mapping[str, float]
    """`n`, `passed`, `owed`, pass@k in percent where every task has k samples, what the tasks' kind adds, and,
    where they are not 0, the numbers of what is in no rate: `unmatched`, `broken_checks`, `tasks_without_sample`."""
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
    if not work:
        raise UsageError(f"{samples}: holds no sample")
    if not any(item.sample.task for item in work):
        raise UsageError(f"{samples}: prompt: no line's prompt is among the tasks of {tasks}")
    if out.exists():
        return Graded(numbers=summary(standing(out, work), work, index))
    usable(judging)
    part = out.with_name(out.name + ".part")
    done = {number: unmatched(item) for number, item in enumerate(work) if not item.sample.task} | kept(part, work)
    reasons = fill(part, work, done, index, judging)
    ordered = [done[number] for number in sorted(done)]
    if not reasons:
        jsonl.write_whole(out, (jsonl.dump(line) for line in ordered))
        part.unlink(missing_ok=True)
    return Graded(numbers=summary(ordered, work, index), reasons=reasons)


def read(path: Path, index: Index, judging: Judging) -> Iterator[Work]:
    """The input lines as samples; their ids are line numbers."""
    prompts = {task.instruction: task for task in index.by_id.values() if isinstance(task.check, Rules)}
    limits = f"{judging.seconds} {judging.memory_mib} {judging.hidden}"
    if judging.together or judging.sandbox_python:
        limits += f" {judging.together} {judging.sandbox_python}"
    for number, raw in jsonl.lines(path):
        row = jsonl.parse(raw, Row, f"{path}:{number}", loose=True)
        task = asked(row, index, prompts, f"{path}:{number}")
        prompt, text = ("", row.response or "") if task is None else program(row, task, f"{path}:{number}")
        made_of = (prompt, text, "" if task is None else digest([task]), limits)
        seal = hashlib.sha256("\0".join(made_of).encode(errors="surrogatepass"))
        name = str(number)
        sample = Sample(id=name, of=name, task="" if task is None else task.id, prompt=prompt, text=text)
        level = task.check.level if task is not None and isinstance(task.check, Constrained) else 0
        yield Work(sample=sample, row=row, of=seal.hexdigest()[:16], level=level)


def asked(row: Row, index: Index, prompts: Mapping[str, Task], where: str) -> Task | None:
    """The task that a line answers; none for a response whose prompt is none of the tasks'."""
    written = row.task if row.task_id is None else row.task_id
    if written == "" and row.response is not None and prompts:
        if not isinstance(row.prompt, str) or not row.prompt:
            raise UsageError(f"{where}: prompt: field required")
        return prompts.get(row.prompt)
    if written == "":
        needed = "response" if prompts and row.prompt else "task_id"
        raise UsageError(f"{where}: {needed}: field required")
    task = index.get(written)
    if task is None:
        raise UsageError(f"{where}: task_id: {written} is not among the tasks")
    return task


def program(row: Row, task: Task, where: str) -> tuple[str, str]:
    """(prompt, text) of a line: a solution is whole, a completion continues its task's code."""
    if row.solution is not None:
        return "", row.solution
    if row.completion is not None:
        # No program goes on with a fence: it is a chat's, and a whole function in it stands for the one begun.
        fenced = row.completion.lstrip().startswith("```")
        return task.prefix, code(row.completion) if fenced else row.completion
    if row.response is not None:
        return "", row.response
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
    try:
        lines = list(jsonl.iterate(out, Line, loose=True))
    except UsageError as other:
        raise UsageError(f"{out}: stands already and holds no verdicts ({other}); use a new name") from None
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
    try:
        file = part.open("a", encoding="utf-8")
    except OSError as refused:
        raise UsageError(f"{part}: cannot be written ({refused.strerror})") from None
    with file:
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


def unmatched(item: Work) -> Line:
    return Line(
        task_id="",
        passed=None,
        outcome=UNMATCHED,
        detail="its prompt is none of the tasks'",
        seconds=0.0,
        score=0.0,
        tier=0,
        forgeable=False,
        of=item.of,
    )


def line_of(verdict: Verdict, timing: Mapping[str, float | int | str], item: Work) -> Line:
    said_of = item.row.task if item.row.task_id is None else item.row.task_id
    rules = followed(verdict)
    return Line(
        task_id=item.sample.task if said_of == "" else said_of,
        passed=verdict.passed,
        outcome=verdict.outcome,
        detail=verdict.detail,
        seconds=float(timing.get("seconds", 0.0)),
        score=verdict.score,
        tier=int(timing.get("tier", 0)),
        forgeable=verdict.forgeable,
        of=item.of,
        id=item.row.id,
        strict=tuple(rules.strict) if rules else (),
        loose=tuple(rules.loose) if rules else (),
        counts={name: value for name, value in verdict.measures.items() if name in events.COUNTS},
    )


def summary(lines: Sequence[Line], work: Sequence[Work], index: Index) -> dict[str, float]:
    """Counts; pass@k in percent for k = 1, 10, 100 where every task has as many samples; IFEval's four accuracies; the
    F1 of event arguments; FollowBench's HSR, SSR (percent) and CSL (levels, 0 to 5) as scores.json has them."""
    judged = [line for line in lines if line.outcome != UNMATCHED]
    # Lines may write one task's id in several ways.
    asked = {item.of: item.sample.task for item in work}
    counts: dict[str, list[bool]] = {}
    for line in judged:
        # A check that is broken says nothing of the answer.
        if line.passed is not None:
            counts.setdefault(asked[line.of], []).append(line.passed)
    found: dict[str, float] = {
        "n": sum(bool(item.sample.task) for item in work),
        "passed": sum(line.passed is True for line in lines),
        "owed": len(work) - len(lines),
    }
    apart = {
        UNMATCHED: len(lines) - len(judged),
        BROKEN: sum(line.passed is None for line in judged),
        UNASKED: len(index.by_id.keys() - {item.sample.task.lower() for item in work}),
    }
    found |= {name: number for name, number in apart.items() if number}
    fewest = min((len(passes) for passes in counts.values()), default=0)
    for k in (1, 10, 100):
        if k <= fewest:
            scores = [pass_at_k(len(passes), sum(passes), k) for passes in counts.values()]
            found[f"pass@{k}"] = round(100 * sum(scores) / len(scores), 2)
    answers = [Followed(task=asked[line.of], strict=line.strict, loose=line.loose) for line in judged if line.strict]
    arguments = events.metrics([(asked[line.of], line.counts) for line in judged if line.counts])
    return (
        found
        | levelled(judged, work)
        | {
            label: round(100 * bound, 2)
            for name, one in (accuracies(answers) | arguments).items()
            for label, bound in ((name, one.value), (f"{name}_low", one.low), (f"{name}_high", one.high))
            if label == name or name in arguments
        }
    )


def levelled(lines: Sequence[Line], work: Sequence[Work]) -> dict[str, float]:
    """FollowBench's figures with their intervals; nothing where no task has a level."""
    known = {item.of: item for item in work if item.level}
    verdicts = [
        Verdict(
            id=line.of,
            of=line.of,
            task=known[line.of].sample.task,
            passed=line.passed,
            outcome="invalid_check" if line.passed is None else "passed" if line.passed else "wrong",
            score=line.score,
            measures={"level": float(known[line.of].level)},
        )
        for line in lines
        if line.of in known
    ]
    return {
        name + end: one[key]
        for name, one in levels.entries(verdicts).items()
        for key, end in (("value", ""), ("low", "_low"), ("high", "_high"))
    }


def said(found: Mapping[str, float]) -> str:
    """The summary in a line for people; what is of one level or category alone, and what an F1 is made of, is left to
    the JSON."""
    counts = ("n", "passed", "owed", UNMATCHED, BROKEN, UNASKED)
    left = ("_low", "_high", "_precision", "_recall")
    shown = {name: value for name, value in found.items() if not name.endswith(left) and ":" not in name}
    shown = {ARGUMENTS.get(name, name): value for name, value in shown.items() if not name.startswith("found_")}
    rates = ", ".join(
        f"{name} {value:.2f} of {len(levels.LEVELS)}" if name == "csl" else f"{name} {value:.1f} %"
        for name, value in shown.items()
        if name not in counts
    )
    apart = "".join(f"; {words.format(found[name])}" for name, words in APART.items() if name in found)
    return f"{found['passed']:.0f} of {found['n']:.0f} passed" + (f"; {rates}" if rates else "") + apart
