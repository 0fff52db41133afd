"""What test code puts in the place of input and output, and chance that it seeds, hold for the program too.

In one process a test that redirects `sys.stdout`, replaces `input` or seeds `random` reaches the program by that alone.
Here the program is told to use the test's, and what it prints while `sys.stdout` is another stream is written to that.
"""

import builtins
import io
import random
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from errata.sandbox.session import Session

REPLACED = ("input", "print")


class Meanwhile:
    """The means of input and output of this process, and what stands in their place."""

    def __init__(self) -> None:
        self.own = self.seen = self.now()
        self.told: dict[str, object] = {}
        self.read = [0, 0]
        """Bytes of the program's outputs that were written by it before, or that the test has by now."""

    @staticmethod
    def now() -> tuple[object, ...]:
        return (sys.stdout, sys.stderr, sys.stdin, *(vars(builtins)[name] for name in REPLACED))

    def changed(self) -> bool:
        """Whether anything is not as it was at first, or not as the program was told."""
        streams, own = self.own, vars(builtins)
        return bool(self.told) or not (
            sys.stdout is streams[0]
            and sys.stderr is streams[1]
            and sys.stdin is streams[2]
            and own["input"] is streams[3]
            and own["print"] is streams[4]
        )

    @contextmanager
    def mirrored(self, session: "Session") -> Generator[None]:
        """One question, with what is in place now."""
        now = dict(zip(("stdout", "stderr", "stdin", *REPLACED), zip(self.now(), self.own, strict=True), strict=True))
        for name in ("stdin", *REPLACED):
            mine, own = now[name]
            if mine is own and name in self.told:
                del self.told[name]
                session.putting("stand_in", (name, None), {})
            elif mine is not own and self.told.get(name) is not mine:
                self.told[name] = mine
                session.putting("stand_in", (name, text_of(mine) if name == "stdin" else mine), {})
        session.child.drain()
        self.read = [len(said) for said in session.child.said()]
        try:
            yield
        finally:
            session.child.drain()
            for at, (name, said) in enumerate(zip(("stdout", "stderr"), session.child.said(), strict=True)):
                mine, own = now[name]
                new = said[self.read[at] :].decode("utf-8", "replace")
                if mine is not own and new and hasattr(mine, "write"):
                    cast("io.StringIO", mine).write(new)


def text_of(stream: object) -> object:
    """What is left to read of a stream of text, or the stream itself."""
    return stream.read() if isinstance(stream, io.StringIO | io.TextIOWrapper) else stream


@contextmanager
def chance(session: "Session", seeding: bool) -> Generator[None]:
    """Chance in test code is the same each time; with `seeding`, the test's seeds are the program's too."""
    state, own = random.getstate(), random.seed
    random.seed(0)

    def both(value: object = None, *rest: object, **named: object) -> None:
        cast("type", own)(value, *rest, **named)
        if value is None or type(value) in (int, float, str, bytes):
            session.ask("seed", value)

    if seeding:
        random.seed = both  # pyright: ignore
    try:
        yield
    finally:
        random.seed = own
        random.setstate(state)
