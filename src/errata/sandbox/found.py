"""What was found about one test."""

import signal
from dataclasses import dataclass, replace

from errata.outcomes import Outcome as Word
from errata.sandbox.limits import Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found about one test."""

    word: Word
    detail: str = ""
    call: str = ""
    got: str | None = None
    expected: str | None = None


def explained(found: Found, ended: Ended) -> Found:
    """An end that the judge saw as silence, by what the process left: a limit, a signal, or its own exit."""
    if found.word not in ("early_exit", "timeout", "crashed"):
        return found
    if ended.limit:
        return replace(found, word=ended.limit)
    if ended.signal not in (None, signal.SIGKILL, signal.SIGTERM):
        return replace(found, word="crashed")
    return found
