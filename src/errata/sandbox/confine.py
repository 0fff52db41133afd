"""Puts this process, and all that it forks, behind the walls of a tier. There is no way back."""

import os
import resource
import signal
from collections.abc import Callable

from errata.sandbox import kernel, landlock, namespaces, seccomp
from errata.sandbox.scratch import empty

CONSTANT = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_MEMLOCK, 0),
    (resource.RLIMIT_MSGQUEUE, 0),
    (resource.RLIMIT_SIGPENDING, 256),
)
"""Limits that are the same for all programs."""


class Unavailable(Exception):
    """This machine does not let a process build the walls of the tier; says which step it refused."""


def confine(tier: int, folder: str, readable: list[str], mib: int, announce: Callable[[int], None]) -> str:
    """Confines this process and returns its scratch folder. It returns in another process.

    folder: an empty folder. announce: told the process with which all that runs from now on ends. Raises Unavailable.
    """
    try:
        if tier != 1:
            announce(os.getpid())
        if tier == 3:
            return folder
        machine = seccomp.machine()
        known = landlock.version()
        if tier == 1:
            folder = namespaces.enter(folder, readable, mib, announce)
        else:
            attended(folder)
            owner = os.stat(folder).st_uid
            if os.geteuid() == 0 and owner != 0:
                os.setgroups([])
                os.setresgid(owner, owner, owner)
                os.setresuid(owner, owner, owner)
            kernel.prctl("pdeathsig", kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        for limit, value in CONSTANT:
            resource.setrlimit(limit, (value, value))
        kernel.drop_capabilities()
        kernel.prctl("dumpable", kernel.PR_SET_DUMPABLE, 0)
        kernel.prctl("no_new_privs", kernel.PR_SET_NO_NEW_PRIVS, 1)
        quiet = ["/dev/zero", "/dev/urandom", "/dev/random"]
        landlock.restrict([*readable, *quiet], [folder], ["/dev/null"], known)
        seccomp.install(seccomp.zygote(machine, tier))
    except OSError as error:
        raise Unavailable(error.strerror or str(error)) from error
    return folder


def attended(folder: str) -> None:
    """Leaves this process behind, outside, to remove the scratch when the one that goes on is gone."""
    pid = os.fork()
    if pid == 0:
        return
    try:
        os.closerange(0, 1 << 10)
        os.waitpid(pid, 0)
        empty(folder)
        os.rmdir(folder)
    finally:
        os._exit(0)
