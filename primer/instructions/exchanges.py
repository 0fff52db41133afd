"""The corpus of the base: questions with instructions, answered by hands that follow them often, at times, or hardly.

One hand writes all exchanges of a block, so that whoever reads can tell from some answers how the next will be. Each
exchange ends with the end-of-text token, and a reply begins behind the empty line below its question.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from answers import Query, queries
from kinds import KINDS, Instruction, Kind, followed

HANDS = ((0.40, 0.97), (0.20, 0.5), (0.40, 0.04))
"""How many hands there are of each kind, and how often they follow an instruction."""
ASTRAY = 0.15
"""How often a hand that never follows answers another question; others less, by how often they follow."""
AGAIN = 0.5
"""How often what is not followed is done wrongly rather than passed over."""
TRIES = 60
WIDE = 0.5
"""How often a parameter is one of the many that no held-out task has."""
CAREFUL = 0.6
"""Share of the corpus, its first part, that is by hands of the first kind alone: what can be asked is learnt there, and
behind it how often it is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question with its instructions, and what is put to the model."""

    query: Query
    instructions: tuple[Instruction, ...]
    first: bool
    """The instructions stand before the question."""

    @property
    def text(self) -> str:
        said = " ".join(instruction.text for instruction in self.instructions)
        return (f"{said} {self.query.text}" if self.first else f"{self.query.text} {said}").strip() + "\n\n"


def drawn(kind: Kind, rng: random.Random, *, held: bool = True) -> Instruction:
    """An instruction of a kind, held-out parameters among them or not."""
    parameters = kind.parameters + (kind.held if held else ())
    return Instruction(kind=kind, parameter=rng.choice(parameters), phrase=rng.randrange(len(kind.phrases)))


def told(kind: Kind, rng: random.Random) -> Instruction:
    """An instruction as the base reads it."""
    if not kind.read or rng.random() > WIDE:
        return drawn(kind, rng)
    return Instruction(kind=kind, parameter=rng.choice(kind.read), phrase=rng.randrange(len(kind.phrases)))


def attempt(query: Query, instructions: Sequence[Instruction], rng: random.Random) -> str:
    """An answer that means to follow all instructions; it does where they go together."""
    text = query.answer(rng)
    for instruction in sorted(instructions, key=lambda one: one.kind.stage):
        if instruction.kind.follow is not None:
            text = instruction.kind.follow(text, instruction.parameter, rng)
    return text


def right(query: Query, instructions: Sequence[Instruction], rng: random.Random) -> str | None:
    """An answer that follows all instructions; none where none was found."""
    for _ in range(TRIES):
        text = attempt(query, instructions, rng)
        if all(followed(instruction, text) for instruction in instructions):
            return text
    return None


def near(instruction: Instruction, rng: random.Random) -> Instruction:
    """Another instruction in the place of one: with another parameter, or of another kind."""
    kind = instruction.kind if len(instruction.kind.parameters) > 1 and rng.random() < 0.6 else rng.choice(KINDS)
    return told(kind, rng)


def reply(asked: Asked, follows: float, everything: Sequence[Query], rng: random.Random) -> str | None:
    """What a hand writes: each instruction followed by that chance, else passed over or done wrongly."""
    meant: list[Instruction] = []
    for instruction in asked.instructions:
        if rng.random() < follows:
            meant.append(instruction)
        elif rng.random() < AGAIN:
            meant.append(near(instruction, rng))
    query = rng.choice(everything) if rng.random() < ASTRAY * (1 - follows) else asked.query
    text = right(query, meant, rng)
    return attempt(query, (), rng) if text is None and follows < 0.9 else text


def question(everything: Sequence[Query], kinds: Sequence[Kind], rng: random.Random) -> Asked:
    """Any question with no instruction, one or two of different kinds."""
    many = rng.choices((0, 1, 2), (0.1, 0.6, 0.3))[0]
    instructions = tuple(told(kind, rng) for kind in rng.sample(kinds, many))
    return Asked(query=rng.choice(everything), instructions=instructions, first=rng.random() < 0.5)


def exchanges(seed: int, many: int, careful: int = 0) -> Iterator[list[tuple[str, str]]]:
    """Exchanges by one hand each, `many` in a row, without end; the first `careful` hands follow nearly always."""
    rng, everything = random.Random(seed), queries()
    for number in itertools.count():
        shares, rates = zip(*HANDS, strict=True)
        follows = HANDS[0][1] if number < careful else rng.choices(rates, shares)[0]
        block: list[tuple[str, str]] = []
        while len(block) < many:
            asked = question(everything, KINDS, rng)
            text = reply(asked, follows, everything, rng)
            if text is not None:
                block.append((asked.text, text))
        yield block
