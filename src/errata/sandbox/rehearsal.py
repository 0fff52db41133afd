"""A harmless program, run in the zygote as all others will be run in its forks, which so find their interpreter warm.

What the interpreter writes into its own code while it specialises it, and what it makes on first use, it would
otherwise write and make again in every fork, a page at a time.
"""

import marshal
import sys
from _socket import SHUT_WR, socket, socketpair
from collections.abc import Callable

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


def rehearse(serve: Callable[[socket, bytes], None]) -> None:
    """Runs it, and leaves the interpreter's state as it was."""
    main, arguments, depth = sys.modules["__main__"], sys.argv, sys.getrecursionlimit()
    sealed = [marshal.dumps(given, 2) for given in ((1, [3, 1, 2]), ("x", [5]))]
    plan: list[bytes | list[object]] = [*sealed, [2, {"t": "tuple", "v": [1, 2]}]]
    order = {"source": REHEARSAL, "imports": [], "back": False, "call": "f", "plan": plan, "whole": True}
    job = marshal.dumps(order, 2)  # pyright: ignore[reportArgumentType]
    for _ in range(TIMES):
        ours, theirs = socketpair()
        ours.shutdown(SHUT_WR)
        serve(theirs, job)
        ours.close()
        theirs.close()
    sys.modules["__main__"], sys.argv = main, arguments
    sys.setrecursionlimit(depth)
