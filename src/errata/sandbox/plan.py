"""What tests will ask, read off their text: `assert f(1, [2]) == 3` needs no more than one call and one comparison.

The calls go to the program together with its source, so that it is asked once and not line by line; the comparisons are
made here, on this process's own data. Only text that leaves no doubt is read: literal arguments, literal results, no
other name of the program's. What a plan does not hold is asked live, and a plan that does not come true (the tests turn
out to ask otherwise) is thrown away together with the program's process.
"""

import ast
import builtins
import functools
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from errata.sandbox.literals import Literal, outline
from errata.sandbox.order import Asked, Sign, seal
from errata.sandbox.trees import parsed, segment, walk

PLAIN_SETUP = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign)
MOST_DISTANCE = 8
MOST_MARKS = 256
MARKS = (int, float, complex, str, bytes)
ROWS = (list, tuple, set, frozenset)
MARKED = frozenset((*MARKS, bool))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The calls that the tests will make, in their order."""

    name: str
    """Of the one function that they call."""
    asked: tuple[Asked, ...]
    whole: bool
    """The tests are nothing else: when all comparisons hold, all tests pass."""
    apart: bool
    """Each comparison is a test; else they stand together in the only one."""
    imports: tuple[str, ...]
    """Import statements of the setup."""
    sent: int
    """Calls that go with the program; the others are asked one by one, since they would tell it what is expected."""


@functools.lru_cache(maxsize=1024)
def plan(tests: tuple[str, ...], setup: str, entry_point: str) -> Plan | None:
    """The plan of these tests, or none where their text does not tell. entry_point: the function, where it is said."""
    around = surroundings(setup) if setup else Around()
    if around is None or not tests:
        return None
    whole, apart = True, around.check is None
    if around.check:
        if len(tests) != 1 or (checked := checks(tests[0])) is None or checked[0] != around.check.name:
            return None
        name, whole, asked = checked[1], around.check.whole, list(around.check.asserted)
    else:
        found = list(comparisons(tests))
        asked = [item for item in found if item is not None]
        if found[-1] is None and len(asked) == len(found) - 1:
            asked, whole, apart = [*asked, *loop_of(tests[-1], around.made)], False, False
        elif len(asked) < len(found):
            return None
        if len({item.name for item in asked}) != 1:
            return None
        name = asked[0].name
    if not asked or name in around.made or (name != entry_point if entry_point else name in vars(builtins)):
        return None
    sent = len(asked) if not telling(asked) else 1
    kept = tuple(asked if whole else asked[:sent])
    return Plan(name=name, asked=kept, whole=whole, apart=apart, imports=around.imports, sent=sent)


def telling(asked: Sequence[Asked]) -> bool:
    """Whether later calls' arguments are, by some rule, what earlier ones should give: all at once would tell it.

    A rule is a distance: what is expected of a call stands among the arguments of the call so much later, for at least
    half of those that expect more than a truth value.
    """
    expected = [mark_of(item.expected) if says(item) else None for item in asked]
    if not any(mark is not None for mark in expected):
        return False
    wide = not all(isinstance(item.expected, MARKS) for item in asked if says(item))
    held = [marks(item.given, wide) for item in asked]
    for distance in range(1, min(len(asked), MOST_DISTANCE + 1)):
        rows = [(mark, held[at + distance]) for at, mark in enumerate(expected[:-distance]) if mark is not None]
        if rows and 2 * sum(mark in later for mark, later in rows) >= len(rows):
            return True
    return False


def says(item: Asked) -> bool:
    return item.sign == "==" and item.expected is not None and type(item.expected) is not bool


def marks(values: Sequence[object], wide: bool) -> frozenset[object]:
    """What stands in values and in their parts, the outer ones first; about so many at most.

    wide: lists and their like as well, not only what stands in them.
    """
    found: set[object] = set()
    level = [*values]
    while level and len(found) < MOST_MARKS:
        level = level[:MOST_MARKS]
        if {*map(type, level)} <= MARKED:
            found.update(level)
            break
        found.update(map(mark_of, level) if wide else (one for one in level if isinstance(one, MARKS)))
        inner: list[object] = []
        for one in level:
            if isinstance(one, dict):
                inner += (held for pair in cast("dict[object, object]", one).items() for held in pair)
            elif isinstance(one, ROWS):
                inner += cast("Iterable[object]", one)
        level = inner
    return frozenset(found)


def mark_of(value: object) -> object:
    return value if isinstance(value, MARKS) else repr(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """HumanEval's `def check(candidate)`, as far as it is comparisons."""

    name: str
    asserted: tuple[Asked, ...]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a setup is."""

    check: Check | None = None
    made: frozenset[str] = frozenset()
    """Names that it makes."""
    imports: tuple[str, ...] = ()


@functools.lru_cache(maxsize=256)
def surroundings(setup: str) -> Around | None:
    """A setup of imports, constants and functions, of which the last may be the check; none for any other."""
    tree = parsed(setup)
    if tree is None:
        return None
    functions: list[ast.FunctionDef] = []
    made: set[str] = set()
    imports: list[str] = []
    ours = True
    for node in tree.body:
        match node:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [item.name for item in names]
                ours = ours and all(module.partition(".")[0] in sys.stdlib_module_names for module in modules)
                made |= {(item.asname or item.name).partition(".")[0] for item in names}
                imports.append(ast.unparse(node))
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if is_literal(value):
                made.add(name)
            case ast.FunctionDef(decorator_list=[]):
                functions.append(node)
            case _:
                return None
    if "*" in made or (functions and not closed(tree, made)):
        return None
    check: Check | None = None
    match functions[-1:]:
        case [ast.FunctionDef(args=ast.arguments(args=[one], defaults=[])) as last]:
            check = check_of(setup, last, one.arg, whole=ours)
        case [_]:
            return None
        case _:
            if not ours:
                return None
    made |= {node.name for node in functions}
    return Around(check=check, made=frozenset(made), imports=tuple(imports))


def closed(tree: ast.Module, made: Collection[str]) -> bool:
    """Whether the setup uses no name but builtins, what it makes itself, and its own arguments."""
    nodes = list(walk(tree))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    own = {node.id for node in names if not isinstance(node.ctx, ast.Load)} | {*made}
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    own |= {(item.asname or item.name).partition(".")[0] for node in imports for item in node.names}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    own |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return all(node.id in own or node.id in vars(builtins) for node in names)


def check_of(source: str, node: ast.FunctionDef, candidate: str, whole: bool) -> Check:
    """Its comparisons up to the first statement that is none; or the calls of its loop."""
    if looped := tuple(loop(node.body, {})):
        fits = all(item.name == candidate for item in looped)
        return Check(name=node.name, asserted=looped if fits else (), whole=False)
    found: list[Asked] = []
    for statement in node.body:
        match statement:
            case ast.Assert(test=ast.Constant(value=True)) | ast.Expr(value=ast.Constant()) | ast.Pass():
                continue
            case ast.Assert():
                asked = compared(source, statement)
                if asked is None or asked.name != candidate:
                    return Check(name=node.name, asserted=tuple(found), whole=False)
                found.append(asked)
            case _:
                return Check(name=node.name, asserted=tuple(found), whole=False)
    return Check(name=node.name, asserted=tuple(found), whole=whole)


def loop_of(test: str, made: Collection[str]) -> list[Asked]:
    """The calls of a test that ends in such a loop and uses nothing else of the program's."""
    short = outline(test)
    tree = parsed(short.source)
    found = list(loop(tree.body, short.literals)) if tree is not None else []
    return found if tree is not None and found and closed(tree, {*made, found[0].name}) else []


