"""What kinds of error a program can have: the categories of ILF's table 5 (Chen et al. 2023)."""

KINDS = (
    "logic",
    "formatting",
    "missing step",
    "algebra",
    "recursion",
    "regex",
    "function semantics",
    "dynamic programming",
    "extra step",
    "no feedback needed",
    "unrelated",
)
