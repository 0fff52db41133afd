"""The judge's hold on one zygote: start a program, listen to it, end it.

A `Worker` belongs to one thread. Its zygote is a fresh interpreter with a clean environment, never a fork of this
process; it is started when it is first needed and replaced when it has served `RECYCLE` programs or is in doubt.
Whatever goes wrong on this side is a `Fault`, after which the same Worker may be used again.
"""

import array
import contextlib
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import resources

from errata.errors import Fault
from errata.sandbox import zygote
from errata.sandbox.limits import Ended, Hit, Limits

RECYCLE = 2000
"""Programs that one zygote serves."""
PATIENCE = 30.0
"""Seconds that a zygote may be silent where only its own work is waited for."""
MODULES = ("protocol", "candidate", "zygote")
"""Modules of this package whose source is sent to the zygote; what is missing is left out."""
BOOT = """
import sys, marshal, _socket
sys.path[:] = [p for p in sys.path if p]
sys.dont_write_bytecode = True
import os
def boot():
    control = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1): os.dup2(null, fd)
    while null < 4: null = os.dup(null)
    def take(n):
        data = b""
        while len(data) < n:
            got = control.recv(n - len(data))
            if not got: raise SystemExit
            data += got
        return data
    sources, settings = marshal.loads(take(int.from_bytes(take(8), "little")))
    made = {}
    for name in ("errata", "errata.sandbox", *("errata.sandbox." + name for name in sources)):
        made[name] = sys.modules[name] = type(sys)(name)
        if "." in name: setattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2], made[name])
    made["errata"].__path__ = made["errata.sandbox"].__path__ = []
    for name, text in sources.items():
        exec(compile(text, "<sandbox>/" + name + ".py", "exec"), made["errata.sandbox." + name].__dict__)
    for name in made: del sys.modules[name]
    zygote = made["errata.sandbox.zygote"]
    try:
        zygote.main(control, settings, made["errata.sandbox.candidate"].serve)
    except Exception as error:
        control.sendall(b"X" + f"{type(error).__name__}: {error}".encode(errors="replace")[:4000])
boot()
"""


