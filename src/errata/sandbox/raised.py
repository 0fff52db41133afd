"""What the program raised, as something that test code may catch."""

import builtins
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias, cast

from errata.sandbox.protocol import Json, pack, unpack

if TYPE_CHECKING:
    from errata.sandbox.handles import Same
    from errata.sandbox.session import Session

NEVER: tuple[type[BaseException], ...] = (
    AssertionError,
    TimeoutError,
    SystemExit,
    KeyboardInterrupt,
    GeneratorExit,
    StopIteration,
    StopAsyncIteration,
)
"""What a program raises reaches test code as one of these only where the test names it: they would speak for the test,
for its loops or for the judge."""
NAMEABLE = frozenset(("AssertionError", "TimeoutError", "SystemExit", "StopIteration", "StopAsyncIteration"))
RUNNERS = frozenset(("unittest", "doctest", "bdb", "pdb"))
"""Modules whose exceptions say something to who runs tests."""
MOST_WORDS = 1000
MOST_TEXT = 4000
"""Of an exception that the program raised; longer words are cut off there."""
Report: TypeAlias = dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """What the program raised, as it was reported."""

    error: BaseException
    report: Report


def error_of(session: "Session", report: Report) -> BaseException:
    """The exception of a report."""
    kind = unpack(report.get("class"), session.known)
    if not (isinstance(kind, type) and issubclass(kind, BaseException)):
        kind = usable(session, vars(builtins).get(str(report.get("base"))))
    elif not issubclass(kind, Own):
        kind = usable(session, kind)
    args, chain = report.get("args"), report.get("chain")
    links = [item for item in chain if isinstance(item, dict)] if isinstance(chain, list) else []
    text = links[0].get("text") if links else ""
    values = cast("list[object]", unpack(args, session.known)) if isinstance(args, list) else [text]
    error = made(kind, values)
    if len(links) > 1 and links[0].get("link") == "cause":
        error.__cause__ = made(usable(session, vars(builtins).get(str(links[1].get("base")))), [links[1].get("text")])
    if isinstance(error, Own):
        error.errata_words = text if isinstance(text, str) and len(text) < MOST_TEXT else None
        if isinstance(own := report.get("self"), dict):
            error.errata_self = unpack(own, session.known)
    return error


def made(kind: type[BaseException], values: Sequence[object]) -> BaseException:
    try:
        return Own.told(kind, values) if Own in kind.__mro__ else kind(*values)
    except (TypeError, ValueError):
        pass
    try:
        error = kind.__new__(kind)
    except (TypeError, ValueError):
        error = Exception()
    error.args = tuple(values)
    return error


class Asked(type):
    # The class of such classes: their attributes too are asked for there, also their `__doc__`.
    __doc__ = property(lambda cls: cls.errata_doc())  # pyright: ignore

    def errata_doc(cls) -> object:
        same = cast("Same | None", vars(cls).get("errata_"))
        return None if same is None else same.session.ask("get", cls, "__doc__")

    def __getattr__(cls, name: str) -> object:
        same = cast("Same | None", vars(cls).get("errata_"))
        if same is None or name.startswith("__"):
            raise AttributeError(f"type object '{cls.__name__}' has no attribute '{name}'")
        return same.session.ask("get", cls, name)


class Own(BaseException, metaclass=Asked):
    """An exception of a class that the program defines: it is made there, and its attributes are asked for there."""

    errata_self: object = None
    errata_words: str | None = None
    """What it says of itself."""

    def __new__(cls, *given: object, **named: object) -> "Own":
        """Where the test makes one; a class that the test derives from it is the test's."""
        same = cast("Same | None", vars(cls).get("errata_"))
        return cls.told(cls, given) if same is None else cast("Own", same.session.put("call", (cls, *given), named))

    def __init__(self, *given: object, **_: object) -> None:
        if "errata_" not in vars(type(self)):
            super().__init__(*given)

    def __str__(self) -> str:
        return super().__str__() if self.errata_words is None else self.errata_words

    @staticmethod
    def told(kind: type[BaseException], values: Sequence[object]) -> "Own":
        """One that is there already."""
        above = next(found for found in kind.__mro__ if found.__module__ == "builtins")
        return cast("Callable[..., Own]", above.__new__)(kind, *values)

    def __getattr__(self, name: str) -> object:
        if self.errata_self is None or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.errata_self, name)


