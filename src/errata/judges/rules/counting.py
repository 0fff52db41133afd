"""Rules that count: sentences, words, paragraphs, letters, keywords, words in capitals."""

import re
from string import ascii_lowercase

from errata.judges.rules import english
from errata.judges.rules.seen import Seen, counted, exactly, held, shown
from errata.judges.rules.sentences import sentences
from errata.tasks.rulebook import (
    CapitalWords,
    Forbidden,
    KeywordFrequency,
    Keywords,
    LetterFrequency,
    NthParagraph,
    NumberParagraphs,
    NumberSentences,
    NumberWords,
)

DIVIDER = re.compile(r"\s?\*\*\*\s?")
ENDS = frozenset(".,?!'\"")
"""Marks that end the first word of a paragraph."""
MOST = 18
"""Letters: two thirds of 26."""


def number_sentences(asked: NumberSentences, text: str) -> Seen:
    return counted(len(sentences(text)), asked.relation, asked.num_sentences, "sentences")


def number_words(asked: NumberWords, text: str) -> Seen:
    return counted(english.words(text), asked.relation, asked.num_words, "words")


def number_paragraphs(asked: NumberParagraphs, text: str) -> Seen:
    """Dividers at either end are let pass; nothing between two dividers is not."""
    first, *rest = DIVIDER.split(text)
    *inner, last = rest or [""]
    if not all(paragraph.strip() for paragraph in inner):
        return Seen(
            passed=False,
            got="an empty paragraph between two dividers",
            expected=f"exactly {asked.num_paragraphs} paragraphs parted by ***",
        )
    count = bool(first.strip()) + len(inner) + bool(last.strip())
    return exactly(count, asked.num_paragraphs, "paragraphs parted by ***")


def nth_paragraph(asked: NthParagraph, text: str) -> Seen:
    """Empty paragraphs do not count, but they do take a place when the n-th is looked for, as officially."""
    paragraphs = text.split("\n\n")
    count = sum(1 for paragraph in paragraphs if paragraph.strip())
    expected = f"{asked.num_paragraphs} paragraphs, number {asked.nth_paragraph} beginning with {asked.first_word!r}"
    chosen = paragraphs[asked.nth_paragraph - 1].split(maxsplit=1) if asked.nth_paragraph <= count else []
    if not chosen:
        return Seen(passed=False, got=f"{count} paragraphs, and none at that place", expected=expected)
    bare = chosen[0].lstrip("'").lstrip('"')
    end = next((at for at, character in enumerate(bare) if character in ENDS), len(bare))
    word = "".join(character.lower() for character in bare[:end])
    return Seen(
        passed=count == asked.num_paragraphs and word == asked.first_word.lower(),
        got=f"{count} paragraphs, number {asked.nth_paragraph} beginning with {shown(word)}",
        expected=expected,
    )


def keywords(asked: Keywords, text: str) -> Seen:
    missing = [word for word in asked.keywords if not re.search(re.escape(word), text, re.IGNORECASE)]
    return held(not missing, f"the words {', '.join(asked.keywords)}", f"without {', '.join(missing)}")


def keyword_frequency(asked: KeywordFrequency, text: str) -> Seen:
    word = asked.keyword.strip()
    count = sum(1 for _ in re.finditer(re.escape(word), text, re.IGNORECASE))
    return counted(count, asked.relation, asked.frequency, f"times {word!r}")


def forbidden(asked: Forbidden, text: str) -> Seen:
    used = [word for word in asked.forbidden_words if re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE)]
    return held(not used, f"none of the words {', '.join(asked.forbidden_words)}", f"with {', '.join(used)}")


def letter_frequency(asked: LetterFrequency, text: str) -> Seen:
    """Letters are counted in either case.

    For what is no letter of English (two prompts of IFEval ask for `#` and `!`) the official checker draws one of the
    26 at random. Here two thirds of the 26 must say that the instruction is followed: what hangs on the draw is not.
    To count signs, use `keywords:frequency`.
    """
    lowered, letter = text.lower(), asked.letter.lower()
    if letter in ascii_lowercase:
        return counted(lowered.count(letter), asked.let_relation, asked.let_frequency, f"times the letter {letter!r}")
    counts = sorted(map(lowered.count, ascii_lowercase))
    deciding = counts[26 - MOST] if asked.let_relation == "at least" else counts[MOST - 1]
    return counted(deciding, asked.let_relation, asked.let_frequency, "times most of the letters a to z")


def capital_words(asked: CapitalWords, text: str) -> Seen:
    return counted(english.capitals(text), asked.capital_relation, asked.capital_frequency, "words in capital letters")
