"""The judge's end of the channel: asks the program, and believes nothing but plain values.

Whatever the other end does (silence, an end, answers out of turn, frames that are none, too much of anything) becomes
`Over` with the outcome that it means; `Over` is no `Exception`, so that test code does not catch it by accident, and
it is kept, so that catching it changes nothing.
"""

import builtins
import threading
import types
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from errata.outcomes import Outcome as Word
from errata.sandbox import protocol
from errata.sandbox.ahead import Ahead, Over
from errata.sandbox.claims import Claim
from errata.sandbox.handles import Handle, Same
from errata.sandbox.inbox import Inbox
from errata.sandbox.kinds import NAMED, Row, made, numbers, parameters, parts, row
from errata.sandbox.lending import CALLED, use
from errata.sandbox.meanwhile import Meanwhile
from errata.sandbox.order import Asked
from errata.sandbox.parting import SHOWING, Parting
from errata.sandbox.protocol import Broken, Closed, Json, TooLarge, pack, unpack
from errata.sandbox.raised import Own, Raised, Report, class_of, error_of, lent, told
from errata.sandbox.values import base, derived, every, from_numpy
from errata.sandbox.words import Words
from errata.sandbox.worker import Child

if TYPE_CHECKING:
    import inspect

MOST_REMEMBERED = 8
MOST_NESTED = 40
"""Calls back within calls back."""
HASH = "hash"
"""Asked while an answer is read: nobody has changed anything meanwhile, and nothing is told of it."""
FIXED = (int, float, complex, str, bytes, tuple, frozenset)
"""Plain values that cannot change."""


