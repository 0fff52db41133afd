"""What a program's end of the channel has sent, message by message, whatever it is."""

from collections.abc import Callable
from typing import cast

from errata.outcomes import Outcome as Word
from errata.sandbox.ahead import Over
from errata.sandbox.protocol import SIZE, Broken, Closed, Json, framed, parse
from errata.sandbox.worker import Child

MOST_RECEIVED = 512 << 20
"""Bytes of answers in one check."""
from_bytes = int.from_bytes
READ = 1 << 16  # Memory for more would be mapped anew each time.


class Inbox:
    """The messages of one program."""

    def __init__(self, child: Child, end: Callable[[Word], Over]) -> None:
        """end: keeps the outcome that a silence, a foul or a flood means, and makes what is raised."""
        self._child, self._end = child, end
        self._buffer: bytes = b""
        self._at = 0
        self._received = 0

    def next(self) -> list[Json]:
        """Raises Over."""
        try:
            begin = self._at + SIZE.size
            size = from_bytes(self._buffer[self._at : begin], "big")
            if begin + size <= len(self._buffer):
                body = self._buffer[begin : begin + size]
                self._at = begin + size
            else:
                body = framed(self._read)
            message = parse(body)
        except Closed:
            raise self._end("early_exit") from None
        except Broken:
            raise self._end("crashed") from None
        self._received += len(body)
        if self._received > MOST_RECEIVED:
            raise self._end("output")
        if type(message) is not list or not message:
            raise self._end("crashed")
        return message

    def _read(self, size: int) -> bytes:
        if self._at == len(self._buffer):
            if not self._child.wait():
                raise self._end(cast("Word", self._child.hit or "timeout"))
            try:
                self._buffer = self._child.channel.recv(READ)
                self._at = 0
            except OSError as error:
                raise Closed from error
        part = self._buffer[self._at : self._at + size]
        self._at += len(part)
        return part
