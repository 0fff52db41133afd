"""Plain text: the code in a reply, where a completion ends, how far two texts are apart."""

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

FENCE = re.compile(
    r"^[ \t]*```[ \t]*(?:python|py|python3)?[ \t]*\n(.*?)^[ \t]*```[ \t]*$", re.MULTILINE | re.DOTALL | re.IGNORECASE
)


def code(reply: str) -> str:
    """The program in a chat reply: its fenced Python blocks in order, or the whole reply when nothing is fenced."""
    blocks = FENCE.findall(reply)
    return "".join(block.rstrip("\n") + "\n" for block in blocks) if blocks else reply


def cut(completion: str, stops: tuple[str, ...]) -> str:
    """The completion up to the first of the stop strings."""
    ends = [at for stop in stops if (at := completion.find(stop)) >= 0]
    return completion[: min(ends)] if ends else completion


Trim: TypeAlias = Literal["none", "stops", "function"]
"""What of a completion is kept: all, what stands before LETI's stop words, or the first function."""
STOPS = ("\nclass", "\nassert", '\n"""', "\nprint", "\nif", "\n<|/")
"""The stop words of LETI's post-processing (papers: LETI 2.1)."""
HEADED = re.compile(r"(?:async[ \t]+)?def\b|@")


def trimmed(completion: str, how: Trim, before: str = "") -> str:
    """A completion after LETI's post-processing (Wang et al. 2023): cut at the first stop word, or behind the first
    function. `before` is what it continues, which tells whether it begins inside a function."""
    match how:
        case "none":
            return completion
        case "stops":
            return cut(completion, STOPS)
        case "function":
            return first_function(before, completion)


def first_function(before: str, completion: str) -> str:
    """The completion up to the end of its first function, or of the one that it begins in; all of it where it has none.

    A function ends before the next line at the left margin that is neither blank nor a comment, closes no bracket and
    stands in no string; blank lines and comments that follow its body are dropped.
    """
    inside = begun_in_function(before)
    kept, ended = 0, False
    at = 0
    for line, margin in _lines(before if inside else "", completion):
        at += len(line)
        if not margin or not line.strip():
            kept = at if line.strip() else kept
            continue
        if line.startswith("#"):
            continue
        if line[0] in ")]}":
            kept = at
            continue
        if inside:
            ended = True
            break
        inside = bool(re.match(r"(?:async[ \t]+)?def\b", line))
        kept = at
    return completion[:kept] if ended else completion


def begun_in_function(before: str) -> bool:
    """Whether what goes on behind a text stands in a function: its last line at the left margin is the head of one."""
    last = ""
    for line, margin in _lines("", before):
        if margin and line.strip() and not line.startswith(("#", ")")):
            last = line
    return bool(HEADED.match(last))


def _lines(before: str, text: str) -> Iterator[tuple[str, bool]]:
    """The lines of a text, and whether each begins at the left margin and in no string of several lines that was opened
    above it (in `before` too)."""
    quote = ""
    for line in before.splitlines(keepends=True):
        quote = _quote(line, quote)
    first = bool(before) and not before.endswith("\n")
    for line in text.splitlines(keepends=True):
        yield line, not quote and not first and not line[:1].isspace()
        quote, first = _quote(line, quote), False


def _quote(line: str, quote: str) -> str:
    """The three quotes that are open behind a line, where these were open before it."""
    at = 0
    while at < len(line):
        if quote:
            end = line.find(quote, at)
            if end < 0:
                return quote
            at, quote = end + 3, ""
        elif line[at] == "#":
            return ""
        elif line.startswith(('"""', "'''"), at):
            at, quote = at + 3, line[at : at + 3]
        elif line[at] in "\"'":
            at = _closed(line, at)
        else:
            at += 1
    return quote


def _closed(line: str, at: int) -> int:
    """Where a string of one line that begins here has ended."""
    mark, at = line[at], at + 1
    while at < len(line) and line[at] != mark:
        at += 2 if line[at] == "\\" else 1
    return at + 1


def tail(text: str, most: int) -> str:
    """The last so many characters of a text, from the start of a line where that is possible."""
    if len(text) <= most:
        return text
    kept = text[-most:]
    line = kept.find("\n")
    return "...\n" + (kept[line + 1 :] if 0 <= line < most // 2 else kept)


def edit_distance(one: str, other: str) -> float:
    """Levenshtein distance by the longer of the two, 0 to 1; line ends of Windows count as line ends.

    By bits (Hyyrö 2003, after Myers 1999): a column of the table is one whole number, so programs take milliseconds.
    """
    one, other = (text.replace("\r\n", "\n").replace("\r", "\n") for text in (one, other))
    longest = max(len(one), len(other))
    return _levenshtein(*_differing(one, other)) / longest if longest else 0.0


def _differing(one: str, other: str) -> tuple[str, str]:
    """Both texts without what they begin and end with in common, which no edit touches."""
    start = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        start += 1
    one, other = one[start:], other[start:]
    end = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        end += 1
    return one[: len(one) - end], other[: len(other) - end]


def _levenshtein(one: str, other: str) -> int:
    if len(one) < len(other):
        one, other = other, one
    if not other:
        return len(one)
    places: dict[str, int] = {}
    for at, character in enumerate(one):
        places[character] = places.get(character, 0) | 1 << at
    full, last, distance = (1 << len(one)) - 1, 1 << len(one) - 1, len(one)
    up, down = full, 0
    for character in other:
        same = places.get(character, 0)
        diagonal = (((same & up) + up) ^ up) | same | down
        right, left = down | full & ~(diagonal | up), diagonal & up
        distance += bool(right & last) - bool(left & last)
        right, left = right << 1 | 1, left << 1
        up, down = full & (left | ~(diagonal | right)), full & right & diagonal
    return distance
