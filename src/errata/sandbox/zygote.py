"""What runs in the warm process: one fork a program, and everything of it gone before the next.

This text is sent to a fresh interpreter (`worker.BOOT`); it imports the standard library alone and holds no tests.
The control socket carries, from the judge, `S` start (header, job, descriptors), `F` finish when it has ended by
itself, `K` kill and finish; to the judge, `R` ready, `E` ended, `X` this process is in doubt and says why.
"""

import ctypes
import gc
import os
import resource
import select
import signal
import struct
import sys
from _socket import AF_UNIX, CMSG_SPACE, SOCK_STREAM, socket
from collections.abc import Callable
from typing import TypedDict

from errata.sandbox import seccomp
from errata.sandbox.confine import Unavailable, confine

START = struct.Struct("<cBIdIIII")
"""b"S", 1 when standard input is given, bytes of the job, seconds, memory MiB, file MiB, files, processes."""
ENDED = struct.Struct("<ciddI")
"""b"E", wait status, CPU seconds of the program, of what it left running, peak KiB."""

OWN = 2
"""Processes of the sandbox itself in a program's user namespace."""

Serve = Callable[[socket, bytes], None]


class Settings(TypedDict):
    """What the judge tells a zygote once, at its start."""

    tier: int
    folder: str
    """Empty; the scratch, or where the new root is built."""
    readable: list[str]
    site: list[str]
    mib: int


class Doubt(Exception):
    """Something of a program may have stayed; this process must not serve another."""


def main(control: socket, settings: Settings, serve: Serve) -> None:
    """Serves until the judge hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.path += settings["site"]
    tier = settings["tier"]
    try:
        scratch = confine(tier, settings["folder"], settings["readable"], settings["mib"])
    except Unavailable as refusal:
        control.sendall(b"U" + str(refusal).encode())
        return
    os.environ["HOME"] = os.environ["TMPDIR"] = scratch
    os.chdir(scratch)
    fork = ctypes.PyDLL(None).fork
    gc.collect()
    gc.freeze()
    gc.disable()
    control.sendall(b"R")
    while (started := receive(control)) is not None:
        header, job, descriptors = started
        pid = fork()
        if pid == 0:
            candidate(tier, header, job, descriptors, serve)
        if pid < 0:
            raise Doubt("fork was refused")
        for descriptor in descriptors:
            os.close(descriptor)
        del job, started
        going_on = await_end(control, pid)
        ended = reap(pid, tier)
        if not going_on:
            return
        empty(scratch)
        control.sendall(ENDED.pack(b"E", *ended))


def receive(control: socket) -> tuple[tuple[int, float, int, int, int, int], bytes, list[int]] | None:
    """The next start message; None when the judge has hung up. A late `K` for a program that is gone is passed over."""
    while True:
        data, ancillary, _, _ = control.recvmsg(1 << 18, CMSG_SPACE(4 * 4))
        if not data:
            return None
        data = data.lstrip(b"K") if not ancillary else data
        if data:
            break
    descriptors = [number for _, _, raw in ancillary for number in struct.unpack(f"<{len(raw) // 4}i", raw)]
    while len(data) < START.size:
        data += more(control)
    _, given, size, *rest = START.unpack_from(data)
    parts = [data[START.size :]]
    have = len(parts[0])
    while have < size:
        parts.append(more(control))
        have += len(parts[-1])
    return (given, *rest), b"".join(parts), descriptors


def more(control: socket) -> bytes:
    data = control.recv(1 << 20)
    if not data:
        raise SystemExit
    return data


def candidate(
    tier: int, header: tuple[int, float, int, int, int, int], job: bytes, descriptors: list[int], serve: Serve
) -> None:
    """The program's own process: its descriptors, its limits, then its code; never returns."""
    status = 70
    try:
        given, seconds, memory, file, files, processes = header
        channel, out, err, *stdin = descriptors
        os.dup2(stdin[0], 0) if given else None
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.dup2(channel, 3)
        os.closerange(4, 1 << 16)
        cpu = int(seconds) + 1
        for limit, soft, hard in (
            (resource.RLIMIT_CPU, cpu, cpu + 1),
            (resource.RLIMIT_AS, memory << 20, memory << 20),
            (resource.RLIMIT_FSIZE, file << 20, file << 20),
            (resource.RLIMIT_NOFILE, files, files),
        ):
            resource.setrlimit(limit, (soft, hard))
        if tier == 1:
            resource.setrlimit(resource.RLIMIT_NPROC, (processes + OWN, processes + OWN))
        elif tier == 2:
            seccomp.install(seccomp.program(seccomp.machine(), os.getpid()))
        gc.enable()
        serve(socket(AF_UNIX, SOCK_STREAM, 0, 3), job)
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
    os.kill(-1 if tier == 1 else pid, signal.SIGKILL)
    while True:
        try:
            who, code, usage = os.wait4(-1, 0)
        except ChildProcessError:
            return status, cpu, others, peak
        spent = usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss)
        if who == pid:
            status, cpu = code, spent
        else:
            others += spent


def empty(folder: str) -> None:
    """Removes everything in the folder, without following links; folders that deny it are opened first."""
    with os.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            os.chmod(entry.path, 0o700)
            empty(entry.path)
            os.rmdir(entry.path)
        else:
            os.unlink(entry.path)
