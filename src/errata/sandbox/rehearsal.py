"""A harmless program, run in the zygote as all others will be run in its forks, which so find their interpreter warm.

What the interpreter writes into its own code while it specialises it, and what it makes on first use, it would
otherwise write and make again in every fork, a page at a time.
"""

import ctypes
import marshal
import sys
from _socket import SHUT_WR, socket, socketpair
from collections.abc import Callable
from contextlib import suppress

REHEARSAL = """
import math, re, sys, collections, itertools, functools, heapq, string
from typing import List, Tuple
class Kept:
    def __init__(self, x):
        self.x = x
def f(a, b: List[int] = []):
    d = {k: v for k, v in enumerate(sorted(b))}
    t = [x * 2 for x in b if x > 1]
    for i in range(len(t)):
        a += t[i] if i % 2 == 0 else -1
    s = " ".join(str(x) for x in t).split()
    return Kept(a).x + math.floor(len(s) / 2) + sum(d.values()), "x", {"k": [1.5, True, None]}, (1, 2), {3}
"""
TIMES = 20
"""Enough for the interpreter to have specialised its code."""


def rehearse(prepared: Callable[[], Callable[[socket, bytes], None]]) -> None:
    """Runs it, and leaves the interpreter's state as it was."""
    main, arguments, depth = sys.modules["__main__"], sys.argv, sys.getrecursionlimit()
    sealed = [marshal.dumps(given, 2) for given in ((1, [3, 1, 2]), ("x", [5]))]
    plan: list[bytes | list[object]] = [*sealed, [2, {"t": "tuple", "v": [1, 2]}]]
    job = marshal.dumps((REHEARSAL, [], "f", plan, True, False, False), 2)  # pyright: ignore[reportArgumentType]
    for _ in range(TIMES):
        ours, theirs = socketpair()
        ours.shutdown(SHUT_WR)
        prepared()(theirs, job)
        ours.close()
        theirs.close()
    sys.modules["__main__"], sys.argv = main, arguments
    sys.setrecursionlimit(depth)


def join() -> None:
    """Makes one mapping of parts of a library that lie side by side: each mapping costs time at a fork and at its end.

    A library's constants may then be run, and its table of addresses written, as any program can have it for itself.
    """
    protect = ctypes.PyDLL(None).mprotect
    runs: list[list[tuple[int, int, tuple[int, str], str]]] = []
    with suppress(OSError), open("/proc/self/maps") as file:
        for line in file:
            span, mode, offset, _, _, *path = line.split(maxsplit=5)
            first, last = (int(word, 16) for word in span.split("-"))
            part = (first, last, (first - int(offset, 16), "".join(path)), mode)
            if not path or not path[0].startswith("/") or mode not in PROTECTION:
                continue
            if not runs or runs[-1][-1][1:3] != (first, part[2]):
                runs.append([part])
            elif mode != "rw-p":
                runs[-1].append(part)
            else:
                # What was written once, when the library was loaded, lies before what may be written.
                runs.append([runs[-1].pop(), part] if runs[-1][-1][3] == "r--p" else [part])
    for run in runs:
        if len(run) > 1:
            first, (_, last, _, mode) = run[0][0], run[-1]
            protect(ctypes.c_void_p(first), ctypes.c_size_t(last - first), PROTECTION[mode])


PROTECTION = {"r--p": 5, "r-xp": 5, "rw-p": 3}
"""What each part of a library has afterwards: read and execute, or read and write."""
SMALL, LARGE = 512, (65536, 32768, 16384, 8192, 4096, 2048, 1024, 520)
"""Bytes: objects up to here are kept in pools by their size; what is larger the C library keeps."""
PAGE, POOL_HEAD, TRIES = 4096, 48, 2000


def fill() -> None:
    """Uses up the free places between what is there, so that a fork's new objects lie together on new pages.

    Otherwise each of them would fall into another page of this process, of which the fork then makes a copy.
    """
    own = ctypes.PyDLL(None)
    try:
        trim, end, malloc, small = own.malloc_trim, own.sbrk, own.malloc, own.PyObject_Malloc
    except AttributeError:
        return
    for function in (end, malloc, small):
        function.restype = ctypes.c_void_p
    trim(ctypes.c_size_t(1 << 17))
    last = (end(ctypes.c_long(0)) or 0) - (1 << 18)
    for size in LARGE:
        for _ in range(TRIES):
            if (malloc(ctypes.c_size_t(size)) or last) >= last:
                break
    for size in range(16, SMALL + 1, 16):
        place = 0
        for _ in range(TRIES):
            before, place = place, small(ctypes.c_size_t(size)) or 0
            if before % PAGE == POOL_HEAD and place == before + size:
                break
