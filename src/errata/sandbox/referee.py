"""A judge in a process of its own, and who watches it.

Tests meet values that nobody has checked: `10 ** f(x)` may take for ever in one instruction, and what a test prints,
imports or allocates is no business of the process that trains. So each worker of a pool is a fresh interpreter that
holds one zygote and runs `run_trial`; it is watched from here, and replaced when a test keeps it too long.
"""

import contextlib
import gc
import json
import marshal
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias, cast

from errata.errors import Fault, UsageError
from errata.outcomes import Part
from errata.sandbox.limits import Limits, Outcome, Program
from errata.sandbox.protocol import Closed, Json, exactly
from errata.sandbox.watch import TICKS

if TYPE_CHECKING:
    from errata.sandbox.worker import Worker

BOOT = "import sys; sys.path[:] = {path!r}; from errata.sandbox.referee import main; main({channel}, {settings!r})"
GRACE = 6.0
"""Seconds of CPU beyond a program's limit that a judge may use for one trial, and of silence beyond its deadline."""
GLANCE = 0.5
MEMORY_MIB = 3072
"""Address space of a judge."""
GARBAGE = 50_000
"""Objects made between two looks for cycles: a judge makes many trees of test text, and drops them whole."""
Plain: TypeAlias = "str | bool | int | float | tuple[str, ...] | None"
TOGETHER = 0.01
"""Seconds for which a judge may keep answers, to send several at once."""
PROGRAM, LIMITS, OUTCOME, PART = (
    tuple(field.name for field in fields(kind) if (kind, field.name) != (Outcome, "parts"))
    for kind in (Program, Limits, Outcome, Part)
)
program_values, limit_values, outcome_values, part_values = (
    attrgetter(*names) for names in (PROGRAM, LIMITS, OUTCOME, PART)
)


class Referee:
    """One judge; belongs to one thread, but `retire` may come from any."""

    def __init__(
        self, tier: int | None = None, unsafe: bool = False, environment: str = "", core: int | None = None
    ) -> None:
        """tier, unsafe, environment: see `Worker`. core: the one that it and all below it keep to."""
        self.core = core
        self.settings: tuple[int | None, bool, str] = (tier, unsafe, environment)
        self.tier = tier or 0
        """The tier that it judges in, as far as it is known."""
        self.retired = False
        """True once the owner wants no more programs judged."""
        self.process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    def judge(self, program: Program, limits: Limits) -> Outcome:
        """`run_trial` over there. Raises Fault when the judge died, UsageError when the machine offers no tier."""
        return next(self.judge_all([(program, limits)]))

    def judge_all(self, jobs: Sequence[tuple[Program, Limits]]) -> Iterator[Outcome]:
        """The same for several, in their order. What was not answered when it raises is still to be judged."""
        if self.retired:
            raise Fault("sandbox: this judge is closed")
        channel = self._channel or self._launch()
        process = self.process
        assert process is not None
        patience = max((allowed(program, limits) for program, limits in jobs), key=lambda limits: limits.deadline)
        answered = 0
        try:
            tell(channel, [(program_values(program), limit_values(limits)) for program, limits in jobs])
            while answered < len(jobs):
                if not spoken(channel, process.pid, patience):
                    self.discard()
                    yield overrun(jobs[answered][0], self.tier)
                    if answered + 1 < len(jobs):
                        yield from self.judge_all(jobs[answered + 1 :])
                    return
                for answer in cast("list[Json]", hear(channel)):
                    found = self._found(answer)
                    answered += 1
                    yield found
        except (Closed, OSError) as error:
            self.discard()
            raise Fault("sandbox: a judge died") from error

    def _found(self, answer: Json) -> Outcome:
        match answer:
            case ["outcome", list(told)]:
                found = outcome(told)
                self.tier = found.tier or self.tier
                return found
            case ["fault", str(reason)]:
                raise Fault(reason)
            case ["usage", str(reason)]:
                raise UsageError(reason)
            case ["bug", str(reason)]:
                raise RuntimeError(reason)
            case _:
                raise Closed

    def _launch(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        boot = BOOT.format(path=sys.path, channel=theirs.fileno(), settings=self.settings)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-S", "-B", "-X", "utf8", "-c", boot],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONHASHSEED": "0"},
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise Fault(f"sandbox: no judge could be started: {error}") from error
        finally:
            theirs.close()
        if self.core is not None:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(self.process.pid, {self.core})
        self._channel = ours
        return ours

    def retire(self) -> None:
        """From any thread: ends what is running and refuses more; its owner's call raises Fault."""
        self.retired = True
        if self.process is not None:
            self.process.kill()

    def discard(self) -> None:
        """Ends the judge at once; its zygote and the program end with it."""
        if self.process is not None:
            self.process.kill()
        self.close()

    def close(self) -> None:
        """Ends the judge; another is started when it is needed."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self.process is not None:
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


def tell(channel: socket.socket, message: list[tuple[tuple[Plain, ...], tuple[Plain, ...]]]) -> None:
    """To the judge, which trusts its owner; the other way it is JSON, since a judge has met what programs say."""
    body = marshal.dumps(message)
    channel.sendall(struct.pack(">Q", len(body)) + body)


def hear(channel: socket.socket) -> Json:
    (size,) = struct.unpack(">Q", exactly(channel.recv, 8))
    return cast("Json", json.loads(exactly(channel.recv, size)))


def spoken(channel: socket.socket, pid: int, limits: Limits) -> bool:
    """Waits for the judge's word; False when test code keeps it longer than any program may run."""
    began, used = time.monotonic(), None
    while not select.select([channel], [], [], GLANCE)[0]:
        now = spent(pid)
        used = now if used is None else used
        if now - used > limits.seconds + GRACE or time.monotonic() - began > limits.deadline + GRACE:
            return False
    return True


