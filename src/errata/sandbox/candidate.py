"""The program's own end of the channel: runs its source once, then does what the judge asks of it.

This text runs inside the sandbox, beside code that nobody has read, so nothing that it says is believed: the judge
takes its answers as values that the program gave, never as verdicts. It knows no tests and no expected values.

    job        {"source", "imports", "back", "call", "plan"}   a name, and the arguments of each call of it
    request    [id, operation, positional, named]       operations: `OPERATIONS`
    answer     ["v", id, value, changed arguments or null]   ["e", id, report]   ["large", id]
    call back  ["c", id, operation, positional, named]  a callable or an iterator of the test's is used
"""

import builtins
import copy
import operator
import socket
import sys
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, cast

from errata.sandbox.protocol import MUTABLE, Closed, Json, TooLarge, pack, parse, receive, send, unpack
from errata.sandbox.values import base, derived, from_numpy, iterable, to_numpy

FILE = "<string>"
MOST_FRAMES = 100
MOST_TEXT = 4000
HARNESS_DEPTH = 24
"""Frames of ours below the program."""


def call(target: Callable[..., object], *args: object, **named: object) -> object:
    return target(*args, **named)


def enter(manager: AbstractContextManager[object]) -> object:
    return manager.__enter__()


def leave(manager: AbstractContextManager[object]) -> object:
    return manager.__exit__(None, None, None)


OPERATORS = """
    eq ne lt le gt ge add sub mul truediv floordiv mod pow matmul and_ or_ xor lshift rshift neg pos invert index
"""
OPERATIONS: dict[str, Callable[..., object]] = {
    "call": call,
    "get": getattr,
    "set": setattr,
    "delete": delattr,
    "item": operator.getitem,
    "put": operator.setitem,
    "remove": operator.delitem,
    "contains": operator.contains,
    "iterable": iterable,
    "iter": iter,
    "isinstance": isinstance,
    "issubclass": issubclass,
    "base": base,
    "enter": enter,
    "leave": leave,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{kind.__name__: kind for kind in (bool, str, int, float, complex)},
    **{name: vars(builtins)[name] for name in ("len", "repr", "hash", "abs", "round", "reversed", "format", "divmod")},
    **{name: vars(operator)[name] for name in OPERATORS.split()},
}


class Borrowed:
    """A callable or an iterator of the test's, which stays with the judge."""

    def __init__(self, service: "Service", key: int) -> None:
        self.service, self.key = service, key
        self._items: Iterator[object] = iter(())

    def __call__(self, *args: object, **named: object) -> object:
        return self.service.ask("call", self.key, args, named)

    def __iter__(self) -> "Borrowed":
        return self

    def __next__(self) -> object:
        for item in self._items:
            return item
        got = cast("list[object]", self.service.ask("next", self.key, (1,), {}))
        self._items = iter(got)
        for item in self._items:
            return item
        raise StopIteration


class Lent:
    """An object of a class that the test defines: its public attributes, by way of the judge."""

    if TYPE_CHECKING:
        _service: "Service"
        _key: int

    def __init__(self, service: "Service", key: int) -> None:
        object.__setattr__(self, "_service", service)
        object.__setattr__(self, "_key", key)

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._service.ask("get", self._key, (name,), {})

    def __setattr__(self, name: str, value: object) -> None:
        self._service.ask("set", self._key, (name, value), {})


