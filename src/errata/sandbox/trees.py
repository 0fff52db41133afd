"""Trees of test code, walked without their literals."""

import ast
import functools
from collections import deque
from collections.abc import Iterator

MOST_PLANNED = 4 << 20
"""Characters of test text that are read at all."""


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """As `ast.walk`, in the same order, without what stands inside plain literals: tests carry long lists of them."""
    todo = deque([tree])
    while todo:
        node = todo.popleft()
        yield node
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            todo.extend(item for item in node.elts if not is_plain(item))
        elif isinstance(node, ast.Dict):
            todo.extend(item for item in (*node.keys, *node.values) if item is not None and not is_plain(item))
        elif not isinstance(node, ast.Constant):
            todo.extend(ast.iter_child_nodes(node))


def is_plain(node: ast.expr) -> bool:
    """A constant, perhaps with a sign, or a list, tuple or table of such."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Dict):
        return all(key is not None and is_plain(key) for key in node.keys) and all(map(is_plain, node.values))
    return isinstance(node, ast.List | ast.Tuple) and all(map(is_plain, node.elts))


def segment(source: str, node: ast.expr) -> str:
    """As `ast.get_source_segment`, which looks at each character of a long source."""
    if "\r" in source or node.end_lineno is None or node.end_col_offset is None:
        return ast.get_source_segment(source, node) or ast.unparse(node)
    lines = [line.encode() for line in source.split("\n")[node.lineno - 1 : node.end_lineno]]
    lines[-1] = lines[-1][: node.end_col_offset]
    lines[0] = lines[0][node.col_offset :]
    return b"\n".join(lines).decode()


@functools.lru_cache(maxsize=2)
def parsed(source: str) -> ast.Module | None:
    """Not to be changed: whoever asks next has the same. None where it is no Python."""
    if len(source) > MOST_PLANNED:
        return None
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
