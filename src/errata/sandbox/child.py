"""One program's process, as the judge sees it: a channel, two outputs, a clock, and an end of which nothing is left."""

import array
import math
import os
import select
import signal
import time
from _socket import SCM_RIGHTS, SOL_SOCKET, socketpair

from errata.errors import Fault
from errata.sandbox import control as inside
from errata.sandbox.held import Zygote, opened
from errata.sandbox.limits import Ended, Hit, Limits
from errata.sandbox.watch import Look, kept_waiting, look, written

IN_CHANNEL = 1 << 16
"""Bytes of a job that go through the channel, without anybody reading yet; a longer one goes as a file."""
GLANCE = 0.05
"""Seconds between looks at what a program has used; a shorter program is never looked at."""


class Child:
    """A program that runs. `finish` must be called, whatever happens, before the zygote can serve another."""

    def __init__(self, zygote: Zygote, job: bytes, limits: Limits, stdin: bytes) -> None:
        self._zygote, self._limits = zygote, limits
        self.hit: Hit = ""
        """The limit that it ran into, as far as this side has seen."""
        self._outputs: dict[int, bytearray] = {}
        self._open: list[int] = []
        self._written = 0
        self._stuck = (0.0, 0.0, 0.0)
        """Its CPU time, its waits and the clock when it was last seen to have got on."""
        self._own = 0.0
        self._judged, self._kept_waiting = time.thread_time(), math.nan
        try:
            self.channel, theirs = socketpair()
        except OSError as error:
            raise Fault(f"sandbox: no channel to a program: {error}") from error
        given = [theirs.detach()]
        try:
            given.append(opened(stdin))
            for _ in ("stdout", "stderr"):
                output, end = os.pipe()
                self._open.append(output)
                self._outputs[output] = bytearray()
                given.append(end)
            in_file = len(job) > IN_CHANNEL
            if in_file:
                given.append(opened(job))
            else:
                self.channel.sendall(job)
            self._began = time.monotonic()
            header = inside.START.pack(
                b"S",
                in_file,
                len(job),
                limits.seconds,
                limits.memory_mib,
                limits.file_mib,
                limits.files,
                limits.processes,
            )
            rights = (SOL_SOCKET, SCM_RIGHTS, array.array("i", given))
            zygote.control.sendmsg([header], [rights])
        except OSError as error:
            raise self._lost(error) from error
        finally:
            for descriptor in given:
                os.close(descriptor)

    def wait(self, channel: bool = True) -> bool:
        """Waits until the channel can be read: True. False when a limit was hit first (`hit` says which).

        Output is drained meanwhile. A channel that the program has closed reads as empty. With
        `channel` False, waits for the end of both outputs instead.
        """
        talk = self.channel.fileno()
        while (left := self._left()) > 0:
            watched = [*self._open, talk] if channel else self._open
            if not watched:
                return True
            ready = readable(watched, left)
            self._read(ready)
            if channel and talk in ready and not self.hit:
                return True
        return False

    def said(self) -> list[bytes]:
        """Both outputs so far, as far as they are kept."""
        return [bytes(output) for output in self._outputs.values()]

    def drain(self) -> None:
        """Takes what the program has written, without waiting."""
        if self._open:
            self._read(readable(self._open, 0))

    def finish(self, kill: bool) -> Ended:
        """Ends it, or with `kill` False waits for its own end within its limits. Raises Fault."""
        control = self._zygote.control
        try:
            if kill or self.hit:
                control.sendall(b"K")
            else:
                control.sendall(b"F")
                while (left := self._left()) > 0:
                    ready = readable([*self._open, control.fileno()], left)
                    self._read(ready)
                    if control.fileno() in ready:
                        break
                else:
                    control.sendall(b"K")
            status, cpu, peak = self._ended()
        except OSError as error:
            raise self._lost(error) from error
        wall = time.monotonic() - self._began
        while self._open and (ready := readable(self._open, 0)):
            self._read(ready)
        self._release()
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        if not self.hit and (number == signal.SIGXCPU or (number == signal.SIGKILL and cpu >= self._limits.seconds)):
            self.hit = "timeout"
        stdout, stderr = (data.decode("utf-8", "replace") for data in self._outputs.values())
        return Ended(
            exit_code=None if number else os.WEXITSTATUS(status),
            signal=number,
            cpu_seconds=cpu,
            wall_seconds=wall,
            own_seconds=max(self._own, cpu, wall if wall < GLANCE else 0),
            peak_mib=peak,
            stdout=stdout,
            stderr=stderr,
            overflow=self.hit == "output",
            limit=self.hit,
        )

    def _left(self) -> float:
        """Seconds to wait before the next look; 0 when a limit is hit."""
        if self.hit:
            return 0
        wall = time.monotonic() - self._began
        if wall < GLANCE:
            return GLANCE
        seen = look(self._zygote.process.pid, depth=1 if self._zygote.tier == 2 else 0)
        if seen.resident_mib > self._limits.memory_mib:
            self.hit = "memory"
            return 0
        if self._zygote.tier != 1 and written(self._zygote.folder, inside.ENTRIES) > self._limits.file_mib:
            self.hit = "output"
            return 0
        # While the judge works, or waits for a processor, the program may be waiting for it.
        delay = kept_waiting()
        if math.isnan(self._kept_waiting):
            self._kept_waiting = delay
        judge = max(0.0, time.thread_time() - self._judged) + max(0.0, delay - self._kept_waiting)
        self._own = max(wall - self._starved(seen, wall) - judge, seen.cpu, self._own)
        if self._own >= self._limits.seconds or wall >= self._limits.deadline:
            self.hit = "timeout"
            return 0
        return min(GLANCE, max(self._limits.seconds - self._own, 0.001))

    def _starved(self, seen: Look, wall: float) -> float:
        """Seconds for which the program waited for a processor; the kernel counts a wait only when it is over."""
        if not seen.begun:
            return wall
        cpu, waited, since = self._stuck
        if seen.ready and seen.cpu == cpu:
            return max(seen.waited, waited + wall - since)
        self._stuck = (seen.cpu, seen.waited, wall)
        return seen.waited

    def _ended(self) -> tuple[int, float, float]:
        data = b""
        while len(data) < inside.ENDED.size:
            got = self._zygote.control.recv(4096)
            data += got
            if not got or data[:1] == b"X":
                raise OSError(data[1:].decode(errors="replace") or "it died")
        _, status, cpu, others, peak, doubt = inside.ENDED.unpack(data)
        if doubt:
            self._zygote.kill()
        return status, cpu + others, peak / 1024

    def _read(self, ready: list[int]) -> None:
        for descriptor in ready:
            if descriptor not in self._outputs:
                continue
            data = os.read(descriptor, 1 << 16)
            if not data:
                os.close(descriptor)
                self._open.remove(descriptor)
                continue
            kept = self._outputs[descriptor]
            kept += data[: max(0, self._limits.output_bytes - len(kept))]
            self._written += len(data)
            if self._written > self._limits.flood_mib << 20:
                self.hit = self.hit or "output"

    def _release(self) -> None:
        self.channel.close()
        for descriptor in self._open:
            os.close(descriptor)
        self._open = []

    def _lost(self, error: OSError) -> Fault:
        self._release()
        self._zygote.kill()
        return Fault(f"sandbox: the zygote is gone: {error}")


def readable(descriptors: list[int], seconds: float) -> list[int]:
    """Those of them that can be read, or have come to their end, as soon as there is one."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(math.ceil(1000 * seconds))]
