"""Long literals in test text, `inputs = [...]` in one line: read apart, so that nobody makes a tree of them.

EvalPlus' tests carry a hundred kilobytes of arguments and results. A tree of these costs more than all the rest of a
trial, and the compiler more than a reader of JSON, which most of them nearly are. What is left of the text has the same
lines, with `...` in the place of the literals.
"""

import ast
import functools
import marshal
import opcode
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from json import JSONDecoder
from types import CodeType
from typing import cast

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


NUL = "\0"
TURNS = (
    *(("True", "true"), ("False", "false"), ("None", "null")),
    *((",)", ',"\\u0000"]}'), ("(", '{"\\u0000":['), (")", "]}")),
)
"""What stands outside of texts, and how JSON has it: a tuple is a table of one list under a key that no text can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A statement `name = literal`."""

    name: str
    value: Callable[[], object]
    """Makes it anew each time."""


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
        if (found := LINE.match(line)) and (value := quick(found[2]) or display(line, found[1])):
            literals[at + 1] = Literal(name=found[1], value=value)
            lines[at] = f"{found[1]} = ..."
    made = Outline(source="\n".join(lines), literals=literals)
    tree = parsed(made.source) if literals else None
    return made if tree is not None and fits(tree, literals) else whole


def quick(text: str) -> Callable[[], object] | None:
    """What makes a literal that JSON can read; none where JSON would not give the very same, or would only perhaps."""
    if not text.isascii() or "\\" in text or '"' in text or NUL in text:
        return None
    # Every other part stands between single quotes. What is no such text afterwards is no JSON either.
    parts = text.split("'")
    around = NUL.join(parts[::2])
    if "true" in around or "false" in around or "null" in around:
        return None
    for ours, theirs in TURNS:
        around = around.replace(ours, theirs)
    parts[::2] = around.split(NUL)
    try:
        # What JSON can say marshal holds; it is made again in a quarter of the time.
        return partial(marshal.loads, marshal.dumps(scanned('"'.join(parts)), 2))  # pyright: ignore[reportArgumentType]
    except (ValueError, RecursionError, MemoryError):
        return None


def scanned(text: str) -> object:
    """Raises ValueError where the text is not one value and no more."""
    try:
        value, end = SCAN(text, 0)
    except StopIteration as error:
        raise ValueError from error
    if end != len(text):
        raise ValueError
    return value


def unwrapped(table: dict[str, object]) -> object:
    """A table of JSON, or the tuple that it stands for; one value in brackets is none."""
    if NUL not in table:
        return table
    row = cast("list[object]", table[NUL])
    if row[-1:] == [NUL]:
        return tuple(row[:-1])
    if len(row) == 1:
        raise ValueError
    return tuple(row)


def refused(word: str) -> object:
    raise ValueError(word)


SCAN: Callable[[str, int], tuple[object, int]] = vars(JSONDecoder(object_hook=unwrapped, parse_constant=refused))[
    "scan_once"
]


def display(line: str, name: str) -> Callable[[], object] | None:
    """What runs `name = literal` as Python; none for any other text."""
    try:
        code = compile(line, "<literal>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    plain = frozenset(code.co_code[::2]) <= DISPLAY and code.co_names == (name,)
    return partial(executed, code, name) if plain else None


def executed(code: CodeType, name: str) -> object:
    names: dict[str, object] = {}
    exec(code, names)
    return names[name]


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


def execute(code: Iterable[CodeType | Literal], names: dict[str, object]) -> None:
    for piece in code:
        if isinstance(piece, Literal):
            names[piece.name] = piece.value()
        else:
            exec(piece, names)


def pieces(tree: ast.Module, literals: Mapping[int, Literal], file: str) -> Iterator[CodeType | Literal]:
    """The statements of an outline, with its literals where they stand."""
    left: list[ast.stmt] = []
    for node in [*tree.body, None]:
        if left and (node is None or node.lineno in literals):
            module = ast.Module(body=left, type_ignores=[])
            yield compile(module, file, "exec", dont_inherit=True, optimize=0)
            left = []
        if node is not None and node.lineno in literals:
            yield literals[node.lineno]
        elif node is not None:
            left.append(node)