class Service:
    """One program, from its source to the judge's last question."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel
        self.kept: list[object] = []
        self.keys: dict[int, int] = {}
        self.late: dict[int, BaseException] = {}
        self.lock = threading.RLock()
        self.asked = 0
        self.back = False
        self.main = types.ModuleType("__main__")

    def run(self, order: dict[str, Json]) -> None:
        self.back = order.get("back") is True
        sys.modules["__main__"] = self.main
        sys.argv = [""]
        sys.setrecursionlimit(sys.getrecursionlimit() + HARNESS_DEPTH)
        try:
            code = compile(cast("str", order["source"]), FILE, "exec", dont_inherit=True)
        except BaseException as error:
            send(self.channel, ["s", 0, wrong_syntax(error)])
            return
        try:
            exec(code, self.main.__dict__)
        except BaseException as error:
            self.tell(["e", 0, self.report(error)], 0)
            return
        for line in cast("list[str]", order["imports"]):
            with suppress(Exception):
                exec(line, self.main.__dict__)
        names = {name: self.describe(value) for name, value in list(vars(self.main).items()) if public(name)}
        self.tell(["v", 0, cast("Json", names), None], 0)
        plan = cast("list[list[Json]]", order["plan"])
        if plan and names.get(name := cast("str", order["call"])) is not None:
            target: Json = {"t": "handle", "v": self.keys[id(vars(self.main)[name])]}
            for at, given in enumerate(plan):
                self.answer([at + 1, "call", [target, *given], {}])
        while True:
            self.answer(cast("list[Json]", receive(self.channel.recv)[0]))

    def describe(self, value: object) -> Json:
        """What a name stands for: a handle, or null for data, which the judge may ask for."""
        return self.handle(value) if isinstance(value, types.ModuleType) or callable(value) else None

    def answer(self, request: list[Json]) -> None:
        key, name, positional, named = request
        try:
            args = cast("list[object]", unpack(positional, self.known))
            options = {word: unpack(item, self.known) for word, item in cast("dict[str, Json]", named).items()}
            if name == "name":
                value = vars(self.main)[cast("str", args[0])]
            elif name == "next":
                value = self.following(cast("Iterator[object]", args[0]), cast("int", args[1]))
            elif name == "test":
                value = exec(compile(cast("str", args[0]), FILE, "exec", dont_inherit=True), self.main.__dict__)
            else:
                value = OPERATIONS[cast("str", name)](*args, **options)
            made = name == "call" and isinstance(args[0], type)
            changed: Json = None
            if self.back and name == "call":
                changed = [pack(item, self.other) if type(item) in MUTABLE else None for item in args[1:]]
            reply: Json = [
                "v",
                key,
                self.handle(value) if made and derived(value) else pack(value, self.other),
                changed,
            ]
        except Closed:
            raise
        except BaseException as error:
            reply = ["e", key, self.report(error)]
        self.tell(reply, key)

    def tell(self, reply: list[Json], key: Json) -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
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
        if isinstance(value, Lent):
            return {"t": "borrowed", "v": cast("int", object.__getattribute__(value, "_key"))}
        if (numbers := from_numpy(value)) is not None:
            return numbers
        if derived(value):
            plain = base(value)
            if isinstance(plain, tuple) and hasattr(value, "_fields"):
                handle = self.handle(value)
                return {"t": "row", "v": [handle, pack(cast("object", plain), self.other, 1)]}
            return pack(cast("object", plain), self.other, 1)
        return self.handle(value)

    def handle(self, value: object) -> Json:
        key = self.keys.get(id(value))
        if key is None:
            key = self.keys[id(value)] = len(self.kept)
            self.kept.append(value)
        if isinstance(value, types.ModuleType):
            return {"t": "handle", "v": [key, "module", str(value.__name__)]}
        if isinstance(value, type):
            kind = "error " + ancestor(value) if issubclass(value, BaseException) else "class"
            return {"t": "handle", "v": [key, kind, origin(cast("object", value))]}
        if isinstance(value, types.FunctionType | types.BuiltinFunctionType):
            return {"t": "handle", "v": [key, "function", origin(value)]}
        return {"t": "handle", "v": [key, "object", type(value).__name__]}

    def known(self, tag: str, content: Json) -> object:
        if tag == "handle":
            return self.kept[cast("int", content)]
        if tag == "borrowed":
            return Borrowed(self, cast("int", content))
        if tag == "lent":
            return Lent(self, cast("int", content))
        if tag == "function":
            return vars(builtins)[cast("str", content)]
        if tag == "module":
            return __import__(cast("str", content), fromlist=["x"])
        return to_numpy(content)

    def ask(self, operation: str, key: int, args: tuple[object, ...], named: dict[str, object]) -> object:
        """Uses something of the test's; the judge may ask us in turn before it answers."""
        with self.lock:
            self.asked += 1
            mine = self.asked
            positional = [pack(item, self.other) for item in (key, *args)]
            options = {word: pack(item, self.other) for word, item in named.items()}
            send(self.channel, ["c", mine, operation, cast("Json", positional), cast("Json", options)])
            while True:
                got = cast("list[Json]", receive(self.channel.recv)[0])
                if got[0] == "v":
                    return unpack(got[2], self.known)
                if got[0] == "e":
                    kind, *said = cast("list[Json]", got[2])
                    raise cast("type[Exception]", vars(builtins)[cast("str", kind)])(*said)
                self.answer(got)

    def report(self, error: BaseException) -> Json:
        chain: list[Json] = []
        seen: BaseException | None = error
        while seen is not None and len(chain) < 4:
            if seen.__cause__ is not None:
                earlier, link = seen.__cause__, "cause"
            else:
                earlier, link = (None if seen.__suppress_context__ else seen.__context__), "context"
            chain.append({"frames": frames(seen), "kind": named(type(seen)), "text": words(seen), "link": link})
            seen = earlier
        atoms = [item for item in error.args[:8] if item is None or type(item) in (bool, int, str, float)]
        args = [pack(item, self.other) for item in atoms] if len(atoms) == len(error.args) else None
        return {"chain": chain, "base": ancestor(type(error)), "args": args, "class": pack(type(error), self.other)}


