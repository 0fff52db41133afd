"""Exercises for a refiner that has never done what it was told: programs of the primer's corpus with places changed.

A real base model can follow words before it is fine-tuned; the primer's, of 1.9 million parameters, cannot. What an
exercise wants is what the corpus has there, right or wrong, at the corpus's own shares: it teaches to do what the words
say, not which form is right.
"""

import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from errata import prompts
from errata.errors import UsageError
from errata.feedback.simulated import VERBS, Change, Spot, applied, spotted, worded
from errata.tasks import primer
from errata.types import Demo

VARIABLES = ("x", "w", "c", "k, v")
HEAD = re.compile(r'"""\n.*?\n"""\n', re.DOTALL)
ARGUMENT = re.compile(r"^def f\((\w+)\):$", re.MULTILINE)
MOST = 3
"""Places that are changed in one program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A document of the corpus: a task and one program, whose slots are known."""

    text: str
    problem: str
    name: str
    """What its list is called."""
    spots: tuple[Spot, ...]
    kind: str
    """Its variable and argument, which forms that take its place must share."""


def exercises(number: int, seed: int, *, feedback: bool = True) -> Iterator[Demo]:
    """So many refinement texts; without feedback the failing program alone says what is wanted.

    Raises UsageError when the corpus that ships has too few programs.
    """
    rng = random.Random(seed)
    documents = [found for text in texts() if (found := parsed(text)) is not None]
    if number > len(documents):
        raise UsageError(f"warm_up must be at most {len(documents)}, the programs of the primer's corpus, not {number}")
    forms: dict[tuple[str, str], list[str]] = defaultdict(list)
    for document in documents:
        for spot in document.spots:
            forms[spot.slot, document.kind].append(re.sub(rf"\b{document.name}\b", "ys", spot.written))
    for at, document in enumerate(rng.sample(documents, number)):
        changes = changed(document, forms, rng)
        old = applied(document.text, changes)
        said = " ".join(back(change, rng.randrange(2)) for change in changes)
        asked = prompts.refining(old, said if feedback else "", document.problem)
        yield prompts.mended(f"warm-up/{at}", (), asked, document.text)


def back(change: Change, way: int) -> str:
    """What to do to have again what stood there."""
    slot = change.spot.slot
    return worded(slot, f"{VERBS[slot]} what is asked for", change.put, change.spot.written, way)


def texts() -> Iterator[str]:
    """The documents that are a task and a program and nothing else."""
    with gzip.open(primer.corpus_file(), "rt", encoding="utf-8") as file:
        for line in file:
            text = str(json.loads(line)["text"])
            if text.startswith('"""\n') and not any(mark in text for mark in ("Traceback", "SyntaxError", ">>>")):
                yield text


def parsed(text: str) -> Parsed | None:
    """A document whose program has a known layout."""
    head, argument = HEAD.match(text), ARGUMENT.search(text)
    if head is None or argument is None:
        return None
    for variable in VARIABLES:
        name, spots = spotted(text, variable)
        if spots:
            kind = f"{variable} of {argument[1]}"
            return Parsed(text=text, problem=head[0], name=name, spots=tuple(spots), kind=kind)
    return None


def changed(document: Parsed, forms: dict[tuple[str, str], list[str]], rng: random.Random) -> Sequence[Change]:
    """One to three slots with forms of other programs in them."""
    places = rng.sample(document.spots, min(len(document.spots), rng.randint(1, MOST)))
    made: list[Change] = []
    for spot in sorted(places, key=lambda spot: spot.begin):
        other = re.sub(r"\bys\b", document.name, rng.choice(forms[spot.slot, document.kind]))
        # A condition of a comprehension begins with ` if `, that of a loop does not: each needs its own.
        fits = spot.slot != "filter" or other.startswith(" if ") == spot.written.startswith(" if ")
        if fits and other != spot.written:
            made.append(Change(spot=spot, put=other))
    return made
