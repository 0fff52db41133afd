"""What a page sends, looked at before it is believed, and the record that is made of it."""

import re
from dataclasses import dataclass

from errata.errors import UsageError
from errata.feedback.kinds import KINDS
from errata.types import Answer
from errata.web import sheet
from errata.web.desk import AUTHOR, Asked
from errata.web.kept import Draft

MOST_WORDS = 10_000
MOST_REASON = 1_000
MOST_SECONDS = 7 * 86_400.0
TOKEN = re.compile(r"[\w-]{8,80}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An answer as its page sends it."""

    token: str
    """One press of the button; the same again when the reply was lost."""
    sample: str = ""
    text: str = ""
    refinement: str = ""
    skip: str = ""
    category: tuple[str, ...] = ()
    seconds: float = 0.0
    sure: bool = False
    """The writer knows that the refinement does not pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A program to be run."""

    refinement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What somebody wants to be called."""

    name: str


def checked(asked: Asked, sent: Sent, *, whole: bool) -> None:
    """UsageError where an answer, or a draft of one (not `whole`), is not what the page could have sent."""
    where = asked.question.id
    if not TOKEN.fullmatch(sent.token):
        raise UsageError(f"{where}: token: not one of ours")
    if sent.sample not in {offer.sample for offer in asked.question.offers} and (whole and not sent.skip):
        raise UsageError(f"{where}: sample: none of the programs that are offered")
    for part, text, most in (
        ("text", sent.text, MOST_WORDS),
        ("refinement", sent.refinement, sheet.EDITABLE),
        ("skip", sent.skip, MOST_REASON),
    ):
        if len(text) > most:
            raise UsageError(f"{where}: {part}: {len(text):,} characters, at most {most:,}")
    if unknown := [kind for kind in sent.category if kind not in KINDS]:
        raise UsageError(f"{where}: category: unknown {unknown[0]!r}")
    if not 0 <= sent.seconds <= MOST_SECONDS:
        raise UsageError(f"{where}: seconds: out of range")
    if whole and not sent.skip.strip() and not sent.text.strip():
        raise UsageError(f"{where}: text: say what is wrong and how to fix it, or skip with a reason")


def answered(asked: Asked, name: str, sent: Sent) -> Answer:
    """The record of what was sent. A refinement that changes nothing is none."""
    question = asked.question
    if sent.skip.strip():
        return Answer(
            id=f"{question.id}@{name}",
            of=question.id,
            author=AUTHOR + name,
            skip=sent.skip.strip(),
            seconds=round(sent.seconds, 1),
        )
    program = next(offer.program for offer in question.offers if offer.sample == sent.sample)
    refinement = sheet.settled(sent.refinement)
    same = refinement.strip() in ("", sheet.settled(program).strip())
    return Answer(
        id=f"{question.id}@{name}",
        of=question.id,
        author=AUTHOR + name,
        sample=sent.sample,
        text=sent.text.strip(),
        refinement="" if same else refinement,
        category=tuple(dict.fromkeys(sent.category)),
        seconds=round(sent.seconds, 1),
    )


def draft_of(answer: Answer) -> Draft:
    """An answer that stands, to be edited."""
    return Draft(
        sample=answer.sample,
        text=answer.text,
        refinement=answer.refinement,
        category=answer.category,
        seconds=answer.seconds or 0.0,
    )


def so_far(draft: Draft) -> Sent:
    """A draft as if it were sent."""
    return Sent(
        token=draft.token,
        sample=draft.sample,
        text=draft.text,
        refinement=draft.refinement,
        category=draft.category,
        seconds=draft.seconds,
    )
