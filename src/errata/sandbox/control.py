"""What a judge and a zygote say to each other; both ends use this file.

The control socket carries, from the judge, `S` start (header, job, descriptors), `F` finish when it has ended by
itself, `K` kill and finish; to the judge, `P` the process that is to be watched, `R` ready, `E` ended, `U` a wall was
refused, `X` something else failed; the last two say what.
"""

import os
import sys
from _socket import CMSG_SPACE, SCM_RIGHTS, SOL_SOCKET, socket
from struct import Struct
from typing import TypeAlias, TypedDict

START = Struct("<cBIdIIII")
"""b"S", 1 when the job comes as a file, its bytes, seconds, memory MiB, file MiB, files, processes."""
PROCESS = Struct("<cI")
"""b"P", its number; a descriptor of it comes along."""
ENDED = Struct("<ciddIB")
"""b"E", wait status, CPU seconds of the program, of what it left running, peak KiB, 1 when nothing more may be run."""
Header: TypeAlias = tuple[int, int, float, int, int, int, int]
ENTRIES = 4096
"""Files and folders that a scratch may hold."""
NOBODY = 65534
"""User and group outside of what root runs."""


class Settings(TypedDict):
    """What the judge asks for."""

    tier: int
    folder: str
    """Empty; the scratch, or where the new root is built."""
    readable: list[str]
    mib: int
    cores: list[int]


def announce(control: socket, pid: int) -> None:
    """Tells the other end which process it can watch and kill, with all that runs under it."""
    descriptor = os.pidfd_open(pid)
    control.sendmsg([PROCESS.pack(b"P", pid)], [(SOL_SOCKET, SCM_RIGHTS, descriptor.to_bytes(4, sys.byteorder))])
    os.close(descriptor)


def announced(control: socket) -> tuple[int, int] | bytes:
    """The process that was announced, and a descriptor of it; where none was, what was said instead."""
    word, rights, _, _ = control.recvmsg(PROCESS.size, CMSG_SPACE(4))
    if not rights:
        return word
    return PROCESS.unpack(word)[1], int.from_bytes(rights[0][2], sys.byteorder)
