"""Families: what is walked, which concepts meet there, and how a combination is put in words and in code."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import inputs
import int_concepts as ints
import text_concepts as texts
from concept import Concept, Parameters, fill, rename

VARIABLES = {"int": "x", "word": "w", "char": "c", "pair": "k, v"}
EVERYTHING = {
    kind: Concept(name="all", slot="filter", takes=kind, phrases=("$n",), right="", share=1, reference="")
    for kind in VARIABLES
}
ITSELF = {
    kind: Concept(name="itself", slot="map", takes=kind, gives=kind, phrases=("",), right=name, share=1, reference=name)
    for kind, name in VARIABLES.items()
}
LEADS = ("Return {}.", "Write a function that returns {}.", "Given {given}, return {}.", "Find {}.")
TWO = ("Take {np}. Return {}.", "Look at {np}. Return {}.")


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


def source(right: str, share: float, wrong: tuple[tuple[float, str], ...], reference: str, name: str) -> Concept:
    """What is walked."""
    return Concept(
        name=name, slot="source", takes="", phrases=(), right=right, share=share, wrong=wrong, reference=reference
    )


FAMILIES = (
    Family(name="numbers", argument="xs", given="a list of numbers", kind="int", noun="numbers", where="in the list",
           source=source("xs", 1, (), "xs", ""), draw=inputs.numbers),
    Family(name="digits", argument="n", given="a whole number n", kind="int", noun="digits", where="of n",
           source=source("[int(i) for i in str(n)]", 0.72, ((2, "str(n)"), (1, "n")), "map(int, str(n))", "digits-of"), draw=inputs.whole,
           without=frozenset({"negative", "positive", "two-digit", "ends-in", "absolute", "last-digit", "digit-sum", "digit-count"})),
    Family(name="divisors", argument="n", given="a whole number n", kind="int", noun="divisors", where="of n",
           source=source("[i for i in range(1, n + 1) if n % i == 0]", 0.72, ((2, "[i for i in range(1, n) if n % i == 0]"), (2, "[i for i in range(n) if n % i == 0]")),
                         "filter(lambda i: not n % i, range(1, n + 1))", "divisors-of"), draw=inputs.divisible,
           without=frozenset({"negative", "positive", "absolute", "distinct", "different", "tally"})),
    Family(name="up-to", argument="n", given="a whole number n", kind="int", noun="numbers", where="from 1 to n",
           source=source("range(1, n + 1)", 0.72, ((2, "range(n)"), (1, "range(1, n)")), "range(1, 1 + n)", "counting-up"), draw=inputs.bound,
           without=frozenset({"negative", "positive", "absolute", "tally"})),
    Family(name="words", argument="s", given="a sentence s", kind="word", noun="words", where="of the sentence",
           source=source("s.split()", 0.78, ((2, "s.split('')"), (1, "s")), "str.split(s)", "splitting"), draw=inputs.sentence),
    Family(name="strings", argument="ws", given="a list of words", kind="word", noun="words", where="in the list",
           source=source("ws", 1, (), "ws", ""), draw=inputs.words),
    Family(name="characters", argument="s", given="a string s", kind="char", noun="characters", where="of s",
           source=source("s", 1, (), "s", ""), draw=inputs.text, without=frozenset({"total-length", "longest", "by-length"})),
    Family(name="entries", argument="d", given="a dict d", kind="pair", noun="entries", where="of d",
           source=source("d.items()", 0.78, ((2, "d"), (1, "d.iteritems()")), "list(d.items())", "items"), draw=inputs.table),
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
    return replace(
        concept, takes="pair", phrases=phrases, right=rename(concept.right, to), reference=rename(concept.reference, to),
        wrong=tuple((weight, rename(form, to)) for weight, form in concept.wrong),
    )  # fmt: skip


@cache
def filters(kind: str) -> tuple[Concept, ...]:
    """The filters over a kind of element."""
    if kind == "pair":
        by_value, by_key = map(of_value, ints.FILTERS), map(of_key, texts.WORD_FILTERS)
        return (EVERYTHING[kind], *by_value, *by_key)
    if kind == "int":
        plain = tuple(replace(each, phrases=each.phrases[:-1]) for each in ints.FILTERS)
    elif kind == "word":
        plain = tuple(replace(each, phrases=each.phrases[:-1]) for each in texts.WORD_FILTERS)
    else:
        plain = texts.CHAR_FILTERS
    return (EVERYTHING[kind], *plain)


@cache
def maps(kind: str) -> tuple[Concept, ...]:
    """The maps over a kind of element."""
    if kind == "pair":
        key = Concept(name="key", slot="map", takes="pair", gives="word", phrases=("keys",), right="k", share=0.9,
                      wrong=((1, "d[k]"),), reference="k")  # fmt: skip
        value = Concept(name="value", slot="map", takes="pair", gives="int", phrases=("values",), right="v", share=0.9,
                        wrong=((1, "d[v]"),), reference="v")  # fmt: skip
        return (key, value, *map(of_value, ints.MAPS), *map(of_key, texts.WORD_MAPS))
    return (ITSELF[kind], *{"int": ints.MAPS, "word": texts.WORD_MAPS, "char": texts.CHAR_MAPS}[kind])


def reduces(kind: str) -> tuple[Concept, ...]:
    """The reduces over a kind of element."""
    return ints.REDUCES if kind == "int" else texts.WORD_REDUCES


def combinations() -> Iterator[Combination]:
    """All that make sense."""
    for family in FAMILIES:
        for filter_ in filters(family.kind):
            for map_ in maps(family.kind):
                for reduce in reduces(map_.gives):
                    names = {filter_.name, map_.name, reduce.name}
                    if names & family.without or (reduce.name == "count" and map_.name not in ("itself", "key", "value")):
                        continue
                    yield Combination(family=family, filter=filter_, map=map_, reduce=reduce)


def program(combination: Combination, forms: list[str], rng: random.Random) -> str:
    """A program in one of the base's layouts, from a form for each slot."""
    walked, condition, made, reduced = forms
    variable = VARIABLES[combination.family.kind]
    name = rng.choice(("ys", "ys", "out", "res"))
    layout = rng.choice(("loop", "loop", "comprehension", "comprehension", "comprehension", "stepwise"))
    if layout == "loop":
        lines = [f"{name} = []", f"for {variable} in {walked}:"]
        lines += [f"    if {condition}:", f"        {name}.append({made})"] if condition else [f"    {name}.append({made})"]
    elif layout == "stepwise" and condition and made != variable and variable != "k, v":
        lines = [f"{name} = [{variable} for {variable} in {walked} if {condition}]"]
        lines.append(f"{name} = [{made} for {variable} in {name}]")
    else:
        lines = [f"{name} = [{made} for {variable} in {walked}{' if ' + condition if condition else ''}]"]
    reduced = rename(reduced, {"ys": name})
    lines += (reduced if "return" in reduced else f"return {reduced}").split("\n")
    return f"def f({combination.family.argument}):\n" + "".join(f"    {line}\n" for line in lines)


