"""PHEE v2: what drugs did to people, in sentences of case reports (Sun et al. 2022, 2024), as events with arguments.

Its arguments are nested: a treatment has drugs, a dosage, a route. Each becomes a role of the event's class, named by
its path (`treatment_drug`). Its attributes (negated, speculated, severity) tell of the event and are no arguments, and
a combination names again the drugs that the treatment has; neither is taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from errata import jsonl
from errata.tasks.event_code import Kind, Mention, Role
from errata.types import Argument

PARTS: Mapping[str, Mapping[str, str]] = {
    "Subject": {
        "": "who was treated, in all the words that tell of them",
        "Age": "how old",
        "Gender": "of which gender",
        "Race": "of which ethnicity or nationality",
        "Population": "how many people",
        "Disorder": "what they suffered from besides",
    },
    "Treatment": {
        "": "what was given, in all the words that tell of it",
        "Drug": "the medicines",
        "Dosage": "how much",
        "Freq": "how often",
        "Route": "by which way into the body",
        "Time_elapsed": "how long after it the event came",
        "Duration": "for how long",
        "Disorder": "against what",
    },
    "Effect": {"": "what came of it"},
}
ROLES = tuple(
    Role(name=f"{main}.{part}" if part else main, about=about)
    for main, parts in PARTS.items()
    for part, about in parts.items()
)
KINDS = (
    Kind(name="Adverse_event", about="A treatment does harm, or may have done so.", roles=ROLES),
    Kind(name="Potential_therapeutic_event", about="A treatment does good, or may have done so.", roles=ROLES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What one annotator found."""

    events: tuple[dict[str, object], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PheeRow:
    """A sentence with its events."""

    id: str
    context: str
    annotations: tuple[Annotation, ...] = field(default_factory=tuple)


def mentions(path: Path) -> Iterator[tuple[str, Mention]]:
    """Every event of a file, with where it stands."""
    for number, line in jsonl.lines(path):
        where = f"{path}:{number}"
        row = jsonl.parse(line, PheeRow, where, loose=True)
        for annotation in row.annotations:
            for event in annotation.events:
                trigger = next(spans(event.get("Trigger"), "Trigger"), None)
                if trigger is None:
                    continue
                yield (
                    where,
                    Mention(
                        id=f"{row.id}_{event.get('event_id')}",
                        kind=str(event.get("event_type")),
                        sentence=row.context,
                        trigger=(trigger.start, trigger.end),
                        arguments=tuple(arguments(event)),
                    ),
                )


def arguments(event: Mapping[str, object]) -> Iterator[Argument]:
    """The arguments of an event, main ones and their parts."""
    for role in ROLES:
        main, _, part = role.name.partition(".")
        held = event.get(main)
        yield from spans(inside(held).get(part) if part else held, role.name)


def spans(held: object, role: str) -> Iterator[Argument]:
    """The mentions of an argument: one a list of `text`, each in one piece or more."""
    texts, starts = (cast("Sequence[Sequence[object]]", inside(held).get(name, ())) for name in ("text", "start"))
    for pieces, places in zip(texts, starts, strict=True):
        text, start = pieces[0], places[0]
        if isinstance(text, str) and isinstance(start, int):
            yield Argument(role=role, start=start, end=start + len(text), whole=len(pieces) == 1)


def inside(held: object) -> Mapping[str, object]:
    """What an object holds; nothing where it is none."""
    return cast("Mapping[str, object]", held) if isinstance(held, Mapping) else {}