def loop(body: Sequence[ast.stmt], apart: Mapping[int, Literal]) -> Iterator[Asked]:
    """The calls of EvalPlus' `for i, (inp, exp) in enumerate(zip(inputs, results)): ... f(*inp) ...`.

    apart: literals that are left out of the tree, by their line.
    """
    literals = {
        node.targets[0].id: apart.get(node.lineno) or node.value
        for node in body
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    }
    match body[-1] if body else None:
        case ast.For(
            target=ast.Tuple(elts=[ast.Name(), ast.Tuple(elts=[ast.Name(id=item), ast.Name()])]),
            iter=ast.Call(
                func=ast.Name(id="enumerate"),
                args=[ast.Call(func=ast.Name(id="zip"), args=[ast.Name(id=given), ast.Name(id=wanted)])],
            ),
            body=[ast.Expr(value=ast.Call(args=[ast.Call(func=ast.Name() as called) as call, *_]))],
        ) if given in literals and wanted in literals:
            pass
        case _:
            return
    match call.args:
        case [ast.Starred(value=ast.Name(id=name))] if name == item and not call.keywords:
            pass
        case _:
            return
    try:
        inputs, results = literal(literals[given]), literal(literals[wanted])
        for arguments, expected in zip(cast("list[list[object]]", inputs), cast("list[object]", results), strict=True):
            given, sealed = tuple(arguments), seal(arguments)
            yield Asked(name=called.id, given=given, sealed=sealed, sign="==", expected=expected, call="")
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return


