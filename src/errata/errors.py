"""Whose turn it is.

    Turn
     +- UsageError   yours: a flag, a file or a line is wrong; the message says which and what to do   exit 2
     +- Waiting      people's: questions are open                                                      exit 3
     +- Fault        the machine's: disk full, no sandbox, a worker that died; what is owed stays owed exit 1
    anything else    ours: a bug, shown with its traceback

A failing program is data (a `Verdict`); a failing machine is a `Fault`. They are never mixed.
"""


class Turn(Exception):
    """The work stops here until somebody has done something."""

    code = 1


class UsageError(Turn):
    """What was asked cannot be done as it was asked."""

    code = 2


class Waiting(Turn):
    """The run goes on when people have answered."""

    code = 3


class Fault(Turn):
    """The machine failed; nothing was decided, and what is owed stays owed."""

    code = 1
