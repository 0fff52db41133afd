"""One zygote, as the judge sees it: asked of a seed, confined, ended with all that runs under it."""

import contextlib
import marshal
import os
import select
import signal
import time
import weakref
from _socket import SCM_RIGHTS, SHUT_RDWR, SOL_SOCKET, socket, socketpair
from array import array
from typing import TYPE_CHECKING

from errata.errors import Fault
from errata.sandbox.control import NOBODY, Settings, announced
from errata.sandbox.places import Python
from errata.sandbox.scratch import empty

if TYPE_CHECKING:
    import subprocess

PATIENCE = 30.0
"""Seconds that a zygote may be silent where only its own work is waited for."""


class Refused(Exception):
    """This machine refuses the walls of the tier; the message says which step."""


class Seed:
    """The process that a Python's zygotes are forked from (`launch.sow` starts one)."""

    def __init__(
        self, python: Python, requests: socket, process: "subprocess.Popen[bytes] | None" = None, mark: str = ""
    ) -> None:
        """process, mark: a judge has no process, and the mark of its owner's."""
        self.python, self.requests, self._process = python, requests, process
        self.mark = mark or f"errata-{os.urandom(8).hex()}"
        """What the names of its zygotes' folders begin with."""
        self.close = weakref.finalize(self, leave, os.getpid(), process, requests, self.mark)
        """Ends it, with all zygotes that it forked, where it is our own."""

    @property
    def alive(self) -> bool:
        return self.close.alive and (self._process is None or self._process.poll() is None)

    def send(self, message: bytes, *descriptors: int) -> None:
        """Raises Fault when it is gone."""
        rights = (SOL_SOCKET, SCM_RIGHTS, array("i", descriptors))
        try:
            self.requests.sendmsg([message], [rights])
        except OSError as error:
            raise Fault(f"sandbox: {self.python.executable} is gone: {error}") from error

    def ask(self, settings: Settings) -> socket:
        """The control socket of a new zygote, which may not stand yet. Raises Fault."""
        control, theirs = socketpair()
        control.settimeout(PATIENCE)
        try:
            self.send(marshal.dumps(dict(settings)), theirs.fileno())
        except BaseException:
            control.close()
            raise
        finally:
            theirs.close()
        return control


def leave(owner: int, process: "subprocess.Popen[bytes] | None", requests: socket, mark: str) -> None:
    """What closing a seed does: it ends when all that it forked has ended. A fork of its owner's leaves it alone."""
    if process is not None and os.getpid() == owner:
        import subprocess

        with contextlib.suppress(OSError):
            requests.shutdown(SHUT_RDWR)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # A judge that was killed while it asked for a zygote has left its folder.
        root = scratch_root()
        for name in os.listdir(root):
            if name.startswith(mark):
                clear(os.path.join(root, name))
    requests.close()


class Process:
    """A process, perhaps another's child."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid, self._descriptor = pid, descriptor

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def gone(self, seconds: float) -> bool:
        """Waits until nothing of it is left; False when it takes longer."""
        watch = select.poll()
        watch.register(self._descriptor, select.POLLIN)
        if not watch.poll(1000 * seconds):
            return False
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PIDFD, self._descriptor, os.WEXITED | os.WNOHANG)
        with contextlib.suppress(ProcessLookupError):
            while True:
                signal.pidfd_send_signal(self._descriptor, 0)
                time.sleep(0.0001)
        return True

    def leave(self) -> None:
        """Waits for its end, and helps it where it takes long; not to be used afterwards."""
        if not self.gone(5):
            self.kill()
            self.gone(5)
        os.close(self._descriptor)


class Zygote:
    """A running zygote. Raises Refused where the tier cannot be had, Fault where something else failed."""

    def __init__(self, tier: int, seed: Seed, mib: int) -> None:
        """mib: the size of the scratch folder."""
        self.tier, self.mib, self.served = tier, mib, 0
        self.python = seed.python
        try:
            self.folder = os.path.join(scratch_root(), f"{seed.mark}-{os.urandom(4).hex()}")
            os.mkdir(self.folder, 0o700)
        except OSError as error:
            raise Fault(f"sandbox: no folder for a zygote: {error}") from error
        if tier == 2 and os.geteuid() == 0 and seed.python.open:
            os.chown(self.folder, NOBODY, NOBODY)
        try:
            self.control = seed.ask(
                {
                    "tier": tier,
                    "folder": self.folder,
                    "readable": seed.python.readable,
                    "mib": mib,
                    "cores": sorted(os.sched_getaffinity(0)),
                }
            )
        except BaseException:
            os.rmdir(self.folder)
            raise
        self._watched: list[Process] = []
        self.close = weakref.finalize(self, end, os.getpid(), self._watched, self.control, self.folder)
        """Hangs up, waits until all that runs under it is gone, removes its scratch; happens at exit by itself."""
        self._greet()

    def _greet(self) -> None:
        try:
            word = self._heard()
        except OSError as error:
            word = b"X" + str(error).encode()
        if word[:1] == b"R":
            if self.tier == 1:
                os.rmdir(self.folder)
            return
        self.kill()
        reason = word[1:].decode(errors="replace") or f"it died ({self.python.executable})"
        if word[:1] == b"U":
            raise Refused(reason)
        raise Fault(f"sandbox: the zygote did not start: {reason}")

    def _heard(self) -> bytes:
        """Its first word, after the process that is to be watched; what failed is whole when everybody has left."""
        found = announced(self.control)
        if isinstance(found, bytes):
            word = found
        else:
            self._watched.append(Process(*found))
            word = self.control.recv(1)
        while word[:1] != b"R" and (more := self.control.recv(4096)):
            word += more
        return word

    @property
    def process(self) -> Process:
        """The process with which all that runs under it ends."""
        return self._watched[0]

    @property
    def alive(self) -> bool:
        return self.close.alive

    def kill(self) -> None:
        """Ends it at once."""
        if self.alive:
            for process in self._watched:
                process.kill()
            self.close()


def end(owner: int, watched: list[Process], control: socket, folder: str) -> None:
    """What closing a zygote does; knows nothing of the zygote, so that a forgotten one is closed too."""
    control.close()
    if os.getpid() != owner:
        return
    for process in watched:
        process.leave()
    clear(folder)


def clear(folder: str) -> None:
    with contextlib.suppress(OSError):
        empty(folder)
        os.rmdir(folder)


def scratch_root() -> str:
    """Where the folders of zygotes are made."""
    named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return next((path for path in named if path and os.path.isdir(path)), "/tmp")


def opened(data: bytes) -> int:
    """A descriptor that reads as the data."""
    if not data:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    descriptor = os.memfd_create("errata")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
