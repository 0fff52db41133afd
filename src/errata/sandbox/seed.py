"""A fresh interpreter that forks zygotes, and does nothing else: it never meets a test, a task or a program.

This text is sent to it (`launch.BOOT`). A request is one message with the zygote's control socket; it is the fork that
reads it, so that whatever was asked before, all zygotes begin with the same memory: programs see the same addresses.
"""

import ctypes
import gc
import marshal
import os
import select
import signal
import sys
from _socket import AF_UNIX, CMSG_SPACE, SOCK_STREAM, socket
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from errata.sandbox import kernel, zygote
from errata.sandbox.control import Settings
from errata.sandbox.rehearsal import fill, join, rehearse
from errata.sandbox.zygote import Serve

MOST = 1 << 16
"""Bytes of a request."""


def main(requests: socket, site: list[str], prepared: Callable[[], Serve]) -> None:
    """Forks a zygote for each request, until nobody is left who could ask."""
    zygote.settle()
    sys.path += site
    rehearse(prepared)
    kernel.prctl("subreaper", kernel.PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    fork = ctypes.PyDLL(None).fork
    watch = select.poll()
    watch.register(requests, select.POLLIN)
    gc.collect()
    fill()
    join()
    gc.freeze()
    gc.disable()
    # The first fork finds other free memory than all later ones; let it be nobody's.
    asked = 0
    while not asked & select.POLLHUP:
        taken, take = os.pipe()
        pid = fork()
        if pid == 0:
            if not asked:
                os._exit(0)
            os.close(taken)
            grow(requests, take, prepared)
        os.close(take)
        os.read(taken, 1)
        os.close(taken)
        if pid < 0:
            raise OSError("fork was refused")
        ((_, asked),) = watch.poll()
    # Where children are nobody's to wait for, this comes back when the last of them has ended.
    with suppress(ChildProcessError):
        os.waitpid(-1, 0)


def grow(requests: socket, take: int, prepared: Callable[[], Serve]) -> None:
    """The new zygote; never returns."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control, settings = request(requests)
        requests.close()
        os.close(take)
        try:
            os.setsid()
            os.sched_setaffinity(0, settings["cores"])
            zygote.main(control, settings, prepared)
        except Exception as error:
            control.sendall(said(error))
    finally:
        os._exit(0)


def request(requests: socket) -> tuple[socket, Settings]:
    """The next request."""
    data, ancillary, _, _ = requests.recvmsg(MOST, CMSG_SPACE(4))
    control = socket(AF_UNIX, SOCK_STREAM, 0, int.from_bytes(ancillary[0][2], sys.byteorder))
    return control, cast("Settings", marshal.loads(data))


def said(error: Exception) -> bytes:
    return b"X" + f"{type(error).__name__}: {error}".encode(errors="replace")[:4000]
