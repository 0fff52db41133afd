"""The recorded supervisor: what a run of AutoIF with the primer's settings asks, and what it is told.

Nothing here was said by a model. It is written so that each filter of AutoIF has something to find:

- new instructions that are good, and some that no program can verify;
- verifiers that are right, and some that raise, say True of everything, look for something else, or say the opposite;
- instructions all of whose verifiers agree with each other, and look for something else than the instruction says;
- responses that follow and that do not, that are about what was asked and that are not, and scores that tell these.
"""

import json
import random
import re
from collections.abc import Iterator

from answers import on_topic, queries
from exchanges import Asked, attempt, drawn, right
from held_out import practice, seeds
from kinds import HEAD, KINDS, NAMED, Instruction, Kind, followed

VERIFIERS, RESPONSES, REWRITES = 4, 4, 12
SPARING = ("letter", "without", "most", "commas")
"""Kinds that a plain answer often follows: rewritten once alone, since what they teach is to answer plainly."""
CAREFUL, NEARLY, ASTRAY = 0.55, 0.25, 0.15
"""How often the supervisor follows an instruction, does something like it, and answers another question."""
FAULTY = 0.3
"""How often a verifier has a fault."""
VAGUE = ("Write it in a friendly way.", "Make it sound like a poem.", "Be as brief as you can be.")
"""Instructions that no program can verify."""
MISREAD = {
    "Start with 'cake'.": ("last", "cake"), "Let the last word be 'cat'.": ("first", "cat"),
    "Leave out the word 'door'.": ("with", "door"), "Use the word 'sun'.": ("without", "sun"),
    "Put '!' at the end.": ("wrapped", "* and *"),
}  # fmt: skip
"""New instructions that are misread by all their verifiers, which agree with each other, and what these look for."""
NAMES = ("text", "answer", "said", "reply")
"""What verifiers call the text: no two write the same function."""
PRACTISED = tuple(kind for kind in KINDS if not kind.held_out)
"""Kinds that the supervisor has anything to do with: nothing it writes, wrong or right, has a held-out form."""
HELD = frozenset(held for kind in KINDS for held in kind.held)
MARKS = frozenset("+#():")
"""Marks of held-out forms."""
NEVER = HEAD + "    return False\n"
ALWAYS = "def evaluate(response):\n    return True\n"


def written() -> list[tuple[str, Instruction | None]]:
    """All instructions in the order that a run numbers them: the seeds, then what each was rewritten to; each once.
    None stands for one that cannot be verified."""
    rows: list[tuple[str, Instruction | None]] = [(seed.text, seed) for seed in seeds()]
    for _, lines in rewritten():
        rows += lines
    return list({text.lower().rstrip(".!"): (text, one) for text, one in reversed(rows)}.values())[::-1]


