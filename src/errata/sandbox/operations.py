"""What the judge may ask the program to do with its own objects, by name; part of the program's end of the channel."""

import builtins
import copy
import operator
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from io import StringIO
from typing import TYPE_CHECKING, cast

from errata.sandbox.values import base, iterable

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task

OWN = {"input": input, "print": print}
PATIENCE = 0.005
"""Seconds for which the program's coroutines run before the judge's own have their turn."""


class Leave:
    """`exit` and `quit`, which the language has only where its `site` is loaded."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Use {self.name}() or Ctrl-D (i.e. EOF) to exit"

    def __call__(self, code: object = None) -> None:
        raise SystemExit(code)


def call(target: Callable[..., object], *args: object, **named: object) -> object:
    return target(*args, **named)


def above(kind: type, target: object, name: str) -> object:
    return getattr(cast("object", super(kind, target)), name)


def warned(tell: Callable[..., object]) -> None:
    """What the program warns of is warned of in the test too."""
    import warnings

    def show(message: object, category: object, *_: object, **__: object) -> None:
        tell(str(message), category)

    warnings.simplefilter("always")
    warnings.showwarning = show


def logged(tell: Callable[..., object]) -> None:
    """What the program logs is logged in the test too."""
    import logging

    class Telling(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            tell(record.name, record.levelno, record.getMessage())

    logging.getLogger().addHandler(Telling())
    logging.getLogger().setLevel(logging.DEBUG)


HEARD = {"warnings": warned, "logging": logged}


def stand_in(name: str, value: object) -> None:
    """What the test has put in the place of one of the language's means of input and output; None: its own again."""
    if name == "stdin":
        sys.stdin = StringIO(value) if isinstance(value, str) else sys.__stdin__ if value is None else value
    elif name == "argv":
        sys.argv[:] = cast("list[str]", value)
    elif name in HEARD:
        HEARD[name](cast("Callable[..., object]", value))
    elif name == "environ":
        new, gone = cast("tuple[dict[str, str], list[str]]", value)
        for word in gone:
            os.environ.pop(word, None)
        os.environ.update(new)
    else:
        setattr(builtins, name, OWN[name] if value is None else value)


def subclass(name: str, bases: list[type], own: list[tuple[str, object]]) -> type:
    """A class that the test derives from the program's; its methods are the test's."""
    kind = type(bases[0])
    return kind(name, tuple(bases), {**dict(own), "__module__": "__main__"})


def flags(function: Callable[..., object]) -> int:
    return cast("int", getattr(function, "__code__").co_flags)  # noqa: B009


def enter(manager: AbstractContextManager[object]) -> object:
    return manager.__enter__()


def holds(item: object, container: object) -> object:
    """What the container itself says, where its class has a word of its own in it."""
    return item in cast("list[object]", container) if hasattr(type(container), "__contains__") else None


def leave(
    manager: AbstractContextManager[object], own: object = None, name: str = "", said: Sequence[object] = ()
) -> bool:
    """Tells the manager what ended its block, an exception of its own or of the language; true: it holds it back."""
    error = (
        own
        if isinstance(own, BaseException)
        else cast("type[BaseException]", vars(builtins)[name])(*said)
        if name
        else None
    )
    if error is None:
        return bool(manager.__exit__(None, None, None))
    return bool(manager.__exit__(type(error), error, None))


def fields(kind: object) -> list[str]:
    """Names of a data class's fields."""
    return list(cast("dict[str, object]", getattr(kind, "__dataclass_fields__")))  # noqa: B009


def signature(target: Callable[..., object]) -> list[object]:
    """[name, kind, has a default, default] of each parameter."""
    import inspect

    made: list[object] = []
    for one in inspect.signature(target).parameters.values():
        has = one.default is not one.empty
        made.append([one.name, int(one.kind), has, cast("object", one.default) if has else None])
    return made


def seed(value: object, home: str = "random") -> None:
    if home.partition(".")[0] in sys.modules:
        __import__(home, fromlist=["seed"]).seed(value)


class Running:
    """The program's coroutines that the test waits for."""

    loop: "AbstractEventLoop | None" = None
    tasks: "dict[int, Task[object]]" = {}  # noqa: RUF012


def poll(waited: Awaitable[object]) -> list[object]:
    """Runs all that is waited for a moment; the value of this one when it has come to its end."""
    import asyncio

    async def whole() -> object:
        return await waited

    loop = Running.loop = Running.loop or asyncio.new_event_loop()
    task = Running.tasks.get(id(waited))
    if task is None:
        task = Running.tasks[id(waited)] = loop.create_task(whole())
    loop.run_until_complete(asyncio.wait([task], timeout=PATIENCE))
    if not task.done():
        return []
    del Running.tasks[id(waited)]
    return [task.result()]


async def following(items: AsyncIterator[object]) -> list[object]:
    """The next item of an asynchronous iterator; none at its end."""
    try:
        return [await items.__anext__()]
    except StopAsyncIteration:
        return []


def enter_async(manager: AbstractAsyncContextManager[object]) -> object:
    return manager.__aenter__()


def leave_async(manager: AbstractAsyncContextManager[object]) -> object:
    return manager.__aexit__(None, None, None)


OPERATORS = """
    eq ne lt le gt ge add sub mul truediv floordiv mod pow matmul and_ or_ xor lshift rshift neg pos invert index
    iadd isub imul itruediv ifloordiv imod ipow imatmul iand ior ixor ilshift irshift
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
    **{made.__name__: made for made in (above, flags, holds, fields, signature, seed, stand_in, subclass)},
    **{made.__name__: made for made in (poll, following, enter_async, leave_async)},
    **{kind.__name__: kind for kind in (bool, str, int, float, complex)},
    **{name: vars(builtins)[name] for name in ("len", "repr", "hash", "abs", "round", "reversed", "format", "divmod")},
    **{name: vars(operator)[name] for name in OPERATORS.split()},
}
