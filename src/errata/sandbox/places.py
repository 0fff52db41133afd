"""What of this machine a program may see: a Python, its libraries, and the system libraries that they need."""

import functools
import os
import sys
from dataclasses import dataclass

from errata.errors import Fault, UsageError

SYSTEM = (
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/usr/share/zoneinfo",
)
ASK = """
import json, sys, sysconfig
stdlib = sysconfig.get_path("stdlib")
print(json.dumps([sys.base_prefix, sys.path, stdlib, list(sys.version_info[:2])]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """The interpreter that programs run in."""

    executable: str
    readable: list[str]
    """Files and folders that programs may read; nothing else of the machine is theirs."""
    site: list[str]
    """Folders of installed packages, to be put on the path; those of an environment that was named, also the folders
    that its `.pth` files add, so that a package under development is found."""
    open: bool
    """A user without rights can read all of it."""


@functools.cache
def python(environment: str = "") -> Python:
    """The interpreter of an environment (its folder or its executable); empty: the one that runs this."""
    import json
    import site
    import subprocess
    import sysconfig
    from pathlib import Path

    if not environment:
        return described(sys.executable, sys.base_prefix, site.getsitepackages(), sysconfig.get_path("stdlib"))
    given = Path(environment).absolute()
    executable = given / "bin" / "python" if given.is_dir() else given
    if not executable.is_file():
        raise UsageError(f"sandbox: {environment} is no Python environment: there is no {executable}")
    try:
        answer = subprocess.run([executable, "-I", "-c", ASK], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise Fault(f"sandbox: {executable} does not run: {error}") from error
    base, packages, stdlib, version = json.loads(answer.stdout)
    if version < [3, 11]:
        raise UsageError(f"sandbox: {executable} is Python {version[0]}.{version[1]}; 3.11 or later is needed")
    added = [path for path in packages if os.path.isdir(path) and not os.path.samefile(path, stdlib)]
    return described(str(executable), base, [path for path in added if not path.endswith("lib-dynload")], stdlib)


def described(executable: str, base: str, site: list[str], stdlib: str) -> Python:
    own = [os.path.join(base, "lib"), stdlib, *site]
    kept: list[str] = []
    for path in [*SYSTEM, *own, *(os.path.realpath(p) for p in own)]:
        if not any(path == k or path.startswith(k + "/") for k in kept):
            kept.append(path)
    return Python(
        executable=executable,
        readable=kept,
        site=list(dict.fromkeys(site)),
        open=os.geteuid() == 0 and open_to_all([executable, *kept]),
    )


def open_to_all(paths: list[str]) -> bool:
    """Whether a user without rights can reach and read the paths."""
    from pathlib import Path

    for path in paths:
        if not os.path.exists(path):
            continue
        real = os.path.realpath(path)
        if not os.stat(real).st_mode & 0o004:
            return False
        if any(not os.stat(parent).st_mode & 0o001 for parent in Path(real).parents):
            return False
    return True
