"""Task + sample -> verdict. Each judge is a stage; what it cannot decide for the machine's sake stays owed."""

from errata.judges.route import judge, usable
from errata.judges.unit_tests import Judging

__all__ = ["Judging", "judge", "usable"]
