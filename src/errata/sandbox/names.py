"""What test code sees under which name, and what of it is run.

Names of the program reach the tests as handles or values, except builtins, helpers that the task gives, and modules
and functions of the standard library: those are this process's own, whatever the program has put in their place. The
entry point alone may be called like one of them.
"""

import ast
import builtins
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from errata.sandbox.checks import Test
from errata.sandbox.handles import Handle
from errata.sandbox.kinds import above
from errata.sandbox.protocol import Broken, Json, unpack
from errata.sandbox.raised import Asked
from errata.sandbox.session import Session

PURE = frozenset(
    (
        *("array", "bisect", "cmath", "collections", "copy", "datetime", "decimal", "fractions", "functools"),
        *("heapq", "itertools", "math", "operator", "random", "re", "statistics", "string"),
    )
)
"""Modules whose functions do nothing but compute: tests get these as this process's own, under their own names."""
ALIASES = {"np": "numpy", "pd": "pandas"}
"""Other names under which tests know an installed module."""
MODULES = {**ALIASES, "numpy": "numpy", "pandas": "pandas", "pytest": "pytest"}
COMPARING = dict.fromkeys(("assert_allclose", "assert_almost_equal", "assert_array_equal"), "numpy.testing") | {
    "isclose": "math",
    "deepcopy": "copy",
    "allclose": "numpy",
    "array_equal": "numpy",
}
"""Functions by which tests compare, and their homes. Where a program holds something else under these names, or under
those of such modules, tests that forgot to import them still mean these."""


def namespace(
    session: Session, described: Mapping[str, Json], tests: Sequence[Test], entry: str, given: str
) -> dict[str, object]:
    """The names of the program that tests use and may have from it. `given`: source of the task's own helpers."""
    names = Live(session)
    names |= {"__name__": "__main__", "__builtins__": builtins, "__file__": "<string>"}
    wanted, dotted = (frozenset[str]().union(*(getattr(test, kind) for test in tests)) for kind in ("loads", "dotted"))
    if any("pytest" in test.source for test in tests):
        from errata.sandbox.pytests import stand_in

        stand_in()
    own = prelude(given) if given else {}
    if "super" in wanted:
        names["super"] = above
    for name in sorted(wanted & described.keys()):
        if name == entry:
            names[name] = value_of(session, name, described)
        elif name in own:
            names[name] = own[name]
        elif not hasattr(builtins, name):
            found = genuine(name, value_of(session, name, described))
            if isinstance(found, Handle) and name in dotted and not there(MODULES.get(name, "sys")):
                continue
            names[name] = ours(name, found, name in dotted, entry)
            if described[name] is None and not isinstance(found, Handle):
                names.live.add(name)
        session.known_as(name, names.get(name))
        session.classed |= isinstance(names.get(name), Asked)
    return names if names.live else dict(names)


class Live(dict[str, object]):
    """The names of test code. The program's own data is asked for each time, since calls may change it."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.live = set[str]()

    def __getitem__(self, name: str) -> object:
        if name in self.live:
            return foreign(self.session.ask("name", name))
        return super().__getitem__(name)

    def __setitem__(self, name: str, value: object) -> None:
        self.live.discard(name)
        super().__setitem__(name, value)


def value_of(session: Session, name: str, described: Mapping[str, Json]) -> object:
    """What the program holds under a name. Raises Broken where it names something of this process's own."""
    told = described[name]
    if told is not None and not isinstance(told, dict):
        raise Broken
    return foreign(session.ask("name", name) if told is None else unpack(told, session.known))


def foreign(value: object) -> object:
    if isinstance(value, type) and not isinstance(value, Handle) and "errata_" not in vars(value):
        raise Broken
    return value


def prelude(source: str) -> dict[str, object]:
    """What the task's own helpers define."""
    names: dict[str, object] = {"__name__": "__main__", "__builtins__": builtins}
    exec(compile(source, "<prelude>", "exec", dont_inherit=True), names)
    return names


def genuine(name: str, value: object) -> object:
    """This process's own where the program holds an installed module, or a function of a pure one, under its own name.

    Which name means what is the program's word: a name must not reach anything that it does not say.
    """
    if not isinstance(value, Handle):
        return value
    same = value.errata_
    module, _, own = same.name.rpartition(".")
    if same.kind == "module" and same.name == ALIASES.get(name) and importlib.util.find_spec(same.name):
        return importlib.import_module(same.name)
    if same.kind in ("function", "class") and own == name and module in PURE:
        return getattr(importlib.import_module(module), name, value)
    return value


def there(module: str) -> bool:
    """Whether this process has it, or could."""
    return module in sys.modules or importlib.util.find_spec(module.partition(".")[0]) is not None


def ours(name: str, found: object, dotted: bool, entry: str) -> object:
    """This process's own for a name by which tests compare; dotted: tests use attributes of it."""
    if not isinstance(found, Handle):
        return found
    if dotted and name in sys.stdlib_module_names:
        return importlib.import_module(name)
    home = MODULES.get(name) if dotted else COMPARING.get(name) if entry else None
    if home is None or not there(home):
        return found
    module = importlib.import_module(home)
    return module if dotted else getattr(module, name, found)


def shared(imports: Iterable[str], source: str) -> Iterator[str]:
    """Of the tests' imports those that may matter to the program, which in one file with it would see them too."""
    for line in imports:
        node = ast.parse(line).body[0]
        assert isinstance(node, ast.Import | ast.ImportFrom)
        bound = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        module = node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
        if module.partition(".")[0] in sys.stdlib_module_names and any(name in source for name in bound):
            yield line


@cache
def collector(pytest: bool) -> str:
    """The text of `collect` and its like, for tests that run in the program's process, which may start pytest."""
    from importlib import resources

    home = resources.files("errata.sandbox")
    texts = [home.joinpath(f"{name}.py").read_text(encoding="utf-8") for name in ("pytests", "runners", "collect")]
    text = "\n".join(texts)
    return f"{text}\nstand_in()\nrunners({pytest})\n"
