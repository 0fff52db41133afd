"""Event arguments as code: the program makes an event object in the sandbox, and its arguments are compared here.

After Wang et al. 2023 (LETI, papers: 2.2; the task is Code4Struct's, arXiv 2210.12810). An argument of the object is
found in the sentence as the mention nearest to the trigger, and counts as identified when its head word is that of an
argument that people found, and as classified when the role is the same too. What people found never enters the
program's process: all it can do is to say what the arguments are.

Otherwise than the authors: what is not in the sentence (a hallucination) counts as a wrong argument and is told, where
they drop it silently; the words come in the order of the class's roles, theirs in the order of a set; no server is
asked for head words.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias, cast

from errata import prompts, text
from errata.errors import Fault, UsageError
from errata.jsonl import Json
from errata.judges.heads import Heads, Span, head
from errata.judges.unit_tests import DEFAULT_SECONDS, Judging
from errata.sandbox import Limits, Outcome, Pool, Program
from errata.tasks.event_code import nearest
from errata.types import Argument, Events, Owed, Part, Sample, Stage, Task, Timed, Verdict

Gold: TypeAlias = Mapping[tuple[str, Span], Argument]
"""Arguments that people found, by role and place of the head word."""

WINDOW = 1024
"""Samples that are taken at a time."""
MARK = "errata-event "
"""What the line begins with that tells of the object."""
TELL = """

def _errata_tell(names, kind, roles):
    import json
    import sys

    def shape(value):
        if not isinstance(value, list):
            return type(value).__name__
        found = []
        for item in value:
            name = getattr(item, "name", None)
            found.append([name] if isinstance(name, str) else type(item).__name__)
        return found

    made = [value for name, value in names if type(value).__name__ == kind]
    told = {role: shape(getattr(made[-1], role, [])) for role in roles} if made else None
    sys.stdout.write("\\n" + "MARK" + json.dumps(told) + "\\n")


_errata_tell(list(globals().items()), KIND, ROLES)
""".replace("MARK", MARK)
"""Goes behind the program in its own process: the newest object of the event's class as plain words."""

NOT_A_LIST = "Expecting a list of Entity instance for role {role}, but got {type}"
NO_NAME = "Expecting a list of Entity instance with .name attribute for role {role}, but got a list of {type}"
NOT_THERE = 'The argument "{text}" of role {role} does not occur in the sentence.'
WRONG_ROLE = 'A successfully identified argument "{text}" is assigned to wrong role "{role}"'
NO_MATCH = 'An identified argument "{text}" does not match any ground truth argument.'
TOO_FEW = "Only {k} out of {n} arguments are correctly identified: {those}"
NO_EVENT = "No instance of {event} was made."
"""What is said, in this order: of types first, then role by role, then of what is missing (papers: LETI 2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An argument that a program gives."""

    role: str
    text: str
    head: Span | None
    """Where its head word stands in the sentence; none where the text is not in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a program's object is worth."""

    words: tuple[str, ...] = ()
    """What is wrong; nothing when all is right."""
    parts: tuple[Part, ...] = ()
    """One for each role that either side fills."""
    measures: Mapping[str, float]
    """`arg_gold`, `arg_predicted`, `arg_identified`, `arg_classified`, `arg_hallucinated`."""

    @property
    def score(self) -> float:
        """F1 of the classified arguments; 1 where there are none on either side."""
        both = self.measures["arg_gold"] + self.measures["arg_predicted"]
        return 2 * self.measures["arg_classified"] / both if both else float(not self.words)


def judge(tasks: Iterable[Task], judging: Judging) -> Stage[Sample, Verdict]:
    """A stage that runs every sample and compares the event that it makes; yields verdicts with timing, or Owed."""
    known = {task.id: (task, check) for task in tasks if isinstance(check := task.check, Events)}
    limits = Limits(seconds=judging.seconds or DEFAULT_SECONDS, memory_mib=judging.memory_mib, output_bytes=1 << 18)

    def stage(samples: Iterable[Sample]) -> Iterator[Timed[Verdict] | Owed]:
        left = iter(samples)
        with Pool(judging.workers, judging.tier, environment=judging.sandbox_python) as pool:
            while window := list(islice(left, WINDOW)):
                for sample in window:
                    if sample.task not in known:
                        raise UsageError(f"{sample.id}: its task {sample.task} is not among the tasks")
                checks = [known[sample.task][1] for sample in window]
                jobs = [
                    (str(at), Program(source=told(program(sample, check), check), cases=(("", ""),)), limits)
                    for at, (sample, check) in enumerate(zip(window, checks, strict=True))
                ]
                again: list[int] = []
                for at, outcome in pool.map(jobs):
                    if isinstance(outcome, Outcome) and outcome.outcome == "syntax":
                        again.append(int(at))
                    else:
                        yield found(window[int(at)], outcome, checks[int(at)], judging.heads)
                # The words of a syntax error must not speak of lines that are not the program's.
                alone = [
                    (str(at), Program(source=program(window[at], checks[at]), cases=(("", ""),)), limits)
                    for at in again
                ]
                for at, outcome in pool.map(alone):
                    yield found(window[int(at)], outcome, checks[int(at)], judging.heads)

    return stage


def program(sample: Sample, check: Events) -> str:
    """The source that a sample stands for; its classes are the task's own where the prompt does not begin with them."""
    if isinstance(sample.prompt, str) and sample.prompt:
        return prompts.begun(sample.prompt) + sample.text
    source = text.code(sample.text)
    return source if check.definitions in source else f"{check.definitions}\n\n{source}"


