"""What was done is remembered: a run is a folder of JSONL that the same command goes on with."""

from errata.runs.rows import Rows
from errata.runs.run import Run

__all__ = ["Rows", "Run"]
