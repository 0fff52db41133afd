"""The only room that runs code we did not write. Standard library only; no root, no daemon, no container.

A program runs in a process of its own, forked from a warm zygote behind walls that were built once; the tests stay with
the judge. `probe()` says which walls this machine can build.

Held in tier 1 (namespaces, seccomp, Landlock) and, where containers refuse namespaces, in tier 2 (seccomp, Landlock):
no network; no file but a read-only Python and the scratch; no other process seen, signalled or traced; no other program
started; no privileges; memory, time, processes, files and output bounded; nothing of one program reaches the next, and
nothing is left behind. Tier 2 does not hide the names, sizes and owners of files. Tier 3 holds nothing and is refused
unless it is asked for.

Not held: a flaw in the kernel itself, and what can be learnt from timing. Who fears those puts a virtual machine below.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from errata.sandbox.limits import Limits, Outcome, Program
    from errata.sandbox.pool import Pool, run
    from errata.sandbox.tiers import Probe, probe

__all__ = ["Limits", "Outcome", "Pool", "Probe", "Program", "probe", "run"]

HOMES = {
    "errata.sandbox.limits": ("Limits", "Outcome", "Program"),
    "errata.sandbox.pool": ("Pool", "run"),
    "errata.sandbox.tiers": ("Probe", "probe"),
}


def __getattr__(name: str) -> object:
    """A public name is loaded when it is first asked for: a judge's process starts with what it needs itself."""
    for home, names in HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'errata.sandbox' has no attribute {name!r}")
