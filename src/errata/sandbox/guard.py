"""What holds test code while it runs here: it comes to an end, and changes nothing for the next."""

import builtins
import gc
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from types import FrameType
from typing import Protocol, cast

SET = re.compile(r"^\s*([A-Za-z_]\w*)\.[A-Za-z_]\w*\s*=(?!=)|\bsetattr\(\s*(\w+)", re.MULTILINE)


RUNNING = "unittest", "pytest"


class Expired(BaseException):
    """Test code ran too long by itself, as with a hostile value it may."""


@contextmanager
def guard(seconds: float) -> Generator[None]:
    """Ends test code that uses more CPU than this, in a process's main thread; elsewhere its owner must watch."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(_: int, __: FrameType | None) -> None:
        raise Expired

    before = signal.signal(signal.SIGPROF, expire)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


class Numpy(Protocol):
    """What is used of numpy."""

    def geterr(self) -> dict[str, str]: ...
    def seterr(self, **how: str) -> object: ...
    def get_printoptions(self) -> dict[str, str]: ...
    def set_printoptions(self, **how: str) -> object: ...


@contextmanager
def unchanged(sources: Sequence[str]) -> Generator[None]:
    """What tests put in the place of builtins, functions of modules and settings does not reach the next trial's."""
    own = {name: sys.modules.get(name) for source in sources for name in changed(source)}
    with ExitStack() as stack:
        stack.callback(forget, [name for name, module in own.items() if module is None])
        for module in (builtins, *filter(None, own.values())):
            stack.callback(held(vars(module)))
        for restore in (*process(), *settings(sources)):
            stack.callback(restore)
        yield


def forget(names: Iterable[str]) -> None:
    """Modules that a test has imported and changed are loaded anew."""
    for name in names:
        sys.modules.pop(name, None)


def process() -> Iterator[Callable[[], object]]:
    """What puts the means of this process back as they are now."""
    depth, digits, collecting, path = sys.getrecursionlimit(), sys.get_int_max_str_digits(), gc.isenabled(), sys.path[:]
    streams = {name: cast("object", vars(sys)[name]) for name in ("stdout", "stderr", "stdin")}
    modules, folder, words = dict(sys.modules), os.getcwd(), sys.argv[:]
    variables = cast("dict[object, object]", vars(os.environ)["_data"])
    before = dict(variables)

    def restore() -> None:
        sys.settrace(None)
        sys.setprofile(None)
        sys.setrecursionlimit(depth)
        sys.set_int_max_str_digits(digits)
        sys.path[:], sys.argv = path, words
        for name, stream in streams.items():
            setattr(sys, name, stream)
        if threading.current_thread() is threading.main_thread():
            signal.alarm(0)
        (gc.enable if collecting else gc.disable)()
        if variables != before:
            variables.clear()
            variables.update(before)
        with suppress(OSError):
            os.chdir(folder)
        made = [name for name, module in sys.modules.items() if name not in modules and module.__spec__ is None]
        forget(made)
        sys.modules.update(modules)

    yield restore


def settings(sources: Sequence[str]) -> Iterator[Callable[[], object]]:
    """The same for what tests set in modules."""
    import warnings
    from decimal import getcontext, setcontext

    filters, context = [*warnings.filters], getcontext().copy()

    def restore() -> None:
        setcontext(context)
        if vars(warnings)["filters"] != filters:
            warnings.filters = filters
            vars(warnings).get("_filters_mutated", lambda: None)()

    yield restore
    if any(map(running, sources)):
        from errata.sandbox.runners import runners

        yield runners(any(starts_pytest(source) for source in sources))
    if "numpy" in sys.modules or (any("numpy" in source for source in sources) and find_spec("numpy")):
        numpy = cast("Numpy", cast("object", import_module("numpy")))
        errors, prints = numpy.geterr(), numpy.get_printoptions()
        yield lambda: (numpy.seterr(**errors), numpy.set_printoptions(**prints))


def held(own: dict[str, object]) -> Callable[[], None]:
    """Puts names back as they are now."""
    before = dict(own)

    def restore() -> None:
        if own != before:
            own.update(before)
            for name in own.keys() - before.keys():
                del own[name]

    return restore


def running(source: str) -> bool:
    """Whether test code may start a runner of tests by itself."""
    return any(name in source for name in RUNNING)


def starts_pytest(source: str) -> bool:
    return "pytest" in source and "main(" in source


@lru_cache(maxsize=1024)
def changed(source: str) -> frozenset[str]:
    """Modules of the library of which test code sets attributes."""
    found = {name for match in SET.finditer(source) for name in cast("tuple[str, ...]", match.groups())}
    return frozenset(found & sys.stdlib_module_names - {"sys", "builtins", "__main__", "os", "signal"})
