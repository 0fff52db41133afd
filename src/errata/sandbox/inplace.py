"""Whether tests look at what a program does to the things that they hand over, or change parts of its objects in place.

Read off their text. Where no reference program tells it, such tests are put to a program that fails a second time, with
changes that are believed; a verdict that comes of this says `forgeable`.
"""

import ast
import builtins
from collections.abc import Iterator, Sequence
from functools import lru_cache

from errata.sandbox.literals import outline
from errata.sandbox.trees import parsed, walk

OWN = frozenset((*dir(list), *dir(dict), *dir(set), *dir(str), "appendleft", "popleft"))
"""Methods of plain values: what is handed to these is handed to nobody."""
CHANGES = frozenset(
    (
        *("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "add", "discard", "update"),
        *("setdefault", "popitem", "appendleft", "popleft"),
    )
)


@lru_cache(maxsize=1024)
def looks(source: str) -> bool:
    """Whether this test does."""
    tree = parsed(outline(source).source)
    if tree is None:
        return False
    nodes = list(walk(tree))
    calls = list(handing(nodes))
    handed = {name: call.lineno for call in reversed(calls) for name in given(call)}
    own = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)} | made(nodes)
    alone = {node.value for node in nodes if isinstance(node, ast.Expr)}
    dropped = {name for call in calls if call in alone for name in given(call)}
    names = [node for node in nodes if isinstance(node, ast.Name) and node.id in dropped]
    return (
        any(node.lineno > handed[node.id] for node in names)
        or any(compared(node, handed) for node in nodes)
        or any(changed(node, own) for node in nodes)
    )


def made(nodes: Sequence[ast.AST]) -> set[str]:
    """Names of the test's own functions, classes and modules."""
    imports = [item for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for item in node.names]
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return own | {(item.asname or item.name).partition(".")[0] for item in imports}


def handing(nodes: Sequence[ast.AST]) -> Iterator[ast.Call]:
    """Calls of what may be the program's."""
    own = made(nodes) | vars(builtins).keys()
    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(id=name)) if name not in own:
                yield node
            case ast.Call(func=ast.Attribute(attr=name) as function) if name not in OWN and not name.startswith(
                "assert"
            ):
                if root(function) not in own:
                    yield node
            case _:
                pass


def root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def given(call: ast.Call) -> Iterator[str]:
    """Names of what a call is handed."""
    for arg in (*call.args, *(word.value for word in call.keywords)):
        if isinstance(arg, ast.Name):
            yield arg.id


def compared(node: ast.AST, handed: dict[str, int]) -> bool:
    """Whether something that was handed over is compared with a literal."""
    match node:
        case ast.Compare(left=left, comparators=[*others]):
            sides = [left, *others]
        case ast.Call(func=ast.Attribute(attr=name), args=[*sides]) if name.startswith("assert"):
            pass
        case _:
            return False
    seen = any(
        handed.get(root(side), node.lineno + 1) <= node.lineno for side in sides if not isinstance(side, ast.Call)
    )
    return seen and any(not any(isinstance(part, ast.Name | ast.Call) for part in ast.walk(side)) for side in sides)


def changed(node: ast.AST, own: set[str]) -> bool:
    """Whether a part of the program's is changed in place: `box.items.append(3)`. own: the test's names."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=method, value=ast.Name(id=name)))):
            return method in CHANGES and name not in own
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name, value=ast.Attribute() | ast.Subscript()))):
            return name in CHANGES
        case ast.Assign(targets=[*targets]) | ast.Delete(targets=[*targets]):
            pass
        case ast.AugAssign(target=target):
            targets = [target]
        case _:
            return False
    parts = [target.value for target in targets if isinstance(target, ast.Subscript)]
    inner = any(isinstance(part, ast.Attribute | ast.Subscript) for part in parts)
    return inner or (isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute))
