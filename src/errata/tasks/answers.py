"""Grade-school word problems whose answer is a number (GSM8K, Cobbe et al. 2021), asked for as programs.

Program-aided as in PAL (Gao et al. 2022, arXiv 2211.10435): the prompt shows questions with a function `solution` that
computes the answer, in our own words, and ends with the question and `def solution():`, which the reply goes on with.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from errata import jsonl
from errata.errors import UsageError
from errata.types import Number, Task

NAMES = ("gsm8k",)
SHOTS = re.compile(r"(\d)-shot")
FEW = 4
"""Worked examples in a prompt, where no other number is asked for."""
QUESTION = "# Question: "
OPENING = "def solution():\n"
EXAMPLES: tuple[tuple[str, str], ...] = (
    (
        "Mira has 24 shells. She gives 9 to her brother and finds twice as many as she has left. How many has she now?",
        "    left = 24 - 9\n    found = 2 * left\n    return left + found\n",
    ),
    (
        "A ferry ticket costs $12 for adults and $5 for children. What do 3 adults and 4 children pay?",
        "    adults = 3 * 12\n    children = 4 * 5\n    return adults + children\n",
    ),
    (
        "A train goes 180 miles in 3 hours. How many miles does it go in 5 hours at that speed?",
        "    speed = 180 / 3\n    return speed * 5\n",
    ),
    (
        "Of the 40 seats in a hall 30% are taken. After 8 more people sit down, how many seats are free?",
        "    taken = 40 * 30 / 100 + 8\n    return 40 - taken\n",
    ),
    (
        "Noor reads 15 pages on each weekday and 40 on each day of the weekend. How many pages is that in 4 weeks?",
        "    week = 5 * 15 + 2 * 40\n    return 4 * week\n",
    ),
    (
        "A rope of 72 feet is cut into pieces of 4 feet. A third of them is sold for $2 each. What do they bring?",
        "    pieces = 72 / 4\n    sold = pieces / 3\n    return sold * 2\n",
    ),
    (
        "Ivo is 6 years older than Lea, and in 3 years he will be twice as old as she. How old is Lea now?",
        "    # lea + 6 + 3 == 2 * (lea + 3)\n    lea = 6 + 3 - 2 * 3\n    return lea\n",
    ),
    (
        "A baker sells 60 rolls at $0.50 and pays $8 for flour and $4 for gas. What is left to her?",
        "    earned = 60 * 0.50\n    costs = 8 + 4\n    return earned - costs\n",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GsmRow:
    """A row of GSM8K's files."""

    question: str
    answer: str


def prompt(question: str, shots: int) -> str:
    """Worked examples, the question, and the head of the function that answers it."""
    shown = [f"{QUESTION}{asked}\n{OPENING}{body}\n\n" for asked, body in EXAMPLES[:shots]]
    return f"{''.join(shown)}{QUESTION}{' '.join(question.split())}\n{OPENING}"


def load(name: str, file: str, split: str) -> tuple[Task, ...]:
    """The tasks of a file of GSM8K, each with so many worked examples: `gsm8k:FILE[0-shot]` to `[8-shot]`.

    A task is numbered by its row from 0. Raises UsageError for a row whose answer does not end with `#### NUMBER`.
    """
    if not file:
        raise UsageError(f"{name}: needs its file, as in {name}:test.jsonl")
    shots = SHOTS.fullmatch(split)
    if split and (shots is None or int(shots[1]) > len(EXAMPLES)):
        raise UsageError(f"{name}[{split}]: unknown; there are 0-shot to {len(EXAMPLES)}-shot")
    count = int(shots[1]) if shots else FEW
    found: list[Task] = []
    for at, (number, line) in enumerate(jsonl.lines(Path(file))):
        where = f"{file}:{number}"
        row = jsonl.parse(line, GsmRow, where, loose=True)
        _, mark, value = row.answer.rpartition("####")
        if not mark or not value.strip():
            raise UsageError(f"{where}: answer: does not end with '#### NUMBER'")
        found.append(
            Task(
                id=f"{name}/{at}",
                instruction=f"{row.question.strip()}\nWrite a Python function solution() that returns the answer.",
                check=Number(value=value.strip()),
                prefix=prompt(row.question, count),
            )
        )
    return tuple(found)