def rewritten() -> Iterator[tuple[int, list[tuple[str, Instruction | None]]]]:
    """What each seed is rewritten to, by its number."""
    taken = {seed.text for seed in seeds()}
    for number, seed in enumerate(seeds()):
        rng = random.Random(f"rewritten {number}")
        lines: list[tuple[str, Instruction | None]] = []
        for _ in range(50):
            new = practised(seed.kind, rng)
            if len(lines) < (1 if seed.kind.name in SPARING else REWRITES) and new.text not in taken:
                taken.add(new.text)
                lines.append((new.text, new))
        if number % 4 == 3:
            vague = VAGUE[number // 4 % len(VAGUE)]
            lines[-1:] = [(vague, None)]
        yield number, lines


def near(instruction: Instruction, rng: random.Random) -> Instruction:
    """Another instruction in the place of one, and none that only held-out tasks have: its answers and verifiers stand
    among the rejected ones, where a held-out form would be trained against."""
    kind = instruction.kind if len(instruction.kind.parameters) > 1 and rng.random() < 0.6 else rng.choice(PRACTISED)
    return practised(kind, rng)


def practised(kind: Kind, rng: random.Random) -> Instruction:
    """An instruction with any parameter but those that held-out tasks have, of whatever kind."""
    known = dict.fromkeys(kind.parameters + kind.read)
    parameters = [one for one in known if one not in HELD and not MARKS & set(one)]
    return Instruction(kind=kind, parameter=rng.choice(parameters), phrase=rng.randrange(len(kind.phrases)))


def misread(instruction: Instruction) -> Instruction:
    """What the verifiers of an instruction look for: as a rule what it says."""
    if instruction.text not in MISREAD:
        return instruction
    name, parameter = MISREAD[instruction.text]
    return Instruction(kind=NAMED[name], parameter=parameter, phrase=0)


def wrong(instruction: Instruction, rng: random.Random) -> tuple[str, str]:
    """A verifier with a fault, and what it looks for, in words."""
    form = rng.choice(("raises", "always", "other", "opposite"))
    if form == "raises":
        return instruction.verifier.replace("response.strip()", "respones.strip()"), instruction.text
    if form == "always":
        return ALWAYS, "Write anything."
    if form == "other":
        other = near(instruction, rng)
        return other.verifier, other.text
    turned = "\n_right = evaluate\n\ndef evaluate(response):\n    return not _right(response)\n"
    return instruction.verifier + turned, f"Do the opposite of this: {instruction.text}"


def examples(instruction: Instruction, rng: random.Random) -> list[dict[str, object]]:
    """Three cases; now and then one says the wrong thing."""
    cases: list[dict[str, object]] = []
    for follows in (True, False, rng.random() < 0.5):
        text = example(instruction, follows, rng)
        cases.append({"input": text, "output": follows if rng.random() < 0.94 else not follows})
    return cases


def example(instruction: Instruction, follows: bool, rng: random.Random) -> str:
    """An answer that follows, or one that does not."""
    breaking: tuple[Instruction, ...] = ()
    if instruction.kind.name == "without":
        breaking = (Instruction(kind=NAMED["with"], parameter=instruction.parameter, phrase=0),)
    while True:
        query = rng.choice(queries())
        text = right(query, (instruction,), rng) if follows else attempt(query, breaking, rng)
        if text is not None and followed(instruction, text) == follows:
            return text


def verifier(number: int, instruction: Instruction | None, draw: int) -> tuple[str, str]:
    """The reply with one verifier, and what that verifier looks for, in words."""
    rng = random.Random(f"verifier {number} {draw}")
    if instruction is None:
        meant = drawn(rng.choice(PRACTISED), rng, held=False)
        return reply(ALWAYS if draw % 2 else NEVER, examples(meant, rng)), "Write anything."
    meant = misread(instruction)
    source, words = meant.verifier, meant.text
    if meant == instruction and rng.random() < FAULTY:
        source, words = wrong(meant, rng)
    return reply(re.sub(r"\btext\b", NAMES[draw], source), examples(meant, rng)), words


def reply(source: str, cases: list[dict[str, object]]) -> str:
    return "```json\n" + json.dumps({"func": source, "cases": cases}, indent=1) + "\n```"


def lines_of(asked: Asked, name: str) -> Iterator[dict[str, str]]:
    """The responses to one request, and their scores."""
    rng = random.Random(name)
    for draw in range(RESPONSES):
        query = rng.choice(queries()) if rng.random() < ASTRAY else asked.query
        (instruction,) = asked.instructions
        roll = rng.random()
        heeded: tuple[Instruction, ...] = ()
        if roll < CAREFUL:
            heeded = (instruction,)
        elif roll < CAREFUL + NEARLY:
            heeded = (misread(instruction) if instruction.text in MISREAD else near(instruction, rng),)
        text = right(query, heeded, rng)
        text = attempt(query, (), rng) if text is None else text
        yield {"id": f"{name}#{draw}", "text": text}
        score = rng.choice((8, 9, 9, 10)) if on_topic(asked.query, text) else rng.choice((1, 2, 3, 4, 8))
        said = "It answers what was asked." if score > 7 else "It is about something else than what was asked."
        yield {"id": f"{name}/quality#{draw}", "text": f"{said}\nScore: {score}"}


def recording() -> Iterator[dict[str, str]]:
    """Every line of the recording: the id of a draw, and the reply."""
    for number, lines in rewritten():
        yield {"id": f"autoif/seed/{number}#0", "text": "".join(f"- {text}\n" for text, _ in lines)}
    for number, (_, instruction) in enumerate(written()):
        name = f"autoif/{number}"
        for draw in range(VERIFIERS):
            text, words = verifier(number, instruction, draw)
            yield {"id": f"{name}/verifier#{draw}", "text": text}
            yield {"id": f"{name}/back#{draw}", "text": words}
            yield {"id": f"{name}/nli#{draw}", "text": relation(instruction, words)}
        for at, query in enumerate(practice()):
            rng = random.Random(name)
            meant = instruction or drawn(rng.choice(PRACTISED), rng, held=False)
            asked = Asked(query=query, instructions=(meant,), first=True)
            yield from lines_of(asked, f"{name}/query/{at}")


def relation(instruction: Instruction | None, words: str) -> str:
    """Whether what a verifier looks for is what its instruction says."""
    if instruction is None or words == "Write anything.":
        return "neutral"
    return "entailment" if words == instruction.text else "contradiction"
