"""Runs a command that must not outlive us: `python -m errata.policies.tether COMMAND...`.

It ends with all that it started when our end of its standard input closes, which also a kill -9 of us does.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from types import FrameType

GRACE = 20.0
"""Seconds between asking the command to end and ending it."""


def main(words: list[str]) -> int:
    """Run the command until it ends or standard input does; its exit status."""
    try:
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as refused:
        print(f"{words[0]}: {refused.strerror}", file=sys.stderr)
        return 127
    # Not in the handler itself: it would run inside the wait below, which alone may ask after the child.
    asked = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:
        asked.set()

    signal.signal(signal.SIGTERM, told)
    threading.Thread(target=listen, args=(asked,), daemon=True).start()
    threading.Thread(target=end, args=(child.pid, asked), daemon=True).start()
    status = child.wait()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    return status


def listen(asked: threading.Event) -> None:
    """Wait for the end of standard input."""
    while os.read(0, 4096):
        pass
    asked.set()


def end(group: int, asked: threading.Event) -> None:
    """Once that is wanted, ask the command's whole group to end; then make it."""
    asked.wait()
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, sent)
        time.sleep(GRACE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