def told(source: str, check: Events) -> str:
    """The program, and behind it what tells of its object."""
    return source + TELL.replace("KIND", repr(check.event)).replace("ROLES", repr(list(check.roles)))


def found(sample: Sample, outcome: Outcome | Fault, check: Events, heads: Heads) -> Timed[Verdict] | Owed:
    """The verdict on a sample, by what its program wrote."""
    if isinstance(outcome, Fault):
        return Owed(id=sample.id, reason=str(outcome))
    ended = outcome.outcome in ("passed", "wrong")
    compared = compare(told_of(outcome.stdout) if ended else None, check, heads)
    word = "passed" if ended and not compared.words else "wrong" if ended else outcome.outcome
    verdict = Verdict(
        id=sample.id,
        of=sample.id,
        task=sample.task,
        passed=word == "passed",
        outcome=word,
        score=compared.score,
        parts=compared.parts if ended else (),
        measures={"public": float(word == "passed"), **compared.measures},
        detail="\n".join(compared.words) + "\n" if word == "wrong" else outcome.detail if word != "passed" else "",
    )
    timing: dict[str, float | int | str] = {
        "seconds": round(outcome.seconds, 4),
        "cpu": round(outcome.cpu, 4),
        "peak_mib": round(outcome.peak_mib, 1),
        "tier": outcome.tier,
    }
    return Timed(record=verdict, timing=timing)


def told_of(stdout: str) -> Mapping[str, Json] | None:
    """What the last line says of the object; none where there is no object, or no such line."""
    line = stdout.rstrip("\n").rpartition("\n")[2]
    if not line.startswith(MARK):
        return None
    try:
        made = cast("Json", json.loads(line.removeprefix(MARK)))
    except ValueError:
        return None
    return made if isinstance(made, Mapping) else None


def compare(made: Mapping[str, Json] | None, check: Events, heads: Heads = "rule") -> Compared:
    """An object's arguments, by role, against those that people found."""
    gold = {(given.role, head(check.sentence, (given.start, given.end), heads)): given for given in check.gold}
    claims: list[Claim] = []
    words: list[str] = [] if made is not None else [NO_EVENT.format(event=check.event)]
    for role in check.roles if made is not None else ():
        held = (made or {}).get(role)
        wrong = mistyped(role, held)
        if wrong:
            words.append(wrong)
        else:
            claims += [claim(role, name, check, heads) for name in names(held)]
    if words:
        # As with the authors, an object whose types are wrong has no arguments.
        claims = []
    predicted = list({(one.role, one.head or one.text): one for one in claims}.values())
    right = [one for one in predicted if one.head and (one.role, one.head) in gold]
    words += list(remarks(predicted, right, gold))
    places, meant = Counter(one.head for one in predicted if one.head), Counter(place for _, place in gold)
    measures = {
        "arg_gold": float(len(gold)),
        "arg_predicted": float(len(predicted)),
        "arg_identified": float(sum((places & meant).values())),
        "arg_classified": float(len(right)),
        "arg_hallucinated": float(sum(one.head is None for one in predicted)),
    }
    return Compared(words=tuple(words), parts=parts(predicted, gold, check), measures=measures)


def mistyped(role: str, held: Json) -> str:
    """What is wrong with the type of a role; empty where nothing is."""
    if not isinstance(held, list):
        return NOT_A_LIST.format(role=role, type=held)
    bad = next((item for item in cast("Sequence[Json]", held) if not isinstance(item, list)), None)
    return "" if bad is None else NO_NAME.format(role=role, type=bad)


def names(held: Json) -> Iterator[str]:
    """The texts of a role, each once."""
    seen: set[str] = set()
    for item in cast("Sequence[Sequence[str]]", held):
        if item[0] not in seen:
            seen.add(item[0])
            yield item[0]


def claim(role: str, name: str, check: Events, heads: Heads) -> Claim:
    """An argument, found in the sentence."""
    place = nearest(name, check.sentence, check.trigger)
    return Claim(role=role, text=name, head=None if place is None else head(check.sentence, place, heads))


def remarks(predicted: Sequence[Claim], right: Sequence[Claim], gold: Gold) -> Iterator[str]:
    """What there is to say of the arguments, role by role, and of what is missing."""
    places = {place for _, place in gold}
    for one in predicted:
        if one.head is None:
            yield NOT_THERE.format(text=one.text, role=one.role)
        elif (one.role, one.head) in gold:
            continue
        elif one.head in places:
            yield WRONG_ROLE.format(text=one.text, role=one.role)
        else:
            yield NO_MATCH.format(text=one.text)
    if len(right) < len(gold):
        those = "{" + ", ".join(sorted({json.dumps(one.text, ensure_ascii=False) for one in right})) + "}"
        yield TOO_FEW.format(k=len(right), n=len(gold), those=those)


def parts(predicted: Sequence[Claim], gold: Gold, check: Events) -> tuple[Part, ...]:
    """What was given and what was wanted, role by role."""
    made: list[Part] = []
    for role in check.roles:
        have = sorted({one.head for one in predicted if one.role == role and one.head})
        want = sorted({place for name, place in gold if name == role})
        strange = [one.text for one in predicted if one.role == role and one.head is None]
        if not have and not want and not strange:
            continue
        given = [one.text for one in predicted if one.role == role]
        meant = [check.sentence[one.start : one.end] for one in check.gold if one.role == role]
        made.append(Part(name=role, passed=have == want and not strange, got=repr(given), expected=repr(meant)))
    return tuple(made)
