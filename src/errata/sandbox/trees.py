"""Trees of test code, walked without their literals."""

import ast
from collections import deque
from collections.abc import Iterator


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """As `ast.walk`, in the same order, without what stands inside plain literals: tests carry long lists of them."""
    todo = deque([tree])
    while todo:
        node = todo.popleft()
        yield node
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            todo.extend(item for item in node.elts if not is_plain(item))
        elif not isinstance(node, ast.Constant):
            todo.extend(ast.iter_child_nodes(node))


def is_plain(node: ast.expr) -> bool:
    """A constant, perhaps with a sign, or a list or tuple of such."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    if isinstance(node, ast.Constant):
        return True
    return isinstance(node, ast.List | ast.Tuple) and all(map(is_plain, node.elts))