def allowed(program: Program, limits: Limits) -> Limits:
    """What all runs of a program may use together."""
    runs = max(1, len(program.cases) + len(program.hidden_cases))
    return limits if runs == 1 else replace(limits, seconds=runs * limits.seconds, wall=runs * limits.deadline)


def spent(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def overrun(program: Program, tier: int) -> Outcome:
    """What is found when the tests themselves came to no end."""
    public = tuple(Part(name=source, passed=False) for source in program.tests)
    public += tuple(Part(name=f"case[{at}]", passed=False) for at in range(len(program.cases)))
    count = len(program.hidden) + len(program.hidden_cases)
    hidden = tuple(Part(name=f"hidden[{at}]", passed=False) for at in range(count))
    return Outcome(outcome="timeout", parts=public + hidden, tier=tier)


def outcome(told: list[Json]) -> Outcome:
    *values, parts = told
    named = dict(zip(OUTCOME, values, strict=True))
    made = tuple(Part(**dict(zip(PART, cast("list[str]", part), strict=True))) for part in cast("list[Json]", parts))  # pyright: ignore[reportArgumentType]
    return Outcome(parts=made, **named)  # pyright: ignore[reportArgumentType]


def main(channel: int, settings: tuple[int | None, bool, str]) -> None:
    """The judge's own process: answers until its owner hangs up."""
    from errata.sandbox.places import python
    from errata.sandbox.worker import Worker

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MIB << 20, hard))
    talk = socket.socket(fileno=channel)
    talk.set_inheritable(False)
    worker = Worker(*settings)
    if settings[2]:
        # Tests may use the packages that programs may.
        with contextlib.suppress(Fault, UsageError):
            sys.path += python(settings[2]).site
    gc.freeze()
    gc.set_threshold(GARBAGE)
    with contextlib.closing(worker), contextlib.suppress(Closed, OSError):
        while True:
            (size,) = struct.unpack(">Q", exactly(talk.recv, 8))
            replies: list[object] = []
            last = time.monotonic()
            for program, limits in marshal.loads(exactly(talk.recv, size)):
                replies.append(answer(worker, program, limits))
                if (now := time.monotonic()) - last > TOGETHER:
                    say(talk, replies)
                    replies, last = [], now
            if replies:
                say(talk, replies)


def say(talk: socket.socket, replies: list[object]) -> None:
    body = json.dumps(replies).encode("ascii")
    talk.sendall(struct.pack(">Q", len(body)) + body)


def answer(worker: "Worker", program: Sequence[object], limits: Sequence[object]) -> object:
    """What one program's trial came to, as JSON."""
    from errata.sandbox.trial import run_trial

    try:
        asked = Program(**dict(zip(PROGRAM, program, strict=True)))  # pyright: ignore[reportArgumentType]
        most = Limits(**dict(zip(LIMITS, limits, strict=True)))  # pyright: ignore[reportArgumentType]
        if asked.cases or asked.hidden_cases:
            from errata.sandbox.script import run_script

            made = run_script(worker, asked, most)
        else:
            made = run_trial(worker, asked, most)
        return ["outcome", [*outcome_values(made), [part_values(part) for part in made.parts]]]
    except Fault as fault:
        worker.discard()
        return ["fault", str(fault)]
    except UsageError as error:
        return ["usage", str(error)]
    except Exception:
        worker.discard()
        return ["bug", traceback.format_exc()]
