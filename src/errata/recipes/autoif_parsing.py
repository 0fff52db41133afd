"""What is read off a supervisor's replies: instructions, verifiers with cases, relations, scores.

A verifier is one JSON object with `func` and `cases`. Three things that models often get wrong are mended, and each is
mended only where the reply says nothing otherwise:

- line ends in a string are raw, or escaped twice (the authors' prompt asks for "only \\\\n");
- escapes that JSON does not have, above all of a single quote, and of regular expressions;
- Python's True, False and None.

Everything else is refused and said why: no JSON, cut-off JSON, other fields' types. Nothing of one reply is ever used
for another.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from errata.jsonl import Json
from errata.recipes.autoif_records import Label, Tried

FENCE = re.compile(r"```[ \t]*json\b", re.IGNORECASE)
PLAIN_FENCE = re.compile(r"```[ \t]*(?:python)?[ \t]*\n(?=\s*\{)", re.IGNORECASE)
BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+(.*\S)\s*$")
SCORE = re.compile(r"\W*score:\W*(\d+(?:\.\d+)?)(?:\s*/\s*10)?\W*", re.IGNORECASE)
ESCAPES = '"\\/bfnrt'
UNICODE = re.compile(r"u[0-9a-fA-F]{4}")
WORDS = {"True": "true", "False": "false", "None": "null"}
RAW = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
LONGEST = 20_000
"""Characters of a verifier beyond which nobody reads it."""


class Refused(Exception):
    """Why a reply is no verifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A verifier as a reply has it."""

    source: str
    cases: tuple[Tried, ...]
    mended: bool
    """Whether something was mended."""
    bad_cases: int
    """Cases that were left out, since they are none."""


def instructions(reply: str) -> Iterator[str]:
    """The instructions of a reply: its lines that begin as those of a list do."""
    for line in reply.splitlines():
        if (found := BULLET.match(line)) and (text := found[1].strip().strip('"').strip()):
            yield text


def verifier(reply: str, *, mend: bool = True) -> Parsed:
    """The verifier of a reply. Raises Refused. Without `mend` JSON is taken as it is, from a `json` fence alone."""
    text = fenced(reply, mend=mend)
    said, mended = whole(text), False
    if said is None and mend:
        said, mended = whole(corrected(text)), True
    if not isinstance(said, Mapping):
        raise Refused("its JSON is broken")
    source, cases = said.get("func"), said.get("cases")
    if not isinstance(source, str) or not source.strip():
        raise Refused("it has no func")
    if not isinstance(cases, list):
        raise Refused("it has no cases")
    if len(source) > LONGEST:
        raise Refused("its function is too long")
    source = source.strip()
    if mend and "\n" not in source and "\\n" in source:
        source, mended = source.replace("\\n", "\n").replace("\\t", "\t"), True
    kept = [case for entry in cases if (case := case_of(entry, mend=mend, mended=mended))]
    return Parsed(source=source, cases=tuple(kept), mended=mended, bad_cases=len(cases) - len(kept))


def fenced(reply: str, *, mend: bool) -> str:
    """The text from where the object begins. Raises Refused where there is none."""
    found = FENCE.search(reply) or (PLAIN_FENCE.search(reply) if mend else None)
    text = reply[found.end() :] if found else reply
    if found is None and not (mend and text.lstrip().startswith("{")):
        raise Refused("it has no JSON")
    return text.lstrip()


def whole(text: str) -> Json:
    """The object that a text begins with, when nothing but the end of a fence comes behind it; else none."""
    try:
        said, end = cast("tuple[Json, int]", json.JSONDecoder().raw_decode(text))
    except (ValueError, RecursionError):
        return None
    rest = text[end:].lstrip()
    return said if not rest or rest.startswith("```") else None


def corrected(text: str) -> str:
    """JSON with its escapes, raw line ends and Python's words mended."""
    made: list[str] = []
    at, inside = 0, False
    while at < len(text):
        character = text[at]
        if not inside:
            word = next((word for word in WORDS if text.startswith(word, at)), "")
            if word:
                made.append(WORDS[word])
                at += len(word)
                continue
            inside = character == '"'
            made.append(character)
        elif character == "\\":
            following = text[at + 1 : at + 2]
            if following in ESCAPES or UNICODE.match(text, at + 1):
                made.append(character + following)
            else:
                made.append("\\\\" + following)
            at += 1
        else:
            inside = character != '"'
            made.append(RAW.get(character, character))
        at += 1
    return "".join(made)


def case_of(entry: Json, *, mend: bool, mended: bool) -> Tried | None:
    """A case; none where it is no text with a truth. A `\\n` that is written out is a line end, where there is none."""
    if not isinstance(entry, Mapping) or "output" not in entry:
        return None
    text, output = entry.get("input"), entry["output"]
    if not isinstance(text, str) or not (output is None or isinstance(output, bool | int | str)):
        return None
    if mend and "\n" not in text:
        text = text.replace("\\n", "\n")
    if mended:
        # In a function the escape of a quote is Python's too and stays; in a text it was meant to go.
        text = text.replace("\\'", "'")
    return Tried(input=text, output=output)


def relation(reply: str) -> Label:
    """The first of the three words that stands in a reply."""
    found = re.search(r"entail\w*|neutral|contradict\w*", reply, re.IGNORECASE)
    if found is None:
        return "unclear"
    word = found[0].lower()
    return "entailment" if word.startswith("entail") else "neutral" if word == "neutral" else "contradiction"


def score(reply: str) -> float | None:
    """The score in the last line of a reply, 0 to 10; none where that is no score."""
    lines = reply.strip().splitlines()
    found = SCORE.fullmatch(lines[-1].strip()) if lines else None
    value = float(found[1]) if found else None
    return value if value is not None and value <= 10 else None
