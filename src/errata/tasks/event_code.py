"""An event in a sentence as a task: classes, the sentence, the beginning of an object; and its arguments as code."""

import json
import re
from dataclasses import dataclass
from typing import TypeAlias

from errata.types import Argument, Events, Task

Span: TypeAlias = tuple[int, int]
"""From and to, in characters of the sentence."""

MOST = 140
"""Characters of a description."""
ENTITY = '''class Entity:
    """Something that the sentence names, in the sentence's own words."""

    def __init__(self, name: str):
        self.name = name
'''
SENTENCE = re.compile(r"(?<=[.!?])\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What can take part in an event."""

    name: str
    """As the data writes it."""
    about: str = ""
    entities: tuple[str, ...] = ()
    """Classes of entities that have it, where the ontology says so (ACE05)."""

    @property
    def parameter(self) -> str:
        """As the class writes it."""
        return re.sub(r"\W+", "_", self.name).strip("_").lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of event."""

    name: str
    about: str = ""
    roles: tuple[Role, ...] = ()

    @property
    def cls(self) -> str:
        """The name of its class."""
        return re.sub(r"\W+", "_", self.name).strip("_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """An event in a sentence, as the data has it."""

    id: str
    kind: str
    sentence: str
    trigger: tuple[int, int]
    arguments: tuple[Argument, ...]


def said(words: str) -> str:
    """A description for a docstring or a comment: its first sentence, one line, at most `MOST` characters."""
    line = " ".join(words.replace('"""', "'''").replace("\\", "/").split())
    first = SENTENCE.split(line, maxsplit=1)[0]
    return first if len(first) <= MOST else first[:MOST].rpartition(" ")[0] + " ..."


def definitions(kind: Kind) -> str:
    """The classes that a program of this kind of event is given."""
    named = sorted({name for role in kind.roles for name in role.entities})
    entities = [f"class {name}(Entity):\n    pass\n" for name in named]
    lines = [f"class {kind.cls}:"]
    if about := said(kind.about):
        lines += [f'    """{about.rstrip(chr(34))}"""', ""]
    lines += ["    def __init__(", "        self,"]
    for role in kind.roles:
        held = f"list[{' | '.join(role.entities) or 'Entity'}]"
        about = said(role.about)
        lines.append(f"        {role.parameter}: {held} = []," + (f"  # {about}" if about else ""))
    lines += ["    ):"] + [f"        self.{role.parameter} = {role.parameter}" for role in kind.roles]
    return "\n\n".join((ENTITY, *entities, "\n".join(lines) + "\n"))


def opening(kind: Kind, mention: Mention) -> str:
    """What stands behind the classes: the sentence, and the beginning of the object."""
    start, end = mention.trigger
    marked = f"{mention.sentence[:start]}**{mention.sentence[start:end]}**{mention.sentence[end:]}"
    shown = " ".join(marked.replace("\\", "\\\\").replace('"""', "'''").split())
    words = f"The {kind.cls} event of this sentence, whose trigger stands between ** and **:"
    return f'"""\n{words}\n{shown}\n"""\n{kind.cls.lower().removesuffix("_event")}_event = {kind.cls}(\n'


def task(source: str, kind: Kind, mention: Mention) -> Task:
    """A mention as a task; its reference is the gold arguments as code, where they can be written so."""
    classes = definitions(kind)
    roles = {role.name: role.parameter for role in kind.roles}
    gold = tuple(
        Argument(role=roles[one.role], start=one.start, end=one.end, whole=one.whole) for one in mention.arguments
    )
    check = Events(
        event=kind.cls,
        sentence=mention.sentence,
        trigger=mention.trigger,
        roles=tuple(role.parameter for role in kind.roles),
        gold=gold,
        definitions=classes,
    )
    prefix = f"{classes}\n\n{opening(kind, mention)}"
    return Task(
        id=f"{source}/{mention.id}",
        instruction=f"Write the {kind.cls} event of this sentence as an object of its class: {mention.sentence}",
        check=check,
        reference="" if unwritten(check) else prefix + rendered(check),
        prefix=prefix,
        tags=(f"event:{kind.cls}",),
    )


def rendered(check: Events) -> str:
    """The gold arguments as the code that goes behind the prompt, in the order of the roles."""
    lines: list[str] = []
    for role in check.roles:
        texts = dict.fromkeys(check.sentence[one.start : one.end] for one in check.gold if one.role == role)
        if texts:
            held = ", ".join(f"Entity({json.dumps(text, ensure_ascii=False)})" for text in texts)
            lines.append(f"    {role}=[{held}],\n")
    return "".join(lines) + ")\n"


def unwritten(check: Events) -> str:
    """Why the gold arguments cannot be written as code that says the same; empty where they can."""
    for one in check.gold:
        span = (one.start, one.end)
        if not one.whole:
            return "in several pieces"
        if not bounded(check.sentence, span):
            return "begins or ends within a word"
        if nearest(check.sentence[one.start : one.end], check.sentence, check.trigger) != span:
            return "the same words stand nearer to the trigger"
    return ""


def nearest(name: str, sentence: str, trigger: Span) -> Span | None:
    """Where a text stands in the sentence as whole words, nearest to the trigger, the earlier of two; upper and lower
    case count only where a mention with the same letters is there. None where it is not in the sentence."""
    wanted = name.strip()
    if not wanted:
        return None
    pattern = r"\s+".join(map(re.escape, wanted.split()))
    for flags in (0, re.IGNORECASE):
        mentions = [found.span(1) for found in re.finditer(f"(?=({pattern}))", sentence, flags)]
        places = [place for place in mentions if bounded(sentence, place)]
        if places:
            return min(places, key=lambda place: (distance(place, trigger), place))
    return None


def bounded(sentence: str, span: Span) -> bool:
    """Whether a span begins and ends with whole words."""
    start, end = span
    inside = start > 0 and sentence[start].isalnum() and sentence[start - 1].isalnum()
    return not inside and not (end < len(sentence) and sentence[end - 1].isalnum() and sentence[end].isalnum())


def distance(one: Span, other: Span) -> int:
    """Characters between two spans; 0 where they touch."""
    return max(0, one[0] - other[1], other[0] - one[1])
