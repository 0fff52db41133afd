"""What the report calls what a model writes and what looks at it: programs and tests, or answers and verifiers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The words of a page; a percentage stands behind `solves` and `solved`."""

    solves: str = "solves"
    solved: str = "solved"
    by: str = "Held-out tasks by round"
    score: str = "pass@1"
    how: str = "pass@1 by hidden tests where a task has them"
    made: str = "programs"
    tests: str = "tests"
    none_passes: str = "None of the %d tests passes."
    fails: str = "The test does not pass."
    all_pass: str = "All tests pass."
    said: str = "What the interpreter said"
    given: str = "Faint lines were given to the model; the marked line is where it went wrong."
    python: bool = True
    """What is written is a program: it may try to fool the judge, and there are public and hidden tests."""


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
    python=False,
)


def terms(recipe: str) -> Terms:
    """The words for a recipe's runs."""
    return ANSWERS if recipe.lower() == "autoif" else PROGRAMS