def class_of(session: "Session", name: str, same: object, bases: Json, base: str) -> type[BaseException]:
    """A class of exceptions that the program defines, below those that it derives from."""
    above = [unpack(item, session.known) for item in bases] if isinstance(bases, list) else []
    if (standing := of_library(cast("Same", same).name)) is not None:
        above = [standing]
    kinds = [
        kind if issubclass(kind, Own) else usable(session, kind)
        for kind in above
        if isinstance(kind, type) and issubclass(kind, BaseException)
    ] or [usable(session, vars(builtins).get(base))]
    own: dict[str, object] = {"errata_": same, "__module__": "__main__"}
    try:
        above = () if any(issubclass(kind, Own) for kind in kinds) else (Own,)
        return cast("type[BaseException]", Asked(name, (*above, *dict.fromkeys(kinds)), own))
    except TypeError:
        return cast("type[BaseException]", Asked(name, (Own, Exception), own))


def of_library(name: str) -> type[Exception] | None:
    """This process's own class of such a name (`json.decoder.JSONDecodeError`): tests that say it mean it.

    It may be any program's word, as any program may raise it. What would skip a test is none of these.
    """
    module, _, own = name.rpartition(".")
    root = module.partition(".")[0]
    home = sys.modules.get(module) if root in sys.stdlib_module_names - RUNNERS or root == "numpy" else None
    found = vars(home).get(own) if home is not None else None
    if isinstance(found, type) and issubclass(found, Exception) and not issubclass(found, NEVER):
        return found
    return None


def usable(session: "Session", kind: object) -> type[BaseException]:
    """The language's exception class, where the program may raise it before test code; else one of the same name."""
    if not (isinstance(kind, type) and issubclass(kind, BaseException)):
        return Exception
    if not issubclass(kind, NEVER):
        return kind if issubclass(kind, Exception) else Exception
    name = kind.__name__
    if name in NAMEABLE and name in session.named:
        return session.kinds.setdefault(name, type(name, (kind,), {}))
    return session.kinds.setdefault(name, type(name, (Exception,), {}))


def lent(session: "Session", value: object) -> Json:
    """An exception that the test hands over, or a class of its own: the program makes one of that name for itself."""
    if isinstance(value, BaseException) and not isinstance(value, Own):
        above, *said = told(value, partial(pack, other=session.other))
        kind = above if type(value).__module__ == "builtins" else lent(session, type(value))
        return {"t": "raised", "v": [kind, *said]}
    if isinstance(value, type) and issubclass(value, BaseException) and value.__module__ == "__main__":
        return {"t": "raising", "v": [session.lending(value), value.__name__, nearest(value).__name__]}
    return None


def nearest(kind: type[BaseException]) -> type:
    return next(found for found in kind.__mro__ if found.__module__ == "builtins")


def told(error: BaseException, pack: Callable[[object], Json]) -> list[Json]:
    """[class, what it says ...] of an exception of test code's, by the language's nearest class."""
    kind = nearest(type(error))
    plain = all(type(item) in (bool, int, float, str, type(None)) for item in error.args)
    args = list(error.args) if plain and len(str(error)) <= MOST_WORDS else [str(error)[:MOST_WORDS]]
    return [kind.__name__, *(pack(item) for item in args)]


def left(session: "Session", error: BaseException) -> tuple[object, object, object]:
    """An exception that left a block of the test's: the program's own object, or class and words."""
    name, *said = told(error, partial(pack, other=session.other))
    return (error.errata_self if isinstance(error, Own) else None), name, said


def expected(session: "Session", trace: TracebackType) -> bool:
    """Whether the test raised it by a statement of its own, in the very block that it left."""
    return trace.tb_next is None and (trace.tb_frame.f_code.co_filename, trace.tb_lineno) in session.raising
