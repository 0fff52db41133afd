"""A throw-away cell for another grader and one program: programs of the corpus do get out of graders.

Own user, mount, pid, network, ipc and uts namespaces (the sandbox's), a read-only tree, a scratch in memory, limits and
a time on the clock. Process 1 of the cell sets the stage, starts the grader, and says what is left when it has ended.
Only the standard library and `errata.sandbox` are loaded inside.
"""

import contextlib
import fcntl
import json
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

from errata.errors import Fault
from errata.redteam.stage import ENV, Stage
from errata.sandbox import kernel, namespaces, probe

BOOT = "import sys; sys.path[:] = {path!r}; from errata.redteam.cell import inside; inside()"
PROC = "/proc"
SCRATCH_MIB = 512
LIMITS = (
    (resource.RLIMIT_AS, 6 << 30),
    (resource.RLIMIT_NPROC, 400),
    (resource.RLIMIT_NOFILE, 1024),
    (resource.RLIMIT_FSIZE, 256 << 20),
    (resource.RLIMIT_CORE, 0),
)
"""So that no program of the corpus troubles this machine; far more than a grader that holds its programs would give."""
SETTLED = 0.6
"""Seconds in which a grader's own helpers may still end."""
UP, GET_FLAGS, SET_FLAGS = 1, 0x8913, 0x8914


class Job(TypedDict):
    """What a cell is told."""

    id: str
    program: str
    seconds: float
    wall: float
    readable: list[str]
    command: list[str]
    """How the grader's driver is started."""
    order: dict[str, object]
    """What the driver is told; the program is put in, with its places filled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a cell has seen."""

    passed: bool = False
    """The grader's verdict."""
    raised: str = ""
    """What the grader raised in place of a verdict."""
    hung: bool = False
    died: str = ""
    left: int = 0
    """Processes that were still there after the verdict."""
    changed: tuple[str, ...] = ()
    """Files outside that the program has reached."""


def needed() -> None:
    """Raises Fault, with the reason, where this machine builds no cells."""
    found = probe()
    if found.tier != 1:
        why = next((missing for missing in found.missing if missing.tier == 1), None)
        said = f": {why.reason}; cure: {why.cure}" if why else ""
        raise Fault(f"redteam: other graders are attacked in namespaces alone, which cannot be had here{said}")


