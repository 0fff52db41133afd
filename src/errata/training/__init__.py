"""Examples -> weights.

`fit` trains in a process of its own and leaves a folder that loads alone. Torch and TRL are imported in that process
only.
"""

from errata.training.launch import fit
from errata.training.objective import Objective

__all__ = ["Objective", "fit"]
