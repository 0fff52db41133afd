"""Programs judged by unit tests, in the sandbox: no pass can be forged, and no failing machine is a failing program.

A task's reference program, where it has one, is run once before the task's first sample: its time sets the limit, and
it tells whether the tests look at arguments that the program changes in place. Identical programs are run once.
"""

import ast
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from errata import prompts, text
from errata.errors import Fault, UsageError
from errata.judges.heads import Heads
from errata.sandbox import Limits, Outcome, Pool, Program
from errata.types import Owed, Sample, Stage, StdinTests, Task, Timed, UnitTests, Verdict

DEFAULT_SECONDS = 3.0
LEAST_SECONDS = 0.5
AGAIN = ("wrong", "exception", "early_exit", "invalid_check")
"""Ends of a reference program that may be the fault of how it was judged."""
REFERENCE_SECONDS = 60.0
"""What a reference program may take."""
FIRST_WINDOW, LAST_WINDOW = 64, 4096
"""Samples that are taken before their tasks' references are run; the window doubles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """How programs are judged."""

    workers: int = 0
    """Programs that run at once; 0: as many as there are cores."""
    seconds: float | None = None
    """Time limit; none: ten times the reference program's time and at least 0.5, or 3 where there is no reference."""
    memory_mib: int = 1024
    """Memory that a program may use, in MiB."""
    tier: int | None = None
    """Sandbox tier to use, 1 or 2; none: the best that this machine can hold."""
    hidden: bool = False
    """Judge by the hidden tests too, as reported scores do; training and feedback see public tests alone."""
    together: bool = False
    """Run tests in the program's own process (mocks, patched modules); a program could forge such a verdict."""
    sandbox_python: str = ""
    """Python environment (its folder, or its interpreter) whose packages programs may import; none: this one's."""
    heads: Heads = "rule"
    """How head words of event arguments are found: by a rule, or by spaCy's parser (`pip install errata[spacy]`)."""

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise UsageError(f"workers must be 0 (one a core) or more, not {self.workers}")
        if self.seconds is not None and not self.seconds > 0:
            raise UsageError(f"a program's time limit must be above 0 seconds, not {self.seconds:g}")
        if self.memory_mib < 1:
            raise UsageError(f"memory_mib must be at least 1, not {self.memory_mib}")
        if self.tier not in (None, 1, 2):
            raise UsageError(f"there is no sandbox tier {self.tier}; there are 1 and 2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A task, ready to be put to programs."""

    program: Program
    """With everything but the source."""
    limits: Limits
    reference: Outcome | None = None
    """What was found of the reference program, where that is also what is found of a sample that is the same."""


def judge(tasks: Iterable[Task], judging: Judging) -> Stage[Sample, Verdict]:
    """A stage that runs every sample against its task's tests; yields verdicts with their timing, or Owed."""
    known = {task.id: task for task in tasks}

    def stage(samples: Iterable[Sample]) -> Iterator[Timed[Verdict] | Owed]:
        left, size = iter(samples), FIRST_WINDOW
        cases: dict[str, Case] = {}
        seen: dict[tuple[str, str], Outcome] = {}
        with Pool(judging.workers, judging.tier, environment=judging.sandbox_python) as pool:
            while window := list(islice(left, size)):
                new = [known_task(known, sample) for sample in window if sample.task not in cases]
                made = prepared({task.id: task for task in new}, judging, pool)
                cases |= made
                seen |= {(name, known[name].reference): case.reference for name, case in made.items() if case.reference}
                owed: dict[tuple[str, str], list[Sample]] = {}
                for sample in window:
                    key = (sample.task, program(sample))
                    if key in seen:
                        yield found(sample, seen[key], cases[sample.task].program)
                    else:
                        owed.setdefault(key, []).append(sample)
                keys = list(owed)
                for at, outcome in pool.map(jobs(keys, cases)):
                    key = keys[int(at)]
                    if isinstance(outcome, Outcome):
                        seen[key] = outcome
                    for sample in owed[key]:
                        yield found(sample, outcome, cases[sample.task].program)
                size = min(2 * size, LAST_WINDOW)

    return stage


def jobs(keys: Sequence[tuple[str, str]], cases: Mapping[str, Case]) -> Iterator[tuple[str, Program, Limits]]:
    for at, (task, source) in enumerate(keys):
        yield str(at), replace(cases[task].program, source=source), cases[task].limits


def known_task(tasks: Mapping[str, Task], sample: Sample) -> Task:
    task = tasks.get(sample.task)
    if task is None:
        raise UsageError(f"{sample.id}: its task {sample.task} is not among the tasks")
    return task


def prepared(tasks: Mapping[str, Task], judging: Judging, pool: Pool) -> dict[str, Case]:
    """Each task's tests and limits, by what its reference program needs."""
    limits = Limits(seconds=judging.seconds or DEFAULT_SECONDS, memory_mib=judging.memory_mib)
    cases = {name: Case(program=tests(task, judging), limits=limits) for name, task in tasks.items()}
    patient = replace(limits, seconds=REFERENCE_SECONDS)
    open_ones = {name: task.reference for name, task in tasks.items() if task.reference}
    for copy_back in (False, True):
        asked = {name: replace(cases[name].program, copy_back=copy_back) for name in open_ones}
        jobs = [(name, replace(asked[name], source=source), patient) for name, source in open_ones.items()]
        for name, outcome in pool.map(jobs):
            if isinstance(outcome, Outcome) and outcome.outcome == "passed":
                seconds = judging.seconds or allowed(outcome)
                known = outcome if outcome.own <= seconds else None
                cases[name] = Case(program=asked[name], limits=replace(limits, seconds=seconds), reference=known)
            program = cases[name].program
            if not isinstance(outcome, Outcome) or outcome.outcome not in AGAIN or program.together or program.cases:
                del open_ones[name]
    refuse_shared(open_ones, cases, pool, patient)
    return cases


def refuse_shared(failing: Mapping[str, str], cases: Mapping[str, Case], pool: Pool, patient: Limits) -> None:
    """Raises UsageError for tests that a right program passes in its own process alone, and that do not say so."""
    jobs = [
        (name, replace(cases[name].program, source=source, together=True), patient) for name, source in failing.items()
    ]
    for name, outcome in pool.map(jobs):
        if isinstance(outcome, Outcome) and outcome.outcome == "passed":
            raise UsageError(
                f"{name}: check.together: its reference passes only where the tests share its process; set it to true "
                "(a program could then forge the verdict, which will say so)"
            )


def allowed(reference: Outcome) -> float:
    """The limit that a reference's time gives, in steps of half a second."""
    return max(LEAST_SECONDS, math.ceil(20 * reference.own) / 2)


def tests(task: Task, judging: Judging) -> Program:
    """The check of a task as the sandbox takes it, without a source."""
    match task.check:
        case StdinTests() as check:
            return printing(task, check, judging)
        case UnitTests() as check:
            pass
        case _:
            raise RuntimeError(f"{task.id}: a check of kind {task.check.kind} is not for this judge")
    if not check.tests and not (judging.hidden and check.hidden):
        raise UsageError(f"{task.id}: check.tests: no test to judge by (hidden ones are not asked for)")
    return Program(
        source="",
        tests=check.tests,
        hidden=check.hidden if judging.hidden else (),
        setup=check.setup,
        entry_point=check.entry_point,
        prelude=given(task.prefix, check.entry_point),
        together=judging.together or check.together,
    )


def printing(task: Task, check: StdinTests, judging: Judging) -> Program:
    if not check.cases and not (judging.hidden and check.hidden):
        raise UsageError(f"{task.id}: check.cases: no case to judge by (hidden ones are not asked for)")
    return Program(
        source="",
        cases=tuple((case.stdin, case.stdout) for case in check.cases),
        hidden_cases=tuple((case.stdin, case.stdout) for case in check.hidden) if judging.hidden else (),
        compare=check.compare,
        tolerance=check.tolerance,
    )


def given(prefix: str, entry_point: str) -> str:
    """The helpers in the code that a completion continues: what is whole there, with its imports."""
    if not prefix:
        return ""
    for ending in ("", "\n    pass\n"):
        try:
            tree = ast.parse(prefix + ending)
        except SyntaxError:
            continue
        tree.body = [node for node in tree.body if not defines(node, entry_point) and not isinstance(node, ast.Expr)]
        helpers = any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in tree.body)
        return ast.unparse(tree) if helpers else ""
    return ""


