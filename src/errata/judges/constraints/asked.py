"""The constraints of FollowBench that a judge model decides: what it is asked, and how its reply is read.

As its authors do, the model is shown how the instruction grew, a constraint a level, so that it need not guess which
they are, and then the answer; it ends with a list of YES and NO, one for each. The wording is ours. A reply without
such a list decides nothing.
"""

import re

from errata.types import Constrained

WHAT = {
    "content": "a constraint on what the answer must contain",
    "situation": "a constraint that describes the situation it is asked in",
    "style": "a constraint on the style of the answer",
    "format": "a constraint on the format of the answer",
    "mixed": "a constraint",
}
WORD = r"""['"]?(YES|NO)['"]?"""
LIST = re.compile(rf"\[\s*({WORD}(?:\s*,\s*{WORD})*)\s*\]\W*$")
BARE = re.compile(r"\W*(YES|NO)\W*")
LONGEST = 4000
"""Characters of a last line that is looked at."""


def question(check: Constrained, answer: str) -> str:
    """What the judge model is asked about an answer."""
    first, *grown = check.path
    what = WHAT.get(check.category, "a constraint")
    steps = [f"### Instruction with {n} constraint{'s' * (n > 1)}\n{text}" for n, text in enumerate(grown, 1)]
    each = "the added constraint" if check.level == 1 else f"each of the {check.level} added constraints"
    example = ", ".join(["'YES'", "'NO'"][n % 2] for n in range(check.level))
    parts = [
        f"An instruction was made harder step by step: each step added {what}.",
        f"### Instruction without constraints\n{first}",
        *steps,
        f"### Answer to the last of these instructions\n{answer}",
        "### Your task\n"
        f"1. Say in a sentence what {each} asks for, in the order in which they were added.\n"
        f"2. Say for {each} whether the answer satisfies it. Judge nothing else.\n"
        f"3. End with one line that holds nothing but a list of {check.level}, 'YES' or 'NO' for {each}, "
        f"such as [{example}].",
    ]
    return "\n\n".join(parts)


def verdicts(reply: str, level: int) -> list[bool] | None:
    """For each constraint whether it is satisfied; none where the reply's last line is no such list."""
    lines = reply.strip().splitlines()
    ended = lines[-1].strip() if lines else ""
    if len(ended) > LONGEST:
        return None
    if level == 1 and (bare := BARE.fullmatch(ended)):
        return [bare[1] == "YES"]
    found = LIST.search(ended)
    words = re.findall(r"YES|NO", found[1]) if found else []
    return [word == "YES" for word in words] if len(words) == level else None
