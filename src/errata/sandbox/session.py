"""The judge's end of the channel: asks the program, and believes nothing but plain values.

Whatever the other end does (silence, an end, answers out of turn, frames that are none, too much of anything) becomes
`Over` with the outcome that it means; `Over` is no `Exception`, so that test code does not catch it by accident, and
it is kept, so that catching it changes nothing.
"""

import builtins
import types
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias, cast

from errata.sandbox import protocol
from errata.sandbox.ahead import Ahead, Over
from errata.sandbox.handles import Handle, Row, Same
from errata.sandbox.plan import Asked
from errata.sandbox.protocol import Broken, Closed, Json, TooLarge, pack, unpack
from errata.sandbox.values import base, derived, from_numpy, to_numpy
from errata.sandbox.worker import Child
from errata.types import Outcome as Word

MOST_RECEIVED = 64 << 20
"""Bytes of answers in one check."""
MOST_WORDS = 1000
MOST_REMEMBERED = 8
MOST_NESTED = 40
"""Calls back within calls back."""
NEVER: tuple[type[BaseException], ...] = (
    AssertionError,
    TimeoutError,
    SystemExit,
    KeyboardInterrupt,
    GeneratorExit,
    StopIteration,
    StopAsyncIteration,
)
"""What a program raises never reaches test code as one of these: they would speak for the test, for its loops or for
the judge."""
OPEN = frozenset(("__main__", "argparse", "collections", "enum", "io", "_io", "random", "re", "string", "types"))
"""Modules of classes whose objects a program may look into when a test hands them over."""
NUMBERS = frozenset("<>|=")
Report: TypeAlias = dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """What the program raised, as it was reported."""

    error: BaseException
    report: Report


