"""The program's own end of the channel: runs its source once, then does what the judge asks of it.

This text runs inside the sandbox, beside code that nobody has read, so nothing that it says is believed: the judge
takes its answers as values that the program gave, never as verdicts. It knows no tests and no expected values.

    job        (source, imports, call, plan, whole, back, script)   plan: the arguments of each call of a function
    request    [id, operation, positional, named]       operations: `OPERATIONS`
    answer     ["v", id, value, changed arguments or null]   ["e", id, report]   ["large", id]
    call back  ["c", id, operation, positional, named]  a callable or an iterator of the test's is used
"""

import atexit
import builtins
import marshal
import sys
import threading
import types
from _socket import socket
from _thread import RLock
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum
from functools import partial
from typing import cast

from errata.sandbox.lent import Borrowed, Lent, LentCall, lent_class, raised
from errata.sandbox.operations import OPERATIONS, Leave
from errata.sandbox.protocol import Closed, Json, TooLarge, framed, pack, parse, send, unpack
from errata.sandbox.reports import FILE, ancestor, frames, named, origin, simple, words, wrong_syntax
from errata.sandbox.shares import Shared
from errata.sandbox.values import PLAIN, base, derived, from_numpy, to_numpy

FUNCTION = types.FunctionType
HARNESS_DEPTH = 24
"""Frames of ours below the program."""


