"""What runs in the warm process: one fork a program, and everything of it gone before the next.

It is forked from a seed, which imports the standard library alone and holds no tests.
"""

import ctypes
import gc
import os
import random
import resource
import select
import signal
import struct
from _socket import AF_UNIX, CMSG_SPACE, SOCK_STREAM, socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

from errata.sandbox import kernel, seccomp
from errata.sandbox.confine import Unavailable, confine
from errata.sandbox.control import ENDED, START, Header, Settings, announce
from errata.sandbox.scratch import empty

OWN = 2
"""Processes of the sandbox itself in a program's user namespace."""
STACK = 8 << 20
WALL = 0x40000000
"""All children are waited for, of whatever kind."""
CHANNEL = 3
"""The descriptor by which a program and its judge talk."""
LIMITED = (
    resource.RLIMIT_CPU,
    resource.RLIMIT_AS,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_NPROC,
)
HELD_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)

Serve = Callable[[socket, bytes], None]


def main(control: socket, settings: Settings, prepared: Callable[[], Serve]) -> None:
    """Serves until the judge hangs up."""
    tier = settings["tier"]
    try:
        scratch = confine(tier, settings["folder"], settings["readable"], settings["mib"], partial(announce, control))
    except Unavailable as refusal:
        control.sendall(b"U" + str(refusal).encode())
        return
    os.environ["HOME"] = os.environ["TMPDIR"] = scratch
    os.chdir(scratch)
    empty(scratch)
    clean = os.stat(scratch)
    random.seed(0)
    fork = ctypes.PyDLL(None).fork
    serve = prepared()
    os.dup2(control.fileno(), CHANNEL)
    talk = socket(AF_UNIX, SOCK_STREAM, 0, CHANNEL)
    os.dup2(0, CHANNEL)
    most = {kind: resource.getrlimit(kind)[1] for kind in LIMITED}
    practise()
    gc.collect()
    gc.freeze()
    gc.disable()
    control.sendall(b"R")
    while (started := receive(control)) is not None:
        header, descriptors = started
        pid = fork()
        if pid == 0:
            candidate(tier, header, descriptors, most, talk, serve)
        for descriptor in descriptors:
            os.close(descriptor)
        if pid < 0:
            raise OSError("fork was refused")
        going_on = await_end(control, pid)
        ended = reap(pid, tier)
        if not going_on:
            return
        doubt = 0
        if os.stat(scratch) != clean:
            try:
                empty(scratch)
                clean = os.stat(scratch)
            except OSError:
                doubt = 1
        control.sendall(ENDED.pack(b"E", *ended, doubt))


def practise() -> None:
    """Makes the calls that each fork begins with, so that they change nothing: what is made on first use is there."""
    for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_NOFILE):
        soft, hard = resource.getrlimit(kind)
        limit(kind, soft, hard, hard)
    os.dup2(1, 1)
    os.closerange(1 << 16, 1 << 16)
    gc.enable()
    gc.disable()


def settle() -> None:
    """Takes back what the judge's process may have handed down: signals, a mask for new files, limits of its own."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, *HELD_BY_PYTHON}:
        signal.signal(number, signal.SIG_DFL)
    os.umask(0o022)
    most = resource.getrlimit(resource.RLIMIT_STACK)[1]
    limit(resource.RLIMIT_STACK, STACK, most, most)


def limit(kind: int, soft: int, hard: int, most: int) -> None:
    """Sets a limit, or the lower one that holds already, which is `most`."""
    if most >= 0:
        hard = min(hard, most) if hard >= 0 else most
        soft = min(soft, most)
    resource.setrlimit(kind, (soft, hard))


def receive(control: socket) -> tuple[Header, list[int]] | None:
    """The next start message; None when the judge has hung up. A late `K` for a program that is gone is passed over."""
    data = b""
    descriptors: list[int] = []
    while len(data) < START.size:
        more, ancillary, _, _ = control.recvmsg(START.size - len(data), CMSG_SPACE(8 * 4))
        if not more:
            return None
        data = (data + more).lstrip(b"K")
        for _, _, raw in ancillary:
            descriptors += struct.unpack(f"<{len(raw) // 4}i", raw)
    _, *header = START.unpack(data)
    return cast("Header", tuple(header)), descriptors


def candidate(
    tier: int, header: Header, descriptors: list[int], most: Mapping[int, int], talk: socket, serve: Serve
) -> None:
    """The program's own process: its descriptors, its limits, then its code; never returns.

    most: what its limits may be. talk: says and hears what stands at `CHANNEL`.
    """
    status = 70
    try:
        in_file, size, seconds, memory, file, files, processes = header
        channel, given, out, err, *job_file = descriptors
        os.dup2(given, 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.dup2(channel, CHANNEL)
        source = job_file[0] if in_file else CHANNEL
        job = b""
        while len(job) < size:
            job += os.read(source, size - len(job))
        os.closerange(4, 1 << 16)
        cpu = int(seconds) + 1
        limit(resource.RLIMIT_CPU, cpu, cpu + 1, most[resource.RLIMIT_CPU])
        limit(resource.RLIMIT_AS, memory << 20, memory << 20, most[resource.RLIMIT_AS])
        limit(resource.RLIMIT_FSIZE, file << 20, file << 20, most[resource.RLIMIT_FSIZE])
        limit(resource.RLIMIT_NOFILE, files, files, most[resource.RLIMIT_NOFILE])
        if tier == 1:
            limit(resource.RLIMIT_NPROC, processes + OWN, processes + OWN, most[resource.RLIMIT_NPROC])
        elif tier == 2:
            kernel.prctl("pdeathsig", kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            seccomp.install(seccomp.program(seccomp.machine(), os.getpid()))
        gc.enable()
        serve(talk, job)
        status = 0
    finally:
        os._exit(status)


def await_end(control: socket, pid: int) -> bool:
    """Waits for the judge's word; with `F`, for the program's own end, unless `K` comes first. False: it hung up."""
    word = control.recv(1)
    if word == b"F":
        watched = os.pidfd_open(pid)
        try:
            ready, _, _ = select.select([control, watched], [], [])
            if watched not in ready:
                word = control.recv(1)
        finally:
            os.close(watched)
    return bool(word)


def reap(pid: int, tier: int) -> tuple[int, float, float, int]:
    """Kills what is left, waits for all of it; (status, CPU seconds, CPU seconds of the others, peak KiB)."""
    status, cpu, others, peak = 0, 0.0, 0.0, 0
    os.kill(pid, signal.SIGKILL)
    options = WALL
    while True:
        try:
            who, code, usage = os.wait4(-1, options)
        except ChildProcessError:
            return status, cpu, others, peak
        if who == 0:
            # What the program left running is this process's child by now. To look at all there are takes its time.
            if tier == 1:
                os.kill(-1, signal.SIGKILL)
            options = WALL
            continue
        spent = usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss)
        if who == pid:
            status, cpu = code, spent
        else:
            others += spent
        options = WALL | os.WNOHANG
