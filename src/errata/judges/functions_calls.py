"""Many verifiers called with many texts, in the sandbox and nowhere else.

A verifier is a program that a model wrote: it may raise, leave, hang, or swallow whatever interrupts it. So texts are
put to it in one process after the other: the answers that stand before a process ends are kept, the text at which it
ended is tried alone, and the rest goes on in another. Nothing that a verifier does reaches another verifier, or ends
the run; and no answer depends on which texts were asked together.
"""

import ast
import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TypeAlias, cast

from errata.errors import Fault
from errata.jsonl import Json
from errata.sandbox import Limits, Outcome, Pool, Program

SECONDS = 5.0
"""What a verifier has for a text by default, as in AutoIF's code."""
TEXTS, CHARACTERS = 256, 1 << 19
"""Most texts, and most characters of text, that are put to one process."""
RUNNING = ("eval", "exec", "compile")
LOADING = ("pickle", "marshal", "dill")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A verifier, and the texts that it is asked about."""

    source: str
    texts: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a verifier answered about one text."""

    value: Json = None
    """A bool, a text, a whole number or none."""
    error: str = ""
    """What it raised, or what ended it; it came to no answer then."""
    broken: bool = False
    """Its source cannot be run, or defines no `evaluate`."""
    tier: int = 0
    """Of the sandbox."""


Heard: TypeAlias = "tuple[Said, ...] | Fault"
"""One for each text; or what the machine failed at."""


def truth(said: Said, *, words: bool = True) -> bool | None:
    """What an answer says; None where it says neither.

    True and False do, and so do 1 and 0, which Python counts as equal to them. With `words` the texts `true` and
    `false` do too, however they are written and whatever blanks stand around them, since models answer in JSON's words
    where Python's were asked for; any other text, number or object says nothing.
    """
    value = said.value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower()) if words else None
    return bool(value) if isinstance(value, int) and value in (0, 1) else None


def call(pool: Pool, calls: Sequence[Call], limits: Limits, *, patience: int = 0) -> Iterator[tuple[int, Heard]]:
    """(number of the call, its answers) as each is known.

    `patience`: a verifier that has ended its process at so many texts is not asked about the others; 0 asks on.
    """
    said: list[dict[int, Said]] = [{} for _ in calls]
    faults: dict[int, Fault] = {}
    ends = [0] * len(calls)
    todo = [(number, chunk) for number, one in enumerate(calls) for chunk in chunks(one)]
    left = [sum(1 for number, _ in todo if number == at) for at in range(len(calls))]
    yield from ((number, ()) for number, one in enumerate(calls) if not one.texts)
    while todo:
        jobs = ((str(at), program(calls[number], chunk), limits) for at, (number, chunk) in enumerate(todo))
        again: list[tuple[int, Sequence[int]]] = []
        for key, outcome in pool.map(jobs):
            number, chunk = todo[int(key)]
            left[number] -= 1
            if isinstance(outcome, Fault):
                faults[number] = outcome
            else:
                known = answers(outcome, len(chunk))
                said[number] |= dict(zip(chunk, known, strict=False))
                more = list(rest(chunk, len(known)))
                if len(known) < len(chunk) == 1:
                    said[number][chunk[0]] = Said(error=ended(outcome), tier=outcome.tier)
                    ends[number], more = ends[number] + 1, []
                if patience and ends[number] >= patience:
                    gone = Said(error=f"it was given up after {patience} texts that it did not come back from")
                    said[number] |= {at: gone for part in more for at in part}
                    more = []
                again += [(number, part) for part in more]
                left[number] += len(more)
            if not left[number]:
                one = calls[number]
                yield number, faults.get(number) or tuple(said[number][at] for at in range(len(one.texts)))
        todo = again


def rest(chunk: Sequence[int], known: int) -> Iterator[Sequence[int]]:
    """What is still to be asked of a chunk: the text that its process ended at, alone, and those behind it."""
    if known < len(chunk) > 1:
        yield chunk[known : known + 1]
        if chunk[known + 1 :]:
            yield chunk[known + 1 :]


def chunks(one: Call) -> Iterator[Sequence[int]]:
    """The numbers of the texts that one process is given; one text where the verifier could run it as a program."""
    most = 1 if runs_text(one.source) else TEXTS
    begun, size = 0, 0
    for at, text in enumerate(one.texts):
        if at > begun and (at - begun >= most or size + len(text) > CHARACTERS):
            yield range(begun, at)
            begun, size = at, 0
        size += len(text)
    if one.texts:
        yield range(begun, len(one.texts))


def program(one: Call, chunk: Sequence[int]) -> Program:
    order = json.dumps({"source": one.source, "texts": [one.texts[at] for at in chunk]})
    return Program(source=driver(), cases=((order, ""),))


def answers(outcome: Outcome, many: int) -> list[Said]:
    """The answers of the texts that were reached, in their order."""
    found: list[Said] = []
    for line in outcome.stdout.splitlines():
        try:
            read = cast("Json", json.loads(line)) if line.startswith('{"at"') else None
        except ValueError:
            continue
        if isinstance(read, Mapping) and read.get("at") == len(found) < many:
            error, broken = str(read.get("error", "")), read.get("broken") is True
            found.append(Said(value=read.get("value"), error=error, broken=broken, tier=outcome.tier))
    return found


def ended(outcome: Outcome) -> str:
    """Why a process ended before its first answer."""
    # Its output is compared with nothing, so `wrong` is the word for an end by itself.
    return "it ended its process" if outcome.outcome in ("wrong", "passed", "early_exit") else outcome.outcome


@functools.lru_cache(maxsize=4096)
def runs_text(source: str) -> bool:
    """Whether a verifier may run texts as programs (`eval(response)`): a text could then make it say anything."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    return any(
        (isinstance(name, ast.Name) and name.id in RUNNING)
        or (isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name) and name.value.id in LOADING)
        for name in called
    )


@functools.cache
def driver() -> str:
    return files("errata.judges").joinpath("functions_driver.py").read_text(encoding="utf-8")
