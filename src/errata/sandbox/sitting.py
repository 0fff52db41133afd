"""The judges' own processes: each has one zygote, and runs `run_trial` for each program that its owner sends."""

import contextlib
import gc
import json
import marshal
import os
import resource
import signal
import struct
import sys
import time
import traceback
from _socket import socket
from collections.abc import Sequence
from importlib import import_module

from errata.errors import Fault, UsageError
from errata.sandbox.control import announce
from errata.sandbox.held import Seed
from errata.sandbox.limits import Limits, Program
from errata.sandbox.places import Python
from errata.sandbox.protocol import Closed, exactly
from errata.sandbox.rows import LIMITS, PROGRAM, Sitting, outcome_values, part_values
from errata.sandbox.trial import run_trial
from errata.sandbox.worker import Worker

MEMORY_MIB = 3072
"""Address space of a judge."""
GARBAGE = 1_000
"""Objects made between two looks for cycles: the trees of test text are dropped whole, and are to be used again."""
TOGETHER = 0.01
"""Seconds for which a judge may keep answers, to send several at once."""
SHARED = ("datetime", "decimal", "fractions")
"""Modules that the first programs would make each judge load: they are to be in memory once."""
PATIENCE = 0.2
"""Seconds after which a judge gives back what it has not begun: one slow program is not to hold up those behind it."""


def main(channels: list[int], way: int, sitting: Sitting) -> None:
    """Judges for the owner's channels, one each; all but the first are forked from this one before it meets a test.

    way: to the seed of their zygotes.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    mine, *others = channels
    if others:
        from errata.sandbox.kernel import sibling

        for name in SHARED:
            import_module(name)
        gc.collect()
        gc.freeze()
        for channel in others:
            if sibling():
                mine = channel
                os.setsid()
                break
    for channel in channels:
        if channel != mine:
            os.close(channel)
    for descriptor in (mine, way):
        os.set_inheritable(descriptor, False)
    sit(socket(fileno=mine), socket(fileno=way), sitting)


def sit(talk: socket, way: socket, sitting: Sitting) -> None:
    """The judge: answers until its owner hangs up. way: to the seed of its zygotes."""
    announce(talk, os.getpid())
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MIB << 20, hard))
    tier, unsafe, named, (executable, readable, site, is_open), mark = sitting
    held = Python(executable=executable, readable=readable, site=site, open=is_open)
    worker = Worker(tier, unsafe, seed=Seed(held, way, mark=mark))
    if named:
        # Tests may use the packages that programs may.
        sys.path += site
    gc.freeze()
    gc.set_threshold(GARBAGE)
    with contextlib.closing(worker), contextlib.suppress(Closed, OSError):
        while True:
            (size,) = struct.unpack(">Q", exactly(talk.recv, 8))
            replies: list[object] = []
            began = last = time.monotonic()
            left: list[tuple[Sequence[object], Sequence[object]]] = marshal.loads(exactly(talk.recv, size))
            while left:
                replies.append(answer(worker, *left.pop(0)))
                now = time.monotonic()
                if left and now - began > PATIENCE:
                    replies.append(["back"])
                    left = []
                if not left or now - last > TOGETHER:
                    say(talk, replies)
                    replies, last = [], now


def say(talk: socket, replies: list[object]) -> None:
    body = json.dumps(replies).encode("ascii")
    talk.sendall(struct.pack(">Q", len(body)) + body)


def answer(worker: Worker, program: Sequence[object], limits: Sequence[object]) -> object:
    """What one program's trial came to, as JSON."""
    try:
        asked = Program(**dict(zip(PROGRAM, program, strict=True)))  # pyright: ignore[reportArgumentType]
        most = Limits(**dict(zip(LIMITS, limits, strict=True)))  # pyright: ignore[reportArgumentType]
        if asked.cases or asked.hidden_cases:
            from errata.sandbox.script import run_script

            made = run_script(worker, asked, most)
        else:
            made = run_trial(worker, asked, most)
        return ["outcome", [*outcome_values(made), [part_values(part) for part in made.parts]]]
    except Fault as fault:
        worker.discard()
        return ["fault", str(fault)]
    except UsageError as error:
        return ["usage", str(error)]
    except Exception:
        worker.discard()
        return ["bug", traceback.format_exc()]
