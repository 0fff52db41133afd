"""Rules on what stands in an answer: placeholders, a postscript, the request, its end, quotation marks, language."""

import re

from errata.judges.rules import tongue
from errata.judges.rules.seen import Seen, counted, held, shown
from errata.tasks.rulebook import EndPhrase, Placeholders, Postscript, RepeatPrompt, ResponseLanguage

MARKERS = {"P.S.": re.compile(r"p\.\s?s\."), "P.P.S": re.compile(r"p\.\s?p\.\s?s")}


def placeholders(asked: Placeholders, text: str) -> Seen:
    """`[...]` within one line, also an empty one."""
    count = sum(in_brackets(line) for line in text.split("\n"))
    return counted(count, "at least", asked.num_placeholders, "placeholders in square brackets")


def in_brackets(line: str) -> int:
    count = at = 0
    while (start := line.find("[", at)) >= 0 and (end := line.find("]", start)) >= 0:
        count, at = count + 1, end + 1
    return count


def postscript(asked: Postscript, text: str) -> Seen:
    """The marker anywhere, in either case; blanks may stand within `P.S.` and `P.P.S`."""
    marker = asked.postscript_marker.strip()
    pattern = MARKERS.get(marker) or re.compile(re.escape(marker.lower()))
    return held(bool(pattern.search(text.lower())), f"a postscript with {marker}", f"no {marker}")


def repeats(asked: RepeatPrompt, text: str) -> Seen:
    wanted = asked.prompt_to_repeat.strip().lower()
    begun = text.strip().lower().startswith(wanted)
    return Seen(
        passed=begun,
        got=f"begins with {shown(text.strip())}",
        expected=f"begins with the request, {shown(asked.prompt_to_repeat.strip())}",
    )


def ends(asked: EndPhrase, text: str) -> Seen:
    """In either case; quotation marks after the phrase are let pass."""
    phrase = asked.end_phrase.strip()
    tail = text.strip().strip('"')
    return Seen(
        passed=tail.lower().endswith(phrase.lower()),
        got=f"ends with {shown(tail[-max(len(phrase), 1) :])}",
        expected=f"ends with {shown(phrase)}",
    )


def quoted(text: str) -> Seen:
    bare = text.strip()
    passed = len(bare) > 1 and bare[0] == bare[-1] == '"'
    return held(
        passed, 'the whole answer in "double quotation marks"', f"begins with {bare[:1]!r}, ends with {bare[-1:]!r}"
    )


def no_comma(text: str) -> Seen:
    count = text.count(",")
    return held(not count, "no comma", f"{count} comma{'s' * (count > 1)}")


def in_language(asked: ResponseLanguage, text: str) -> Seen:
    found = tongue.language(text)
    return Seen(
        passed=found in ("", asked.language),
        got=f"language {found or 'unknown'}",
        expected=f"language {asked.language}",
    )


def english_capital(text: str) -> Seen:
    return in_case(text.isupper(), text, "English in capital letters alone")


def english_lowercase(text: str) -> Seen:
    return in_case(text.islower(), text, "English without a capital letter")


def in_case(right: bool, text: str, wanted: str) -> Seen:
    """The language is looked at only where the letters are right."""
    if not right:
        return held(False, wanted, "other letters")
    found = tongue.language(text)
    return held(found in ("", "en"), wanted, f"language {found}")
