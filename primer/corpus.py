"""The corpus of the base: programs as people write them, right and wrong, with the tracebacks that they raise.

No combination of concepts that a task has occurs in it. No control token of `errata.prompts` occurs in it.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from concept import Parameters, fill
from execute import FAILED, complaint, loaded, value
from family import VARIABLES, Combination, families, filters, maps, reduces
from taskset import LONGEST
from writing import instruction, program, reference

END = "<|endoftext|>"
PLAIN = 0.2
"""How often a slot is left plain: no filter, no map."""
SLIP = 0.02
"""How often a program has a slip of the pen besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A task of the corpus and one program for it."""

    combination: Combination
    parameters: list[Parameters]
    problem: str
    """The prompt, with one example as a test."""
    test: str
    argument: str
    program: str


def combination(rng: random.Random, held: frozenset[tuple[str, str, str]]) -> Combination:
    """Any combination that no task has."""
    while True:
        family = rng.choice(families())
        kept = filters(family.kind)[0] if rng.random() < PLAIN else rng.choice(filters(family.kind)[1:])
        made = maps(family.kind)[0] if rng.random() < PLAIN else rng.choice(maps(family.kind)[1:])
        if family.kind == "pair" and rng.random() < 2 * PLAIN:
            made = rng.choice(maps("pair")[:2])
        reduced = rng.choice(reduces(made.gives))
        found = Combination(family=family, filter=kept, map=made, reduce=reduced)
        if found.sensible and found.key not in held:
            return found


def written(combination: Combination, parameters: list[Parameters], rng: random.Random) -> str:
    """A program with forms as the corpus has them."""
    forms = [fill(slot.draw(rng), settled) for slot, settled in zip(combination.slots, parameters, strict=True)]
    source = program(combination, forms, rng)
    return slipped(source, rng) if rng.random() < SLIP else source


def slipped(source: str, rng: random.Random) -> str:
    """The program with a slip: a colon or a bracket left out, a name misspelt, a line indented wrongly."""
    return rng.choice((
        lambda: source.replace(":\n", "\n", 1),
        lambda: source.replace("return ", "retrun ", 1),
        lambda: source.replace("return ", "return result or ", 1),
        lambda: source.rstrip().rstrip(")]") + "\n",
        lambda: source.replace("    return", "   return", 1),
    ))()  # fmt: skip


def piece(rng: random.Random, held: frozenset[tuple[str, str, str]]) -> Piece:
    """One task and program."""
    while True:
        drawn = combination(rng, held)
        parameters = drawn.settle(rng)
        names = loaded(reference(drawn, parameters))
        for _ in range(8):
            argument = repr(drawn.family.draw(rng))
            wanted = FAILED if names is None else value(names, argument)
            plain = wanted in (0, None, -1, "", [], {}) and rng.random() < 0.9
            if not plain and len(argument) <= LONGEST and len(repr(wanted)) <= LONGEST:
                test = f"assert f({argument}) == {wanted!r}"
                problem = f'"""\n{instruction(drawn, parameters, rng)}\n{test}\n"""\n'
                return Piece(
                    combination=drawn, parameters=parameters, problem=problem, test=test, argument=argument,
                    program=written(drawn, parameters, rng),
                )  # fmt: skip


def solved(one: Piece, rng: random.Random) -> str:
    """The task and a program."""
    return one.problem + one.program


def asked(one: Piece, rng: random.Random) -> str:
    """A question: the traceback, then the code that raised it; at times the mended code."""
    told = complaint(one.problem + one.program + one.test + "\n")
    if not told:
        return one.problem + one.program
    form = rng.random()
    if form < 0.4:
        return rng.choice(("", "I get this error:\n", "Why does this fail?\n")) + told + one.problem + one.program
    if form < 0.7:
        return one.problem + one.program + one.test + "\n\n" + rng.choice(("$ python f.py\n", "# Output:\n", "")) + told
    forms = [fill(slot.right, settled) for slot, settled in zip(one.combination.slots, one.parameters, strict=True)]
    return one.problem + one.program + "\n" + told + "\n# fixed\n" + program(one.combination, forms, rng)


def session(one: Piece, rng: random.Random) -> str:
    """An interpreter session: the parts tried one by one."""
    lines: list[str] = []
    family = one.combination.family
    setup = f"{family.argument} = {one.argument}"
    _, kept, made, reduced = (
        fill(slot.draw(rng), settled) for slot, settled in zip(one.combination.slots, one.parameters, strict=True)
    )
    variable = VARIABLES[family.kind]
    steps = [f"ys = [{made} for {variable} in {fill(family.source.right, {})}{' if ' + kept if kept else ''}]", "ys"]
    if "return" not in reduced:
        steps.append(reduced)
    names: dict[str, object] = {}
    exec(setup, names)
    lines.append(f">>> {setup}")
    for step in steps:
        lines.append(f">>> {step}")
        told = complaint_of_step(step, names)
        if told:
            lines.append(told)
        if told.startswith(("Traceback", "  File")):
            break
    return "\n".join(lines) + "\n"


def complaint_of_step(step: str, names: dict[str, object]) -> str:
    """What the interpreter prints for one line."""
    try:
        begins = step.split("[")[0]
        made = exec(step, names) if " = " in begins else eval(compile(step, "<stdin>", "eval"), names)
    except SyntaxError:
        return '  File "<stdin>", line 1\n    ' + step + "\nSyntaxError: invalid syntax"
    except Exception as error:
        where = 'Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n'
        return f"{where}{type(error).__name__}: {error}"
    return "" if made is None else repr(made)


def noted(one: Piece, rng: random.Random) -> str:
    """A comment and the lines that it is about."""
    words = instruction(one.combination, one.parameters, rng)
    return f"# {words}\n{one.program}\nprint(f({one.argument}))\n"


KINDS: tuple[tuple[float, Callable[[Piece, random.Random], str]], ...] = (
    (0.80, solved),
    (0.11, asked),
    (0.04, session),
    (0.05, noted),
)
"""The kinds of documents and their shares."""


def documents(seed: int, held: frozenset[tuple[str, str, str]]) -> Iterator[str]:
    """Documents without end."""
    rng = random.Random(seed)
    shares, kinds = zip(*KINDS, strict=True)
    while True:
        text = rng.choices(kinds, shares)[0](piece(rng, held), rng)
        yield re.sub("0x[0-9a-f]+", "0x7f0123456789", text)