class Worker:
    """One zygote and its scratch folder."""

    def __init__(self, tier: int | None = None, unsafe: bool = False) -> None:
        self.tier = tier if tier is not None else 3
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._scratch: str | None = None
        self._served = 0
        self.retired = False
        """True once the owner wants no more programs run."""

    def start(self, job: bytes, limits: Limits, stdin: bytes = b"") -> "Child":
        """Forks a process for one program, in which `candidate.serve(channel, job)` runs. Raises Fault."""
        if self.retired:
            raise Fault("sandbox: this worker is closed")
        if self._served >= RECYCLE:
            self.close()
        control = self._control or self._launch()
        self._served += 1
        return Child(self, control, job, limits, stdin)

    def _launch(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        self._scratch = tempfile.mkdtemp(prefix="errata-")
        ours.settimeout(PATIENCE)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-S", "-B", "-X", "utf8", "-c", BOOT],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
            )
            theirs.close()
            settings = zygote.Settings(tier=self.tier, scratch=self._scratch)
            text = marshal.dumps((sources(), dict(settings)))
            ours.sendall(len(text).to_bytes(8, "little") + text)
            self._control = ours
            word = ours.recv(4096)
        except OSError as error:
            self.discard()
            raise Fault(f"sandbox: no zygote could be started: {error}") from error
        if word != b"R":
            self.discard()
            raise Fault(f"sandbox: the zygote did not start: {word[1:].decode(errors='replace') or 'it died'}")
        self._served = 0
        return ours

    def retire(self) -> None:
        """From any thread: ends the running program and refuses others; its owner's call raises Fault."""
        self.retired = True
        process = self._process
        if process is not None:
            process.kill()

    def discard(self) -> None:
        """Ends the zygote at once, with all that runs under it."""
        if self._process is not None:
            self._process.kill()
        self.close()

    def close(self) -> None:
        """Ends the zygote and removes its scratch; the Worker may be used again."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._scratch is not None:
            with contextlib.suppress(OSError):
                zygote.empty(self._scratch)
                os.rmdir(self._scratch)
            self._scratch = None


def sources() -> dict[str, str]:
    """The text of the modules that the zygote runs."""
    room = resources.files("errata.sandbox")
    files = {name: room.joinpath(f"{name}.py") for name in MODULES}
    return {name: file.read_text(encoding="utf-8") for name, file in files.items() if file.is_file()}


class Child:
    """One program's process, as the judge sees it."""

    def __init__(self, worker: Worker, control: socket.socket, job: bytes, limits: Limits, stdin: bytes) -> None:
        self._worker, self._control, self._limits = worker, control, limits
        self.hit: Hit = ""
        """The limit that it ran into, as far as this side has seen."""
        self.channel, theirs = socket.socketpair()
        out, out_w = os.pipe()
        err, err_w = os.pipe()
        descriptors = array.array("i", [theirs.fileno(), out_w, err_w])
        if stdin:
            descriptors.append(os.memfd_create("stdin"))
            with open(descriptors[-1], "wb", closefd=False) as file:
                file.write(stdin)
            os.lseek(descriptors[-1], 0, os.SEEK_SET)
        self._outputs = {out: bytearray(), err: bytearray()}
        self._open = [out, err]
        self._written = 0
        header = zygote.START.pack(
            b"S",
            bool(stdin),
            len(job),
            limits.seconds,
            limits.memory_mib,
            limits.file_mib,
            limits.files,
            limits.processes,
        )
        message = header + job
        self._began = time.monotonic()
        try:
            sent = control.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
            if sent < len(message):
                control.sendall(memoryview(message)[sent:])
        except OSError as error:
            self._abandon()
            raise Fault(f"sandbox: the zygote is gone: {error}") from error
        finally:
            theirs.close()
            for descriptor in descriptors[1:]:
                os.close(descriptor)

    def wait(self, channel: bool = True) -> bool:
        """Waits until the channel can be read: True. False when a limit was hit first (`hit` says which).

        Output is drained meanwhile. A channel that the program has closed reads as empty. With
        `channel` False, waits for the end of both outputs instead.
        """
        while not self.hit:
            left = self._left()
            if left <= 0:
                self.hit = "timeout"
                break
            watched = [*self._open, self.channel.fileno()] if channel else self._open
            if not watched:
                return True
            ready, _, _ = select.select(watched, [], [], left)
            self._read(ready)
            if channel and self.channel.fileno() in ready:
                return True
        return False

    def drain(self) -> None:
        """Takes what the program has written, without waiting."""
        if self._open:
            self._read(select.select(self._open, [], [], 0)[0])

    def finish(self, kill: bool) -> Ended:
        """Ends it, or with `kill` False waits for its own end within its limits. Raises Fault."""
        try:
            if kill or self.hit:
                self._control.sendall(b"K")
            else:
                self._control.sendall(b"F")
                self._await()
            status, cpu, peak = self._ended()
        except OSError as error:
            self._abandon()
            raise Fault(f"sandbox: the zygote is gone: {error}") from error
        wall = time.monotonic() - self._began
        while self._open:
            self._read(select.select(self._open, [], [])[0])
        self.channel.close()
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        if not self.hit and (number == signal.SIGXCPU or (number == signal.SIGKILL and cpu >= self._limits.seconds)):
            self.hit = "timeout"
        stdout, stderr = (data.decode("utf-8", "replace") for data in self._outputs.values())
        return Ended(
            exit_code=None if number else os.WEXITSTATUS(status),
            signal=number,
            cpu_seconds=cpu,
            wall_seconds=wall,
            peak_mib=peak,
            stdout=stdout,
            stderr=stderr,
            overflow=self.hit == "output",
            limit=self.hit,
        )

    def _await(self) -> None:
        while not self.hit:
            left = self._left()
            if left <= 0:
                self.hit = "timeout"
                break
            ready, _, _ = select.select([*self._open, self._control], [], [], left)
            self._read(ready)
            if self._control in ready:
                return
        self._control.sendall(b"K")

    def _ended(self) -> tuple[int, float, float]:
        data = b""
        while len(data) < zygote.ENDED.size:
            got = self._control.recv(4096)
            if not got:
                raise OSError(data[1:].decode(errors="replace") or "it died")
            data += got
            if data[:1] == b"X":
                raise OSError(data[1:].decode(errors="replace"))
        _, status, cpu, others, peak = zygote.ENDED.unpack(data)
        return status, cpu + others, peak / 1024

    def _left(self) -> float:
        return self._limits.seconds - (time.monotonic() - self._began)

    def _read(self, ready: Sequence[int | socket.socket]) -> None:
        for descriptor in ready:
            if not isinstance(descriptor, int) or descriptor not in self._outputs:
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

    def _abandon(self) -> None:
        self.channel.close()
        for descriptor in self._open:
            os.close(descriptor)
        self._open = []
        self._worker.discard()
