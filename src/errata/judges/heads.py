"""The head word of a phrase, by a rule and without a parser: two answers with one head word name the same thing.

The rule is made for noun phrases, which arguments of events mostly are: leave out what comes before the first word
that can be a head (articles, prepositions), stop before what only says more about it (a preposition, a comma, `who`,
`and`, a participle with something after it), and take the last word that is left. `spacy` asks a parser in its place,
where errata is installed with that extra (`pip install errata[spacy]`, and a model of spaCy's).
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import importlib
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Literal, Protocol, TypeAlias, cast

from errata.errors import UsageError
from errata.tasks.event_code import Span

Heads: TypeAlias = Literal["rule", "spacy"]


def listed(words: str) -> frozenset[str]:
    """A list of words, written as text."""
    return frozenset(words.split())


WORD = re.compile(r"\w+(?:[-'’./&]\w+)*|[^\w\s]")
POSSESSIVE = re.compile(r"(?<=\w)(?:'s|’s|')$")
DETERMINERS = listed("""
a an the this that these those some any each every all both no my your his her its our their
""")
PREPOSITIONS = listed("""
of in on at by for with from to into onto upon over under about against after before between among during
through throughout without within across along around behind beside beyond despite following including like
near off outside per regarding since than toward towards until up via
""")
CLAUSES = listed("""
who whom whose which that when where while because as if and or but nor not so
""")
STOPS = frozenset(",;:()[]{}–—")
MODEL = "en_core_web_sm"


def head(sentence: str, span: Span, heads: Heads = "rule") -> Span:
    """Where the head word of a span stands; the span itself where it holds no word."""
    return parsed(sentence, span) if heads == "spacy" else by_rule(sentence, span)


def by_rule(sentence: str, span: Span) -> Span:
    """The last word before anything that only says more."""
    words = list(_words(sentence, span))
    first = next((at for at, (text, _) in enumerate(words) if _may_head(text)), None)
    if first is None:
        return words[-1][1] if words else span
    last = first
    for at in range(first + 1, len(words)):
        text = words[at][0].lower()
        if text in STOPS or text in PREPOSITIONS or text in CLAUSES or _participle(words, at):
            break
        if text[0].isalnum():
            last = at
    text, (start, end) = words[last]
    found = POSSESSIVE.search(text)
    return (start, end - len(found[0])) if found and len(found[0]) < len(text) else (start, end)


def _words(sentence: str, span: Span) -> Iterator[tuple[str, Span]]:
    for found in WORD.finditer(sentence, *span):
        if found[0] not in ("'s", "’s", "s") or found.start() == span[0]:
            yield found[0], found.span()


def _may_head(text: str) -> bool:
    word = text.lower()
    return word[0].isalnum() and word not in DETERMINERS and word not in PREPOSITIONS and word not in CLAUSES


def _participle(words: Sequence[tuple[str, Span]], at: int) -> bool:
    """`the man wearing a hat`, `a fund created by law`: a verb form with an article or a preposition after it."""
    if at + 1 >= len(words) or not words[at][0].lower().endswith(("ing", "ed")):
        return False
    return words[at + 1][0].lower() in DETERMINERS | PREPOSITIONS


class Token(Protocol):
    """What is used of spaCy's tokens."""

    idx: int

    def __len__(self) -> int: ...


class Stretch(Protocol):
    """What is used of spaCy's spans."""

    root: Token


class Document(Protocol):
    """What is used of spaCy's documents."""

    def char_span(self, start: int, end: int, *, alignment_mode: str) -> Stretch | None: ...


class Parser(Protocol):
    """What is used of spaCy's pipelines."""

    def __call__(self, text: str) -> Document: ...


@cache
def _parser() -> Parser:
    try:
        return cast("Parser", importlib.import_module("spacy").load(MODEL))
    except (ImportError, OSError) as missing:
        raise UsageError(
            f"heads spacy: {str(missing).splitlines()[0]}; "
            f"pip install errata[spacy], then python -m spacy download {MODEL}"
        ) from None


@cache
def _document(sentence: str) -> Document:
    return _parser()(sentence)


def parsed(sentence: str, span: Span) -> Span:
    """The root of the span in spaCy's tree."""
    found = _document(sentence).char_span(*span, alignment_mode="expand")
    return span if found is None else (found.root.idx, found.root.idx + len(found.root))
