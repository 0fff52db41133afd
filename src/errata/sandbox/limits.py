"""What goes in and what comes out: a program with its tests, what it may use, and what was found. No behaviour."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from errata.outcomes import Compare, Part
from errata.outcomes import Outcome as Word

Hit: TypeAlias = Literal["", "timeout", "memory", "output"]
"""Which limit ended a program; empty: none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program and the tests that decide whether it is right."""

    source: str
    tests: tuple[str, ...] = ()
    """Public tests: Python source, each run by itself after `setup`."""
    hidden: tuple[str, ...] = ()
    """Tests whose text is not told to anybody."""
    setup: str = ""
    """Python source that belongs to the tests and is run once before them."""
    entry_point: str = ""
    """The name that the tests call, where the task says it."""
    stdin: str = ""
    """What the program finds on its standard input; empty: end of file."""
    prelude: str = ""
    """Helpers that the task gives (functions of the prompt): tests never see the program's under these names."""
    copy_back: bool | None = None
    """What the program changes in its arguments is changed in the test's data too; for tasks whose tests look at it.

    None: a program that fails by tests whose text looks at it is judged once more in this way; if it then passes, the
    outcome says `forgeable`.
    """
    together: bool = False
    """Tests run in the program's own process (mocks, patched modules); the outcome then says `forgeable`."""
    cases: tuple[tuple[str, str], ...] = ()
    """Instead of tests: (standard input, what must be printed); the program is run as a whole for each."""
    hidden_cases: tuple[tuple[str, str], ...] = ()
    compare: Compare = "lines"
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one program may use. Whatever it does, the judge and the next program do not notice."""

    seconds: float = 3.0
    """Seconds of its own time: running or asleep. Waiting for a busy machine's CPU does not count."""
    wall: float | None = None
    """Seconds on the clock after which it ends in any case; none: twenty times `seconds`, and twenty more."""
    memory_mib: int = 1024
    """Address space of a process, and resident memory of all its processes together, in MiB."""
    output_bytes: int = 1 << 16
    """Bytes of standard output that are kept, and of standard error; the rest is read and thrown away."""
    flood_mib: int = 8
    """Output beyond this many MiB ends the program."""
    file_mib: int = 64
    """Size of its scratch folder and of any file in it, in MiB."""
    files: int = 64
    """Descriptors that may be open at once."""
    processes: int = 64
    """Threads and processes that may live at once (tier 2: threads alone)."""

    @property
    def deadline(self) -> float:
        """The wall backstop in seconds."""
        return self.wall if self.wall is not None else 20 * self.seconds + 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was found about one program."""

    outcome: Word
    parts: tuple[Part, ...] = ()
    """One a test, public ones first, in order."""
    detail: str = ""
    """The traceback of the first failure, or which limit was hit; the same bytes for the same program."""
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    """On the clock."""
    cpu: float = 0.0
    """Seconds of processor time, of all its processes."""
    own: float = 0.0
    """What counted against the time limit: running or asleep, without waiting for the machine or the judge."""
    peak_mib: float = 0.0
    """Largest resident memory of one process."""
    tier: int = 0
    """1: namespaces, seccomp, Landlock; 2: seccomp and Landlock; 3: nothing was held."""
    forgeable: bool = False
    """True when program and tests shared a process, so that the program could have written this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the processes of one program ended; all of them are gone when this exists."""

    exit_code: int | None
    """None when a signal ended it."""
    signal: int | None
    cpu_seconds: float
    wall_seconds: float
    own_seconds: float
    """What counts against the limit."""
    peak_mib: float
    stdout: str
    stderr: str
    overflow: bool
    """It wrote more than `flood_mib`, or more than `file_mib` into its scratch."""
    limit: Hit
    """The limit that ended it, where one did."""
