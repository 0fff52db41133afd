"""System calls that Python has no name for, through ctypes; every failure is an OSError that names the call."""

import ctypes
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH = 2
MOUNT_SETATTR = 442
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV = 1, 2, 4
AT_RECURSIVE, AT_EMPTY_PATH = 0x8000, 0x1000
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
CLONE = {"x86_64": 56, "aarch64": 220}
CLONE_PARENT, CLONE_CHILD_TID = 0x8000, 0x1200000
CAPSET = {"x86_64": 126, "aarch64": 91}

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_SECUREBITS = 1, 4, 22, 24, 28
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_GET_TID_ADDRESS = 36, 38, 40
ADDR_NO_RANDOMIZE = 0x40000
LOCKED_DOWN = 0x2F
"""Secure bits: root is no different, no keeping of capabilities, neither to be undone."""


def checked(name: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def syscall(name: str, number: int, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return checked(name, libc.syscall(ctypes.c_long(number), *wide))


def prctl(name: str, option: int, *arguments: int) -> int:
    wide = [ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4]]
    return checked(f"prctl {name}", libc.prctl(option, *wide))


@contextmanager
def same_addresses() -> Generator[None]:
    """Processes that this thread starts meanwhile have the same address space each time, where that is allowed."""
    before = libc.personality(ctypes.c_ulong(0xFFFFFFFF))
    allowed = before >= 0 and libc.personality(ctypes.c_ulong(before | ADDR_NO_RANDOMIZE)) >= 0
    try:
        yield
    finally:
        if allowed:
            libc.personality(ctypes.c_ulong(before))


def unshare(flags: int) -> None:
    checked("unshare", libc.unshare(flags))


def sibling() -> bool:
    """As fork, but the new process is another child of our own parent, which is to wait for it. True in the new one.

    Nothing happens where the kernel refuses.
    """
    held = ctypes.PyDLL(None)
    known = ctypes.c_ulong()
    libc.prctl(PR_GET_TID_ADDRESS, ctypes.byref(known))
    machine = os.uname().machine
    last = (known, ctypes.c_ulong()) if machine == "x86_64" else (ctypes.c_ulong(), known)
    flags = CLONE_PARENT | (CLONE_CHILD_TID if known.value else 0)
    if held.syscall(ctypes.c_long(CLONE[machine]), ctypes.c_ulong(flags), None, None, *last) != 0:
        return False
    ctypes.pythonapi.PyOS_AfterFork_Child()
    return True


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    kind_raw = kind.encode() if kind else None
    done = libc.mount(source.encode(), target.encode(), kind_raw, ctypes.c_ulong(flags), data.encode() or None)
    checked(f"mount {target}", done)


def make_readonly(path: str, attributes: int) -> None:
    """Sets attributes on a mount and on all that are mounted below it."""
    request = b"".join(n.to_bytes(8, "little") for n in (attributes, 0, 0, 0))
    syscall(f"mount_setattr {path}", MOUNT_SETATTR, -100, path.encode(), AT_RECURSIVE, request, len(request))


def pivot_root(new: str) -> None:
    """Makes the mount at `new` the root, and takes the old root out of sight."""
    os.chdir(new)
    syscall("pivot_root", PIVOT_ROOT[os.uname().machine], b".", b".")
    checked("umount", libc.umount2(b".", MNT_DETACH))
    os.chdir("/")


def drop_capabilities() -> None:
    """No capabilities, none to be gained: bounding set, secure bits, then all sets."""
    for capability in range(64):
        try:
            prctl("drop", PR_CAPBSET_DROP, capability)
        except OSError:
            break
    with suppress(PermissionError):
        prctl("securebits", PR_SET_SECUREBITS, LOCKED_DOWN)
    header = (0x20080522).to_bytes(4, "little") + bytes(4)
    syscall("capset", CAPSET[os.uname().machine], header, bytes(24))