def literal(written: ast.expr | Literal) -> object:
    return written.value() if isinstance(written, Literal) else ast.literal_eval(written)


def checks(test: str) -> tuple[str, str] | None:
    """(check, function) of a test that is `check(function)`."""
    match parsed(test):
        case ast.Module(
            body=[ast.Expr(value=ast.Call(func=ast.Name(id=check), args=[ast.Name(id=name)], keywords=[]))]
        ):
            return check, name
        case _:
            return None


def comparisons(tests: Sequence[str]) -> Iterator[Asked | None]:
    """The comparison that each test is, when it is nothing else."""
    apart = len(tests) == 1 or any("\n" in test for test in tests)
    tree = None if apart else parsed("\n".join(tests))
    if tree is None or len(tree.body) != len(tests):
        for test in tests:
            alone = parsed(outline(test).source)
            yield compared(test, alone.body[0]) if alone is not None and len(alone.body) == 1 else None
        return
    for at, (test, node) in enumerate(zip(tests, tree.body, strict=True)):
        yield compared(test, node) if node.lineno == at + 1 == node.end_lineno else None


def compared(source: str, node: ast.stmt) -> Asked | None:
    if not isinstance(node, ast.Assert) or not (node.msg is None or isinstance(node.msg, ast.Constant)):
        return None
    match node.test:
        case ast.Compare(left=ast.Call() as call, ops=[ast.Eq()], comparators=[other]):
            return asking(source, call, "==", other)
        case ast.Compare(left=other, ops=[ast.Eq()], comparators=[ast.Call() as call]):
            return asking(source, call, "==", other)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call() as call):
            return asking(source, call, "false", None)
        case ast.Call() as call:
            return asking(source, call, "true", None)
        case _:
            return None


def asking(source: str, call: ast.Call, sign: Sign, other: ast.expr | None) -> Asked | None:
    if not isinstance(call.func, ast.Name) or call.keywords:
        return None
    try:
        given = [ast.literal_eval(argument) for argument in call.args]
        expected: object = ast.literal_eval(other) if other is not None else None
        sealed = seal(given)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return Asked(
        name=call.func.id,
        given=tuple(given),
        sealed=sealed,
        sign=sign,
        expected=expected,
        call=text_of(source, call),
    )


def text_of(source: str, node: ast.expr) -> str:
    """Of a test of one line, whichever line of all tests it stands in."""
    if "\n" not in source and "\r" not in source:
        return source.encode()[node.col_offset : node.end_col_offset].decode()
    return segment(source, node)


def is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