def reference(combination: Combination, parameters: list[Parameters]) -> str:
    """A right program in a style of its own."""
    walked, condition, made, reduced = (
        fill(slot.reference, settled) for slot, settled in zip(combination.slots, parameters, strict=True)
    )
    to = {"x": "item", "w": "word", "c": "letter", "k": "key", "v": "value", "ys": "picked"}
    variable = rename(VARIABLES[combination.family.kind], to)
    made = f"yield {rename(made, to)}"
    inner = [f"if {rename(condition, to)}:", f"    {made}"] if condition else [made]
    lines = ["def pick():", f"    for {variable} in {walked}:", *(f"        {line}" for line in inner), ""]
    lines += ["picked = list(pick())", f"return {rename(reduced, to)}"]
    return f"def f({combination.family.argument}):\n" + "".join(f"    {line}".rstrip() + "\n" for line in lines)


def instruction(combination: Combination, parameters: list[Parameters], rng: random.Random) -> str:
    """The task in one or two sentences."""
    family = combination.family
    _, kept, made, reduced = (
        fill(rng.choice(slot.phrases), settled) if slot.phrases else ""
        for slot, settled in zip(combination.slots, parameters, strict=True)
    )
    elements = "the " + (kept.replace("$n", f"{family.noun} {family.where}") if "$n" in kept[:2] else kept.replace("$n", family.noun) + f" {family.where}")
    if rng.random() < 0.7:
        subject = f"the {made} of {elements}" if made else elements
        return rng.choice(LEADS).replace("{given}", family.given).replace("{}", reduced.replace("$np", subject))
    subject = f"the {made}" if " of the " in made else f"their {made}" if made else "them"
    return rng.choice(TWO).replace("{np}", elements).replace("{}", reduced.replace("$np", subject))
