"""`errata doctor`: what this machine can hold and what it cannot."""

import os
import platform
import shutil
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.table import Table

from errata import models, sandbox
from errata.errors import Fault
from errata.tasks import primer

PACKAGES = ("errata", "torch", "transformers", "trl", "peft", "accelerate")
GIB = 2**30


def examine(console: Console | None = None) -> None:
    """Print the sandbox's tier with what holds, why no better one does and the cure; then device, memory and versions.

    Raises Fault when no program can be judged here.
    """
    console = console or Console()
    found = sandbox.probe()
    console.print(f"[bold]sandbox[/bold]  tier {found.tier} (1 is the best; 3 would hold nothing)")
    for held in found.held:
        console.print(f"  held: {held}", markup=False)
    for missing in found.missing:
        console.print(f"  no tier {missing.tier}: {missing.reason}\n    cure: {missing.cure}", markup=False)
    console.print(machine())
    if found.tier == 3:
        raise Fault("no sandbox can be built here, so programs are not run; the cures stand above")


def machine() -> Table:
    """Device, cores, memory, disk, the primer and the versions, a row each."""
    on = models.device()
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    disk = shutil.disk_usage(Path.cwd())
    table = Table.grid(padding=(0, 2))
    rows = {
        "device": f"{on.type}, computing in {str(models.dtype(on)).removeprefix('torch.')}",
        "cores": f"{len(os.sched_getaffinity(0))} for this process",
        "memory": f"{pages / GIB:.1f} GiB",
        "disk": f"{disk.free / GIB:.1f} GiB free here",
        "primer": f"version {primer.VERSION}, {len(primer.load_primer('')):,} tasks",
        "system": f"Python {platform.python_version()}, {platform.system()} {platform.release()}, {platform.machine()}",
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    }
    for name, value in rows.items():
        table.add_row(f"[bold]{name}[/bold]", value)
    return table


def version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(not installed)"
