"""What stands on disk of a run that goes on meanwhile, whose files may be gone by the time they are read."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def files(folder: Path) -> Iterator[Path]:
    """Every file below a folder; what is renamed meanwhile may be missed, which `Path.rglob` would raise for."""
    for place, _, names in os.walk(folder):
        yield from (Path(place) / name for name in names)


def lines(folder: Path) -> int:
    """How many lines of records were written below a folder."""
    count = 0
    for path in files(folder):
        with suppress(FileNotFoundError):
            count += path.read_bytes().count(b"\n") if path.suffix == ".jsonl" else 0
    return count
