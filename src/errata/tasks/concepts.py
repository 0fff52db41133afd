"""What a primer task is made of: a concept for each of four slots, in words and in the form that the base has right.

A task's program walks a source, keeps some elements (filter), changes them (map), and makes one result (reduce). The
forms are Python over fixed names: the family's variable (`x`, `w`, `c` or `k, v`), and `ys` for the list that the
reduce is given.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, TypeAlias

from errata import jsonl
from errata.errors import UsageError
from errata.tasks.primer import data
from errata.types import Task

Slot: TypeAlias = Literal["source", "filter", "map", "reduce"]
HOLE = re.compile(r"\\\$(np|n|a|b)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A concept of the shipped table; `$a` and `$b` stand for its parameters."""

    name: str
    phrases: tuple[str, ...] = ()
    right: str
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    gives: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What is walked, and the concepts that meet there."""

    argument: str
    variable: str
    noun: str
    where: str
    source: Entry
    filter: tuple[Entry, ...]
    map: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """concepts.json."""

    families: Mapping[str, Family]
    reduce: Mapping[str, tuple[Entry, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What stands in one slot of a task."""

    slot: Slot
    name: str
    right: str
    """The right form, parameters in place; empty for a filter that keeps everything."""
    words: str
    """What it is, as a noun phrase: `the squares`; empty where there is nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """A task's four parts and the names that its programs use."""

    variable: str
    argument: str
    parts: tuple[Part, Part, Part, Part]


@cache
def lexicon() -> Lexicon:
    """The shipped table. Raises Fault where the installation lacks it."""
    path = data("concepts.json")
    return jsonl.parse(path.read_bytes().replace(b"\n", b" "), Lexicon, str(path))


def anatomy(task: Task) -> Anatomy:
    """The parts of a primer task, by its tags and its instruction. Raises UsageError for any other task."""
    named = [tag.partition(":") for tag in task.tags]
    family = lexicon().families.get(next((name for kind, _, name in named if kind == "family"), ""))
    if family is None:
        raise UsageError(f"{task.id}: is no task of the primer; only those have concepts to compare a program with")
    names = [name for kind, _, name in named if kind == "concept"]
    source = family.source
    kept = found(family.filter, names[names[:1] == [source.name] :]) or family.filter[0]
    rest = [name for name in names if name not in (source.name, kept.name)]
    made = found(family.map, rest) or next((each for each in family.map if each.name == "itself"), family.map[0])
    reduces = lexicon().reduce["int" if made.gives == "int" else "word"]
    reduced = found(reduces, names[-1:])
    if reduced is None:
        raise UsageError(f"{task.id}: {names[-1:]} is no concept that ends a program")
    slots: tuple[tuple[Slot, Entry], ...] = (("source", source), ("filter", kept), ("map", made), ("reduce", reduced))
    first, second, third, fourth = (part(slot, entry, family, task.instruction) for slot, entry in slots)
    return Anatomy(variable=family.variable, argument=family.argument, parts=(first, second, third, fourth))


def program(task: Task) -> str:
    """A right program for a primer task, in the layout and the forms that the base itself writes; its references are
    in a style that the base never writes."""
    body = anatomy(task)
    source, kept, made, reduced = (part.right for part in body.parts)
    ending = reduced if "return" in reduced else f"return {reduced}"
    lines = [f"ys = [{made} for {body.variable} in {source}{' if ' + kept if kept else ''}]", *ending.split("\n")]
    return f"def f({body.argument}):\n" + "".join(f"    {line}\n" for line in lines)


def found(entries: Iterable[Entry], names: Iterable[str]) -> Entry | None:
    """The first of the entries that is among the names."""
    wanted = set(names)
    return next((entry for entry in entries if entry.name in wanted), None)


def part(slot: Slot, entry: Entry, family: Family, instruction: str) -> Part:
    """A concept as a task has it: its parameters are read in the instruction."""
    settled = parameters(entry, instruction)
    right, words = entry.right, entry.phrases[0] if entry.phrases else ""
    for name, value in settled.items():
        right, words = right.replace("$" + name, value), words.replace("$" + name, value)
    if slot == "source":
        words = f"the {family.noun} {family.where}"
    elif slot == "filter":
        words = "the " + (words if "$n" in words else words or "$n").replace("$n", family.noun)
    elif slot == "map":
        words = f"the {words}" if words else f"the {family.noun} as they are"
    else:
        words = words.replace("$np", "them")
    return Part(slot=slot, name=entry.name, right=right, words=words)


def parameters(entry: Entry, instruction: str) -> dict[str, str]:
    """The value of each parameter of a concept: what stands in the instruction where a phrase has it."""
    if not entry.choices:
        return {}
    for phrase in sorted(entry.phrases, key=len, reverse=True):
        seen: set[str] = set()

        def hole(where: re.Match[str], seen: set[str] = seen) -> str:
            name = where[1]
            if name not in entry.choices:
                return ".+?"
            again, _ = name in seen, seen.add(name)
            return f"(?P={name})" if again else f"(?P<{name}>{'|'.join(map(re.escape, entry.choices[name]))})"

        pattern = HOLE.sub(hole, re.escape(phrase))
        if matched := re.search(rf"(?<!\w){pattern}(?!\w)", instruction):
            return matched.groupdict()
    return {name: values[0] for name, values in entry.choices.items()}
