"""What test code puts in the place of input and output, and chance that it seeds, hold for the program too.

In one process a test that redirects `sys.stdout`, replaces `input` or seeds `random` reaches the program by that alone.
Here the program is told to use the test's, and what it prints while `sys.stdout` is another stream is written to that.
"""

import builtins
import io
import os
import random
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from errata.sandbox.session import Session

REPLACED = ("input", "print")
MOST_LOGGERS, MOST_NAME = 64, 200
HEARING = {
    "warnings": ("warns(", "assertWarns", "catch_warnings", "recwarn"),
    "logging": ("assertLogs", "assertNoLogs", "caplog"),
}
"""What a test that listens for warnings or logs says."""


class Meanwhile:
    """The means of input and output of this process, and what stands in their place."""

    def __init__(self, texts: Sequence[str] = ()) -> None:
        """texts: of the tests."""
        self.around = any(word in text for text in texts for word in ("environ", "argv", "setenv"))
        """They may set variables of the process, or its arguments."""
        whole = "\n".join(texts)
        self.listening = [name for name, words in HEARING.items() if any(word in whole for word in words)]
        """What the program has yet to be told to tell of."""
        self.loggers: set[str] = set()
        self.before = dict(os.environ), sys.argv[:]
        self.variables: dict[str, str] = {}
        """What the program was told of them."""
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
        if self.around and (self.variables or self.before != (dict(os.environ), sys.argv)):
            return True
        return bool(self.told or self.listening) or not (
            sys.stdout is streams[0]
            and sys.stderr is streams[1]
            and sys.stdin is streams[2]
            and own["input"] is streams[3]
            and own["print"] is streams[4]
        )

    def mirror_surroundings(self, session: "Session") -> None:
        """Variables and arguments that the test has set; of those of this process the program hears nothing."""
        before, words = self.before
        new = {name: value for name, value in os.environ.items() if before.get(name) != value}
        if new != self.variables:
            gone = [name for name in self.variables if name not in new]
            self.variables = new
            session.putting("stand_in", ("environ", (new, gone)), {})
        if words != sys.argv:
            session.putting("stand_in", ("argv", sys.argv[:]), {})

    def log(self, name: object, level: object, text: object) -> None:
        """What the program has logged."""
        import logging

        if not (isinstance(name, str) and isinstance(level, int)):
            return
        if name in self.loggers or (len(self.loggers) < MOST_LOGGERS and len(name) <= MOST_NAME):
            self.loggers.add(name)
            logging.getLogger(name).log(level, "%s", text)

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
        if self.around:
            self.mirror_surroundings(session)
        while self.listening:
            name = self.listening.pop()
            session.putting("stand_in", (name, warn if name == "warnings" else self.log), {})
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


def warn(text: object, kind: object) -> None:
    """What the program has warned of."""
    import warnings

    if isinstance(text, str) and isinstance(kind, type) and issubclass(kind, Warning):
        warnings.warn(text, kind, stacklevel=2)


def text_of(stream: object) -> object:
    """What is left to read of a stream of text, or the stream itself."""
    return stream.read() if isinstance(stream, io.StringIO | io.TextIOWrapper) else stream


@contextmanager
def chance(session: "Session", texts: Sequence[str]) -> Generator[None]:
    """Chance in test code is the same each time; where they seed it, the test's seeds are the program's too."""
    state = random.getstate()
    random.seed(0)
    seeding = any("seed" in text for text in texts)
    homes = ["random"] if seeding else []
    if seeding and any("numpy" in text for text in texts) and find_spec("numpy"):
        homes.append("numpy.random")
    modules = [import_module(home) for home in homes]
    own = [vars(module)["seed"] for module in modules]
    for module, seed in zip(modules, own, strict=True):
        vars(module)["seed"] = both(session, module.__name__, seed)
    try:
        yield
    finally:
        for module, seed in zip(modules, own, strict=True):
            vars(module)["seed"] = seed
        random.setstate(state)


def both(session: "Session", home: str, own: Callable[..., object]) -> Callable[..., None]:
    """Seeds this process's chance and the program's."""

    def seed(value: object = None, *rest: object, **named: object) -> None:
        own(value, *rest, **named)
        if value is None or type(value) in (int, float, str, bytes):
            session.ask("seed", value, home)

    return seed