def run(job: Job) -> Seen:
    """Runs one program under a grader. Raises Fault when the cell itself could not be built."""
    with tempfile.TemporaryDirectory(prefix="errata-cell-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-B", "-c", BOOT.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(json.dumps([folder, job]).encode(), timeout=job["wall"] + 20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return Seen(hung=True)
    try:
        told = cast("dict[str, object]", json.loads(said))
    except ValueError:
        return Seen(died="with the cell around it")
    if "refused" in told:
        raise Fault(f"redteam: no cell can be built: {told['refused']}")
    told["changed"] = tuple(cast("list[str]", told["changed"]))
    return Seen(**told)  # pyright: ignore[reportArgumentType]


def inside() -> None:
    """The cell: enters its namespaces, and in process 1 of them does the job. Prints what `Seen` holds."""
    folder, given = json.loads(sys.stdin.buffer.read())
    job = cast("Job", given)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        scratch = enclose(folder, job["readable"])
    except OSError as refusal:
        print(json.dumps({"refused": str(refusal)}))
        return
    os.chdir(scratch)
    outside = Path(scratch, "outside")
    outside.mkdir()
    work = Path(scratch, "work")
    work.mkdir()
    with Stage(outside) as stage:
        job["order"]["program"] = stage.filled(job["id"], job["program"], job["seconds"])
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(work), "TMPDIR": str(work), "LANG": "C.UTF-8"}
        environment |= {ENV: stage.secret, "OMP_NUM_THREADS": "1"}
        seen = watched(job, environment, str(work))
        seen["changed"] = stage.changed(job["id"])
    print(json.dumps(seen), flush=True)
    os._exit(0)


def enclose(folder: str, readable: list[str]) -> str:
    """As the sandbox's tier 1 does (`namespaces.enter`), and with a /proc of its own, which graders and attacks use.

    Returns the scratch, in process 1; the caller's own process waits outside and ends with it.
    """
    as_root = os.geteuid() == 0 and namespaces.mapped(namespaces.NOBODY)
    outside = os.open(PROC, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if as_root:
        os.setgroups([])
    else:
        user, group = os.geteuid(), os.getegid()
        kernel.unshare(kernel.NEWUSER)
        namespaces.write_maps(outside, "self", user, group)
    kernel.unshare(namespaces.SPACES)
    loopback()
    scratch = namespaces.ELSEWHERE if any(path.startswith("/tmp/") for path in readable) else namespaces.TMP
    namespaces.build(folder, [*readable, PROC], scratch)
    namespaces.fill(folder, scratch, namespaces.NOBODY if as_root else namespaces.INSIDE, SCRATCH_MIB)
    (asked, ask), (told, tell) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid:
        namespaces.attend(pid, outside if as_root else None, asked, tell, (ask, told))
    for descriptor in (asked, tell, outside):
        os.close(descriptor)
    kernel.mount("proc", folder + PROC, "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    kernel.pivot_root(folder)
    if as_root:
        kernel.unshare(kernel.NEWUSER)
        os.write(ask, b"?")
        if os.read(told, 1) != b"!":
            raise OSError("uid_map: refused")
        os.setresgid(namespaces.INSIDE, namespaces.INSIDE, namespaces.INSIDE)
        os.setresuid(namespaces.INSIDE, namespaces.INSIDE, namespaces.INSIDE)
    os.close(ask)
    os.close(told)
    kernel.drop_capabilities()
    kernel.prctl("no_new_privs", kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl("pdeathsig", kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    return scratch


def loopback() -> None:
    """Brings up the new network's own loopback."""
    with socket.socket() as talk:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(talk, GET_FLAGS, request), 16)
        fcntl.ioctl(talk, SET_FLAGS, struct.pack("16sH14x", b"lo", flags | UP))


def watched(job: Job, environment: dict[str, str], work: str) -> dict[str, object]:
    """Starts the grader's driver, waits for its end or for the clock, and tells what came of it."""
    answer, given = os.pipe()
    order = json.dumps({**job["order"], "answer": given}).encode()
    process = subprocess.Popen(
        job["command"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[given],
        env=environment,
        cwd=work,
        preexec_fn=limited,
        start_new_session=True,
    )
    os.close(given)
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(order)
        process.stdin.close()
    said = heard(answer, process, job["wall"])
    hung = process.poll() is None
    verdict = last(said)
    seen: dict[str, object] = {"hung": hung and not verdict, "left": 0}
    if not hung:
        seen["left"] = left()
    if verdict:
        seen |= {"passed": verdict.get("passed") is True, "raised": str(verdict.get("raised", ""))[:200]}
    elif not hung:
        code = process.returncode
        seen["died"] = f"by signal {-code}" if code < 0 else f"with status {code}"
    return seen


def limited() -> None:
    for kind, value in LIMITS:
        resource.setrlimit(kind, (value, value))


def heard(answer: int, process: subprocess.Popen[bytes], wall: float) -> bytes:
    """What the driver has written when it ends or its time is up."""
    end, said = time.monotonic() + wall, b""
    while time.monotonic() < end and len(said) < 1 << 20:
        if select.select([answer], [], [], 0.02)[0]:
            got = os.read(answer, 1 << 16)
            said += got
            if not got:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, end - time.monotonic()))
                break
        elif process.poll() is not None:
            break
    return said


def last(said: bytes) -> dict[str, object] | None:
    """The verdict: the last line that is one."""
    for line in reversed(said.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and ("passed" in found or "raised" in found):
            return cast("dict[str, object]", found)
    return None


def left() -> int:
    """Processes of the cell besides this one, once helpers have had time to end."""
    end = time.monotonic() + SETTLED
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        count = sum(name.isdigit() for name in os.listdir(PROC)) - 1
        if not count or time.monotonic() > end:
            return count
        time.sleep(0.02)
