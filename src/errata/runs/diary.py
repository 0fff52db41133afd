"""What is told of a run while it works: its lock, its log, its clock and its bars. Nothing here shapes a result."""

import fcntl
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from errata.errors import UsageError
from errata.runs.rows import append, mend

LOCK = ".lock"


def lock(folder: Path) -> int:
    """Hold the folder for this process; UsageError when another has it. The system lets go when the process ends.

    A lock by process (POSIX), not by open file: children of a killed process would keep the latter held.
    """
    file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.read(file, 32).decode(errors="replace").strip() or "another"
        os.close(file)
        raise UsageError(f"{folder} is in use by process {owner}; wait for it, or use a new name") from None
    os.ftruncate(file, 0)
    os.write(file, f"{os.getpid()}\n".encode())
    return file


class Bar:
    """One stage's progress: how many are done, of how many where that is known, at what rate in this process."""

    def __init__(self) -> None:
        self.done = self.kept = 0
        self.total: int | None = None
        self.begun = monotonic()

    def show(self, done: int, total: int | None, words: str = "", *, kept: int = 0) -> None:
        """Tell how far it is; of what is done, `kept` was there before and does not count towards the rate."""
        self.done, self.total, self.kept = done, total, kept

    @property
    def seconds(self) -> float:
        return monotonic() - self.begun

    def rate(self) -> str:
        """`160/s`, or `2.4 s each` where that reads better."""
        made, seconds = self.done - self.kept, self.seconds
        if made <= 0 or seconds <= 0:
            return ""
        if made < seconds:
            return f"{seconds / made:.3g} s each"
        return f"{made / seconds:,.0f}/s" if made > 99 * seconds else f"{made / seconds:.2g}/s"


class Drawn(Bar):
    """A bar on a terminal."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        super().__init__()
        self._progress = progress
        self._task = task

    def show(self, done: int, total: int | None, words: str = "", *, kept: int = 0) -> None:
        super().show(done, total, words, kept=kept)
        self._progress.update(self._task, completed=done, total=total, words=words or self.rate())


class Bars:
    """The one place where progress is drawn: bars that run at the same time share one display."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._progress: Progress | None = None

    @contextmanager
    def bar(self, title: str) -> Generator[Bar]:
        """A bar for the length of the block; where nobody watches, a line when the block has ended well."""
        if not self._console.is_terminal:
            bar = Bar()
            yield bar
            before = f", {bar.kept} were there" if bar.kept else ""
            rate = f", {bar.rate()}" if bar.rate() else ""
            said = f"{title}: {bar.done}{before}, {bar.seconds:.1f} s{rate}"
            self.say(said)
            return
        outermost = self._progress is None
        progress = self._progress or self._display()
        try:
            if outermost:
                self._progress = progress
                progress.start()
            yield Drawn(progress, progress.add_task(title, total=None, words=""))
        finally:
            if outermost:
                self._progress = None
                progress.stop()

    def say(self, words: str) -> None:
        """A line where progress is drawn."""
        self._console.print(words, markup=False, highlight=False, soft_wrap=True)

    def _display(self) -> Progress:
        return Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}", markup=False),
            TimeRemainingColumn(compact=True),
            TimeElapsedColumn(),
            console=self._console,
            refresh_per_second=4,
        )


class Diary:
    """log.txt and timing.jsonl of a run, shared by its steps."""

    def __init__(self, folder: Path, held: int) -> None:
        self.bars = Bars()
        self._held = held
        self._log = folder / "log.txt"
        self._timing = folder / "timing.jsonl"
        if self._timing.exists():
            mend(self._timing, lambda line: False)

    def going_on(self, name: str) -> None:
        """Say of a run that was begun before what is done, and at what it stopped."""
        done, owed = self._known()
        if done or owed:
            stages = f"{len(done)} {'stage is' if len(done) == 1 else 'stages are'} done"
            self.bars.say(f"{name} goes on: {stages}" + (f", {owed[-1]} is not" if owed else ""))

    def _known(self) -> tuple[list[str], list[str]]:
        """The stages that the log tells of, those that are done and those that were begun and stopped."""
        whole: dict[str, bool] = {}
        for line in self._log.read_text(encoding="utf-8", errors="replace").splitlines() if self._log.exists() else ():
            _, _, said = line.partition(" ")[2].partition(" ")
            stage, _, how = said.rpartition(": ") if said.endswith(": begun") else said.partition(": ")
            if how == "begun" or how.startswith(("done, ", "stopped by ")) or (stage in whole and " owed: " in how):
                whole.pop(stage, None)
                whole[stage] = how.startswith("done, ")
        return [stage for stage, done in whole.items() if done], [stage for stage, done in whole.items() if not done]

    def close(self) -> None:
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def log(self, words: str) -> None:
        now = datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        _add(self._log, f"{now} {' '.join(words.split())}")

    def timed(self, timing: Mapping[str, float | int | str]) -> None:
        _add(self._timing, json.dumps(timing, ensure_ascii=False))

    @contextmanager
    def part(self, name: str, title: str) -> Generator[Bar]:
        """A part of the work: drawn, logged and timed, also when it is stopped."""
        self.log(f"{name}: begun")
        with self.bars.bar(title or name) as bar:
            try:
                yield bar
            except BaseException as stopped:
                # On a full disk the log has no room either, and why the work stopped must not be lost for it.
                with suppress(OSError):
                    self._told(name, bar, f"stopped by {type(stopped).__name__}")
                raise
        self._told(name, bar, "done")

    def _told(self, name: str, bar: Bar, how: str) -> None:
        made, seconds = bar.done - bar.kept, round(bar.seconds, 3)
        self.log(f"{name}: {how}, {made} made, {bar.kept} were there, {seconds} s")
        self.timed({"stage": name, "seconds": seconds, "items": made})


def _add(path: Path, line: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        append(file, os.fstat(file).st_size, line)
    finally:
        os.close(file)
