"""What AutoIF asks a supervisor, in our own words; the forms that replies are read in are the authors'.

A reply with instructions has one a line behind `- `; one with a verifier is JSON in a fence; a score stands in the last
line as `Score: 9` (recipes/autoif_parsing.py).
"""

from collections.abc import Sequence

from errata.prompts import posed
from errata.types import Text

UNWANTED = """\
Leave out instructions on style, tone, mood, metaphors, quotations and translation, and all others that only a reader
could judge. These, for example, are not wanted:
- Write it so that a child would like it
- Answer in another language
- Bring in a saying of a famous person
"""
LINES = "Write one instruction a line, and begin each line with '- '."
VERIFIER = """\
Write a Python function `evaluate(response)` that tells whether a response follows this instruction:
{instruction}

It is given the whole response as a string, and returns True if the response follows the instruction and False if not.
Use the standard library alone. Add three test cases: texts, and whether they follow the instruction.
Reply with one JSON object in a ```json block and nothing else:
{{"func": "the function's source, with \\n for line ends", "cases": [{{"input": "a text", "output": true}}, ...]}}"""
BACK = """\
This Python function tells whether a response follows an instruction. Say what the instruction must have been, in one
sentence that could be given to whoever writes the response. For example, of

def evaluate(response):
    return 'e' not in response.lower()

it is: Do not use the letter e.

The function:

{function}

Reply with the instruction alone."""
RELATION = """\
First instruction: {first}
Second instruction: {second}

Think of a response that follows the first instruction. Must it follow the second as well (entailment), can it not
follow the second (contradiction), or may it be either way (neutral)? Reply with one of these three words alone."""
ANSWER = """\
Answer the query, and follow the instruction strictly.
[Instruction] {instruction}
[Query] {query}"""
SHOWN = """

Your answer will be checked by this function, which must return True for it:
{function}

Reply with the answer alone."""
QUALITY = """\
Judge whether a response answers a query. It also had to follow an instruction strictly, which may have made it less
helpful; do not hold that against it.
[Instruction] {instruction}
[Query] {query}
[Response] {response}

First say in a few sentences how well the response answers the query. Then give a score from {least} to 10, where
{least} is a response that has nothing to do with the query, and 10 one that answers it well. The last line of your
reply must be the score alone, in the form `Score: 7`."""


def rewriting(seed: str, many: int, *, chat: bool) -> Text:
    """One seed in, `many` instructions out."""
    words = (
        f"Here is an instruction on the form of a response:\n{seed}\n\nWrite {many} other instructions after its "
        "model. They must be on the form of a response, and a Python function must be able to tell whether they were "
        "followed."
    )
    return posed(f"{words}\n{UNWANTED}{LINES}", chat=chat)


def inventing(seeds: Sequence[str], many: int, *, chat: bool) -> Text:
    """All seeds in, `many` instructions out (as in the release)."""
    shown = "\n".join(f"- {seed}" for seed in seeds)
    words = (
        f"Write {many} different instructions on the form of a response, such that a Python function can tell whether "
        f"they were followed. Examples:\n{shown}"
    )
    return posed(f"{words}\n{UNWANTED}{LINES}", chat=chat)


def suiting(query: str, seeds: Sequence[str], many: int, *, chat: bool) -> Text:
    """A query in, `many` instructions that go with it out."""
    shown = "\n".join(f"- {seed}" for seed in seeds)
    words = (
        f"Somebody asks:\n{query}\n\nWrite {many} instructions on the form of the answer that go with this question: a "
        "good answer must be able to follow them, and a Python function must be able to tell whether it did. Examples "
        f"of such instructions for other questions:\n{shown}"
    )
    return posed(f"{words}\n{UNWANTED}{LINES}", chat=chat)


def verifying(instruction: str, *, chat: bool) -> Text:
    return posed(VERIFIER.format(instruction=instruction), chat=chat)


def translating(function: str, *, chat: bool) -> Text:
    return posed(BACK.format(function=function.strip()), chat=chat)


def relating(first: str, second: str, *, chat: bool) -> Text:
    return posed(RELATION.format(first=first, second=second), chat=chat)


def answering(instruction: str, query: str, function: str, *, chat: bool) -> Text:
    """A query to be answered by an instruction; the function is shown where there is one."""
    words = ANSWER.format(instruction=instruction, query=query)
    return posed(words + (SHOWN.format(function=function.strip()) if function else ""), chat=chat)


def scoring(instruction: str, query: str, response: str, least: int, *, chat: bool) -> Text:
    words = QUALITY.format(instruction=instruction, query=query, response=response, least=least)
    return posed(words, chat=chat)


def joined(instruction: str, query: str, *, first: bool) -> str:
    """What the trained model is asked: the instruction before the query, or behind it."""
    parts = (sentence(instruction), sentence(query))
    return " ".join(parts if first else parts[::-1])


def sentence(text: str) -> str:
    """A text that begins with a capital letter and has an end."""
    text = text.strip()
    ended = text.rstrip("\"'`)]”’").endswith((".", "?", "!", ":", ";", "。", "？", "！"))
    return text[:1].upper() + text[1:] + ("" if ended else ".")
