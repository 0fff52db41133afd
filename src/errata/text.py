"""str -> str: the code in a reply, and where a completion ends."""

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
