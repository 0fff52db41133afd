"""Starting the interpreter, with a clean environment, that zygotes are forked from."""

import marshal
import os
import subprocess
import sys
from _socket import AF_UNIX, SOCK_SEQPACKET, socketpair
from functools import cache
from types import CodeType

from errata.errors import Fault
from errata.sandbox import kernel
from errata.sandbox.carried import code_of
from errata.sandbox.held import Seed, opened
from errata.sandbox.places import Python

MODULES = (
    "control",
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
    "seed",
)
"""Modules of this package whose source is sent to the seed, in the order in which they need each other."""
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
    requests = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, fd)
    null = os.open(os.devnull, os.O_RDWR)
    for low in range(4): os.dup2(null, low, False)
    os.close(null)
    def take():
        _, [(_, _, raw)], _, _ = requests.recvmsg(1 << 16, _socket.CMSG_SPACE(4))
        return int.from_bytes(raw, sys.byteorder)
    with open(take(), "rb") as file: sources, site = marshal.load(file)
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
        del sources, name, text, code
        made["errata.sandbox.seed"].main(requests, site, made["errata.sandbox.candidate"].prepared)
    except Exception as error:
        reason = b"X" + f"{type(error).__name__}: {error}".encode(errors="replace")[:4000]
        while True: _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, take()).sendall(reason)
boot()
"""


def sow(python: Python) -> Seed:
    """Starts the process that zygotes of this Python are forked from. Raises Fault."""
    requests, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
    try:
        with kernel.same_addresses():
            process = subprocess.Popen(
                [python.executable, "-s", "-S", "-B", "-X", "utf8", "-c", BOOT],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
    except OSError as error:
        requests.close()
        raise Fault(f"sandbox: {python.executable} could not be started: {error}") from error
    finally:
        theirs.close()
    made = Seed(python, requests, process)
    own = python.executable == sys.executable
    text = opened(marshal.dumps((codes() if own else sources(), python.site)))
    try:
        made.send(b".", text)
    finally:
        os.close(text)
    return made


@cache
def codes() -> dict[str, CodeType]:
    """The same, compiled by this interpreter and for it alone."""
    return {name: named(code_of(f"errata.sandbox.{name}")[0], f"<sandbox>/{name}.py") for name in MODULES}


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
