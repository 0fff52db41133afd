"""Text that a model wrote, made fit to be looked at: nothing in it acts, and nothing in it hides.

Control characters and those that turn the direction of text are shown by name, so that a program reads as it runs
(CVE-2021-42574); very long text is cut, and the page says so. Escaping is done here for programs, which Pygments
marks up, and by the template for all else.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Protocol, cast

from markupsafe import Markup, escape
from pygments import lex
from pygments.formatters import HtmlFormatter
from pygments.lexers.python import PythonLexer
from pygments.lexers.special import TextLexer
from pygments.token import STANDARD_TYPES, Token

LINES = 80
COLUMNS = 400
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
PAGE_LINE = re.compile(r'File "<string>", line (\d+)')


class TokenStyles(Protocol):
    """What is used of Pygments' formatter, which has no types of its own."""

    def get_token_style_defs(self, arg: str) -> list[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Text cut to what a page holds."""

    text: str
    note: str = ""
    """What was left out, in words; empty when nothing was."""


def plain(text: str) -> str:
    """The text with every character that cannot be seen written as `\\u202e`; tabs and line ends stay."""
    return HIDDEN.sub(_named, text.replace("\r\n", "\n"))


def excerpt(text: str, *, lines: int = LINES, columns: int = COLUMNS) -> Excerpt:
    """The first lines, each cut to so many characters; seen, not hidden."""
    rows = text[: 4 * lines * columns].replace("\r\n", "\n").split("\n")
    kept = [plain(row[:columns]) + (" …" if len(row) > columns else "") for row in rows[:lines]]
    shown = sum(min(len(row), columns) + 1 for row in rows[:lines]) - 1
    left = len(text) - shown
    whole = left <= text.count("\r\n")
    return Excerpt(text="\n".join(kept), note="" if whole else f"{left:,} more characters are in the run's folder")


def program(source: str, *, dim: int = 0, failed: frozenset[int] = frozenset(), python: bool = True) -> Markup:
    """Python, or text without colours, as one `<span class="line">` a line, for a `<pre class="code">`, whose style
    counts the lines.

    The first `dim` lines are shown as given rather than written; lines in `failed` are marked (both from 1).
    """
    rows: list[list[Markup]] = [[]]
    for kind, value in lex(source, (PythonLexer if python else TextLexer)(stripnl=False, ensurenl=False)):
        while kind not in STANDARD_TYPES and kind.parent is not None:
            kind = kind.parent
        name = STANDARD_TYPES.get(kind, "")
        for at, piece in enumerate(value.split("\n")):
            if at:
                rows.append([])
            if piece:
                marked = Markup('<span class="{}">{}</span>').format(name, piece)
                rows[-1].append(marked if name and kind is not Token.Text.Whitespace else escape(piece))
    if not rows[-1]:
        rows.pop()
    lines: list[Markup] = []
    for number, row in enumerate(rows, 1):
        names = "line" + (" given" if number <= dim else "") + (" failed" if number in failed else "")
        lines.append(Markup('<span class="{}">{}\n</span>').format(names, Markup("").join(row)))
    return Markup("").join(lines)


def colours(style: str, scope: str) -> str:
    """The style sheet of one of Pygments' styles, for what stands inside `scope`."""
    made = cast("TokenStyles", HtmlFormatter(style=style))
    return "\n".join(made.get_token_style_defs(scope))


def lines_named(detail: str) -> frozenset[int]:
    """The line of the program that a traceback names last: where it went wrong."""
    named = PAGE_LINE.findall(detail)
    return frozenset({int(named[-1])}) if named else frozenset()


def _named(found: re.Match[str]) -> str:
    character = found[0]
    number = ord(character)
    if number < 0x20:
        return chr(0x2400 + number)
    return f"\\u{number:04x}" if unicodedata.category(character) != "Cs" else "\\ud800"
