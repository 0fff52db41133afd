"""Programs, limits and outcomes as rows of plain values, the way they go between a judge and its owner."""

from dataclasses import fields
from operator import attrgetter
from typing import TypeAlias

from errata.outcomes import Part
from errata.sandbox.limits import Limits, Outcome, Program

Described: TypeAlias = tuple[str, list[str], list[str], bool]
"""A `Python`: executable, what is readable, packages, open to all."""
Sitting: TypeAlias = tuple[int | None, bool, bool, Described, str]
"""Tier, unsafe, whether an environment was named, its Python, and the mark of its seed."""
PROGRAM, LIMITS, OUTCOME, PART = (
    tuple(field.name for field in fields(kind) if (kind, field.name) != (Outcome, "parts"))
    for kind in (Program, Limits, Outcome, Part)
)
program_values, limit_values, outcome_values, part_values = (
    attrgetter(*names) for names in (PROGRAM, LIMITS, OUTCOME, PART)
)
