"""Puts this process, and all that it forks, behind the walls of a tier. There is no way back."""

import os
import resource

from errata.sandbox import kernel, landlock, namespaces, seccomp

CONSTANT = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_MEMLOCK, 0),
    (resource.RLIMIT_MSGQUEUE, 0),
    (resource.RLIMIT_SIGPENDING, 256),
)
"""Limits that are the same for all programs."""


class Unavailable(Exception):
    """This machine does not let a process build the walls of the tier; says which step it refused."""


def confine(tier: int, folder: str, readable: list[str], mib: int) -> str:
    """Confines this process and returns its scratch folder. In tier 1 it returns in another process.

    folder: an empty folder. Raises Unavailable.
    """
    try:
        if tier == 3:
            return folder
        machine = seccomp.machine()
        known = landlock.version()
        if tier == 1:
            namespaces.enter(folder, readable, mib)
            folder = namespaces.TMP
        elif os.geteuid() == 0 and os.stat(folder).st_uid != 0:
            owner = os.stat(folder).st_uid
            os.setgroups([])
            os.setresgid(owner, owner, owner)
            os.setresuid(owner, owner, owner)
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
