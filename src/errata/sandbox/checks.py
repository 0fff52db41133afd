"""Test code, made ready to be run by the judge: compiled once, each assertion's two sides kept for the words.

`assert f(1) == 2` is compiled as `assert (errata_got := f(1)) == (errata_wanted := 2)`: the same order, the same
values, the same line. Nothing else of a test is changed, and what it says in a traceback is its own text.
"""

import ast
import builtins
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import TypeGuard

from errata.sandbox.literals import Literal, outline, pieces
from errata.sandbox.show import show
from errata.sandbox.trees import parsed, segment, walk

ASSERT = re.compile(r"\bassert\b")
CLOSE = frozenset(("isclose", "allclose", "array_equal", "assert_allclose"))
"""Functions whose first two arguments are what is compared."""
SIGNS: Mapping[type[ast.cmpop], str] = {
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.IsNot: "is not",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asserted:
    """One assert statement: which lines it is, what it calls, and under which names its values are kept."""

    first: int
    last: int
    call: str
    got: str
    wanted: str
    """Empty where the value itself must be true or false: then `sign` says which."""
    sign: str
    """`==` is empty; else what stands between the two values."""
    literal: str | None
    """The wanted value where it is written out, for a call that did not come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One piece of test code."""

    source: str
    short: str
    """The same without its long literals."""
    pieces: tuple[CodeType | Literal, ...]
    """Its code, one after the other: long literals stand apart."""
    error: SyntaxError | None
    """Why it is no Python."""
    asserted: tuple[Asserted, ...]
    loads: frozenset[str]
    """Names that it uses."""
    stores: frozenset[str]
    """Names that it makes at its outermost level."""
    dotted: frozenset[str]
    """Names of which it uses an attribute."""
    tests: tuple[str, ...]
    """`test_*` functions and classes that it defines and does not use: these are run too."""
    expects: frozenset[str]
    """Exceptions that it waits for by name."""
    raising: frozenset[int]
    """Lines of `raise` statements that stand by themselves in a `with` block."""
    imports: tuple[str, ...]
    """Its import statements at the outermost level; in a plain run the program would see these too."""


@functools.lru_cache(maxsize=8192)
def ready(source: str, file: str, entry_point: str) -> Test:
    """Test code as it will be run; `file` is the name that its frames bear."""
    empty: frozenset[str] = frozenset()
    try:
        asserts = ASSERT.search(source) is not None
        short = outline(source)
        tree = (None if asserts else parsed(short.source)) or ast.parse(short.source)
        nodes = list(walk(tree))
        loads = frozenset(node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
        stores = frozenset(stored(tree))
        tests = tuple(node.name for node in tree.body if is_test(node) and node.name not in loads)
        dotted = frozenset(
            node.value.id for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        )
        imports = tuple(ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
        expects, raising = frozenset(expected(nodes)), frozenset(raised(nodes))
        calls = {entry_point} if entry_point else set[str]()
        asserted = tuple(instrument(short.source, nodes, calls))
        if short.literals:
            code: tuple[CodeType | Literal, ...] = tuple(pieces(tree, short.literals, file))
        else:
            code = (compile(tree if asserts else source, file, "exec", dont_inherit=True, optimize=0),)
    except (SyntaxError, ValueError, RecursionError) as error:
        wrong = error if isinstance(error, SyntaxError) else SyntaxError(str(error))
        return Test(
            source=source,
            short=source,
            pieces=(),
            error=wrong,
            asserted=(),
            loads=empty,
            stores=empty,
            dotted=empty,
            tests=(),
            expects=empty,
            raising=frozenset(),
            imports=(),
        )
    return Test(
        source=source,
        short=short.source,
        pieces=code,
        error=None,
        asserted=asserted,
        loads=loads,
        stores=stores,
        dotted=dotted,
        tests=tests,
        expects=expects,
        raising=raising,
        imports=imports,
    )


def is_test(node: ast.stmt) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """What pytest would collect."""
    return (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")) or (
        isinstance(node, ast.ClassDef)
        and (node.name.startswith("Test") or any("TestCase" in ast.unparse(kind) for kind in node.bases))
    )


def expected(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Names in `raises(E)` and `except E`; of AssertionError only where its own assertions are told from others."""
    for node in nodes:
        kinds: list[ast.expr] = []
        if isinstance(node, ast.Call):
            kinds = node.args[:1]
        elif isinstance(node, ast.Try):
            kinds = [handler.type for handler in node.handlers if handler.type is not None]
        for kind in [name for one in kinds for name in walk(one) if isinstance(name, ast.Name)]:
            if kind.id != "AssertionError" or isinstance(node, ast.Call) or (isinstance(node, ast.Try) and node.orelse):
                yield kind.id


def raised(nodes: Iterable[ast.AST]) -> Iterator[int]:
    for node in nodes:
        if isinstance(node, ast.With | ast.AsyncWith):
            for one in node.body:
                alone = all(
                    one is other or other.lineno > one.lineno or (other.end_lineno or 0) < one.lineno
                    for other in (node.items[0].context_expr, *node.body)
                )
                if isinstance(one, ast.Raise) and alone:
                    yield one.lineno


def stored(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        else:
            for inner in walk(node):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    yield inner.id


def instrument(source: str, nodes: Iterable[ast.AST], calls: set[str]) -> Iterator[Asserted]:
    number = 0
    for node in nodes:
        if isinstance(node, ast.Assert):
            found = keep(source, node, calls, number)
            number += 1
            if found is not None:
                yield found


def keep(source: str, node: ast.Assert, calls: set[str], number: int) -> Asserted | None:
    """Puts the compared values of an assert statement under names, and says which."""
    left, right = f"errata_left_{number}", f"errata_right_{number}"

    def kept(value: ast.expr, name: str) -> ast.expr:
        target = ast.copy_location(ast.Name(id=name, ctx=ast.Store()), value)
        return ast.copy_location(ast.NamedExpr(target=target, value=value), value)

    def made(subject: ast.expr, other: ast.expr | None, names: tuple[str, str], sign: str) -> Asserted:
        return Asserted(
            first=node.lineno,
            last=node.end_lineno or node.lineno,
            call=segment(source, subject),
            got=names[0],
            wanted=names[1] if other is not None else "",
            sign=sign,
            literal=written(other) if other is not None else None,
        )

    test = node.test
    if not has_call(test, calls):
        return None
    match test:
        case ast.Compare(left=ast.Call(func=ast.Name(id="abs"), args=[ast.BinOp(op=ast.Sub()) as gap]), ops=[_]):
            one, two, sign = gap.left, gap.right, ""
            gap.left, gap.right = kept(one, left), kept(two, right)
        case ast.Compare(ops=[op]):
            one, two, sign = test.left, test.comparators[0], SIGNS.get(type(op), "")
            test.left, test.comparators = kept(one, left), [kept(two, right)]
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[one, two, *rest]) if name in CLOSE:
            sign = ""
            test.args = [kept(one, left), kept(two, right), *rest]
        case ast.UnaryOp(op=ast.Not(), operand=one):
            test.operand = kept(one, left)
            return made(one, None, (left, right), "False")
        case _:
            node.test = kept(test, left)
            return made(test, None, (left, right), "True")
    if has_call(two, calls) and not has_call(one, calls):
        return made(two, one, (right, left), sign if sign in ("", "!=", "is not") else f"right of {sign}")
    return made(one, two, (left, right), sign)


def has_call(node: ast.expr, calls: set[str]) -> bool:
    """Whether a function of the program may be called in it; `candidate` is HumanEval's name for that."""
    for inner in walk(node):
        if isinstance(inner, ast.Call):
            names = [name.id for name in walk(inner.func) if isinstance(name, ast.Name)]
            if any(name in calls or name == "candidate" or not vars(builtins).get(name) for name in names):
                return True
    return False


def written(node: ast.expr) -> str | None:
    try:
        return show(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def values(asserted: Asserted, names: Mapping[str, object]) -> tuple[str | None, str | None]:
    """(got, expected) of an assert statement, as far as it came."""
    got = show(names[asserted.got]) if asserted.got in names else None
    if not asserted.wanted:
        return got, asserted.sign
    if asserted.wanted not in names:
        return got, asserted.literal
    wanted = show(names[asserted.wanted])
    return got, f"{asserted.sign} {wanted}" if asserted.sign else wanted
