"""Rules on the shape of an answer: bullets, highlights, sections, JSON, titles, fixed answers, two answers."""

import json
import re

from errata.judges.rules.seen import Seen, counted, exactly, held
from errata.tasks.rulebook import Bullets, Highlights, Sections

HIGHLIGHT = re.compile(r"\*([^\n*]*)\*")
STRONG = re.compile(r"\*\*([^\n*]*)\*\*")
FENCES = ("```json", "```Json", "```JSON", "```")
ANSWERS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
PARTING = "******"


def bullets(asked: Bullets, text: str) -> Seen:
    """Lines that begin with `-`, or with `*` and something else than a second `*`.

    A `*` alone on its line takes the next line with it, as officially.
    """
    count, taken = 0, False
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if taken:
            # A dash is looked for apart from stars: a taken line that begins with one counts by itself.
            taken, rest = False, ""
        else:
            rest = line.lstrip()
        if rest.startswith("*"):
            alone = rest == "*"
            taken = alone and number + 1 < len(lines)
            count += taken if alone else rest[1] != "*"
    dashes = sum(1 for line in lines if line.lstrip().startswith("-"))
    return exactly(count + dashes, asked.num_bullets, "bullet points")


def highlights(asked: Highlights, text: str) -> Seen:
    """Both `*so*` and `**so**`; the two are looked for apart, and empty ones do not count."""
    count = sum(1 for pattern in (HIGHLIGHT, STRONG) for inner in pattern.findall(text) if inner.strip())
    return counted(count, "at least", asked.num_highlights, "highlighted sections")


def sections(asked: Sections, text: str) -> Seen:
    name = asked.section_spliter.strip()
    count = sum(1 for _ in re.finditer(rf"{re.escape(name)}\s?\d+", text))
    return counted(count, "at least", asked.num_sections, f"sections marked with {name} X")


def is_json(text: str) -> Seen:
    """One JSON value, alone or in one fence of ``` or ```json; what Python cannot read for its depth is none."""
    inner = text.strip()
    for fence in FENCES:
        inner = inner.removeprefix(fence)
    inner = inner.removesuffix("```").strip()
    try:
        json.loads(inner)
    except (ValueError, RecursionError) as broken:
        return Seen(passed=False, got=f"not JSON: {broken}", expected="JSON")
    return Seen(passed=True, got="JSON", expected="JSON")


def title(text: str) -> Seen:
    """`<<title>>` on one line, with something in it."""
    found = any(titled(line) for line in text.split("\n"))
    return held(found, "a title in << >>", "no title in << >>")


def titled(line: str) -> bool:
    start, end = line.find("<<"), line.rfind(">>")
    return 0 <= start < end - 2 and bool(line[start : end + 2].lstrip("<").rstrip(">").strip())


def constrained(text: str) -> Seen:
    return held(any(answer in text for answer in ANSWERS), f"one of: {' '.join(ANSWERS)}", "none of them")


def two_responses(text: str) -> Seen:
    """Two different texts; a divider at either end is let pass."""
    first, *rest = text.split(PARTING)
    *inner, last = rest or [""]
    answers = [part.strip() for part in (first, *inner, last) if part.strip()]
    wanted = f"two different responses parted by {PARTING}"
    if not all(part.strip() for part in inner):
        return held(False, wanted, "nothing between two dividers")
    if len(answers) != 2:
        return held(False, wanted, f"{len(answers)} responses")
    return held(answers[0] != answers[1], wanted, "twice the same response")
