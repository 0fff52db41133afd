"""Answers that are numbers (GSM8K): a program's result or the last word of a text, compared here.

Program-aided (after Gao et al. 2022, PAL, arXiv 2211.10435): a reply that goes on with `def solution():`, or that
defines it, is run in the sandbox, and what `solution()` gives is the answer, or else the last line that was printed.
A text answers with its last line of the form `#### 18`, `A: 18` or `The answer is 18.` What is wanted never enters the
program's process: all it can do is to say a number.
"""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice

from errata import prompts, text
from errata.errors import Fault, UsageError
from errata.judges.unit_tests import DEFAULT_SECONDS, Judging
from errata.sandbox import Limits, Outcome, Pool, Program
from errata.types import Number, Owed, Part, Sample, Stage, Task, Timed, Verdict

WINDOW = 1024
"""Samples that are taken at a time."""
MARK = "errata-answer "
TELL = """


def _errata_tell():
    import sys

    value = globals()["solution"]()
    while isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    sys.stdout.write("\\n" + "MARK" + str(value) + "\\n")


_errata_tell()
""".replace("MARK", MARK)
"""Goes behind a program that defines `solution`, in its own process."""
NEXT = ("\n# Question:", "\nclass ", "\ndef ", "\nprint(", "\n```")
"""Where a reply that goes on with `def solution():` has ended and says more."""
SAID = re.compile(
    r"^(?:\**\s*(?:####|A:|(?:so |therefore,? |thus,? )?(?:the )?(?:final )?answer(?: is|:))[:\s]*)(?P<words>.+)$",
    re.IGNORECASE | re.MULTILINE,
)
BOXED = re.compile(r"\\boxed\{(?P<words>[^{}]+)\}")
DIGITS = r"(?:\d{1,3}(?:[,\u202f\u00a0 ]\d{3})+|\d+)"
VALUE = rf"(?:{DIGITS}(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
NUMBER = re.compile(
    rf"(?P<sign>[-\u2212]?)\s?[$€£]?\s?(?P<sign2>[-\u2212]?)(?:(?P<whole>\d+)\s+(?=\d+\s?/\s?\d))?"
    rf"(?P<value>{VALUE})(?:\s?/\s?(?P<under>{VALUE}))?(?P<percent>\s?%)?"
)
MOST = 400
"""Characters of printed text that are looked through from its end."""


def number(words: str, *, last: bool = False) -> Fraction | None:
    """The first number in a text, or the last one: `$1,250.50`, `-3`, `2/3`, `1 1/2`, `1e3`; none where there is none.

    A percent sign is a unit, as dollars are: `40 %` is 40.
    """
    found = list(NUMBER.finditer(words[-MOST:] if last else words[:MOST]))
    if not found:
        return None
    one = found[-1] if last else found[0]
    value, under = (plain(one[name]) for name in ("value", "under"))
    if value is None:
        return None
    if under is not None:
        if under == 0:
            return None
        value /= under
    value += Fraction(one["whole"] or 0)
    return -value if one["sign"] or one["sign2"] else value


def plain(digits: str | None) -> Fraction | None:
    """A run of digits as a number; none for one that is too large to be an answer."""
    if not digits:
        return None
    bare = re.sub(r"[,\u202f\u00a0 ]", "", digits).rstrip(".")
    power = re.search(r"[eE]([-+]?\d+)$", bare)
    if power and abs(int(power[1][:6])) > 300:
        return None
    return Fraction(bare)


def same(given: Fraction, wanted: Fraction, tolerance: float) -> bool:
    """Whether two numbers are one, as far as is asked."""
    return abs(given - wanted) <= Fraction(tolerance) * max(1, abs(wanted))


def concluded(reply: str) -> str | None:
    """What a text says at its end: the words behind the last `####`, `A:` or `the answer is`."""
    found = list(SAID.finditer(reply)) or list(BOXED.finditer(reply))
    return found[-1]["words"] if found else None


def judge(tasks: Iterable[Task], judging: Judging) -> Stage[Sample, Verdict]:
    """A stage that runs or reads every sample and compares its number; yields verdicts with timing, or Owed."""
    known = {task.id: check for task in tasks if isinstance(check := task.check, Number)}
    limits = Limits(seconds=judging.seconds or DEFAULT_SECONDS, memory_mib=judging.memory_mib)

    def stage(samples: Iterable[Sample]) -> Iterator[Verdict | Timed[Verdict] | Owed]:
        left = iter(samples)
        with Pool(judging.workers, judging.tier, environment=judging.sandbox_python) as pool:
            while window := list(islice(left, WINDOW)):
                jobs: list[tuple[str, Program, Limits]] = []
                for at, sample in enumerate(window):
                    if sample.task not in known:
                        raise UsageError(f"{sample.id}: its task {sample.task} is not among the tasks")
                    source = program(sample)
                    if source:
                        jobs.append((str(at), Program(source=source, cases=(("", ""),)), limits))
                    else:
                        yield verdict(sample, known[sample.task], concluded(sample.text))
                for at, outcome in pool.map(jobs):
                    yield ran(window[int(at)], outcome, known[window[int(at)].task])

    return stage


def program(sample: Sample) -> str:
    """The source that a sample stands for, with what tells its result; empty where it is no program but a text."""
    asked = prompts.begun(sample.prompt)
    if asked:
        opening = asked.rpartition("\n")[2] or asked.rstrip("\n").rpartition("\n")[2]
        return f"{opening}\n{text.cut(sample.text, NEXT).rstrip()}\n{TELL}"
    source = text.code(sample.text)
    if source == sample.text and concluded(sample.text) is not None and not defines(source):
        return ""
    return source + (TELL if defines(source) else "")


def defines(source: str) -> bool:
    """Whether a program has a function `solution` of its own."""
    return re.search(r"^def solution\(", source, re.MULTILINE) is not None


def ran(sample: Sample, outcome: Outcome | Fault, check: Number) -> Timed[Verdict] | Owed:
    """The verdict on a program, by what it gave or printed."""
    if isinstance(outcome, Fault):
        return Owed(id=sample.id, reason=str(outcome))
    if outcome.outcome in ("passed", "wrong"):
        line = outcome.stdout.rstrip().rpartition("\n")[2]
        made = verdict(sample, check, line.removeprefix(MARK) if line else None)
    else:
        made = Verdict(
            id=sample.id,
            of=sample.id,
            task=sample.task,
            passed=False,
            outcome=outcome.outcome,
            score=0.0,
            measures={"public": 0.0},
            detail=outcome.detail,
        )
    timing: dict[str, float | int | str] = {
        "seconds": round(outcome.seconds, 4),
        "cpu": round(outcome.cpu, 4),
        "peak_mib": round(outcome.peak_mib, 1),
        "tier": outcome.tier,
    }
    return Timed(record=made, timing=timing)


def verdict(sample: Sample, check: Number, said: str | None) -> Verdict:
    """The verdict on what was said."""
    wanted = number(check.value)
    if wanted is None:
        raise UsageError(f"{sample.task}: check.value: {check.value!r} is no number")
    given = None if said is None else number(said, last=True)
    right = given is not None and same(given, wanted, check.tolerance)
    shown = None if said is None else said.strip()[-MOST:]
    words = "The answer is wrong.\n" if given is not None else "No number was given as the answer.\n"
    return Verdict(
        id=sample.id,
        of=sample.id,
        task=sample.task,
        passed=right,
        outcome="passed" if right else "wrong",
        score=float(right),
        parts=(Part(name="answer", passed=right, got=shown, expected=check.value),),
        measures={"public": float(right)},
        detail="" if right else words,
    )
