"""A question as its page shows it: typeset, cut where it is too long, and without what is not people's to see.

Reference programs and hidden tests are never shown: a refinement that was copied from either would teach nothing.
"""

import re
from dataclasses import dataclass

from markupsafe import Markup

from errata.evaluation import typeset
from errata.jsonl import Json
from errata.types import Offer, Outcome, Part, Question
from errata.web.desk import Asked
from errata.web.kept import Draft

LINES, COLUMNS = 400, 1000
"""Of a program that are shown."""
EDITABLE = 100_000
"""Characters of the longest program that the editor takes."""
WORDS = 60
"""Lines of what the interpreter said."""
VALUE = 240
"""Characters of a value in a table."""
SAID: dict[Outcome, str] = {
    "passed": "passes",
    "wrong": "wrong result",
    "exception": "raises",
    "syntax": "syntax error",
    "timeout": "too slow",
    "memory": "too much memory",
    "output": "too much output",
    "early_exit": "ends early",
    "crashed": "crashes",
    "invalid_check": "broken test",
}
HIDDEN_TEST = re.compile(r"hidden\[\d+\]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One program that is offered."""

    sample: str
    program: Markup
    cut: str
    """What is not shown, in words."""
    unseen: str
    """Which characters cannot be seen or turn the text's direction, in words."""
    editable: bool
    outcome: Outcome
    said: str
    passed: int
    parts: tuple[Part, ...]
    detail: typeset.Excerpt


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All of a question's page that does not depend on who looks."""

    asked: Asked
    task: str
    instruction: str
    offers: tuple[Shown, ...]
    given: str
    """What the task begins with, where it does not stand in the programs."""


def sheet(asked: Asked) -> Sheet:
    question = asked.question
    return Sheet(
        asked=asked,
        task=question.task.id,
        instruction=typeset.excerpt(question.task.instruction.strip(), lines=200, columns=4000).text,
        offers=tuple(shown(offer) for offer in question.offers),
        given=_given(question),
    )


def shown(offer: Offer) -> Shown:
    source = settled(offer.program)
    cut = typeset.excerpt(source, lines=LINES, columns=COLUMNS)
    parts = public(offer.verdict.parts)
    return Shown(
        sample=offer.sample,
        program=typeset.program(cut.text, failed=typeset.lines_named(offer.verdict.detail)),
        cut=f"{len(source):,} characters; not all are shown." if cut.note else "",
        unseen=unseen(source),
        editable=len(source) <= EDITABLE,
        outcome=offer.verdict.outcome,
        said=SAID[offer.verdict.outcome],
        passed=sum(part.passed for part in parts),
        parts=parts,
        detail=typeset.excerpt(offer.verdict.detail.strip(), lines=WORDS, columns=1000),
    )


def public(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(part for part in parts if not HIDDEN_TEST.match(part.name))


def value(text: str) -> str:
    """A value in a table: seen, not hidden, and not longer than a table takes."""
    return typeset.plain(text[:VALUE]) + (" …" if len(text) > VALUE else "")


def settled(source: str) -> str:
    """Line ends as an editor in a browser has them."""
    return source.replace("\r\n", "\n").replace("\r", "\n")


def unseen(source: str) -> str:
    """A warning that names the characters which the editor cannot show; empty where there are none."""
    found = {f"U+{ord(character):04X}" for character in typeset.HIDDEN.findall(source[:EDITABLE])}
    if not found:
        return ""
    named = ", ".join(sorted(found)[:4]) + (" and others" if len(found) > 4 else "")
    return f"This program holds characters that cannot be seen ({named}); the listing names them, the editor cannot."


def data(asked: Asked, draft: Draft | None, token: str) -> Json:
    """What the page's script works on."""
    return {
        "key": asked.key,
        "token": token,
        "wants": asked.question.refinement,
        "programs": [
            {"sample": offer.sample, "source": source if len(source) <= EDITABLE else None}
            for offer in asked.question.offers
            for source in (settled(offer.program),)
        ],
        "draft": None
        if draft is None
        else {
            "sample": draft.sample,
            "text": draft.text,
            "refinement": draft.refinement,
            "category": draft.category,
            "seconds": draft.seconds,
            "saved": draft.saved,
        },
    }


def _given(question: Question) -> str:
    prefix = question.task.prefix.strip()
    return "" if not prefix or any(prefix in offer.program for offer in question.offers) else typeset.plain(prefix)
