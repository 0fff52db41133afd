"""A simulated annotator for the primer: it stands in for people so that the whole of ILF runs without any.

It knows what a primer task is made of (`errata.tasks.concepts`), finds the slots of a failing program whose form is not
the right one, says so in one to four sentences, and proposes the smallest edits first. Which proposal is taken is
decided by running the task's public tests, as a person would. Everything that it writes is signed `simulated:concepts`;
what it shows is how the recipe works, and nothing about people.
"""

import itertools
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from errata.tasks.concepts import Anatomy, Part, Slot, anatomy
from errata.types import Offer, Question, Task

AUTHOR = "simulated:concepts"
MOST_EDITS = 3
"""Edits of one proposal; a program that needs more is not the easiest to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a slot stands in a program's source."""

    slot: Slot
    begin: int
    end: int
    written: str
    """The form that stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change: a slot's form, replaced by the right one."""

    spot: Spot
    part: Part
    put: str
    """What is put in the place, with the program's own names and layout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A mended program that has not been tried yet, and the words that go with it."""

    sample: str
    refinement: str
    text: str


def proposals(question: Question, offer: Offer) -> Iterator[Proposal]:
    """Ways to mend one of the offered programs, fewest edits first; none for a program whose layout is not known."""
    body = anatomy(question.task)
    edits = list(wrong(offer.program, body))
    for size in range(1, min(len(edits), MOST_EDITS) + 1):
        for chosen in itertools.combinations(edits, size):
            mended = applied(offer.program, chosen)
            text = " ".join(said(question.task, edit, body, at) for at, edit in enumerate(chosen))
            yield Proposal(sample=offer.sample, refinement=mended, text=text)


def wrong(program: str, body: Anatomy) -> Iterator[Edit]:
    """The slots whose form is not the right one, in the order of the program."""
    name, spots = spotted(program, body)
    parts = {part.slot: part for part in body.parts}
    for spot in spots:
        part = parts[spot.slot]
        right = re.sub(r"\bys\b", name, part.right)
        if spot.slot == "reduce":
            put = right if "return" in right else f"return {right}"
            put = put.replace("\n", "\n    ")
        elif spot.slot == "filter":
            put = f" if {right}" if right and spot.written.startswith(" if ") else right
            put = f" if {right}" if right and not spot.written else put
        else:
            put = right
        if put.split() != spot.written.split():
            yield Edit(spot=spot, part=part, put=put)


def spotted(program: str, body: Anatomy) -> tuple[str, list[Spot]]:
    """The name of the list that a program makes, and where its slots stand; nothing for a layout that is not known."""
    variable = re.escape(body.variable)
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


def applied(program: str, edits: Sequence[Edit]) -> str:
    """The program with the edits made."""
    for edit in sorted(edits, key=lambda edit: -edit.spot.begin):
        program = program[: edit.spot.begin] + edit.put + program[edit.spot.end :]
    return program


def said(task: Task, edit: Edit, body: Anatomy, at: int) -> str:
    """What is wrong in one place and how to mend it; the wording varies with the task, as that of several people."""
    put, written = tidy(edit.put), tidy(edit.spot.written)
    what = edit.part.words
    if not put:
        return f"All of them are wanted, so leave out the condition `{written}`."
    if not written:
        return f"Only {what} are wanted: add the condition `{put}`."
    if edit.spot.slot == "reduce" and "\n" in edit.put:
        steps = ", ".join(f"`{step}`" for step in put.split("\n"))
        return f"`{first(written)}` does not return {what}: go step by step, {steps}."
    ways = {
        "source": ("`{written}` does not walk {what}; use `{put}`.", "To walk {what} write `{put}`, not `{written}`."),
        "filter": ("`{written}` does not keep {what}; use `{put}`.", "To keep {what} test `{put}`, not `{written}`."),
        "map": ("`{written}` does not give {what}; use `{put}`.", "To get {what} write `{put}`, not `{written}`."),
        "reduce": (
            "`{written}` does not return {what}; use `{put}`.",
            "To return {what} write `{put}`, not `{written}`.",
        ),
    }[edit.spot.slot]
    way = ways[zlib.crc32(f"{task.id}/{at}".encode()) % len(ways)]
    return way.format(written=first(written), what=what, put=put)


def tidy(form: str) -> str:
    """A form as one says it: without the keyword before it and without the layout around it."""
    form = re.sub(r"\n +", "\n", form.strip())
    return form if "\n" in form else re.sub(r"^(return|if) ", "", form)


def first(written: str) -> str:
    """The first line of a form."""
    return written.split("\n")[0]
