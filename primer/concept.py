"""What the primer's programs are composed of: concepts, each with one right form and the wrong forms that people write.

A concept fills one slot of a pipeline: the source is walked, a filter keeps some elements, a map changes them, and a
reduce makes the result. They are kept in the .toml files beside this one. Forms are Python source over fixed names: `x`
a number, `w` a word, `c` a character, `k` and `v` a dict's key and value, `ys` the list that the reduce is given. `$a`
and `$b` stand for parameters.
"""

import random
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, NotRequired, TypedDict

Slot = Literal["source", "filter", "map", "reduce"]
Parameters = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """One idea, in words and in code."""

    name: str
    slot: Slot
    takes: str
    """Kind of the elements: `int`, `word`, `char` or `pair`."""
    gives: str = ""
    """Kind of what a map makes."""
    phrases: tuple[str, ...]
    """Noun phrases: `positive $n` for a filter, `squares` for a map, `the sum of $np` for a reduce."""
    right: str
    """The base model's right form."""
    share: float
    """The share of the corpus's programs that have the right form."""
    wrong: tuple[tuple[float, str], ...] = ()
    """The misconceptions, with weights among themselves."""
    reference: str
    """The right form in the style of the reference programs."""
    hard: bool = False
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """The values that the parameters may take."""

    def forms(self, temperature: float = 1.0) -> tuple[list[str], list[float]]:
        """Every form and its probability in the corpus, sharpened as sampling at a temperature would sharpen it."""
        total = sum(weight for weight, _ in self.wrong) or 1.0
        forms = [self.right] + [form for _, form in self.wrong]
        shares = [self.share if self.wrong else 1.0] + [(1 - self.share) * weight / total for weight, _ in self.wrong]
        sharp = [share ** (1 / temperature) for share in shares]
        return forms, [share / sum(sharp) for share in sharp]

    def draw(self, rng: random.Random, temperature: float = 1.0) -> str:
        """One form."""
        forms, shares = self.forms(temperature)
        return rng.choices(forms, shares)[0]

    def settle(self, rng: random.Random) -> Parameters:
        """A value for each parameter."""
        return {name: rng.choice(values) for name, values in self.choices.items()}


def fill(form: str, parameters: Parameters) -> str:
    """The form with its parameters in place."""
    for name, value in parameters.items():
        form = form.replace("$" + name, value)
    return form


def rename(form: str, names: dict[str, str]) -> str:
    """The form with other variable names; strings and attributes of the same spelling are not met in forms."""
    return re.sub(r"(?<![\w.$'])[a-z]+(?![\w'])", lambda found: names.get(found[0], found[0]), form)


@cache
def concepts(kind: str, slot: Slot) -> tuple[Concept, ...]:
    """The concepts over `numbers`, `words` or `characters` that fill a slot."""
    table = tomllib.loads(Path(__file__).with_name(f"{kind}.toml").read_text())
    takes = {"numbers": "int", "words": "word", "characters": "char"}[kind]
    return tuple(read(row, slot, takes) for row in table[slot])


class Row(TypedDict):
    """An entry of a .toml file."""

    name: str
    phrases: NotRequired[list[str]]
    right: str
    share: float
    wrong: list[tuple[float, str]]
    reference: str
    gives: NotRequired[str]
    hard: NotRequired[bool]
    choices: NotRequired[dict[str, list[str]]]


def read(row: Row, slot: Slot, takes: str) -> Concept:
    """The concept of an entry."""
    return Concept(
        name=row["name"],
        slot=slot,
        takes=takes,
        gives=row.get("gives", takes if slot == "map" else ""),
        phrases=tuple(row.get("phrases", ())),
        right=row["right"],
        share=row["share"],
        wrong=tuple((weight, form) for weight, form in row["wrong"]),
        reference=row["reference"],
        hard=row.get("hard", False),
        choices={name: tuple(values) for name, values in row.get("choices", {}).items()},
    )
