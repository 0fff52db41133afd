"""Replies that a server has given, by the content of what was asked: none is paid for twice.

One file, `reply.jsonl`, one line a reply, written before anybody hears of the reply. Several processes may use it at
once: lines are appended whole, a line torn by a kill is passed over, and who asks for a reply holds a lock on its key
for so long, which ends with the process.
"""

import fcntl
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from errata import jsonl
from errata.errors import Fault, UsageError

NAME = "reply.jsonl"
HEAD = b'{"key": "'
WIDTH = 32
"""Characters of a key: 128 bits in hexadecimal."""
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A reply as the server gave it."""

    key: str
    """A digest of everything that was asked."""
    id: str
    """The draw that it was for."""
    model: str
    """Who the server says has answered."""
    text: str
    finish: str
    """Why it ended, in the server's word."""
    seed: int | None
    """What was sent as seed; None where nothing was."""
    tokens_in: int
    tokens_out: int
    seconds: float


class Replies:
    """The file of replies; safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._mutex = threading.Lock()
        self._spans: dict[str, tuple[int, int]] = {}
        self._read = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        except OSError as refused:
            raise UsageError(f"{self.path} cannot be written ({refused.strerror})") from None
        with self._mutex:
            self._look()

    def close(self) -> None:
        """Let go of the file and of all that is claimed."""
        os.fsync(self._file)
        os.close(self._file)

    def get(self, key: str) -> Kept | None:
        """The reply of that key, if anybody has one."""
        with self._mutex:
            if os.fstat(self._file).st_size > self._read:
                self._look()
            span = self._spans.get(key)
        if span is None:
            return None
        try:
            return jsonl.parse(os.pread(self._file, span[1] - span[0], span[0]), Kept, str(self.path))
        except UsageError:
            # Torn by a kill, though its beginning is there.
            return None

    def add(self, replies: Iterable[Kept]) -> None:
        """Keep replies: they are the system's before this returns."""
        data = "".join(f"{jsonl.dump(reply)}\n" for reply in replies).encode()
        with self._mutex:
            size = os.fstat(self._file).st_size
            if size and os.pread(self._file, 1, size - 1) != b"\n":
                data = b"\n" + data
            try:
                done = os.write(self._file, data)
                while done < len(data):
                    done += os.write(self._file, data[done:])
            except OSError as full:
                raise Fault(f"{self.path} cannot be written ({full.strerror}); run the same command again") from full

    def claim(self, key: str) -> bool:
        """Be the only process that asks for this key; false while another one does."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place(key))
        except (BlockingIOError, PermissionError):
            return False
        except OSError:
            # A file system without locks: then two processes may both ask, and nothing worse.
            return True
        return True

    def unclaim(self, key: str) -> None:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place(key))
        except OSError:
            return

    def _look(self) -> None:
        """Note where the lines are that have come since the last look; a last one without its newline is not there."""
        rest, start = b"", self._read
        while block := os.pread(self._file, BLOCK, start + len(rest)):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                if line.startswith(HEAD):
                    self._spans[line[len(HEAD) : len(HEAD) + WIDTH].decode("ascii", "replace")] = (
                        start,
                        start + len(line),
                    )
                start += len(line) + 1
        self._read = start


def place(key: str) -> int:
    """The byte of the file whose lock stands for a key; beyond any text that the file will ever hold."""
    return (1 << 62) + (int(key[:15], 16) >> 1)
