"""Examples -> weights.

`fit` (demonstrations) and `fit_pairs` (preferences) train in a process of their own and leave a folder that loads
alone. Torch and TRL are imported in that process
only.
"""

from errata.training.launch import fit, fit_pairs
from errata.training.objective import Objective, Preference

__all__ = ["Objective", "Preference", "fit", "fit_pairs"]
