"""How far the work is: one bar a stage on a terminal, else one line for each stage that is done."""

from collections.abc import Generator
from contextlib import contextmanager
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
        return f"{made / seconds:.3g}/s" if made > seconds else f"{seconds / made:.3g} s each"


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
            self._console.print(said, markup=False, highlight=False, soft_wrap=True)
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