class Session:
    """All questions of one check."""

    def __init__(self, child: Child, copy_back: bool = False) -> None:
        """copy_back: the program was told to send its arguments back."""
        self.child = child
        self.copy_back = copy_back
        self.ahead = Ahead((), 0, 0, self.send, self.receive)
        self.over: Over | None = None
        self.touched = 0
        """Questions asked so far."""
        self.exited = False
        """The program has raised SystemExit since this was last cleared."""
        self.raised: list[Raised] = []
        """The latest exceptions of the program."""
        self.lent: list[object] = []
        self.lent_keys: dict[int, int] = {}
        self.handles: dict[int, object] = {}
        self.tainted: set[int] = set()
        """Handles that an operator made from the test's data: they may know what is expected."""
        self.spoken: set[int] = set()
        """Handles of objects whose interface the test uses: they may say what they contain."""
        self.classes: set[int] = set()
        """Handles of classes that the test knows under a class's name."""
        self.made: set[int] = set()
        """Handles of what the test made by calling these, and of what came of that: they have an interface."""
        self.kinds: dict[str, type[BaseException]] = {}
        self.buffer = b""
        self.received = 0
        self.nested = 0

    def known_as(self, name: str, value: object) -> None:
        """The test calls a class by a class's name."""
        if isinstance(value, Handle) and value.errata_.kind == "class" and name[:1].isupper():
            self.classes.add(value.errata_.key)

    def end(self, outcome: Word) -> Over:
        self.over = self.over or Over(outcome)
        return self.over

    def read(self, size: int) -> bytes:
        if not self.buffer:
            if not self.child.wait():
                raise self.end(cast("Word", self.child.hit or "timeout"))
            try:
                self.buffer = self.child.channel.recv(1 << 18)
            except OSError as error:
                raise Closed from error
        part, self.buffer = self.buffer[:size], self.buffer[size:]
        return part

    def receive(self) -> list[Json]:
        try:
            message, size = protocol.receive(self.read)
        except Closed:
            raise self.end("early_exit") from None
        except Broken:
            raise self.end("crashed") from None
        self.received += size
        if self.received > MOST_RECEIVED:
            raise self.end("output")
        if not isinstance(message, list) or not message:
            raise self.end("crashed")
        return message

    def send(self, message: Json) -> None:
        try:
            protocol.send(self.child.channel, message)
        except (Closed, TimeoutError):
            raise self.end("early_exit") from None

    def ask(self, operation: str, *args: object, **named: object) -> object:
        """One question; raises what the program raised, or Over."""
        return self.put(operation, args, named)

    def put(self, operation: str, args: tuple[object, ...], named: dict[str, object]) -> object:
        if self.over is not None:
            raise self.over
        self.touched += 1
        mine = self.touched
        positional = [pack(item, self.other) for item in args]
        options = {word: pack(item, self.other) for word, item in named.items()}
        called = args[0].errata_.key if args and isinstance(args[0], Handle) else None
        planned = self.ahead.due(operation, called, positional[1:], bool(named))
        if not planned:
            self.send([mine, operation, cast("Json", positional), cast("Json", options)])
        while True:
            answer = self.answer_ahead(mine) if planned else self.receive()
            try:
                match answer:
                    case ["v", int(key), value, None] if key == mine:
                        return unpack(value, self.known)
                    case ["v", int(key), value, changed] if key == mine and self.copy_back and operation == "call":
                        got = unpack(value, self.known)
                        self.changed(args[1:], changed)
                        return got
                    case ["e", int(key), dict(report)] if key == mine:
                        error = self.error(report)
                    case ["large", int(key)] if key == mine:
                        raise self.end("output")
                    case ["c", int(key), str(wanted), list(given), dict(words)] if not planned:
                        self.lend(key, wanted, given, words)
                        continue
                    case _:
                        raise self.end("crashed")
            except (Broken, RecursionError):
                raise self.end("crashed") from None
            raise error

    def foresee(self, asked: Sequence[Asked], sent: int, target: Handle) -> None:
        """These calls of one of its functions will be made; so many were sent together with the program's source."""
        self.ahead = Ahead(asked, sent, target.errata_.key, self.send, self.receive)

    def answer_ahead(self, number: int) -> list[Json]:
        try:
            return self.ahead.answer(number)
        except Over as over:
            raise self.end(over.outcome) from None

    def foretold(self, number: int) -> tuple[bool, object]:
        """(true, the value) of the answer to a planned call, where it is a value that holds nothing of the program's.

        Changes nothing: the tests may come to ask for it still.
        """
        before = len(self.handles)
        try:
            match self.ahead.answer(number):
                case ["v", int(key), value, None] if key == number:
                    got = unpack(value, self.known)
                    return len(self.handles) == before, got
                case _:
                    return False, None
        except (Over, Broken, RecursionError):
            self.over = None
            return False, None

    def changed(self, args: tuple[object, ...], changed: Json) -> None:
        if not isinstance(changed, list) or len(changed) != len(args):
            raise Broken
        for mine, tree in zip(args, changed, strict=True):
            new = unpack(tree, self.known) if tree is not None else None
            if new is None or type(new) is not type(mine):
                continue
            if isinstance(mine, list | bytearray):
                cast("list[object]", mine)[:] = cast("list[object]", new)
            elif isinstance(mine, deque):
                cast("deque[object]", mine).clear()
                cast("deque[object]", mine).extend(cast("deque[object]", new))
            elif isinstance(mine, dict | set):
                cast("dict[object, object]", mine).clear()
                cast("dict[object, object]", mine).update(cast("dict[object, object]", new))

    def other(self, value: object) -> Json:
        """What crosses to the program when it is no plain data."""
        if isinstance(value, Handle):
            return {"t": "handle", "v": value.errata_.key}
        if isinstance(value, Row):
            return {"t": "handle", "v": value.errata_.errata_.key}
        if isinstance(value, type) and isinstance(same := vars(value).get("errata_"), Same):
            return {"t": "handle", "v": same.key}
        if isinstance(value, types.BuiltinFunctionType) and vars(builtins).get(value.__name__) is value:
            return {"t": "function", "v": value.__name__}
        if isinstance(value, types.ModuleType):
            return {"t": "module", "v": value.__name__}
        if (numbers := from_numpy(value)) is not None:
            return numbers
        if derived(value):
            return pack(base(value), self.other, 1)
        key = self.lent_keys.get(id(value))
        if key is None:
            key = self.lent_keys[id(value)] = len(self.lent)
            self.lent.append(value)
        return {"t": "borrowed" if callable(value) or hasattr(value, "__next__") else "lent", "v": key}

    def known(self, tag: str, content: Json) -> object:
        """What came from the program and is no plain data."""
        match tag, content:
            case "handle", [int(key), str(kind), str(name)] if 0 <= key < 1 << 31:
                return self.handle(key, kind, name)
            case "borrowed", int(key) if 0 <= key < len(self.lent):
                return self.lent[key]
            case "row", [dict(handle), dict(plain)] if plain.get("t") == "tuple":
                whole, items = unpack(handle, self.known), unpack(plain, self.known)
                if isinstance(whole, Handle):
                    return Row.of(whole, cast("tuple[object, ...]", items))
            case "numpy", [str(kind), shape, str(_)] if (
                kind[:1] in NUMBERS and kind[1:2] in "biufc" and kind[2:].isdigit()
            ):
                if shape is None or (isinstance(shape, list) and all(type(size) is int for size in shape)):
                    try:
                        return to_numpy(content)
                    except (ValueError, TypeError, IndexError, ImportError) as error:
                        raise Broken from error
            case _:
                pass
        raise Broken

    def handle(self, key: int, kind: str, name: str) -> object:
        found = self.handles.get(key)
        if found is None:
            same = Same(session=self, key=key, kind=kind, name=name)
            if kind.startswith("error "):
                short = name.rpartition(".")[2][:100]
                short = short if short.isidentifier() else "Error"
                found = type(short, (usable(kind.removeprefix("error ")),), {"errata_": same})
            else:
                found = Handle(same)
            self.handles[key] = found
        return found

    def error(self, report: Report) -> BaseException:
        """What the program raised, as something that test code may catch."""
        kind = unpack(report.get("class"), self.known)
        if isinstance(kind, type) and issubclass(kind, NEVER):
            name = kind.__name__
            self.exited = self.exited or name == "SystemExit"
            kind = self.kinds.setdefault(name, type(name, (Exception,), {}))
        elif not (isinstance(kind, type) and issubclass(kind, BaseException)):
            kind = usable(report.get("base"))
        if not issubclass(kind, Exception):
            kind = Exception
        args = report.get("args")
        chain = report.get("chain")
        latest = chain[0] if isinstance(chain, list) and chain else None
        text = latest.get("text") if isinstance(latest, dict) else ""
        values = cast("list[object]", unpack(args, self.known)) if isinstance(args, list) else [text]
        try:
            error = kind(*values)
        except (TypeError, ValueError):
            error = blank(kind)
            error.args = tuple(values)
        self.raised = [*self.raised[-MOST_REMEMBERED:], Raised(error=error, report=report)]
        return error

    def lend(self, key: int, operation: str, given: list[Json], words: dict[str, Json]) -> None:
        """Answers the program that uses a callable, an iterator or an object of the test's."""
        self.nested += 1
        try:
            if self.nested > MOST_NESTED:
                raise RecursionError("maximum recursion depth exceeded")
            positional = cast("list[object]", unpack(cast("Json", given), self.known))
            named = {word: unpack(item, self.known) for word, item in words.items()}
            value = self.use(operation, positional, named)
            reply: Json = ["v", key, pack(value, self.other)]
        except Broken:
            raise
        except Exception as error:
            kind = next(found for found in type(error).__mro__ if found.__module__ == "builtins")
            plain = all(type(item) in (bool, int, float, str, type(None)) for item in error.args)
            args = list(error.args) if plain and len(str(error)) <= MOST_WORDS else [str(error)[:MOST_WORDS]]
            reply = ["e", key, [kind.__name__, *(pack(item, self.other) for item in args)]]
        finally:
            self.nested -= 1
        try:
            self.send(reply)
        except TooLarge:
            raise self.end("output") from None

    def use(self, operation: str, positional: list[object], named: dict[str, object]) -> object:
        where, *args = positional
        if type(where) is not int or not 0 <= where < len(self.lent):
            raise Broken
        target = self.lent[where]
        match operation, args:
            case "call", _ if callable(target):
                return target(*args, **named)
            case "next", [1] if hasattr(target, "__next__"):
                return list(islice(cast("Iterator[object]", target), 1))
            case "get", [str(name)] if not name.startswith("_") and type(target).__module__ in OPEN:
                return getattr(target, name)
            case "set", [str(name), value] if not name.startswith("_") and type(target).__module__ == "__main__":
                setattr(target, name, value)
                return None
            case ("get", [str(name)]) | ("set", [str(name), _]):
                raise AttributeError(name)
            case _:
                raise Broken


def blank(kind: type[Exception]) -> Exception:
    """An exception of the class, made of nothing, or a plain one where the class cannot be (groups)."""
    try:
        return kind.__new__(kind)
    except (TypeError, ValueError):
        return Exception()


def usable(name: object) -> type[Exception]:
    """The language's exception class of that name, where the program may raise it before test code."""
    kind = vars(builtins).get(name) if isinstance(name, str) else None
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, NEVER):
        return kind
    return Exception
