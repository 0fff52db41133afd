"""Words as the official checker counts them: stretches of `\\w`, or the tokens of the Penn Treebank's convention.

The second are what nltk's `word_tokenize` makes of each sentence (release 3.9.1): punctuation and quotation marks are
tokens of their own, and so are both parts of contractions (`CAN|NOT`, `DO|N'T`, `JOHN|'S`); hyphens part nothing.
"""

import re
from functools import lru_cache

from errata.judges.rules.sentences import SHORT, sentences

WORD = re.compile(r"\w+")
OPENING = (
    (re.compile(r"[«“‘„]|`+"), r" \g<0> "),
    (re.compile(r'^"'), "``"),
    (re.compile(r"``"), " `` "),
    (re.compile(r"([ (\[{<])(?:\"|'')"), r"\1 `` "),
    (re.compile(r"'(?!re|ve|ll|m|t|s|d|n)(\w)\b", re.IGNORECASE), r"' \1"),
)
MARKS = (
    # Possessive: the run of blanks may be as long as the text.
    (re.compile(r"([^.])\.([\])}>\"'»”’ ]*+)\s*$"), r"\1 . \2 "),
    (re.compile(r"([:,])(\D)"), r" \1 \2"),
    (re.compile(r"[:,]$"), r" \g<0> "),
    (re.compile(r"\.{2,}"), r" \g<0> "),
    (re.compile(r"[;@#$%&]"), r" \g<0> "),
    (re.compile(r"([^.])\.([\])}>\"']*+)\s*$"), r"\1 .\2 "),
    (re.compile(r"[?!]"), r" \g<0> "),
    (re.compile(r"([^'])' "), r"\1 ' "),
    (re.compile(r"[*\]\[(){}<>]"), r" \g<0> "),
    (re.compile(r"--"), " -- "),
)
CLOSING = (
    (re.compile(r"[»”’]|''"), r" \g<0> "),
    (re.compile(r'"'), " '' "),
    (re.compile(r"\s+"), " "),
    (re.compile(r"([^' ])('[sSmMdD]|') "), r"\1 \2 "),
    (re.compile(r"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) "), r"\1 \2 "),
)
CONTRACTIONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        *(rf"\b({head})({tail})\b" for head, tail in (("can", "not"), ("d", "'ye"), ("gim", "me"), ("gon", "na"))),
        *(rf"\b({head})({tail})\b" for head, tail in (("got", "ta"), ("lem", "me"), ("more", "'n"))),
        r"\b(wan)(na)(?=\s)",
        r" ('t)(is)\b",
        r" ('t)(was)\b",
    )
)


def words(text: str) -> int:
    """The stretches of letters, digits and underscores."""
    return sum(1 for _ in WORD.finditer(text))


def capitals(text: str) -> int:
    """The tokens that have capital letters and no small ones."""
    shouted = (sentence for sentence in sentences(text) if any(map(str.isupper, sentence)))
    return sum(remembered(sentence) if len(sentence) < SHORT else upper(sentence) for sentence in shouted)


@lru_cache(maxsize=10_000)
def remembered(sentence: str) -> int:
    return upper(sentence)


def upper(sentence: str) -> int:
    return sum(map(str.isupper, treebank(sentence)))


def treebank(sentence: str) -> list[str]:
    for pattern, parted in (*OPENING, *MARKS):
        sentence = pattern.sub(parted, sentence)
    sentence = f" {sentence} "
    for pattern, parted in CLOSING:
        sentence = pattern.sub(parted, sentence)
    for pattern in CONTRACTIONS:
        sentence = pattern.sub(r" \1 \2 ", sentence)
    return sentence.split()
