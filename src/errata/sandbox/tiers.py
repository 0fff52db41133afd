"""Which walls this machine can build: found by building them once, and said together with the cure."""

import os
import threading
from dataclasses import dataclass

from errata.errors import Fault
from errata.sandbox.held import Refused, Seed, Zygote
from errata.sandbox.limits import Limits
from errata.sandbox.places import python

HELD = {
    1: (
        "no network, not even its own loopback",
        "no file of this machine but a Python and the system libraries, read-only",
        "no process of this machine can be seen, signalled or traced",
        "system calls by a list of what is allowed; no sockets, no other programs",
        "no capabilities, and no way to gain any",
        "memory, processor time, processes, files, scratch and output are bounded",
        "nothing of one program reaches the next",
    ),
    2: (
        "no sockets, hence no network",
        "no file can be opened but a Python's and the system libraries', read-only; names and sizes can be seen",
        "no other process can be signalled, traced or read",
        "system calls by a list of what is allowed; no new processes, no other programs",
        "no capabilities, and no way to gain any",
        "memory, processor time, threads, files, scratch and output are bounded",
        "nothing of one program reaches the next",
    ),
    3: (),
}
"""What a tier promises."""
CURES = {
    1: "allow user namespaces: on Ubuntu `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, on old Debian "
    "`sysctl kernel.unprivileged_userns_clone=1`, in Docker `--security-opt seccomp=unconfined "
    "--security-opt apparmor=unconfined`",
    2: "use Linux 5.13 or later with Landlock switched on (`landlock` in the kernel's `lsm=` list) and a container "
    "profile that allows seccomp",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Why a tier cannot be had here."""

    tier: int
    reason: str
    """What the machine refused."""
    cure: str
    """What its owner can do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What this machine can hold."""

    tier: int
    """The best there is: 1, 2, or 3 for nothing."""
    missing: tuple[Missing, ...]
    """The better tiers that it refuses."""
    held: tuple[str, ...]
    """What the tier promises, a line each."""


class Known:
    """The probe of this process, made once."""

    found: Probe | None = None
    lock = threading.Lock()


def probe(environment: str = "") -> Probe:
    """Builds the walls of each tier, best first, until one stands. Raises Fault where no zygote starts at all."""
    with Known.lock:
        if Known.found is None:
            from errata.sandbox.launch import sow

            seed = sow(python(environment))
            try:
                Known.found, built = tried(seed)
                if built is not None:
                    built.close()
            finally:
                seed.close()
        return Known.found


def tried(seed: Seed) -> tuple[Probe, Zygote | None]:
    """What can be had, and the zygote that stands behind the walls that showed it."""
    missing: list[Missing] = []
    for tier in (1, 2):
        if os.uname().sysname != "Linux":
            reason = f"this is {os.uname().sysname}, and the walls are Linux's"
        else:
            try:
                built = Zygote(tier, seed, Limits().file_mib)
                return Probe(tier=tier, missing=tuple(missing), held=HELD[tier]), built
            except Refused as refused:
                reason = str(refused)
        missing.append(Missing(tier=tier, reason=reason, cure=CURES[tier]))
    return Probe(tier=3, missing=tuple(missing), held=HELD[3]), None


def first(tier: int | None, unsafe: bool, seed: Seed) -> tuple[int, Zygote | None]:
    """The tier to use, and a zygote of it where finding out has built one. Raises as `chosen` does."""
    with Known.lock:
        built: Zygote | None = None
        if Known.found is None:
            Known.found, built = tried(seed)
    try:
        wanted = chosen(Known.found, tier, unsafe)
    except BaseException:
        if built is not None:
            built.close()
        raise
    if built is not None and built.tier != wanted:
        built.close()
        built = None
    return wanted, built


def chosen(best: Probe, tier: int | None, unsafe: bool) -> int:
    """The tier to use. Raises Fault, with reason and cure, where it would hold nothing and `unsafe` is not said."""
    wanted = best.tier if tier is None else tier
    if wanted == 3:
        if unsafe:
            return 3
        reasons = "; ".join(f"tier {m.tier}: {m.reason}; cure: {m.cure}" for m in best.missing)
        raise Fault(
            f"sandbox: nothing would hold the programs here, so none is run. {reasons or 'tier 3 was asked for'}"
        )
    for lacking in best.missing:
        if lacking.tier == wanted:
            raise Fault(f"sandbox: tier {wanted} cannot be had here: {lacking.reason}; cure: {lacking.cure}")
    return wanted
