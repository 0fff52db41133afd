"""What holds test code while it runs here: it comes to an end, and changes nothing for the next."""

import builtins
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


class Expired(BaseException):
    """Test code ran too long by itself, as with a hostile value it may."""


@contextmanager
def guard(seconds: float) -> Generator[None]:
    """Ends test code that uses more CPU than this, in a process's main thread; elsewhere its owner must watch."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(_: int, __: FrameType | None) -> None:
        raise Expired

    before = signal.signal(signal.SIGPROF, expire)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def unchanged() -> Generator[None]:
    """What tests put in the place of builtins does not reach the next trial's."""
    own = builtins.__dict__
    before, depth = dict(own), sys.getrecursionlimit()
    try:
        yield
    finally:
        if own != before:
            own.update(before)
            for name in own.keys() - before.keys():
                del own[name]
        sys.setrecursionlimit(depth)
