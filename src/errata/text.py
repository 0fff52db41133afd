"""Plain text: the code in a reply, where a completion ends, how far two texts are apart."""

import re

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
