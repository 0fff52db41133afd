"""Event argument extraction as code: classes from an ontology, a sentence, and an object to be made of it.

After LETI (papers: 2.2) and Code4Struct (Wang et al. 2023, arXiv 2210.12810). One task an event that people found in a
sentence: the prompt is the class of the event with its roles, the sentence with the trigger marked, and the beginning
of the object; the reply goes on with its arguments. Sources are folders: `geneva:DIR` (OneIE's format, as GENEVA is
released), `phee:DIR` (PHEE v2), `ace05:DIR` (GENEVA's format, made from a licensed copy; docs/events.md).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from errata import jsonl
from errata.errors import UsageError
from errata.jsonl import Json
from errata.tasks import phee
from errata.tasks.event_code import Kind, Mention, Role, task
from errata.types import Argument, Task

NAMES = ("geneva", "phee", "ace05")
SPLITS = ("train", "dev", "test")
ENDINGS = (".jsonl", ".jsonl.gz", ".json", ".json.gz")
ONTOLOGY = "event_ontology.json"


def load(name: str, folder: str, split: str) -> tuple[Task, ...]:
    """The tasks of a folder, all its splits or one. Raises UsageError for what is missing or cannot be read."""
    if not folder:
        # What is no file and no folder was taken for a split.
        what = f"{split}: is no folder; {name}" if split and split not in SPLITS else f"{name}:"
        raise UsageError(f"{what} needs the folder of its data, as in {name}:DIR[test]")
    if split and split not in SPLITS:
        raise UsageError(f"{name}[{split}]: unknown split; there are {', '.join(SPLITS)}")
    place = Path(folder)
    if not place.is_dir():
        raise UsageError(f"{folder}: is no folder; {name} needs the folder of its data")
    kinds = {kind.name: kind for kind in (phee.KINDS if name == "phee" else ontology(place))}
    read = phee.mentions if name == "phee" else oneie
    found: list[Task] = []
    for part in [split] if split else SPLITS:
        for path in files(place, part, required=bool(split)):
            for where, mention in read(path):
                kind = kinds.get(mention.kind)
                roles = {role.name for role in kind.roles} if kind else set[str]()
                strange = next((one.role for one in mention.arguments if one.role not in roles), "")
                if kind is None or strange:
                    what = f"{mention.kind}.{strange}" if strange else mention.kind
                    raise UsageError(f"{where}: {what} is not in the ontology")
                found.append(task(name, kind, mention))
    return tuple(found)


def files(folder: Path, split: str, *, required: bool) -> Sequence[Path]:
    """The file of a split: its name ends with it (`phee2_test.json`, `zs10-s320_test.jsonl.gz`, `test.jsonl`)."""
    found = sorted(
        path
        for path in folder.iterdir()
        for ending in ENDINGS
        if path.name.endswith(ending) and re.fullmatch(rf"(.*[^a-z])?{split}", path.name.removesuffix(ending))
    )
    if required and not found:
        raise UsageError(f"{folder}: holds no file of its {split} split (...{split}.jsonl or .json, or with .gz)")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of tokens."""

    id: str = ""
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A role and who has it."""

    entity_id: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OneIEEvent:
    """An event of a OneIE row."""

    id: str
    event_type: str
    trigger: Span
    arguments: tuple[Filled, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OneIERow:
    """A sentence in OneIE's format (Lin et al. 2020)."""

    wnd_id: str = ""
    sent_id: str = ""
    sentence: str = ""
    tokens: tuple[str, ...]
    entity_mentions: tuple[Span, ...] = ()
    event_mentions: tuple[OneIEEvent, ...] = ()


def oneie(path: Path) -> Iterator[tuple[str, Mention]]:
    """Every event of a file, with where it stands."""
    for number, line in jsonl.lines(path):
        where = f"{path}:{number}"
        row = jsonl.parse(line, OneIERow, where, loose=True)
        sentence, places = aligned(row)
        entities = {entity.id: entity for entity in row.entity_mentions}
        for event in row.event_mentions:
            missing = next((one.entity_id for one in event.arguments if one.entity_id not in entities), "")
            if missing:
                raise UsageError(f"{where}: event_mentions: {missing} is not among entity_mentions")
            spans = [(one.role, entities[one.entity_id]) for one in event.arguments]
            yield (
                where,
                Mention(
                    id=event.id,
                    kind=event.event_type,
                    sentence=sentence,
                    trigger=(places[event.trigger.start][0], places[event.trigger.end - 1][1]),
                    arguments=tuple(
                        Argument(role=role, start=places[span.start][0], end=places[span.end - 1][1])
                        for role, span in spans
                    ),
                ),
            )


def aligned(row: OneIERow) -> tuple[str, list[tuple[int, int]]]:
    """The sentence, and where each token stands in it; the tokens with blanks between where they are not in it."""
    for sentence in (row.sentence, " ".join(row.tokens)):
        places: list[tuple[int, int]] = []
        at = 0
        for token in row.tokens:
            start = sentence.find(token, at)
            # A token further on than a few blanks is another one of the same letters.
            if start < 0 or sentence[at:start].strip():
                break
            at = start + len(token)
            places.append((start, at))
        else:
            return sentence, places
    raise AssertionError("tokens joined by blanks hold each token")


@dataclass(frozen=True, slots=True, kw_only=True)
class OntologyRole:
    """A role in event_ontology.json."""

    arg_desc: str = ""
    entity_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OntologyEvent:
    """A kind of event in event_ontology.json."""

    description: str = ""
    arguments: dict[str, OntologyRole] = field(default_factory=dict[str, OntologyRole])


def ontology(folder: Path) -> Iterator[Kind]:
    """The kinds of events of a folder, by GENEVA's event_ontology.json."""
    path = folder / ONTOLOGY
    if not path.is_file():
        raise UsageError(f"{path}: is not there; it says which events there are and which roles they have")
    try:
        whole = cast("Json", json.loads(path.read_bytes()))
    except ValueError as broken:
        raise UsageError(f"{path}: not JSON ({broken})") from None
    if not isinstance(whole, Mapping):
        raise UsageError(f"{path}: not a JSON object")
    for name, entry in whole.items():
        event = jsonl.parse(json.dumps(entry).encode(), OntologyEvent, f"{path}: {name}", loose=True)
        roles = tuple(
            Role(name=role, about=given.arg_desc, entities=given.entity_types)
            for role, given in event.arguments.items()
        )
        yield Kind(name=name, about=event.description, roles=roles)
