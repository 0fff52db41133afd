"""The instructions that rules can verify, and what each is told: a closed table.

The 25 of IFEval (Zhou et al. 2023, "Instruction-Following Evaluation for Large Language Models", arXiv 2311.07911,
table 1) under the names of its data file. What each rule looks for stands in `errata.judges.rules`. An unknown name and
an argument that is missing, unknown, of another type or out of range are errors that name their field.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias, cast

from errata import jsonl
from errata.errors import UsageError
from errata.types import Rule, Rules

Relation: TypeAlias = Literal["at least", "less than"]
LANGUAGES = frozenset(
    (
        *("af", "ar", "bg", "bn", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "gu", "he"),
        *("hi", "hr", "hu", "id", "it", "ja", "kn", "ko", "lt", "lv", "mk", "ml", "mr", "ne", "nl", "no", "pa", "pl"),
        *("pt", "ro", "ru", "sk", "sl", "so", "sq", "sv", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "vi"),
        *("zh-cn", "zh-tw"),
    )
)
"""The languages that can be told apart, by ISO 639-1."""
LONGEST_WORD = 256
"""Characters of a word that is looked for; more would let the search take long."""
LONG = ("prompt_to_repeat", "end_phrase")
"""Arguments that are compared at one place, and so may be of any length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseLanguage:
    """The whole answer is in one language."""

    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSentences:
    """So many sentences."""

    num_sentences: int
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberWords:
    """So many words."""

    num_words: int
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberParagraphs:
    """Exactly so many paragraphs, parted by `***`."""

    num_paragraphs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NthParagraph:
    """Exactly so many paragraphs, parted by blank lines, of which one begins with a certain word."""

    num_paragraphs: int
    nth_paragraph: int
    """Counted from 1."""
    first_word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholders:
    """At least so many placeholders in square brackets."""

    num_placeholders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Postscript:
    """A postscript with a certain marker."""

    postscript_marker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """Exactly so many bullet points."""

    num_bullets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstrainedResponse:
    """One of three given answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Highlights:
    """At least so many highlighted stretches."""

    num_highlights: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """At least so many numbered sections."""

    section_spliter: str
    num_sections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Json:
    """The whole answer is JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """A title in double angular brackets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keywords:
    """All of these words."""

    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordFrequency:
    """A word so many times."""

    keyword: str
    frequency: int
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """None of these words."""

    forbidden_words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFrequency:
    """A letter so many times."""

    letter: str
    let_frequency: int
    let_relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class CapitalWords:
    """So many words in capital letters."""

    capital_frequency: int
    capital_relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class EnglishCapital:
    """English, in capital letters alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnglishLowercase:
    """English, without a capital letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoComma:
    """No comma."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatPrompt:
    """The request repeated before it is answered."""

    prompt_to_repeat: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoResponses:
    """Two different answers, parted by six asterisks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPhrase:
    """A certain phrase at the end."""

    end_phrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """The whole answer in double quotation marks."""


Instruction: TypeAlias = (
    ResponseLanguage
    | NumberSentences
    | NumberWords
    | NumberParagraphs
    | NthParagraph
    | Placeholders
    | Postscript
    | Bullets
    | ConstrainedResponse
    | Highlights
    | Sections
    | Json
    | Title
    | Keywords
    | KeywordFrequency
    | Forbidden
    | LetterFrequency
    | CapitalWords
    | EnglishCapital
    | EnglishLowercase
    | NoComma
    | RepeatPrompt
    | TwoResponses
    | EndPhrase
    | Quotation
)

RULES: Mapping[str, type[Instruction]] = {
    "keywords:existence": Keywords,
    "keywords:frequency": KeywordFrequency,
    "keywords:forbidden_words": Forbidden,
    "keywords:letter_frequency": LetterFrequency,
    "language:response_language": ResponseLanguage,
    "length_constraints:number_sentences": NumberSentences,
    "length_constraints:number_paragraphs": NumberParagraphs,
    "length_constraints:number_words": NumberWords,
    "length_constraints:nth_paragraph_first_word": NthParagraph,
    "detectable_content:number_placeholders": Placeholders,
    "detectable_content:postscript": Postscript,
    "detectable_format:number_bullet_lists": Bullets,
    "detectable_format:constrained_response": ConstrainedResponse,
    "detectable_format:number_highlighted_sections": Highlights,
    "detectable_format:multiple_sections": Sections,
    "detectable_format:json_format": Json,
    "detectable_format:title": Title,
    "combination:two_responses": TwoResponses,
    "combination:repeat_prompt": RepeatPrompt,
    "startend:end_checker": EndPhrase,
    "startend:quotation": Quotation,
    "change_case:capital_word_frequency": CapitalWords,
    "change_case:english_capital": EnglishCapital,
    "change_case:english_lowercase": EnglishLowercase,
    "punctuation:no_comma": NoComma,
}


def read(rule: Rule, where: str, named: str = "id", told: str = "kwargs") -> Instruction:
    """The instruction that a rule names, its arguments looked at.

    Raises UsageError, which begins with `where` (`tasks.jsonl:3`) and says what is wrong in the field `named` or in an
    argument of the field `told`.
    """
    kind = RULES.get(rule.id)
    if kind is None:
        raise UsageError(f"{where}: {named}: unknown rule {rule.id!r}; there are {', '.join(RULES)}")
    instruction = jsonl.parse(json.dumps(rule.kwargs).encode(), kind, f"{where}: {told}")
    if why := unfit(instruction):
        raise UsageError(f"{where}: {told}: {why}")
    return instruction


def read_all(check: Rules, where: str) -> tuple[Instruction, ...]:
    """The instructions of a task's check."""
    if not check.rules:
        raise UsageError(f"{where}: check.rules: a task needs at least one rule")
    places = ((rule, f"check.rules[{number}]") for number, rule in enumerate(check.rules))
    return tuple(read(rule, where, f"{place}.id", f"{place}.kwargs") for rule, place in places)


def unfit(instruction: Instruction) -> str:
    """The first argument that is out of range, and why; empty when all are fit."""
    for one in fields(instruction):
        value = cast("int | str | tuple[str, ...]", getattr(instruction, one.name))
        if value == ():
            return f"{one.name}: must name a word"
        for part in value if isinstance(value, tuple) else (value,):
            if why := wrong(part, sys.maxsize if one.name in LONG else LONGEST_WORD):
                return f"{one.name}: {why}"
    if isinstance(instruction, NthParagraph) and not 1 <= instruction.nth_paragraph <= instruction.num_paragraphs:
        return "nth_paragraph: must be from 1 to num_paragraphs"
    if isinstance(instruction, LetterFrequency) and len(instruction.letter) != 1:
        return "letter: must be one character"
    if isinstance(instruction, ResponseLanguage) and instruction.language not in LANGUAGES:
        return f"language: unknown language {instruction.language!r}; there are {', '.join(sorted(LANGUAGES))}"
    return ""


def wrong(value: object, most: int) -> str:
    """What is wrong with an argument's value; empty when nothing is."""
    match value:
        case int() if value < 0:
            return "must not be negative"
        case str() if not value.strip():
            return "must not be empty"
        case str() if len(value) > most:
            return f"must have at most {most} characters"
        case _:
            return ""