class Session:
    """All questions of one check."""

    def __init__(self, child: Child, copy_back: bool = False) -> None:
        """copy_back: the program was told to send its arguments back."""
        every()
        self.child = child
        self.inbox = Inbox(child, self.end)
        self.copy_back = copy_back
        self.ahead = Ahead((), 0, 0, self.send, self.receive)
        self.over: Over | None = None
        self.touched = 0
        """Questions asked so far."""
        self.classed = False
        """Tests use a class of exceptions of the program's, of which much is known without a question."""
        self.exited = False
        """The program has raised SystemExit since this was last cleared."""
        self.raised: list[Raised] = []
        """The latest exceptions of the program."""
        self.lent: list[object] = []
        self.lent_keys: dict[int, int] = {}
        self.handles: dict[int, object] = {}
        self.tainted: set[int] = set()
        """Handles that an operator made from the test's data: they may know what is expected."""
        self.classes: set[int] = set()
        """Handles of classes that the test knows under a class's name."""
        self.made: set[int] = set()
        """Handles of what the test made by calling these, and of what came of that: they have an interface."""
        self.bases: dict[int, tuple[int, object]] = {}
        """Plain values of handles, and after which change they came."""
        self.born: dict[int, int] = {}
        """After which change a handle came."""
        self.kinds: dict[str, type[BaseException]] = {}
        self.rows: dict[int, object] = {}
        self.given: set[str] = set()
        """Functions of the language that the test has handed over."""
        self.words = Words(lambda value: value.errata_.key if isinstance(value, Handle) else None)
        self.named: frozenset[str] = frozenset()
        """Names that test code uses: of exceptions that it says, it may catch the program's."""
        self.raising: set[tuple[str, int]] = set()
        """Lines at which a test itself raises what a context manager of the program's may hold back."""
        self.trusting = False
        """A comparison was left to the program, of two objects of its own."""
        self.shared = Parting() if copy_back else None
        self.meanwhile: Meanwhile | None = None
        self.lock = threading.RLock()
        self.held: list[Json] | None = None
        """Received too early."""
        self.nested = 0

    def known_as(self, name: str, value: object) -> None:
        """The test calls a class by a class's name."""
        if isinstance(value, Handle) and value.errata_.kind == "class" and name[:1].isupper():
            self.classes.add(value.errata_.key)

    def speaks(self, handle: Handle) -> bool:
        """Whether an object may say what it contains: it is one of the test's classes', or has methods of its own."""
        return handle.errata_made or handle.errata_.key in self.words.spoken

    def claim(self, handle: Handle) -> Claim:
        return self.words.claim(handle.errata_.key, handle.errata_.name, self.speaks(handle))

    def end(self, outcome: Word) -> Over:
        self.over = self.over or Over(outcome)
        return self.over

    def receive(self) -> list[Json]:
        if self.held is not None:
            held, self.held = self.held, None
            return held
        return self.inbox.next()

    def send(self, message: Json) -> None:
        try:
            protocol.send(self.child.channel, message)
        except (Closed, TimeoutError):
            raise self.end("early_exit") from None

    def ask(self, operation: str, *args: object, **named: object) -> object:
        """One question; raises what the program raised, or Over."""
        return self.put(operation, args, named)

    def put(self, operation: str, args: tuple[object, ...], named: dict[str, object]) -> object:
        with self.lock:
            self.words.changing(operation, (*args, *named.values()))
            if self.meanwhile is None or not self.meanwhile.changed():
                got = self.putting(operation, args, named)
            else:
                with self.meanwhile.mirrored(self):
                    got = self.putting(operation, args, named)
            made = bool(args) and isinstance(args[0], Handle) and args[0].errata_made
            self.words.heard(operation, args, got, made)
            return got

    def base(self, handle: Handle) -> object:
        """The plain value that an object holds: one for ever, or as long as nothing is done where it can change.

        Else it would be larger than one bound of a test and smaller than the other. What came long ago and says only
        now what it is could have heard that meanwhile.
        """
        found = self.bases.get(handle.errata_.key)
        if found is None or (found[0] != self.words.changes and not isinstance(found[1], FIXED)):
            got = self.ask("base", handle)
            late = self.born.get(handle.errata_.key) != self.words.changes and not isinstance(got, Handle)
            self.trusting |= late and not handle.errata_made
            self.bases[handle.errata_.key] = (self.words.changes, got)
            return got
        return cast("object", found[1])

    def packer(self) -> Callable[[object], Json]:
        return self.shared.packer(self.other) if self.shared else partial(pack, other=self.other)

    def latest(self, packed: Callable[[object], Json]) -> list[Json]:
        """Of what both ends hold, what the program may hear of, as it is here now."""
        return [packed(item) for item in self.shared.latest()] if self.shared else []

    def putting(self, operation: str, args: tuple[object, ...], named: dict[str, object]) -> object:
        if self.over is not None:
            raise self.over
        self.touched += 1
        mine = self.touched
        called = args[0].errata_.key if args and isinstance(args[0], Handle) else None
        planned = self.ahead.due(operation, called, args[1:], bool(named))
        if not planned:
            self.send(self.question(mine, operation, args, named))
        while True:
            answer = self.answer_ahead(mine) if planned else self.receive()
            try:
                match answer:
                    case ["v", int(key), value, None] if key == mine:
                        return unpack(value, self.known)
                    case ["v", int(key), value, list(changed)] if key == mine and self.shared:
                        unpack(changed, self.known)
                        got = unpack(value, self.known)
                        if operation in SHOWING:
                            self.shared.shown(got)
                        self.shared.resumed()
                        return got
                    case ["e", int(key), dict(report), *changed] if key == mine and (self.shared or not changed):
                        unpack(changed, self.known)
                        error = self.error(report)
                        if self.shared:
                            self.shared.resumed()
                    case ["large", int(key)] if key == mine:
                        raise self.end("output")
                    case ["c", int(key), str(wanted), list(given), dict(words), *latest] if not planned:
                        self.lend(key, wanted, given, words, latest)
                        continue
                    case _:
                        raise self.end("crashed")
            except (Broken, RecursionError):
                raise self.end("crashed") from None
            raise error

    def question(self, key: int, operation: str, args: tuple[object, ...], named: dict[str, object]) -> list[Json]:
        if self.shared and operation != HASH:
            of_class = bool(args) and isinstance(args[0], Handle) and args[0].errata_.key in self.classes
            self.shared.asking(self.nested > 0, of_class)
        packed = self.packer()
        positional: list[Json] = [packed(item) for item in args]
        options: dict[str, Json] = {word: packed(item) for word, item in named.items()}
        return [key, operation, positional, options, *(self.latest(packed) if operation != HASH else [])]

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

    def other(self, value: object) -> Json:
        """What crosses to the program when it is no plain data."""
        if isinstance(value, Handle):
            return {"t": "handle", "v": value.errata_.key}
        if isinstance(value, NAMED):
            return {"t": "handle", "v": cast("Row", value).errata_.errata_.key}
        if isinstance(value, type) and isinstance(same := vars(value).get("errata_"), Same):
            return {"t": "handle", "v": same.key}
        if isinstance(value, types.BuiltinFunctionType) and vars(builtins).get(value.__name__) is value:
            self.given.add(value.__name__)
            return {"t": "function", "v": value.__name__}
        if isinstance(value, types.ModuleType):
            return {"t": "module", "v": value.__name__}
        if (array := from_numpy(value)) is not None:
            return array
        if derived(value):
            return pack(base(value), self.other, 1)
        if (error := lent(self, value)) is not None:
            return error
        if (made_of := parts(value)) is not None:
            return {"t": "descriptor", "v": [pack(part, self.other) for part in (type(value), *made_of)]}
        key = self.lending(value)
        if callable(value) or (hasattr(value, "__next__") and type(value).__module__ in ("builtins", "itertools")):
            name, doc = getattr(value, "__name__", ""), getattr(value, "__doc__", None)
            if type(value).__module__ in CALLED and not isinstance(value, type):
                return {"t": "lent", "v": [key]}
            said: Json = [key, name if isinstance(name, str) else "", doc if isinstance(doc, str) else None]
            return {"t": "borrowed", "v": said}
        return {"t": "lent", "v": key}

    def lending(self, value: object) -> int:
        """The number under which the program knows something of the test's."""
        key = self.lent_keys.get(id(value))
        if key is None:
            key = self.lent_keys[id(value)] = len(self.lent)
            self.lent.append(value)
        return key

    def known(self, tag: str, content: Json) -> object:
        """What came from the program and is no plain data."""
        match tag, content:
            case "handle", [int(key), str(kind), str(name), *extra] if 0 <= key < 1 << 31:
                return self.handle(key, kind, name, extra[0] if extra else None)
            case "handle", [int(key)] if key in self.handles:
                return self.handles[key]
            case "function", str(name) if name in self.given:
                return cast("object", vars(builtins)[name])
            case "same", _ if self.shared:
                return self.shared.take(content, self.known)
            case "error", dict(report):
                return error_of(self, report)
            case "borrowed", int(key) if 0 <= key < len(self.lent):
                return self.lent[key]
            case "row", [dict(handle), plain]:
                whole, value = unpack(handle, self.known), unpack(plain, self.known)
                if isinstance(whole, Handle):
                    found = row(whole, value)
                    return whole if found is None else found
            case "numpy", _:
                return numbers(content)
            case _:
                pass
        raise Broken

    def handle(self, key: int, kind: str, name: str, extra: Json) -> object:
        found = self.handles.get(key)
        if found is None:
            if kind.startswith("error "):
                same = Same(session=self, key=key, kind=kind, name=name)
                short = name.rpartition(".")[2][:100]
                short = short if short.isidentifier() else "Error"
                found = class_of(self, short, same, extra, kind.removeprefix("error "))
            else:
                of = unpack(extra, self.known) if isinstance(extra, dict) else extra
                found = made(self, key, kind, name, of)
            self.handles[key] = found
            self.born[key] = self.words.changes
        return found

    def error(self, report: Report) -> BaseException:
        """What the program raised, as something that test code may catch."""
        if report.get("base") == "SystemExit" and "SystemExit" not in self.named:
            self.exited = True
        error = error_of(self, report)
        self.raised = [*self.raised[-MOST_REMEMBERED:], Raised(error=error, report=report)]
        return error

    def signature(self, target: Handle) -> "inspect.Signature":
        return parameters(self.ask("signature", target))

    def lend(self, key: int, operation: str, given: list[Json], words: dict[str, Json], latest: list[Json]) -> None:
        """Answers the program that uses a callable, an iterator or an object of the test's."""
        self.nested += 1
        try:
            if self.nested > MOST_NESTED:
                raise RecursionError("maximum recursion depth exceeded")
            positional = cast("list[object]", unpack(cast("Json", given), self.known))
            named = {word: unpack(item, self.known) for word, item in words.items()}
            for item in latest:
                unpack(item, self.known)
            if self.shared:
                self.shared.resumed()
            value = use(self.lent, operation, positional, named)
            packed = self.packer()
            reply: list[Json] = ["v", key, packed(value), *self.latest(packed)]
        except Broken:
            raise
        except (Exception, SystemExit, KeyboardInterrupt, GeneratorExit) as error:
            own = error.errata_self if isinstance(error, Own) else None
            own = error if own is None and type(error).__module__ == "__main__" else own
            reply = ["e", key, told(error, partial(pack, other=self.other)) if own is None else [self.packer()(own)]]
        finally:
            self.nested -= 1
        try:
            self.send(reply)
        except TooLarge:
            raise self.end("output") from None
