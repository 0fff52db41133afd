"""What the report calls what a model writes and what looks at it: programs and tests, answers and verifiers, roles."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The words of a page; a percentage stands behind `solves` and `solved`."""

    solves: str = "solves"
    solved: str = "solved"
    by: str = "Held-out tasks by round"
    task: str = "task"
    score: str = "pass@1"
    how: str = "pass@1 by hidden tests where a task has them"
    made: str = "programs"
    tests: str = "tests"
    none_passes: str = "None of the %d tests passes."
    fails: str = "The test does not pass."
    all_pass: str = "All tests pass."
    said: str = "What the interpreter said"
    given: str = "Faint lines were given to the model; the marked line is where it went wrong."
    part: str = "test"
    got: str = "got"
    python: bool = True
    """What is written is a program: it may try to fool the judge."""
    gap: bool = True
    """There are public and hidden tests."""


PROGRAMS = Terms()
ANSWERS = Terms(
    solves="follows every instruction in",
    solved="did in",
    by="Held-out tasks by step",
    score="all followed",
    how="An answer counts when it follows all of its instructions, as the held-out tasks' own verifiers say",
    made="answers",
    tests="verifiers",
    none_passes="None of the %d verifiers says yes.",
    fails="The verifier says no.",
    all_pass="All verifiers say yes.",
    said="What the verifiers said",
    given="Faint lines are what was asked.",
    part="verifier",
    got="said",
    python=False,
    gap=False,
)
EVENTS = Terms(
    solves="gets every argument right in",
    solved="did in",
    by="Held-out events by round",
    task="event",
    how="pass@1: an event counts when all of its arguments are right and none is wrong; the single arguments are below",
    tests="roles",
    none_passes="None of the %d roles is right.",
    fails="The role is not right.",
    all_pass="All roles are right.",
    said="What was said of it",
    part="role",
    gap=False,
)


def terms(recipe: str, *, events: bool = False) -> Terms:
    """The words for a recipe's runs, on event arguments or not."""
    if recipe.lower() == "autoif":
        return ANSWERS
    return EVENTS if events else PROGRAMS
