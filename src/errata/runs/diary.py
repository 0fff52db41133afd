"""What is told of a run while it works: its lock, its log, its clock and its bars. Nothing here shapes a result."""

import fcntl
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from errata.errors import UsageError
from errata.runs.bars import Bar, Bars
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


class Diary:
    """log.txt and timing.jsonl of a run, shared by its steps."""

    def __init__(self, folder: Path, held: int) -> None:
        self.bars = Bars()
        self._held = held
        self._log = folder / "log.txt"
        self._timing = folder / "timing.jsonl"
        if self._timing.exists():
            mend(self._timing, lambda line: False)

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
