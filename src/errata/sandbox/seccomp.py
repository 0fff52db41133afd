"""The system-call filter: a list of what is allowed, with arguments where they matter; the rest is refused.

Another architecture's calls, and x32's, kill the process. What is not listed fails with EPERM, or with ENOSYS where
libc knows an older way. Filters are inherited by fork and cannot be taken off.
"""

import ctypes
import os
import struct
from collections.abc import Iterable

from errata.sandbox.kernel import PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, PR_SET_SECCOMP, prctl
from errata.sandbox.syscalls import ALLOWED, CHANGES, KNOWN, RULED

MACHINES = ("x86_64", "aarch64")
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32 = 0x40000000
NUMBER, ARCH, ARGUMENTS = 0, 4, 16
"""Offsets in the kernel's struct seccomp_data; an argument is 8 bytes, its low word first."""
LOAD, EQUAL, ABOVE, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, REFUSE, MISSING = 0x7FFF0000, 0x80000000, 0x00050000 | 1, 0x00050000 | 38
UNIFIED = 424
"""From this number on calls are numbered alike everywhere, and recent enough that libc must do without them."""

THREAD, NEW_NAMESPACE = 0x10000, 0x7E020080
AF_UNIX, SOCK_STREAM, SOCK_SEQPACKET = 1, 1, 5
IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""Is it a terminal, how wide, how much to read, non-blocking, close on exec: nothing that owns or pushes."""
FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
"""Copies, flags and locks; not owners, signals, leases, notifications, seals or pipe sizes."""
PRCTLS = (2, 3, 15, 16, 38, 0x53564D41)
"""Names, what is set, no new privileges; libc names its memory."""


def op(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)


def number_of(name: str, machine: str) -> int:
    """The call's number, or -1 where the machine has no such call."""
    row = ALLOWED.get(name) or CHANGES.get(name) or RULED.get(name) or KNOWN[name]
    return row[MACHINES.index(machine)]


def opening(machine: str) -> bytes:
    """Kills what is not this machine's own convention, then loads the call's number."""
    code = op(LOAD, ARCH) + op(EQUAL, AUDIT[machine], 1, 0) + op(RETURN, KILL) + op(LOAD, NUMBER)
    return code + op(ABOVE, X32, 0, 1) + op(RETURN, KILL)


def case(number: int, body: bytes) -> bytes:
    """Runs the body, which must return, when the number matches."""
    return b"" if number < 0 else op(EQUAL, number, 0, len(body) // 8) + body


def low(argument: int) -> bytes:
    return op(LOAD, ARGUMENTS + 8 * argument)


def one_of(argument: int, values: Iterable[int]) -> bytes:
    """Allowed when the argument's low word is one of the values. The kernel reads these arguments as 32 bits."""
    tests = b"".join(op(EQUAL, value, 0, 1) + op(RETURN, ALLOW) for value in values)
    return low(argument) + tests + op(RETURN, REFUSE)


def rules(tier: int) -> dict[str, bytes]:
    """What is asked of the arguments, by call; every name of `RULED` is here."""
    null = op(EQUAL, 0, 0, 1)
    stream = b"".join(
        op(EQUAL, kind | flags, 0, 1) + op(RETURN, ALLOW)
        for kind in (SOCK_STREAM, SOCK_SEQPACKET)
        for flags in (0, 0o2000000, 0o4000, 0o2004000)
    )
    return {
        "clone": low(0) + op(ANY_BIT, NEW_NAMESPACE, 0, 1) + op(RETURN, REFUSE) + op(RETURN, ALLOW),
        "socketpair": low(0) + op(EQUAL, AF_UNIX, 1, 0) + op(RETURN, REFUSE) + low(1) + stream + op(RETURN, REFUSE),
        "sendto": low(4)
        + op(EQUAL, 0, 1, 0)
        + op(RETURN, REFUSE)
        + op(LOAD, ARGUMENTS + 8 * 4 + 4)
        + null
        + op(RETURN, ALLOW)
        + op(RETURN, REFUSE),
        "ioctl": one_of(1, IOCTLS),
        "fcntl": one_of(1, FCNTLS),
        "prctl": one_of(0, PRCTLS if tier == 1 else (*PRCTLS, PR_SET_PDEATHSIG, PR_SET_SECCOMP)),
        "prlimit64": one_of(0, (0,)),
    }


def zygote(machine: str, tier: int) -> bytes:
    """The filter of a zygote, which all its programs inherit."""
    code = opening(machine)
    for name in sorted(ALLOWED | CHANGES, key=lambda name: number_of(name, machine)):
        code += case(number_of(name, machine), op(RETURN, ALLOW))
    for name, body in rules(tier).items():
        code += case(number_of(name, machine), body)
    code += case(number_of("clone3", machine), op(RETURN, MISSING))
    return code + op(ABOVE, UNIFIED, 0, 1) + op(RETURN, MISSING) + op(RETURN, REFUSE)


def program(machine: str, pid: int) -> bytes:
    """What tier 2 adds for one program, where no namespace stands around it: no processes, no signals to others."""
    refuse = op(RETURN, REFUSE)
    code = op(LOAD, NUMBER)
    code += case(number_of("clone", machine), low(0) + op(ANY_BIT, THREAD, 1, 0) + refuse + op(RETURN, ALLOW))
    for name in ("kill", "tgkill"):
        code += case(number_of(name, machine), one_of(0, (pid,)))
    code += case(number_of("prctl", machine), one_of(0, PRCTLS))
    for name in ("fork", "vfork", "tkill", "setsid", "setpgid", "pidfd_open", *CHANGES):
        code += case(number_of(name, machine), refuse)
    return code + op(RETURN, ALLOW)


def install(code: bytes) -> None:
    """From now on the filter holds for this process and its descendants. Raises OSError where it cannot be set."""
    text = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(text))
    pointer = ctypes.create_string_buffer(head, len(head))
    prctl("no_new_privs", PR_SET_NO_NEW_PRIVS, 1)
    prctl("seccomp", PR_SET_SECCOMP, 2, ctypes.addressof(pointer))


def machine() -> str:
    """This machine's name. Raises OSError where there is no table for it."""
    name = os.uname().machine
    if name not in MACHINES:
        raise OSError(f"no system-call table for {name}")
    return name
