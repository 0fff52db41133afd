"""Families: what is walked, and which concepts meet there."""

import random
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import inputs
from concept import Concept, Parameters, concepts, read, rename

VARIABLES = {"int": "x", "word": "w", "char": "c", "pair": "k, v"}
TABLES = {"int": "numbers", "word": "words", "char": "characters"}
EVERYTHING = {
    kind: Concept(name="all", slot="filter", takes=kind, phrases=("$n",), right="", share=1, reference="")
    for kind in VARIABLES
}
ITSELF = {
    kind: Concept(name="itself", slot="map", takes=kind, gives=kind, phrases=("",), right=name, share=1, reference=name)
    for kind, name in VARIABLES.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One kind of argument."""

    name: str
    argument: str
    given: str
    """The argument in words."""
    kind: str
    """Of the elements."""
    noun: str
    """What the elements are called, in front."""
    where: str
    """Where they are found."""
    source: Concept
    draw: Callable[[random.Random], object]
    """An argument."""
    without: frozenset[str] = frozenset()
    """Concepts that make no sense here."""


@cache
def families() -> tuple[Family, ...]:
    """All families, as families.toml has them."""
    table = tomllib.loads(Path(__file__).with_name("families.toml").read_text())
    return tuple(
        Family(**{
            **row,
            "source": read(row["source"], "source", ""),
            "draw": vars(inputs)[row["draw"]],
            "without": frozenset(row.get("without", ())),
        })
        for row in table["family"]
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """A family and a concept for each slot."""

    family: Family
    filter: Concept
    map: Concept
    reduce: Concept

    @property
    def name(self) -> str:
        return "/".join((self.family.name, self.filter.name, self.map.name, self.reduce.name))

    @property
    def slots(self) -> tuple[Concept, Concept, Concept, Concept]:
        return (self.family.source, self.filter, self.map, self.reduce)

    @property
    def concepts(self) -> list[str]:
        return [slot.name for slot in self.slots if slot.name not in ("", "all", "itself")]

    @property
    def hard(self) -> int:
        """How many of its concepts are hard."""
        return sum(slot.hard for slot in self.slots)

    @property
    def sensible(self) -> bool:
        """Whether its concepts go together."""
        names = {self.filter.name, self.map.name, self.reduce.name}
        idle = self.reduce.name == "count" and self.map.name not in ("itself", "key", "value")
        return not idle and not names & self.family.without

    @property
    def key(self) -> tuple[str, str, str]:
        """What no two splits share, and the corpus shares with none: the concepts, whatever the family."""
        return (self.filter.name, self.map.name, self.reduce.name)

    def settle(self, rng: random.Random) -> list[Parameters]:
        """Parameters for each slot."""
        return [slot.settle(rng) for slot in self.slots]


def of_value(concept: Concept) -> Concept:
    """A concept over numbers, turned to the values of a dict."""
    to = {"x": "v"}
    return turned(concept, to, "value")


def of_key(concept: Concept) -> Concept:
    """A concept over words, turned to the keys of a dict."""
    return turned(concept, {"w": "k"}, "key")


def turned(concept: Concept, to: dict[str, str], part: str) -> Concept:
    if concept.slot == "filter":
        phrases = (f"$n whose {part} {concept.phrases[-1]}",)
    else:
        phrases = tuple(f"{phrase} of the {part}s" for phrase in concept.phrases)
    wrong = tuple((weight, rename(form, to)) for weight, form in concept.wrong)
    right, reference = rename(concept.right, to), rename(concept.reference, to)
    return replace(concept, takes="pair", phrases=phrases, right=right, reference=reference, wrong=wrong)


@cache
def filters(kind: str) -> tuple[Concept, ...]:
    """The filters over a kind of element."""
    if kind == "pair":
        by_value, by_key = map(of_value, concepts("numbers", "filter")), map(of_key, concepts("words", "filter"))
        return (EVERYTHING[kind], *by_value, *by_key)
    plain = concepts(TABLES[kind], "filter")
    if kind != "char":
        plain = tuple(replace(each, phrases=each.phrases[:-1]) for each in plain)
    return (EVERYTHING[kind], *plain)


def part(name: str, variable: str, gives: str) -> Concept:
    """The key or the value of an entry, as a map."""
    wrong = ((1, f"d[{variable}]"),)
    return Concept(
        name=name, slot="map", takes="pair", gives=gives, phrases=(f"{name}s",), right=variable, share=0.9, wrong=wrong,
        reference=variable,
    )  # fmt: skip


@cache
def maps(kind: str) -> tuple[Concept, ...]:
    """The maps over a kind of element."""
    if kind == "pair":
        key = part("key", "k", "word")
        value = part("value", "v", "int")
        by_value, by_key = map(of_value, concepts("numbers", "map")), map(of_key, concepts("words", "map"))
        return (key, value, *by_value, *by_key)
    return (ITSELF[kind], *concepts(TABLES[kind], "map"))


def reduces(kind: str) -> tuple[Concept, ...]:
    """The reduces over a kind of element."""
    return concepts("numbers" if kind == "int" else "words", "reduce")


def combinations() -> Iterator[Combination]:
    """All that make sense."""
    for family in families():
        for filter_ in filters(family.kind):
            for map_ in maps(family.kind):
                for reduce in reduces(map_.gives):
                    made = Combination(family=family, filter=filter_, map=map_, reduce=reduce)
                    if made.sensible:
                        yield made