def defines(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name


def program(sample: Sample) -> str:
    """The source that a sample stands for: what it continues and what it says, or the code in a chat reply.

    Of a prompt for a refinement only what the refinement begins with belongs to it.
    """
    if isinstance(sample.prompt, str) and sample.prompt:
        return prompts.begun(sample.prompt) + sample.text
    return text.code(sample.text)


def found(sample: Sample, outcome: Outcome | Fault, asked: Program) -> Timed[Verdict] | Owed:
    if isinstance(outcome, Fault):
        return Owed(id=sample.id, reason=str(outcome))
    passes = [part.passed for part in outcome.parts]
    shown = len(asked.tests) + len(asked.cases)
    public, hidden = passes[:shown], passes[shown:]
    measures = {"public": float(all(public))} if public else {}
    if hidden:
        measures["hidden"] = float(all(hidden))
    verdict = Verdict(
        id=sample.id,
        of=sample.id,
        task=sample.task,
        passed=None if outcome.outcome == "invalid_check" else outcome.outcome == "passed",
        outcome=outcome.outcome,
        score=sum(passes) / len(passes) if passes else 0.0,
        parts=outcome.parts,
        measures=measures,
        detail=outcome.detail,
        forgeable=outcome.forgeable,
    )
    timing: dict[str, float | int | str] = {
        "seconds": round(outcome.seconds, 4),
        "cpu": round(outcome.cpu, 4),
        "peak_mib": round(outcome.peak_mib, 1),
        "tier": outcome.tier,
    }
    return Timed(record=verdict, timing=timing)
