"""A judge in a process of its own, and who watches it.

Tests meet values that nobody has checked: `10 ** f(x)` may take for ever in one instruction, and what a test prints,
imports or allocates is no business of the process that trains. So each worker of a pool is a process of its own that
holds one zygote and runs `run_trial`; it is watched from here, and replaced when a test keeps it too long.
"""

import contextlib
import json
import marshal
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias, cast

from errata.errors import Fault, UsageError
from errata.outcomes import Part
from errata.sandbox.carried import IMPORTS, carried
from errata.sandbox.control import announced
from errata.sandbox.held import PATIENCE, Process, Seed, opened
from errata.sandbox.launch import sow
from errata.sandbox.limits import Limits, Outcome, Program
from errata.sandbox.places import python
from errata.sandbox.protocol import Closed, Json, exactly
from errata.sandbox.rows import OUTCOME, PART, Sitting, limit_values, program_values
from errata.sandbox.watch import TICKS

BOOT = IMPORTS + "from errata.sandbox.sitting import main; main({channels}, {way}, {sitting!r})"
GRACE = 6.0
"""Seconds of CPU beyond a program's limit that a judge may use for one trial, and of silence beyond its deadline."""
GLANCE = 0.5
Plain: TypeAlias = "str | bool | int | float | tuple[str, ...] | None"


class Ground:
    """What the judges of a pool share: the seed of their zygotes, and their own beginning."""

    def __init__(self, tier: int | None = None, unsafe: bool = False, environment: str = "", judges: int = 1) -> None:
        """tier, unsafe, environment: see `Worker`. judges: how many begin together."""
        self.tier, self.unsafe, self.environment = tier, unsafe, environment
        self.judges = judges
        self._seed: Seed | None = None
        self._waiting: list[socket.socket] = []
        self._begun: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def judge(self) -> socket.socket:
        """The channel of a new judge. Raises Fault, and UsageError where there is no such Python."""
        with self._lock:
            if not self._waiting:
                self._waiting = self._begin(self.judges)
                self.judges = 1
            return self._waiting.pop()

    def _begin(self, count: int) -> list[socket.socket]:
        """Starts an interpreter for so many judges: what they load alike is in memory once."""
        if self._seed is None or not self._seed.alive:
            self._seed = sow(python(self.environment))
        held = self._seed.python
        described = (held.executable, held.readable, held.site, held.open)
        sitting: Sitting = (self.tier, self.unsafe, bool(self.environment), described, self._seed.mark)
        pairs = [socket.socketpair() for _ in range(count)]
        code, way = opened(carried()), self._seed.requests.fileno()
        given = [theirs.fileno() for _, theirs in pairs]
        boot = BOOT.format(path=sys.path, carried=code, channels=given, way=way, sitting=sitting)
        try:
            begun = subprocess.Popen(
                [sys.executable, "-S", "-B", "-X", "utf8", "-c", boot],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[*given, way, code],
                env={**os.environ, "PYTHONHASHSEED": "0"},
                start_new_session=True,
            )
        except OSError as error:
            for ours, _ in pairs:
                ours.close()
            raise Fault(f"sandbox: no judge could be started: {error}") from error
        finally:
            os.close(code)
            for _, theirs in pairs:
                theirs.close()
        # Who holds a judge waits for it; here it is only known who need not be known any more.
        self._begun = [*(item for item in self._begun if item.poll() is None), begun]
        for ours, _ in pairs:
            ours.settimeout(PATIENCE)
        return [ours for ours, _ in pairs]

    def close(self) -> None:
        """Ends all zygotes, and the judges that nobody took."""
        with self._lock:
            for channel in self._waiting:
                with contextlib.suppress(OSError):
                    found = announced(channel)
                    hang_up(channel)
                    if not isinstance(found, bytes):
                        Process(*found).leave()
            self._waiting = []
            for process in self._begun:
                process.wait()
            self._begun = []
            if self._seed is not None:
                self._seed.close()


class Referee:
    """One judge; belongs to one thread, but `retire` may come from any."""

    def __init__(
        self,
        tier: int | None = None,
        unsafe: bool = False,
        environment: str = "",
        core: int | None = None,
        ground: Ground | None = None,
    ) -> None:
        """tier, unsafe, environment: see `Worker`. core: the one that it and all below it keep to.

        ground: what it shares with others, which know these already; none: its own.
        """
        self.core = core
        self._ground, self._own = ground or Ground(tier, unsafe, environment), ground is None
        self.tier = self._ground.tier or 0
        """The tier that it judges in, as far as it is known."""
        self.retired = False
        """True once the owner wants no more programs judged."""
        self.process: Process | None = None
        self._channel: socket.socket | None = None

    def judge(self, program: Program, limits: Limits) -> Outcome:
        """`run_trial` over there. Raises Fault when the judge died, UsageError when the machine offers no tier."""
        return next(self.judge_all([(program, limits)]))

    def judge_all(self, jobs: Sequence[tuple[Program, Limits]]) -> Iterator[Outcome]:
        """The same for several, in their order; the first at least. What was not answered is still to be judged."""
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
                    return
                for answer in cast("list[Json]", hear(channel)):
                    if answer == ["back"]:
                        return
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
        ours = self._ground.judge()
        try:
            found = announced(ours)
        except OSError as error:
            ours.close()
            raise Fault(f"sandbox: no judge could be started: {error}") from error
        if isinstance(found, bytes):
            ours.close()
            raise Fault("sandbox: no judge could be started")
        ours.settimeout(None)
        self.process = Process(*found)
        if self.retired:
            self.process.kill()
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
            hang_up(self._channel)
            self._channel = None
        if self.process is not None:
            self.process.leave()
            self.process = None
        if self._own:
            self._ground.close()


def hang_up(channel: socket.socket) -> None:
    """The other end hears of it even while a fork of this process still holds the channel."""
    with contextlib.suppress(OSError):
        channel.shutdown(socket.SHUT_RDWR)
    channel.close()


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
