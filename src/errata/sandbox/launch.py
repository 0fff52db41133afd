"""One zygote: a fresh interpreter with a clean environment, confined, and ended with all that runs under it."""

import contextlib
import importlib.util
import marshal
import os
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable
from functools import cache
from types import CodeType
from typing import cast

from errata.errors import Fault
from errata.sandbox import kernel, namespaces, places, zygote
from errata.sandbox.places import Python
from errata.sandbox.scratch import empty

PATIENCE = 30.0
"""Seconds that a zygote may be silent where only its own work is waited for."""
MODULES = (
    "kernel",
    "landlock",
    "syscalls",
    "seccomp",
    "namespaces",
    "scratch",
    "confine",
    "protocol",
    "values",
    "operations",
    "lent",
    "shares",
    "reports",
    "candidate",
    "rehearsal",
    "zygote",
)
"""Modules of this package whose source is sent to the zygote, in the order in which they need each other."""
ENVIRONMENT = {
    "LD_BIND_NOW": "1",  # Else each fork looks up the C library's functions for itself.
    "PYTHONHASHSEED": "0",
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""All that a program finds in its environment: hashes do not differ from run to run, libraries start no threads."""
BOOT = """
import sys, marshal, _socket, os
sys.path[:] = [p for p in sys.path if p]
def boot():
    fd = 0
    while fd < 4: fd = os.dup(fd)
    control = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, fd)
    null = os.open(os.devnull, os.O_RDWR)
    for low in range(4): os.dup2(null, low, False)
    os.close(null)
    def take(n):
        data = b""
        while len(data) < n:
            got = control.recv(n - len(data))
            if not got: raise SystemExit
            data += got
        return data
    sources, settings = marshal.loads(take(int.from_bytes(take(8), "little")))
    try:
        made = {}
        for name in ("errata", "errata.sandbox", *("errata.sandbox." + name for name in sources)):
            made[name] = sys.modules[name] = type(sys)(name)
            if "." in name: setattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2], made[name])
        made["errata"].__path__ = made["errata.sandbox"].__path__ = []
        for name, text in sources.items():
            code = compile(text, "<sandbox>/" + name + ".py", "exec") if isinstance(text, str) else text
            exec(code, made["errata.sandbox." + name].__dict__)
        for name in made: del sys.modules[name]
        made["errata.sandbox.zygote"].main(control, settings, made["errata.sandbox.candidate"].prepared)
    except Exception as error:
        control.sendall(b"X" + f"{type(error).__name__}: {error}".encode(errors="replace")[:4000])
boot()
"""


class Refused(Exception):
    """This machine refuses the walls of the tier; the message says which step."""


class Zygote:
    """A running zygote. Raises Refused where the tier cannot be had, Fault where something else failed."""

    def __init__(self, tier: int, python: Python, mib: int) -> None:
        """mib: the size of the scratch folder."""
        self.tier, self.mib, self.served = tier, mib, 0
        try:
            self.folder = os.path.join(scratch_root(), f"errata-{os.urandom(8).hex()}")
            os.mkdir(self.folder, 0o700)
        except OSError as error:
            raise Fault(f"sandbox: no folder for a zygote: {error}") from error
        if tier == 2 and os.geteuid() == 0 and places.open_to_all([python.executable, *python.readable]):
            os.chown(self.folder, namespaces.NOBODY, namespaces.NOBODY)
        self.control, theirs = socket.socketpair()
        self.control.settimeout(PATIENCE)
        try:
            with kernel.same_addresses():
                self.process = subprocess.Popen(
                    [python.executable, "-s", "-S", "-B", "-X", "utf8", "-c", BOOT],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=ENVIRONMENT,
                    cwd="/",
                    start_new_session=True,
                )
        except OSError as error:
            self.control.close()
            os.rmdir(self.folder)
            raise Fault(f"sandbox: {python.executable} could not be started: {error}") from error
        finally:
            theirs.close()
        self.close = weakref.finalize(self, end, self.process, self.control, self.folder)
        """Hangs up, waits until all that runs under it is gone, removes its scratch; happens at exit by itself."""
        self._greet(python)

    def _greet(self, python: Python) -> None:
        settings = zygote.Settings(
            tier=self.tier, folder=self.folder, readable=python.readable, site=python.site, mib=self.mib
        )
        try:
            own = python.executable == sys.executable
            text = marshal.dumps((codes() if own else sources(), dict(settings)))
            self.control.sendall(len(text).to_bytes(8, "little") + text)
            word = self.control.recv(4096)
        except OSError as error:
            word = b"X" + str(error).encode()
        if word[:1] == b"R":
            if self.tier == 1:
                os.rmdir(self.folder)
            return
        self.kill()
        reason = word[1:].decode(errors="replace") or f"it died ({python.executable})"
        if word[:1] == b"U":
            raise Refused(reason)
        raise Fault(f"sandbox: the zygote did not start: {reason}")

    @property
    def alive(self) -> bool:
        return self.close.alive

    def kill(self) -> None:
        """Ends it at once."""
        if self.alive:
            self.process.kill()
            self.close()


def end(process: subprocess.Popen[bytes], control: socket.socket, folder: str) -> None:
    """What closing a zygote does; knows nothing of the zygote, so that a forgotten one is closed too."""
    control.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with contextlib.suppress(OSError):
        empty(folder)
        os.rmdir(folder)


def scratch_root() -> str:
    """Where the folders of zygotes are made."""
    named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return next((path for path in named if path and os.path.isdir(path)), "/tmp")


@cache
def codes() -> dict[str, CodeType]:
    """The same, compiled by this interpreter and for it alone."""
    return {name: named(code_of(f"errata.sandbox.{name}"), f"<sandbox>/{name}.py") for name in MODULES}


def code_of(module: str) -> CodeType:
    spec = importlib.util.find_spec(module)
    find = cast("Callable[[str], CodeType | None] | None", getattr(spec and spec.loader, "get_code", None))
    code = find(module) if find is not None else None
    if code is None:
        raise Fault(f"sandbox: the code of {module} cannot be found")
    return code


def named(code: CodeType, file: str) -> CodeType:
    """The code with another name for its file: nothing of this machine's paths goes to a program."""
    inner = tuple(named(item, file) if isinstance(item, CodeType) else item for item in code.co_consts)
    return code.replace(co_filename=file, co_consts=inner)


@cache
def sources() -> dict[str, str]:
    """The text of the modules that the zygote runs."""
    from importlib import resources

    room = resources.files("errata.sandbox")
    return {name: room.joinpath(f"{name}.py").read_text(encoding="utf-8") for name in MODULES}
