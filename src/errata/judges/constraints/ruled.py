"""The constraints of FollowBench that a rule decides, as its authors' code does; a closed table.

Each rule gives one entry a constraint where it can tell them apart, in the order in which they were added, and else
one entry for all. Counting is the authors': a sentence ends at every `.`, `!` and `?`, also within a number, and words
of a summary are what single blanks part.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from string import punctuation
from typing import TypeAlias

from errata.errors import UsageError
from errata.types import Constrained

Held: TypeAlias = tuple[str, bool]
"""A constraint in words, and whether it is satisfied."""

OPTION = re.compile(r"\([A-Z]\)")
DATE = re.compile(r"\d{2}/\d{2}/\d{4}")
DOLLARS = re.compile(r"\$\d+")
ENDS = re.compile(r"[.!?]")
PERFECT = re.compile(r"\b(?:has|have)\s+\w")
CONTINUOUS = re.compile(r"\b(?:am|is|are)\s+\w+ing\b")
NUMBERED = re.compile(r"\d+\.")
POINT_END = re.compile(r"(?<!\w\.\w.)(?<![A-Z][a-z]\.)(?<=[.?])\s")
KEYED = re.compile(r"\*\*\d")
CLOSE = "Those are suggestions"


def held(check: Constrained, answer: str) -> Sequence[Held]:
    """What an answer satisfies. Raises UsageError for an unknown rule."""
    rule = RULES.get(check.rule)
    if rule is None:
        raise UsageError(f"check.rule: unknown rule {check.rule!r}; there are {', '.join(RULES)}")
    return rule(answer, check)


def pieces(text: str) -> list[str]:
    return [piece for piece in ENDS.split(text) if piece]


def has(text: str, word: str) -> bool:
    return bool(re.search(rf"\b{re.escape(word)}\b", text))


def nth_has(text: str, n: int, word: str) -> bool:
    parts = pieces(text)
    return len(parts) >= n and has(parts[n - 1], word)


def blanks(text: str) -> int:
    return len(text.split(" "))


def equal(text: str, check: Constrained) -> Sequence[Held]:
    return [("the right answer and nothing else", text == check.target[0])]


def lines(text: str, check: Constrained) -> Sequence[Held]:
    return [("only lines of the right answer", all(line in check.target for line in text.split("\n")))]


def one_of(text: str, check: Constrained) -> Sequence[Held]:
    return [("one of the right answers and nothing else", text in check.target)]


def contains(text: str, check: Constrained) -> Sequence[Held]:
    return [("the right answer in it", check.target[0] in text)]


def last(pattern: re.Pattern[str]) -> Callable[[str, Constrained], Sequence[Held]]:
    """The last match is the answer."""

    def rule(text: str, check: Constrained) -> Sequence[Held]:
        found = pattern.findall(text)
        return [("the right answer", bool(found) and found[-1] == check.target[0])]

    return rule


def form(text: str, check: Constrained) -> Sequence[Held]:
    """The form of the examples, with an answer of one line in its place."""
    before, after = check.target
    inner = text[len(before) : len(text) - len(after)]
    fits = text.startswith(before) and text.endswith(after) and len(text) >= len(before) + len(after)
    return [("the form of the examples", fits and "\n" not in inner)]


def cnn_dailymail(text: str, check: Constrained) -> Sequence[Held]:
    parts = pieces(text)
    named = all(nth_has(text, n, word) for n, word in ((1, "Potter"), (2, "actor"), (3, "films")))
    return [
        ("three sentences", len(parts) == 3),
        ("fewer than 15 words a sentence", all(len(part.split()) < 15 for part in parts)),
        ("'Potter', 'actor' and 'films' in the sentences in this order", named),
        ("no 'lavish' in the second sentence", not nth_has(text, 2, "lavish")),
        ("the third sentence in the present perfect", len(parts) >= 3 and bool(PERFECT.search(parts[2]))),
    ][: check.level]


def xsum(text: str, check: Constrained) -> Sequence[Held]:
    return [
        ("one sentence", len(pieces(text)) == 1),
        ("fewer than 20 words", blanks(text) < 20),
        ("no 'Newton Stewart'", not has(text, "Newton Stewart")),
        ("the present continuous", bool(CONTINUOUS.search(text))),
        ("the word 'operation'", has(text, "operation")),
    ][: check.level]


def samsum(text: str, check: Constrained) -> Sequence[Held]:
    return [
        ("one sentence", len(pieces(text)) == 1),
        ("fewer than 15 words", blanks(text) < 15),
        ("the word 'stuff'", has(text, "stuff")),
        ("no form of 'procrastinate'", "procrast" not in text.lower()),
        ("one punctuation mark", sum(character in punctuation for character in text) == 1),
    ][: check.level]


def gigaword(text: str, check: Constrained) -> Sequence[Held]:
    return [
        ("eight words", blanks(text) == 8),
        ("no punctuation", not any(character in punctuation for character in text)),
        ("small letters alone", text.islower()),
        ("no 'bus'", not has(text, "bus")),
        ("the word 'in'", has(text, "in")),
    ][: check.level]


def arxiv(text: str, check: Constrained) -> Sequence[Held]:
    return [
        ("one sentence", len(pieces(text)) == 1),
        ("at most 20 words", blanks(text) <= 20),
        ("'We' at the beginning", text.startswith("We")),
        ("the word 'activations'", has(text, "activations")),
        ("no 'transformer'", not has(text, "transformer")),
    ][: check.level]


def three_paragraphs(text: str, check: Constrained) -> Sequence[Held]:
    """At level 5 the closing words are a paragraph of their own."""
    parts = text.split("\n\n")
    count = 4 if check.level == LAST else 3
    marked = all(NUMBERED.match(part.lstrip()) for part in parts if part.strip())
    return [
        (f"{count} paragraphs", len(parts) == count),
        ("fewer than three sentences a paragraph", len(parts) >= 3 and all(len(pieces(p)) < 3 for p in parts[:3])),
        ("more than 20 words a sentence", all(len(piece.split()) > 20 for piece in pieces(text))),
        ("number markers", marked),
        (f"'{CLOSE}' at the end", text.endswith(CLOSE)),
    ][: check.level]


def five_points(text: str, check: Constrained) -> Sequence[Held]:
    sentences = POINT_END.split(text)
    numbered = [one for one in sentences if any(f"{number}." in one for number in range(1, 6))]
    return [
        ("the marker **", "**" in text),
        ("five keywords, each before its detail", sum(map(keywords, text.split("\n"))) == 5),
        ("fewer than two sentences a point", all(one.count(".") < 2 for one in numbered)),
        ("10 to 15 words a sentence", all(10 <= len(one.split()) <= 15 for one in sentences)),
        ("no word ending in '-ly'", not any(word.endswith("-ly") for one in sentences for word in one.split())),
    ][: check.level]


def keywords(line: str) -> int:
    """Stretches such as `**1. Growth:` in a line."""
    count = at = 0
    while (begun := KEYED.search(line, at)) and (end := line.find(":", begun.end() + 1)) >= 0:
        count, at = count + 1, end + 1
    return count


LAST = 5
RULES: Mapping[str, Callable[[str, Constrained], Sequence[Held]]] = {
    "equal": equal,
    "lines": lines,
    "one_of": one_of,
    "contains": contains,
    "option": last(OPTION),
    "date": last(DATE),
    "dollars": last(DOLLARS),
    "form": form,
    "cnn_dailymail": cnn_dailymail,
    "xsum": xsum,
    "samsum": samsum,
    "gigaword": gigaword,
    "arxiv": arxiv,
    "three_paragraphs": three_paragraphs,
    "five_points": five_points,
}
