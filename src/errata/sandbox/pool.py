"""Many programs on many workers: a thread and a judge each, answers as they are ready, nothing left behind."""

import atexit
import contextlib
import marshal
import os
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self, TypeAlias

from errata.errors import Fault
from errata.sandbox.limits import Limits, Outcome, Program
from errata.sandbox.referee import Ground, Referee
from errata.sandbox.rows import limit_values, program_values

LOOK_AHEAD = 16
"""Programs taken from the iterable, and not yet answered, for each worker."""
BATCH = 8
"""Programs that a worker takes at once, where there are many."""
AT_ONCE = 0.05
"""Seconds that they may take together."""
SHARING = 4
"""Workers that come of the same processes: they share memory, and the kernel's locks on it."""
REMEMBERED = 1 << 16
"""Outcomes kept, so that an identical program later in the batch is not run again."""

Job: TypeAlias = tuple[str, Program, Limits]
Answer: TypeAlias = tuple[str, Outcome | Fault]
Digest: TypeAlias = bytes


class Pool:
    """Workers for many programs; a context manager. Threads and zygotes are started by the first `map`."""

    def __init__(self, workers: int = 0, tier: int | None = None, unsafe: bool = False, environment: str = "") -> None:
        """workers: 0 means one for each core this process may use. tier, unsafe, environment: see `Worker`."""
        cores = sorted(os.sched_getaffinity(0))
        count = workers or len(cores)
        # A judge, its zygote and its programs take turns: on one core they wake each other without waking another core.
        kept = cores if count >= len(cores) > 1 else [None]
        self._grounds = [
            Ground(tier, unsafe, environment, judges=min(SHARING, count - first)) for first in range(0, count, SHARING)
        ]
        self.workers = [Referee(core=kept[at % len(kept)], ground=self._grounds[at // SHARING]) for at in range(count)]
        self._todo: queue.SimpleQueue[tuple[Digest, Program, Limits] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Digest, Outcome | Fault | BaseException]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._busy = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def map(self, jobs: Iterable[Job]) -> Iterator[Answer]:
        """Yields (key, Outcome) as each is ready, or (key, Fault) where the machine failed twice.

        Takes jobs only as fast as they are answered. Identical (program, limits) are run once. One `map` at a time.
        """
        if not self._busy.acquire(blocking=False):
            raise RuntimeError("this pool is already at work: one map at a time")
        try:
            yield from self._map(iter(jobs))
        finally:
            self._busy.release()

    def _map(self, jobs: Iterator[Job]) -> Iterator[Answer]:
        self._open()
        waiting: dict[Digest, list[str]] = {}
        known: OrderedDict[Digest, Outcome] = OrderedDict()
        more = True
        import hashlib

        try:
            while more or waiting:
                while more and len(waiting) < LOOK_AHEAD * len(self.workers):
                    job = next(jobs, None)
                    if job is None:
                        more = False
                        break
                    key, program, limits = job
                    described = (program_values(program), limit_values(limits))
                    digest = hashlib.sha256(marshal.dumps(described, 2)).digest()
                    if digest in known:
                        yield key, known[digest]
                    elif digest in waiting:
                        waiting[digest].append(key)
                    else:
                        waiting[digest] = [key]
                        self._todo.put((digest, program, limits))
                if not waiting:
                    break
                digest, outcome = self._done.get()
                if not isinstance(outcome, Outcome | Fault):
                    raise outcome
                keys = waiting.pop(digest)
                if isinstance(outcome, Outcome):
                    known[digest] = outcome
                    if len(known) > REMEMBERED:
                        known.popitem(last=False)
                for key in keys:
                    yield key, outcome
        finally:
            if waiting:
                self.close()

    def _open(self) -> None:
        if self._closed:
            raise RuntimeError("this pool is closed")
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._serve, args=(worker,), name="errata-sandbox", daemon=True)
                for worker in self.workers
            ]
            for thread in self._threads:
                thread.start()

    def _serve(self, worker: Referee) -> None:
        try:
            pace = 0.0
            while jobs := self._take(pace):
                began = time.monotonic()
                left, count = [*jobs], 0
                try:
                    for outcome in attempts(worker, [(program, limits) for _, program, limits in jobs]):
                        self._done.put((left.pop(0)[0], outcome))
                        count += 1
                    for job in left:
                        self._todo.put(job)
                except BaseException as error:
                    for digest, _, _ in left:
                        self._done.put((digest, error))
                pace = (pace + (time.monotonic() - began) / max(1, count)) / 2
        finally:
            worker.close()

    def _take(self, pace: float) -> list[tuple[Digest, Program, Limits]]:
        """The next jobs of a worker, more than one only while there are enough for all; none at the end.

        pace: seconds that its latest ones took each. Slow ones are left for whoever is free first.
        """
        if (first := self._todo.get()) is None:
            return []
        jobs = [first]
        most = min(BATCH, 1 + self._todo.qsize() // (2 * len(self.workers)), 1 + int(AT_ONCE / max(pace, 1e-6)))
        while len(jobs) < most:
            try:
                more = self._todo.get_nowait()
            except queue.Empty:
                break
            if more is None:
                self._todo.put(None)
                break
            jobs.append(more)
        return jobs

    def close(self) -> None:
        """Ends what is running, at once, and waits until every process, file and descriptor of the pool is gone."""
        if self._closed:
            return
        self._closed = True
        for worker in self.workers:
            worker.retire()
        with contextlib.suppress(queue.Empty):
            while True:
                self._todo.get_nowait()
        for _ in self._threads:
            self._todo.put(None)
        for thread in self._threads:
            thread.join()
        for worker in self.workers:
            worker.close()
        for ground in self._grounds:
            ground.close()


def attempts(worker: Referee, jobs: Sequence[tuple[Program, Limits]]) -> Iterator[Outcome | Fault]:
    """Judges programs in their order, as many as it comes to; a judge or zygote that failed is replaced once a program.

    What is left after a slow program is for whoever is free first.
    """
    left, tried = list(jobs), False
    while left:
        try:
            for outcome in worker.judge_all(tuple(left)):
                del left[0]
                tried = False
                yield outcome
            return
        except Fault as fault:
            worker.discard()
            if tried or worker.retired:
                del left[0]
                yield fault
            tried = not tried


def attempt(worker: Referee, program: Program, limits: Limits) -> Outcome:
    """Judges one program. Raises Fault when the second judge fails too."""
    (found,) = attempts(worker, [(program, limits)])
    if isinstance(found, Fault):
        raise found
    return found


class Default:
    """The worker that `run` keeps between calls."""

    worker: Referee | None = None
    lock = threading.Lock()


def run(program: Program, limits: Limits | None = None) -> Outcome:
    """Judges one program, in this process's own worker, which is started by the first call. Raises Fault."""
    with Default.lock:
        if Default.worker is None:
            Default.worker = Referee()
            atexit.register(Default.worker.close)
        return attempt(Default.worker, program, limits or Limits())