def public(name: object) -> bool:
    return type(name) is str and not (name.startswith("__") and name.endswith("__"))


def origin(value: object) -> str:
    """`module.name` of a function or class of the standard library, `.name` of the program's own."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    return f"{'' if module in (None, '__main__') else module}.{name}"[:200]


def ancestor(kind: type) -> str:
    """The nearest exception class of the language."""
    return next((found.__name__ for found in kind.__mro__ if found.__module__ == "builtins"), "Exception")


def named(kind: type) -> str:
    module = kind.__module__
    return kind.__qualname__ if module in ("__main__", "builtins") else f"{module}.{kind.__qualname__}"


def words(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        return "<exception str() failed>"
    return text if len(text) <= MOST_TEXT else text[:MOST_TEXT] + "..."


def frames(error: BaseException) -> Json:
    """[line, function, times in a row] of the program's own frames, outermost first."""
    found: list[list[int | str]] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == FILE:
            if found and found[-1][:2] == [trace.tb_lineno, code.co_name]:
                found[-1][2] = cast("int", found[-1][2]) + 1
            else:
                found.append([trace.tb_lineno, code.co_name, 1])
        trace = trace.tb_next
    kept = found if len(found) <= MOST_FRAMES else found[: MOST_FRAMES // 2] + found[-MOST_FRAMES // 2 :]
    return cast("Json", kept)


def wrong_syntax(error: BaseException) -> Json:
    """[class, message, line, text, offset, end offset] of source that cannot be compiled."""
    if isinstance(error, SyntaxError):
        end = error.end_offset if error.end_lineno == error.lineno else None
        return [type(error).__name__, str(error.msg), error.lineno, error.text, error.offset, end]
    if isinstance(error, MemoryError | RecursionError):
        return [type(error).__name__, str(error), None, None, None, None]
    return ["SyntaxError", str(error), None, None, None, None]


def serve(channel: socket.socket, job: bytes) -> None:
    """Runs the program of the job and answers until the judge hangs up."""
    try:
        Service(channel).run(cast("dict[str, Json]", parse(job)))
    except Closed:
        return
