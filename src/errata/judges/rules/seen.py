"""What a rule saw in an answer."""

from dataclasses import dataclass

from errata.tasks.rulebook import Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Whether an instruction was followed, and both sides of it in words, for feedback."""

    passed: bool
    got: str
    """What the answer has: `312 words`."""
    expected: str
    """What was wanted: `at least 400 words`."""


def counted(count: int, relation: Relation, wanted: int, what: str) -> Seen:
    """A count against its bound."""
    passed = count >= wanted if relation == "at least" else count < wanted
    return Seen(passed=passed, got=f"{count} {what}", expected=f"{relation} {wanted} {what}")


def exactly(count: int, wanted: int, what: str) -> Seen:
    return Seen(passed=count == wanted, got=f"{count} {what}", expected=f"exactly {wanted} {what}")


def held(passed: bool, wanted: str, otherwise: str) -> Seen:
    """A property that an answer has or has not; `otherwise` is said where it has not."""
    return Seen(passed=passed, got=wanted if passed else otherwise, expected=wanted)


def shown(text: str, most: int = 60) -> str:
    """A stretch of an answer, quoted and not too long."""
    return repr(text if len(text) <= most else text[: most - 3] + "...")
