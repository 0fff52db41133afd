"""Tasks with tests that tell misconceptions from the right program."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from concept import Parameters, fill
from execute import equal, holds, values
from family import Combination, combinations, families
from writing import instruction, program, reference

SIZES = {"refine": (60, 60), "train": (125, 115), "dev": (40, 40), "test": (110, 100)}
"""Tasks of each split: core and hard."""
QUOTA = {
    "numbers": 24,
    "digits": 9,
    "divisors": 8,
    "up-to": 9,
    "words": 13,
    "strings": 12,
    "characters": 13,
    "entries": 12,
}
"""Share of the families, in percent, where they have combinations enough."""
PUBLIC, HIDDEN, TRIED, AGAIN = 3, 7, 90, 600
"""Tests of a task, and how many arguments are looked at for them: first, and for misconceptions that seldom show."""
LONGEST = 34
"""Characters that an argument or a result in a test may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """A combination with tests found for it."""

    combination: Combination
    parameters: list[Parameters]
    public: list[str]
    hidden: list[str]
    unseen: int
    """Misconceptions that the public tests do not see; the hidden tests see all."""


def right_forms(combination: Combination, parameters: list[Parameters]) -> list[str]:
    """The right form of every slot."""
    return [fill(slot.right, settled) for slot, settled in zip(combination.slots, parameters, strict=True)]


def variants(combination: Combination, parameters: list[Parameters], rng: random.Random) -> Iterator[str]:
    """Every program with one misconception."""
    right = right_forms(combination, parameters)
    for at, slot in enumerate(combination.slots):
        for _, form in slot.wrong:
            yield program(combination, [*right[:at], fill(form, parameters[at]), *right[at + 1 :]], rng)


def find(combination: Combination, rng: random.Random) -> Tested | None:
    """Parameters and tests that see every misconception that changes what the program does, or None."""
    parameters = combination.settle(rng)
    arguments = list(dict.fromkeys(repr(combination.family.draw(rng)) for _ in range(TRIED)))
    arguments = [argument for argument in arguments if len(argument) <= LONGEST]
    wanted = values(reference(combination, parameters), arguments)
    right = values(program(combination, right_forms(combination, parameters), rng), arguments)
    if not all(equal(a, b) for a, b in zip(wanted, right, strict=True)):
        raise AssertionError(f"{combination.name}: the reference and the right form disagree")
    seen = [
        {
            at
            for at, (got, want) in enumerate(zip(values(variant, arguments), wanted, strict=True))
            if not equal(got, want)
        }
        for variant in variants(combination, parameters, rng)
    ]
    seen = [where for where in seen if where]
    shown = [at for at, value in enumerate(wanted) if len(repr(value)) <= LONGEST]
    telling = [at for at in shown if wanted[at] not in (0, None, -1, "", [], {})]
    kinds = {repr(wanted[at]) for at in telling}
    if len(seen) < 3 or len(telling) < 0.35 * len(arguments) or len(kinds) < 6:
        return None
    first = min(rng.sample(telling, 6), key=lambda at: len(arguments[at]) + len(repr(wanted[at])))
    public = chosen([first], [at for at in shown if at != first], seen, PUBLIC)
    hidden = chosen([], [at for at in shown if at not in public], seen, HIDDEN)
    if any(not where & set(hidden) for where in seen):
        return None
    unseen = sum(not where & set(public) for where in seen)

    def test(at: int) -> str:
        return f"assert f({arguments[at]}) == {wanted[at]!r}"

    return Tested(
        combination=combination, parameters=parameters, public=[test(at) for at in public],
        hidden=[test(at) for at in hidden], unseen=unseen,
    )  # fmt: skip


def sharpened(tested: Tested) -> list[str]:
    """The hidden tests, and more of them where a misconception that seldom shows passes them."""
    combination, parameters = tested.combination, tested.parameters
    rng = random.Random(combination.name)
    hidden = list(tested.hidden)
    through = [each for each in variants(combination, parameters, rng) if all(holds(each, test) for test in hidden)]
    arguments = [repr(combination.family.draw(rng)) for _ in range(AGAIN)]
    wanted = values(reference(combination, parameters), arguments)
    short = [at for at in range(AGAIN) if len(arguments[at]) <= LONGEST and len(repr(wanted[at])) <= LONGEST]
    for variant in through:
        if all(holds(variant, test) for test in hidden):
            got = values(variant, arguments)
            telling = [at for at in short if not equal(got[at], wanted[at])]
            hidden += [f"assert f({arguments[at]}) == {wanted[at]!r}" for at in telling[:1]]
    return [test for test in dict.fromkeys(hidden) if test not in tested.public]


def chosen(begun: list[int], candidates: list[int], seen: list[set[int]], many: int) -> list[int]:
    """Tests that see most misconceptions between them, greedily; what the begun ones see counts."""
    picked = list(begun)
    while len(picked) < many and len(picked) < len(candidates):
        left = [where for where in seen if not where & set(picked)] or seen
        free = [at for at in candidates if at not in picked]
        picked.append(max(free, key=lambda at: sum(at in where for where in left)))
    return picked


def worth(combination: Combination) -> bool:
    """Whether it is a task: at least two ideas, and wholly core or twice hard."""
    ideas = [name for name in combination.key if name not in ("all", "itself", "list", "key", "value")]
    return len(ideas) >= 2 and combination.hard != 1


def tasks(seed: int) -> Iterator[dict[str, object]]:
    """The set, as JSON of `Task` records."""
    rng = random.Random(seed)
    pools: dict[tuple[str, bool], list[Combination]] = {}
    for each in combinations():
        if worth(each):
            pools.setdefault((each.family.name, each.hard > 1), []).append(each)
    for pool in pools.values():
        pool.sort(key=lambda each: each.name)
        rng.shuffle(pool)
    taken: set[tuple[str, str, str]] = set()
    names = [family.name for family in families()]
    for split, sizes in SIZES.items():
        rows: list[Tested] = []
        for hard, size in zip((False, True), sizes, strict=True):
            while size:
                pool = pools[rng.choices(names, [QUOTA[name] for name in names])[0], hard]
                tested = next_tested(pool, taken, rng)
                if tested is not None:
                    rows.append(tested)
                    size -= 1
        rng.shuffle(rows)
        for number, tested in enumerate(rows):
            yield record(f"primer/{split}/{number:03}", tested, rng)


def next_tested(pool: list[Combination], taken: set[tuple[str, str, str]], rng: random.Random) -> Tested | None:
    """The pool's next combination that is free and can be tested."""
    while pool:
        combination = pool.pop()
        if combination.key in taken:
            continue
        found = [tested for _ in range(3) if (tested := find(combination, rng)) is not None]
        if found and (best := min(found, key=lambda tested: tested.unseen)).unseen <= 1:
            taken.add(combination.key)
            return best
    return None


def record(name: str, tested: Tested, rng: random.Random) -> dict[str, object]:
    """One `Task`."""
    combination = tested.combination
    tags = [f"tier:{'hard' if combination.hard else 'core'}", f"family:{combination.family.name}"]
    return {
        "id": name,
        "instruction": instruction(combination, tested.parameters, rng),
        "check": {"kind": "unit_tests", "tests": tested.public, "hidden": sharpened(tested), "entry_point": "f"},
        "reference": reference(combination, tested.parameters),
        "tags": tags + [f"concept:{concept}" for concept in combination.concepts],
    }
