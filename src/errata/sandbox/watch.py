"""What a program has used so far, read from outside in /proc, so that a busy machine does not decide its verdict."""

import math
import os
from dataclasses import dataclass

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MOST = 256
"""Processes that are looked at; a program may not have as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A program's processes at one moment."""

    cpu: float = 0.0
    """Seconds of processor time of all of them."""
    waited: float = 0.0
    """Seconds for which the first of them was ready to run and the machine had no processor for it."""
    resident_mib: float = 0.0
    """Of all of them together."""
    begun: bool = True
    """Whether there is a process at all, as far as the kernel tells."""
    ready: bool = False
    """The first of them runs or wants to."""


def look(zygote: int, depth: int) -> Look:
    """The processes below a zygote; depth: how many of its own stand in line below its first."""
    above = [zygote]
    for _ in range(depth):
        above = children(above[0]) if above else []
    first = children(above[0]) if above else []
    cpu = waited = resident = 0.0
    ready = False
    todo, seen = list(first), 0
    while todo and seen < MOST:
        pid = todo.pop()
        seen += 1
        todo += children(pid)
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        ready = ready or (pid == first[0] and fields[0] == b"R")
        cpu += sum(int(n) for n in fields[11:15]) / TICKS
        resident += int(fields[21]) * PAGE / (1 << 20)
    if first:
        waited = delay(first[0])
    begun = bool(first) or not os.path.exists(f"/proc/{zygote}/task/{zygote}/children")
    return Look(cpu=cpu, waited=waited, resident_mib=resident, begun=begun, ready=ready)


def written(folder: str, most: int) -> float:
    """MiB that lie in a folder, links not followed; infinite beyond `most` entries or where it cannot be read."""
    todo, seen, size = [folder], 0, 0
    try:
        while todo:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    seen += 1
                    if seen > most:
                        return math.inf
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
    except FileNotFoundError:
        return size / (1 << 20)
    except OSError:
        return math.inf
    return size / (1 << 20)


def children(pid: int) -> list[int]:
    """Of all threads; none where the process is gone or the kernel does not tell."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += [int(word) for word in file.read().split()]
    except OSError:
        pass
    return found


def kept_waiting() -> float:
    """Seconds for which this thread was ready to run and had no processor; 0 where nobody tells."""
    try:
        with open("/proc/thread-self/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def delay(pid: int) -> float:
    """The longest that one of the process's threads has waited for a processor, in seconds; 0 where nobody tells."""
    longest = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", "rb") as file:
                longest = max(longest, int(file.read().split()[1]))
    except (OSError, IndexError):
        pass
    return longest / 1e9
