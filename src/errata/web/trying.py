"""Mended programs tried while their writer waits: in the sandbox, against the public tests alone, on warm workers."""

import contextlib
import queue
import threading
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from errata.errors import Fault
from errata.judges.unit_tests import Case, Judging, prepared
from errata.sandbox import Limits, Outcome, Pool, Program
from errata.types import Task

PATIENCE = 30.0
"""Seconds that a program waits for a worker while others' programs run."""
REMEMBERED = 256


class Busy(Exception):
    """This person's last program is still running, or everybody's are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a program did with the tests."""

    outcome: Outcome

    @property
    def passed(self) -> bool | None:
        """None when the tests themselves are broken."""
        return None if self.outcome.outcome == "invalid_check" else self.outcome.outcome == "passed"


class Trier:
    """Workers that stay warm between programs; a context manager. Safe to be used by several threads."""

    def __init__(self, workers: int, tier: int | None = None) -> None:
        self._tier = tier
        self._count = workers
        self._free: queue.Queue[Pool] = queue.Queue()
        for _ in range(workers):
            self._free.put(Pool(1, tier))
        self._cases: dict[str, Case] = {}
        self._known: OrderedDict[tuple[str, str], Made] = OrderedDict()
        self._running: set[str] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> "Trier":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for _ in range(self._count):
            self._free.get().close()

    def warm(self) -> None:
        """Start every worker, so that the first program finds them ready. A Fault waits for the first program."""
        pools = [self._free.get() for _ in range(self._count)]
        try:
            for pool in pools:
                list(pool.map([("", Program(source="", tests=("assert True",)), Limits())]))
        finally:
            for pool in pools:
                self._free.put(pool)

    def ready(self, task: Task) -> None:
        """Find out a task's limits before anybody waits for them."""
        with contextlib.suppress(Busy):
            self._case(task)

    def run(self, task: Task, source: str, who: str) -> Made:
        """Judge a program by its task's public tests. Raises Busy when the same person's last one is still running,
        and Fault when the machine failed."""
        known = self._known.get((task.id, source))
        if known is not None:
            return known
        with self._one_at_a_time(who):
            case = self._case(task)
            with self._worker() as pool:
                ((_, outcome),) = pool.map([("", replace(case.program, source=source), case.limits)])
        if isinstance(outcome, Fault):
            raise outcome
        made = Made(outcome=outcome)
        with self._lock:
            self._known[task.id, source] = made
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return made

    def _case(self, task: Task) -> Case:
        if task.id not in self._cases:
            with self._worker() as pool:
                self._cases |= prepared({task.id: task}, Judging(workers=1), pool)
        return self._cases[task.id]

    @contextmanager
    def _one_at_a_time(self, who: str) -> Generator[None]:
        with self._lock:
            if who in self._running:
                raise Busy("your last program is still running")
            self._running.add(who)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(who)

    @contextmanager
    def _worker(self) -> Generator[Pool]:
        try:
            pool = self._free.get(timeout=PATIENCE)
        except queue.Empty:
            raise Busy("all workers are at others' programs; try again") from None
        try:
            yield pool
        except BaseException:
            # A pool that was left in the middle is closed; the next person finds a new one.
            pool.close()
            pool = Pool(1, self._tier)
            raise
        finally:
            self._free.put(pool)
