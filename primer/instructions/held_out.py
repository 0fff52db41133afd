"""What is asked and measured: queries to practise on, seeds, and held-out tasks with verifiers of our own.

Held-out tasks have other queries than AutoIF is given, and instructions of kinds, or with parameters, that no seed has.
"""

import random
from collections.abc import Iterator, Sequence

from answers import SETS, Query, queries
from exchanges import Asked, drawn, right
from kinds import KINDS, NAMED, Instruction, followed

PRACTICE = 24
"""Queries that AutoIF joins its instructions to."""
SIZES = {"dev": 60, "test": 160}
PAIRED = 0.4
"""Share of the held-out tasks that have two instructions."""
SEEDS = (
    ("capitals", "", 0), ("first", "well", 0), ("last", "done", 0), ("exactly", "4", 0), ("most", "3", 0),
    ("letter", "e", 0), ("without", "the", 0), ("with", "moon", 0), ("commas", "", 0), ("wrapped", "[ and ]", 0),
    ("mark", "!", 0), ("lines", "", 0), ("joined", "-", 0),
)  # fmt: skip
"""The seeds: (kind, parameter, phrase)."""


def seeds() -> tuple[Instruction, ...]:
    return tuple(Instruction(kind=NAMED[name], parameter=word, phrase=at) for name, word, at in SEEDS)


def practice() -> tuple[Query, ...]:
    """The queries that are practised on, of all kinds."""
    every = list(queries())
    random.Random(3).shuffle(every)
    return tuple(every[:PRACTICE])


def held_instruction(rng: random.Random) -> Instruction:
    """An instruction of a kind, or with a parameter, that only held-out tasks have."""
    while True:
        kind = rng.choice(KINDS)
        if kind.held_out:
            return drawn(kind, rng)
        if kind.held:
            return Instruction(kind=kind, parameter=rng.choice(kind.held), phrase=rng.randrange(len(kind.phrases)))


def held_out(split: str, seed: int) -> Iterator[Asked]:
    """Tasks of a split, each of which can be done. No two of all splits are the same."""
    rng = random.Random(f"{seed}/{split}")
    used = {query.text for query in practice()}
    free = [query for query in queries() if query.text not in used]
    mine = [query for at, query in enumerate(free) if (at % 4 == 0) == (split == "dev")]
    seen: set[str] = set()
    while len(seen) < SIZES[split]:
        query, many = rng.choice(mine), 2 if rng.random() < PAIRED else 1
        instructions = tuple(held_instruction(rng) for _ in range(many))
        if len({one.kind.name for one in instructions}) < many:
            continue
        asked = Asked(query=query, instructions=instructions, first=rng.random() < 0.5)
        if asked.text not in seen and not idle(asked, rng) and right(query, instructions, rng) is not None:
            seen.add(asked.text)
            yield asked


def idle(asked: Asked, rng: random.Random) -> bool:
    """Whether an answer that heeds no instruction follows one of them more often than not."""
    plain = [asked.query.answer(rng) for _ in range(20)]
    return any(sum(followed(one, text) for text in plain) > 10 for one in asked.instructions)


def rows(seed: int) -> Iterator[dict[str, object]]:
    """The held-out tasks, and beside each the task of being about what was asked, by the same id."""
    for split in SIZES:
        for number, asked in enumerate(held_out(split, seed)):
            kinds = [
                f"kind:{one.kind.name}" if one.kind.held_out else f"parameter:{one.kind.name}"
                for one in asked.instructions
            ]
            base = {"id": f"primer-instructions/{split}/{number}", "instruction": asked.text.strip()}
            tests = [one.verifier for one in asked.instructions]
            yield {**base, "check": check(tests), "tags": kinds}
            yield {**base, "check": check([about(asked.query)]), "tags": ["about"]}


def check(functions: Sequence[str]) -> dict[str, object]:
    """All functions must say True."""
    return {"kind": "functions", "functions": list(functions), "above": 0.999}


def about(query: Query) -> str:
    """A function that tells whether an answer is about what was asked."""
    if query.about in SETS:
        words = list(SETS[query.about])
        body = f"    words = {words!r}\n    return sum(word in response.lower() for word in words) >= 2\n"
    else:
        body = f"    return {query.about.lower()!r} in response.lower()\n"
    return "def evaluate(response):\n" + body
