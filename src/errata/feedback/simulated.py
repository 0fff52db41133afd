"""A simulated annotator for the primer: it stands in for people so that the whole of ILF runs without any.

It knows what a primer task is made of (`errata.tasks.concepts`), finds the slots of a failing program whose form is not
the right one, says so in one to four sentences, and proposes the smallest edits first. Which proposal is taken is
decided by running the task's public tests, as a person would. Everything that it writes is signed `simulated:concepts`;
what it shows is how the recipe works, and nothing about people.
"""

import itertools
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from errata.tasks.concepts import Part, Slot, anatomy
from errata.text import edit_distance
from errata.types import Answer, Offer, Question

AUTHOR = "simulated:concepts"
MOST = 3
"""Changes of one proposal; a program that needs more is not the easiest to mend."""
VERBS: Mapping[Slot, str] = {"source": "walk", "filter": "keep", "map": "get", "reduce": "return"}
"""What is done in a slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a slot stands in a program's source."""

    slot: Slot
    begin: int
    end: int
    written: str
    """The form that stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A slot's form, replaced by another."""

    spot: Spot
    put: str
    """What is put in the place, with the program's own names and layout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A mended program that has not been tried yet, and the words that go with it."""

    sample: str
    refinement: str
    text: str


def proposals(question: Question, offer: Offer) -> Iterator[Proposal]:
    """Ways to mend one of the offered programs, fewest changes first; none for a program whose layout is not known."""
    body = anatomy(question.task)
    parts: dict[Slot, Part] = {part.slot: part for part in body.parts}
    changes = list(wrong(offer.program, body.variable, parts))
    for size in range(1, min(len(changes), MOST) + 1):
        for chosen in itertools.combinations(changes, size):
            mended = applied(offer.program, chosen)
            text = " ".join(said(question.id, at, change, parts) for at, change in enumerate(chosen))
            yield Proposal(sample=offer.sample, refinement=mended, text=text)


def wrong(program: str, variable: str, parts: Mapping[Slot, Part]) -> Iterator[Change]:
    """The slots whose form is not the right one, in the order of the program."""
    name, spots = spotted(program, variable)
    for spot in spots:
        put = re.sub(r"\bys\b", name, parts[spot.slot].right)
        if spot.slot == "reduce":
            put = (put if "return" in put else f"return {put}").replace("\n", "\n    ")
        elif spot.slot == "filter" and put and (not spot.written or spot.written.startswith(" if ")):
            put = f" if {put}"
        if put.split() != spot.written.split():
            yield Change(spot=spot, put=put)


def spotted(program: str, variable: str) -> tuple[str, list[Spot]]:
    """The name of the list that a program makes, and where its slots stand; nothing for a layout that is not known."""
    variable = re.escape(variable)
    start = re.search(r"^def f\(.*\n", program, re.MULTILINE)
    if start is None:
        return "", []
    loop = re.compile(
        rf"    (?P<name>\w+) = \[\]\n    for {variable} in (?P<source>.+):\n"
        r"(?:        if (?P<filter>.+):\n)? +(?P=name)\.append\((?P<map>.+)\)\n"
    ).match(program, start.end())
    if loop:
        spots = [spot(loop, slot) for slot in ("source", "filter", "map") if loop.group(slot) is not None]
        return loop["name"], [*spots, rest(program, loop.end())]
    line = re.compile(rf"    (?P<name>\w+) = \[(?P<map>.+?) for {variable} in (?P<source>.+)\]\n")
    first = line.match(program, start.end())
    if first is None:
        return "", []
    walked, end = split(first["source"]), first.end()
    begin = first.start("source")
    source = Spot(slot="source", begin=begin, end=begin + walked, written=first["source"][:walked])
    kept = Spot(slot="filter", begin=begin + walked, end=first.end("source"), written=first["source"][walked:])
    made = spot(first, "map")
    second = line.match(program, first.end())
    if second and second["source"] == first["name"]:
        # In two steps: the first keeps, the second changes.
        made, end = spot(second, "map"), second.end()
    return first["name"], [source, kept, made, rest(program, end)]


def spot(found: re.Match[str], slot: Slot) -> Spot:
    return Spot(slot=slot, begin=found.start(slot), end=found.end(slot), written=found[slot])


def rest(program: str, begin: int) -> Spot:
    """What makes the result: everything after the list is made, without its indentation."""
    begin += len(program[begin:]) - len(program[begin:].lstrip(" "))
    end = len(program.rstrip())
    return Spot(slot="reduce", begin=min(begin, end), end=end, written=program[begin:end])


def split(walked: str) -> int:
    """Where the source of a comprehension ends and ` if ...` begins: outside of all brackets."""
    depth = 0
    for at, character in enumerate(walked):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and walked.startswith(" if ", at):
            return at
    return len(walked)


def applied(program: str, changes: Sequence[Change]) -> str:
    """The program with the changes made."""
    for change in sorted(changes, key=lambda change: -change.spot.begin):
        program = program[: change.spot.begin] + change.put + program[change.spot.end :]
    return program


def said(question: str, at: int, change: Change, parts: Mapping[Slot, Part]) -> str:
    """What is wrong in one place; the wording varies with the question, as that of several people would."""
    slot, way = change.spot.slot, zlib.crc32(f"{question}/{at}".encode())
    return worded(slot, f"{VERBS[slot]} {parts[slot].words}", change.spot.written, change.put, way)


def worded(slot: Slot, what: str, written: str, put: str, way: int) -> str:
    """One sentence: what is wrong in a slot and how to mend it; `what` is what should be done there."""
    written, put = tidy(written), tidy(put)
    if not put:
        return f"All of them are wanted, so leave out the condition `{written}`."
    if not written:
        return f"Not all of them are wanted: to {what} add the condition `{put}`."
    begun = written.split("\n")[0]
    if slot == "reduce" and "\n" in put:
        steps = ", ".join(f"`{step}`" for step in put.split("\n"))
        return f"`{begun}` does not {what}: go step by step, {steps}."
    if way % 2:
        return f"To {what} write `{put}`, not `{begun}`."
    return f"`{begun}` does not {what}; use `{put}`."


def tidy(form: str) -> str:
    """A form as one says it: without the keyword before it and without the layout around it."""
    form = re.sub(r"\n +", "\n", form.strip())
    return form if "\n" in form else re.sub(r"^(return|if) ", "", form)


def answer(question: Question, proposal: Proposal) -> Answer:
    """A proposal that passed, as the answer to its question."""
    old = next(offer.program for offer in question.offers if offer.sample == proposal.sample)
    return Answer(
        id=f"{question.id}@{AUTHOR.partition(':')[0]}",
        of=question.id,
        author=AUTHOR,
        sample=proposal.sample,
        text=proposal.text,
        refinement=proposal.refinement,
        passed=True,
        edit_distance=edit_distance(proposal.refinement, old),
    )


def skipped(question: Question) -> Answer:
    """What it says where no proposal passes."""
    id = f"{question.id}@{AUTHOR.partition(':')[0]}"
    return Answer(id=id, of=question.id, author=AUTHOR, skip="no small mend of the offered programs passes")
