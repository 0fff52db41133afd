"""Tier 1's walls: own user, mount, pid, network, ipc and uts namespaces, and a root that holds only what Python needs.

An unprivileged caller gets its namespaces from a user namespace. Root builds the tree as root and then becomes `NOBODY`
in a user namespace, so that a program is not even outside the root user.
"""

import os
import select
from collections.abc import Callable

from errata.sandbox import kernel
from errata.sandbox.control import NOBODY

INSIDE = 1000
"""User and group of a program, as it sees itself."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
TMP, ELSEWHERE = "/tmp", "/scratch"
"""The scratch folder inside, and its place where a readable tree lies in /tmp."""
SPACES = kernel.NEWNS | kernel.NEWPID | kernel.NEWNET | kernel.NEWIPC | kernel.NEWUTS | kernel.NEWCGROUP


def enter(folder: str, readable: list[str], mib: int, announce: Callable[[int], None]) -> str:
    """Returns the scratch, in process 1 of new namespaces; the caller's own process, which is outside, has ended.

    folder: empty, to build the new root on. readable: what is shown, under its own path. mib: the scratch's size.
    announce: told process 1, by its number outside, before this returns.
    Raises OSError, naming the step, where this machine refuses one.
    """
    as_root = os.geteuid() == 0 and mapped(NOBODY)
    outside = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if as_root:
        os.setgroups([])
    else:
        user, group = os.geteuid(), os.getegid()
        kernel.unshare(kernel.NEWUSER)
        write_maps(outside, "self", user, group)
    kernel.unshare(SPACES)
    scratch = ELSEWHERE if any(path.startswith(TMP + "/") for path in readable) else TMP
    build(folder, readable, scratch)
    fill(folder, scratch, NOBODY if as_root else INSIDE, mib)
    kernel.pivot_root(folder)
    (asked, ask), (told, tell) = os.pipe(), os.pipe()
    watched = os.pidfd_open(os.getpid())
    pid = os.fork()
    if pid:
        attend(pid, outside if as_root else None, asked, tell, (ask, told), announce)
    os.close(asked)
    os.close(tell)
    os.close(outside)
    if as_root:
        kernel.unshare(kernel.NEWUSER)
        os.write(ask, b"?")
        if os.read(told, 1) != b"!":
            raise OSError("uid_map: refused")
        os.setresgid(INSIDE, INSIDE, INSIDE)
        os.setresuid(INSIDE, INSIDE, INSIDE)
    os.close(ask)
    os.close(told)
    # From then on this process is the seed's own, and is to end with that one, not with the one that goes.
    gone = select.poll()
    gone.register(watched, select.POLLIN)
    gone.poll()
    os.close(watched)
    kernel.prctl("pdeathsig", kernel.PR_SET_PDEATHSIG, 9)
    return scratch


def mapped(user: int) -> bool:
    """Whether this process's user namespace knows the user."""
    with open("/proc/self/uid_map") as file:
        rows = [[int(word) for word in line.split()] for line in file]
    return any(first <= user < first + count for first, _, count in rows)


def write_maps(proc: int, pid: str, user: int, group: int) -> None:
    """Makes the outer user and group `INSIDE` in the process's user namespace."""
    for name, text in (("setgroups", "deny"), ("gid_map", f"{INSIDE} {group} 1"), ("uid_map", f"{INSIDE} {user} 1")):
        try:
            descriptor = os.open(f"{pid}/{name}", os.O_WRONLY, dir_fd=proc)
            try:
                os.write(descriptor, text.encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise OSError(error.errno, f"{name}: {error.strerror}") from error


def attend(
    pid: int,
    proc: int | None,
    asked: int,
    tell: int,
    unused: tuple[int, ...],
    announce: Callable[[int], None] | None = None,
) -> None:
    """The process outside: writes the inner one's maps where only root can; never returns.

    announce: told of the inner one, which then goes on alone; none: this process waits for its end.
    """
    status = 1
    try:
        for descriptor in unused:
            os.close(descriptor)
        if announce is not None:
            announce(pid)
        if proc is not None and os.read(asked, 1) == b"?":
            write_maps(proc, str(pid), NOBODY, NOBODY)
            os.write(tell, b"!")
        if announce is None:
            os.closerange(0, 1 << 10)
            os.waitpid(pid, 0)
        status = 0
    finally:
        os._exit(status)


def build(root: str, readable: list[str], scratch: str) -> None:
    """Mounts the new root, read-only: the readable trees under their own names, and places for the rest."""
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", root, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,nr_inodes=2k,mode=755")
    for path in readable:
        show(root, path)
    os.makedirs(root + "/dev", exist_ok=True)
    os.makedirs(root + "/var", exist_ok=True)
    os.makedirs(root + scratch, exist_ok=True)
    os.symlink(scratch, root + "/dev/shm")
    os.symlink(scratch, root + "/var/tmp")
    for device in DEVICES:
        os.close(os.open(root + device, os.O_CREAT | os.O_WRONLY))
    kernel.make_readonly(root, kernel.ATTR_RDONLY | kernel.ATTR_NOSUID | kernel.ATTR_NODEV)


def fill(root: str, scratch: str, owner: int, mib: int) -> None:
    """Mounts what may be written: four devices, and the scratch, which is empty for each program."""
    for device in DEVICES:
        kernel.mount(device, root + device, None, kernel.MS_BIND)
    quiet = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    options = f"size={mib}m,nr_inodes=4k,mode=700,uid={owner},gid={owner}"
    kernel.mount("tmpfs", root + scratch, "tmpfs", quiet, options)


def show(root: str, path: str) -> None:
    """Makes a path of the old root visible in the new one; what does not exist is passed over, a link stays a link."""
    if not os.path.lexists(path) or os.path.lexists(root + path):
        return
    os.makedirs(os.path.dirname(root + path), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), root + path)
        return
    if os.path.isdir(path):
        os.mkdir(root + path)
    else:
        os.close(os.open(root + path, os.O_CREAT | os.O_WRONLY))
    kernel.mount(path, root + path, None, kernel.MS_BIND | kernel.MS_REC)