class Service:
    """One program, from its source to the judge's last question."""

    channel: socket

    def __init__(self) -> None:
        self.kept: list[object] = []
        self.keys: dict[int, int] = {}
        self.late: dict[int, BaseException] = {}
        self.lock = RLock()
        self.asked = 0
        self.shared: Shared | None = None
        self.lent: dict[int, Borrowed | Lent | type] = {}
        self.given: list[object] = []
        """Functions of the language that came from the test."""
        self.told: set[int] = set()
        """Classes that the judge has heard of."""
        self.main = types.ModuleType("__main__")
        self.names = vars(self.main)
        self.names["__file__"] = FILE

    def serve(self, channel: socket, job: bytes) -> None:
        """Runs the program of the job and answers until the judge hangs up."""
        self.channel = channel
        try:
            self.run(*marshal.loads(job))
        except Closed:
            return

    def run(
        self,
        source: str,
        imports: list[str],
        call: str,
        plan: list[bytes | list[Json]],
        whole: bool,
        back: bool,
        script: bool,
    ) -> None:
        """See `Order`."""
        if back:
            self.shared = Shared(1)
        try:
            code = compile(source, FILE, "exec", dont_inherit=True)
        except BaseException as error:
            send(self.channel, ["s", 0, wrong_syntax(error)])
            return
        try:
            exec(code, self.names)
        except BaseException as error:
            if script:
                ended()
            self.tell(["e", 0, self.report(error)], 0)
            return
        if script:
            ended()
            self.tell(["v", 0, {}, None], 0)
            return
        for line in imports:
            with suppress(Exception):
                exec(line, self.names)
        target = self.names.get(call)
        if whole and type(target) is FUNCTION:
            self.keys[id(target)] = 0
            self.kept.append(target)
        else:
            names = {name: self.describe(value) for name, value in list(self.names.items()) if public(name)}
            self.told.clear()
            self.tell(["v", 0, cast("Json", names), None], 0)
            if names.get(call) is None:
                plan = []
        for at, given in enumerate(plan, 1):
            self.foreseen(at, target, given)
        while True:
            self.answer(cast("list[Json]", parse(framed(self.channel.recv))))

    def foreseen(self, key: int, target: object, given: bytes | list[Json]) -> None:
        """Answers a call of the plan."""
        args = marshal.loads(given) if isinstance(given, bytes) else ()
        if isinstance(given, list) or isinstance(target, type):
            there: Json = {"t": "handle", "v": self.keys[id(target)]}
            packed = given if isinstance(given, list) else [pack(item, self.other) for item in args]
            self.answer([key, "call", [there, *packed], {}])
            return
        try:
            function: Callable[..., object] = target  # pyright: ignore[reportAssignmentType]
            reply: list[Json] = ["v", key, pack(function(*args), self.other), None]
        except BaseException as error:
            reply = ["e", key, self.report(error)]
        self.tell(reply, key)

    def describe(self, value: object) -> Json:
        """What a name stands for: a handle, or null for data, which the judge may ask for."""
        self.told.clear()
        return self.handle(value) if isinstance(value, types.ModuleType) or callable(value) else None

    def answer(self, request: list[Json]) -> None:
        key, name, positional, named, *latest = request
        try:
            args = cast("list[object]", unpack(positional, self.known))
            options = {word: unpack(item, self.known) for word, item in cast("dict[str, Json]", named).items()}
            unpack(latest, self.known)
            if name == "name":
                value = vars(self.main)[cast("str", args[0])]
            elif name == "next":
                value = self.following(cast("Iterator[object]", args[0]), cast("int", args[1]))
            elif name == "test":
                text, file = cast("list[str]", args)
                value = exec(compile(text, file, "exec", dont_inherit=True), self.main.__dict__)
            else:
                value = OPERATIONS[cast("str", name)](*args, **options)
            changed: Json = None
            whole = name == "call" and derived(value) and not is_row(value) and of_itself(args[0], value)
            if self.shared is not None and name != "hash":  # Asked while an answer is read.
                packed = self.shared.packer(self.other)
                changed = [packed(item) for item in self.shared.latest()]
                reply: Json = ["v", key, self.handle(value) if whole else packed(value), changed]
            elif whole:
                reply = ["v", key, self.handle(value), None]
            else:
                reply = ["v", key, pack(value, self.other), None]
        except Closed:
            raise
        except BaseException as error:
            reply = ["e", key, self.report(error)]
            if self.shared is not None:
                packed = self.shared.packer(self.other)
                reply.append([packed(item) for item in self.shared.latest()])
        self.tell(reply, key)

    def tell(self, reply: list[Json], key: Json) -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                continue
        try:
            send(self.channel, reply)
        except TooLarge:
            send(self.channel, ["large", key])

    def following(self, iterator: Iterator[object], most: int) -> list[object]:
        """The next items; what is raised after some of them waits for the next question."""
        late = self.late.pop(id(iterator), None)
        if late is not None:
            raise late
        found: list[object] = []
        try:
            while len(found) < most:
                found.append(next(iterator))
        except StopIteration:
            pass
        except BaseException as error:
            if not found:
                raise
            self.late[id(iterator)] = error
        return found

    def other(self, value: object) -> Json:
        if isinstance(value, Borrowed):
            return {"t": "borrowed", "v": value.key}
        if isinstance(value, types.BuiltinFunctionType) and value in self.given:
            return {"t": "function", "v": value.__name__}
        if isinstance(value, type) and "errata_key" in vars(value):
            return {"t": "borrowed", "v": cast("int", vars(value)["errata_key"])}
        if isinstance(value, BaseException):
            return {"t": "error", "v": self.report(value)}
        if isinstance(value, Lent):
            return {"t": "borrowed", "v": value.errata_key}
        if (numbers := from_numpy(value)) is not None:
            return numbers
        if derived(value):
            plain = pack(base(value), self.other, 1)
            return {"t": "row", "v": [self.handle(value), plain]} if is_row(value) else plain
        return self.handle(value)

    def handle(self, value: object) -> Json:
        key = self.keys.get(id(value))
        if key is None:
            key = self.keys[id(value)] = len(self.kept)
            self.kept.append(value)
        if isinstance(value, types.ModuleType):
            return {"t": "handle", "v": [key, "module", str(value.__name__)]}
        if isinstance(value, type):
            if key in self.told:
                return {"t": "handle", "v": [key]}
            self.told.add(key)
            kind = "error " + ancestor(value) if issubclass(value, BaseException) else "class"
            bases = [pack(item, self.other) for item in value.__bases__ if kind != "class" or item in PLAIN]
            return {"t": "handle", "v": [key, kind, origin(cast("object", value)), cast("Json", bases)]}
        if isinstance(value, types.FunctionType | types.BuiltinFunctionType):
            return {"t": "handle", "v": [key, "function", origin(value)]}
        if hasattr(type(value), "__await__"):
            return {"t": "handle", "v": [key, "awaitable", type(value).__name__]}
        if type(value) is types.GeneratorType:
            return {"t": "handle", "v": [key, "generator", "generator"]}
        kind = type(value)
        of = self.handle(kind) if kind.__module__ == "__main__" else origin(cast("object", kind))
        return {"t": "handle", "v": [key, "object", kind.__name__, of]}

    def known(self, tag: str, content: Json) -> object:
        if tag == "handle":
            return self.kept[cast("int", content)]
        if tag == "borrowed":
            number, name, doc = cast("tuple[int, str, str | None]", content)
            return self.lent.setdefault(number, Borrowed(self, number, name, doc))
        if tag == "lent":
            (number,) = cast("list[int]", content) if isinstance(content, list) else [cast("int", content)]
            return self.lent.setdefault(number, (LentCall if isinstance(content, list) else Lent)(self, number))
        if tag == "same" and self.shared is not None:
            return self.shared.take(content, self.known)
        if tag == "raised":
            return raised(cast("list[Json]", content), self.known)
        if tag == "descriptor":
            kind, *parts = cast("list[type]", unpack(content, self.known))
            return kind(*parts)
        if tag == "raising":
            number, name, above = cast("tuple[int, str, str]", content)
            return self.lent.setdefault(number, lent_class(number, name, above))
        if tag == "function":
            self.given.append(vars(builtins)[cast("str", content)])
            return self.given[-1]
        if tag == "module":
            return __import__(cast("str", content), fromlist=["x"])
        return to_numpy(content)

    def packer(self) -> Callable[[object], Json]:
        if self.shared is not None:
            return self.shared.packer(self.other)
        return partial(pack, other=self.other)

    def ask(self, operation: str, key: int, args: tuple[object, ...], named: dict[str, object]) -> object:
        """Uses something of the test's; the judge may ask us in turn before it answers."""
        with self.lock:
            self.asked += 1
            mine = self.asked
            packed = self.packer()
            positional = [packed(item) for item in (key, *args)]
            options = {word: packed(item) for word, item in named.items()}
            latest = [packed(item) for item in self.shared.latest()] if self.shared is not None else []
            send(self.channel, ["c", mine, operation, cast("Json", positional), cast("Json", options), *latest])
            while True:
                got = cast("list[Json]", parse(framed(self.channel.recv)))
                if got[0] == "v":
                    return cast("list[object]", unpack(got[2:], self.known))[0]
                if got[0] == "e":
                    kind, *said = cast("list[Json]", got[2])
                    own = unpack(kind, self.known) if isinstance(kind, dict) else None
                    raise (
                        own
                        if isinstance(own, BaseException)
                        else cast("type[Exception]", vars(builtins)[cast("str", kind)])(*said)
                    )
                self.answer(got)

    def report(self, error: BaseException) -> Json:
        chain: list[Json] = []
        seen: BaseException | None = error
        while seen is not None and len(chain) < 4:
            if seen.__cause__ is not None:
                earlier, link = seen.__cause__, "cause"
            else:
                earlier, link = (None if seen.__suppress_context__ else seen.__context__), "context"
            kinds: dict[str, Json] = {"kind": named(type(seen)), "base": ancestor(type(seen))}
            chain.append({"frames": frames(seen), "text": words(seen), "link": link, **kinds})
            seen = earlier
        atoms = [item for item in error.args[:8] if simple(item)]
        args = [pack(item, self.other) for item in atoms] if len(atoms) == len(error.args) else None
        made: dict[str, Json] = {
            "chain": chain,
            "base": ancestor(type(error)),
            "args": args,
            "class": pack(type(error), self.other),
        }
        return {**made, "self": self.handle(error)} if type(error).__module__ != "builtins" else made


def ended() -> None:
    """For a program that is no more than itself: what Python does at its end."""
    with suppress(BaseException):
        vars(threading)["_shutdown"]()
    vars(atexit)["_run_exitfuncs"]()


def of_itself(target: object, value: object) -> bool:
    """Whether a call makes an object, or gives back the one whose method it is."""
    return isinstance(target, type) or getattr(target, "__self__", None) is value


def is_row(value: object) -> bool:
    """A plain value with a name: of a named tuple, or of an enumeration of numbers or texts."""
    return isinstance(value, Enum) or (isinstance(value, tuple) and hasattr(cast("object", value), "_fields"))


def public(name: object) -> bool:
    return type(name) is str and not (name.startswith("__") and name.endswith("__"))


def prepared() -> Callable[[socket, bytes], None]:
    """What serves a program, made ready in the process that is forked, so that no fork has to make it."""
    service = Service()
    sys.modules["__main__"] = service.main
    sys.argv = [""]
    for name in ("exit", "quit"):
        setattr(builtins, name, Leave(name))
    sys.setrecursionlimit(sys.getrecursionlimit() + HARNESS_DEPTH)
    return service.serve
