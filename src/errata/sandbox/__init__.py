"""The only room that runs code we did not write. Standard library only."""

from errata.sandbox.limits import Limits, Outcome, Program
from errata.sandbox.pool import Pool, run

__all__ = ["Limits", "Outcome", "Pool", "Program", "run"]
