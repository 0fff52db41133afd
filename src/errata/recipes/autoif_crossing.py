"""Cross-validation of functions and cases by running each on each, in the sandbox (papers: AutoIF 3.1).

Each function is called with the text of each case. A function agrees with a case when it comes to the truth that the
case has; one that raises, hangs or says neither true nor false agrees with nothing. A case is kept by the share of
functions that agree with it, of those that came to an answer about it; then a function by the share of the kept cases
that it agrees with. Functions and cases keep their order, and the order of nothing else matters: no sets, no hashes.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from errata.errors import Fault
from errata.judges import Judging
from errata.judges.functions import limits_of
from errata.judges.functions_calls import Call, Said, call, runs_text, truth
from errata.recipes.autoif_parsing import Parsed, Refused, verifier
from errata.recipes.autoif_records import Instruction, Scored, Tried, Verified
from errata.recipes.autoif_settings import Filters, holds
from errata.sandbox import Pool
from errata.types import Owed, Stage

T = TypeVar("T")

WINDOW = 32
"""Instructions whose functions are run together."""
PATIENCE = 3
"""Cases that a function may not come back from, before it is asked about no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What the replies about one instruction hold."""

    instruction: Instruction
    functions: tuple[Scored, ...]
    cases: tuple[Tried, ...]
    counts: dict[str, int]


def gathered(instruction: Instruction, replies: Iterable[str], filters: Filters) -> Gathered:
    """Functions and cases of all replies, in their order."""
    read: list[tuple[int, Parsed]] = []
    counts = {"replies": 0, "refused": 0, "mended": 0, "bad cases": 0}
    for draw, reply in enumerate(replies):
        counts["replies"] += 1
        try:
            found = verifier(reply, mend=filters.mend)
        except Refused:
            counts["refused"] += 1
            continue
        counts["mended"] += found.mended
        counts["bad cases"] += found.bad_cases
        read.append((draw, found))
    functions = [Scored(source=found.source, draw=draw) for draw, found in read]
    functions = [found for found in functions if filters.running or not runs_text(found.source)]
    counts["running"] = len(read) - len(functions)
    cases = [case for _, found in read for case in found.cases]
    if filters.words:
        truths = [replace(case, output=meant(case, filters)) for case in cases]
        cases = [case for case in truths if case.output is not None]
        counts["bad cases"] += len(truths) - len(cases)
    if filters.unique:
        functions = firsts(functions, lambda function: function.source)
        # By how its output is written, since True and 1 are equal.
        cases = firsts(cases, lambda case: (case.input, repr(case.output)))
    counts |= {"functions": len(functions), "cases": len(cases)}
    return Gathered(instruction=instruction, functions=tuple(functions), cases=tuple(cases), counts=counts)


def firsts(items: Iterable[T], key: Callable[[T], Hashable]) -> list[T]:
    """Of several items with one key the first, at its place."""
    kept: dict[Hashable, T] = {}
    for item in items:
        kept.setdefault(key(item), item)
    return list(kept.values())


def cross(replies: Mapping[str, Sequence[str]], filters: Filters, judging: Judging) -> Stage[Instruction, Verified]:
    """A stage that cross-validates each instruction by the replies about it (instruction's id -> replies)."""

    def stage(instructions: Iterable[Instruction]) -> Iterator[Verified | Owed]:
        left = iter(instructions)
        with Pool(judging.workers, judging.tier, environment=judging.sandbox_python) as pool:
            while window := [gathered(one, replies.get(one.id, ()), filters) for one in islice(left, WINDOW)]:
                yield from crossed(pool, window, filters, judging)

    return stage


def crossed(pool: Pool, window: Sequence[Gathered], filters: Filters, judging: Judging) -> Iterator[Verified | Owed]:
    calls: list[Call] = []
    places: list[tuple[int, int]] = []
    for at, one in enumerate(window):
        texts = tuple(dict.fromkeys(case.input for case in one.cases))
        for number, function in enumerate(one.functions):
            calls.append(Call(source=function.source, texts=texts))
            places.append((at, number))
    heard: dict[tuple[int, int], Mapping[str, Said] | Fault] = {}
    for number, answers in call(pool, calls, limits_of(judging), patience=PATIENCE):
        known = answers if isinstance(answers, Fault) else dict(zip(calls[number].texts, answers, strict=True))
        heard[places[number]] = known
    for at, one in enumerate(window):
        said = [heard[at, number] for number in range(len(one.functions))]
        fault = next((known for known in said if isinstance(known, Fault)), None)
        if fault is not None:
            yield Owed(id=one.instruction.id, reason=str(fault))
        else:
            yield decided(one, [known for known in said if not isinstance(known, Fault)], filters)


def decided(one: Gathered, said: Sequence[Mapping[str, Said]], filters: Filters) -> Verified:
    """What is kept of an instruction, by what each of its functions said of each text."""
    sound = [at for at, known in enumerate(said) if not broken(known)]
    made = Verified(
        id=one.instruction.id,
        of=one.instruction.id,
        instruction=one.instruction.text,
        counts={**one.counts, "broken": len(said) - len(sound), **three(said, filters)},
    )
    if not sound or len(sound) < filters.least_functions:
        return replace(made, reason="too few functions")
    if not one.cases or len(one.cases) < filters.least_cases:
        return replace(made, reason="too few cases")
    cases = list(one.cases)
    if filters.cross:
        shares = [agreement([agrees(said[at], case, filters) for at in sound]) for case in cases]
        tried = [replace(case, accuracy=share) for case, share in zip(cases, shares, strict=True)]
        cases = [case for case in tried if case.accuracy is not None and holds(filters.cases, case.accuracy)]
        if not cases:
            return replace(made, reason="no case is agreed with")
    functions = [replace(one.functions[at], accuracy=right(said[at], cases, filters)) for at in sound]
    kept = [at for at in range(len(sound)) if not filters.cross or passes(functions[at], filters)]
    if not kept:
        return replace(made, cases=tuple(cases), reason="no function is right often enough")
    votes = [[truth(said[sound[at]][case.input], words=filters.words) for at in kept] for case in cases]
    cases = [replace(case, follows=agreement(vote)) for case, vote in zip(cases, votes, strict=True)]
    return replace(made, functions=tuple(functions[at] for at in kept), cases=tuple(cases))


def three(said: Sequence[Mapping[str, Said]], filters: Filters) -> dict[str, int]:
    """How many calls came to each of the three answers; those of functions that cannot be run are among the errors."""
    votes = [truth(answer, words=filters.words) for known in said for answer in known.values()]
    return {"true": votes.count(True), "false": votes.count(False), "error": votes.count(None)}


def passes(function: Scored, filters: Filters) -> bool:
    return function.accuracy is not None and holds(filters.functions, function.accuracy)


def broken(known: Mapping[str, Said]) -> bool:
    """Whether a function cannot even be loaded."""
    return bool(known) and all(said.broken for said in known.values())


def agrees(known: Mapping[str, Said], case: Tried, filters: Filters) -> bool | None:
    """Whether a function says of a case what the case says; none where the function came to no answer."""
    said = known[case.input]
    if not filters.words:
        # As in the release: what came back is compared as it is, so that True is not "True".
        return None if said.error or said.value is None else said.value == case.output
    vote = truth(said)
    return None if vote is None else vote == meant(case, filters)


def meant(case: Tried, filters: Filters) -> bool | None:
    """The truth that a case has, by the same rule that functions' answers are read by."""
    return truth(Said(value=case.output), words=filters.words)


def agreement(votes: Sequence[bool | None]) -> float | None:
    """Share of those that came to an answer; none where none did."""
    counted = [vote for vote in votes if vote is not None]
    return sum(counted) / len(counted) if counted else None


def right(known: Mapping[str, Said], cases: Sequence[Tried], filters: Filters) -> float:
    """Share of the cases that a function gets right; a case that it has no answer for it does not get right."""
    return sum(agrees(known, case, filters) is True for case in cases) / len(cases)
