"""Long literals in test text, `inputs = [...]` in one line: compiled apart, so that nobody makes a tree of them.

EvalPlus' tests carry a hundred kilobytes of arguments and results. A tree of these costs more than all the rest of a
trial. What is left of the text has the same lines, with `...` in the place of the literals.
"""

import ast
import functools
import opcode
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType

from errata.sandbox.trees import parsed

LINE = re.compile(r"^([A-Za-z_][A-Za-z_0-9]*) = ([\[({].{256,})$", re.MULTILINE)
DISPLAY = frozenset(
    opcode.opmap[name]
    for name in (
        *("CACHE", "RESUME", "NOP", "EXTENDED_ARG", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "LOAD_SMALL_INT"),
        *("BUILD_LIST", "BUILD_TUPLE", "BUILD_SET", "BUILD_MAP", "BUILD_CONST_KEY_MAP", "DICT_UPDATE", "MAP_ADD"),
        *("LIST_APPEND", "LIST_EXTEND", "SET_ADD", "SET_UPDATE", "STORE_NAME"),
    )
    if name in opcode.opmap
)
"""What the code of a literal does, and nothing else can be made of: no call, no sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A statement `name = literal`."""

    name: str
    code: CodeType
    """Of the statement."""

    def value(self) -> object:
        """Made anew each time."""
        names: dict[str, object] = {}
        exec(self.code, names)
        return names[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Test text without its long literals."""

    source: str
    """The text with `...` in their place: as many lines, and each other line as it was."""
    literals: Mapping[int, Literal] = field(default_factory=dict[int, Literal])
    """By their line."""


@functools.lru_cache(maxsize=2)
def outline(source: str) -> Outline:
    """The text itself where it has no such literals among its outermost statements."""
    whole = Outline(source=source)
    if "\r" in source or "\f" in source or "__future__" in source or not LINE.search(source):
        return whole
    literals: dict[int, Literal] = {}
    lines = source.split("\n")
    for at, line in enumerate(lines):
        if (found := LINE.match(line)) and (code := display(line, found[1])):
            literals[at + 1] = Literal(name=found[1], code=code)
            lines[at] = f"{found[1]} = ..."
    made = Outline(source="\n".join(lines), literals=literals)
    tree = parsed(made.source) if literals else None
    return made if tree is not None and fits(tree, literals) else whole


def display(line: str, name: str) -> CodeType | None:
    """The code of `name = literal`; none for any other text."""
    try:
        code = compile(line, "<literal>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    plain = frozenset(code.co_code[::2]) <= DISPLAY and code.co_names == (name,)
    return code if plain else None


def fits(tree: ast.Module, literals: Mapping[int, Literal]) -> bool:
    """Whether each is a statement of its own at the outermost level, and none is part of a text or in brackets."""
    found: set[int] = set()
    before: ast.stmt | None = None
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)) if value is ...:
                if node.col_offset == 0 and node.lineno in literals and literals[node.lineno].name == name:
                    found.add(node.lineno)
            case ast.Expr(value=ast.Constant()) if before is not None and before.lineno in literals:
                return False  # It would become the text's own description.
            case _:
                pass
        before = node
    lone = len({node.lineno for node in tree.body}) == len(tree.body)
    return lone and found == set(literals)


def pieces(tree: ast.Module, literals: Mapping[int, Literal], file: str) -> Iterator[CodeType]:
    """The statements of an outline, with its literals where they stand."""
    left: list[ast.stmt] = []
    for node in [*tree.body, None]:
        if left and (node is None or node.lineno in literals):
            module = ast.Module(body=left, type_ignores=[])
            yield compile(module, file, "exec", dont_inherit=True, optimize=0)
            left = []
        if node is not None and node.lineno in literals:
            yield literals[node.lineno].code
        elif node is not None:
            left.append(node)
