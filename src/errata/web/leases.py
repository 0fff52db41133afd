"""Who is at which question: a person holds one at a time, for as long as there is activity and a little longer.

What is held is written down when it changes, so that a server that was killed and started again gives nobody's
question away; every lease then begins anew.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from errata import jsonl


class Leases:
    """Names and the questions that they hold."""

    def __init__(self, path: Path, seconds: float, clock: Callable[[], float]) -> None:
        """seconds: how long a lease lasts without being renewed. clock: seconds, never going back."""
        self._path = path
        self._seconds = seconds
        self._clock = clock
        self._held: dict[str, str] = {}
        self._until: dict[str, float] = {}
        if path.exists():
            self._held = dict(cast("Mapping[str, str]", json.loads(path.read_bytes())))
            self._until = {name: clock() + seconds for name in self._held}

    def of(self, name: str) -> str:
        """The question that a person holds; empty where there is none."""
        self._expire()
        return self._held.get(name, "")

    def holders(self, key: str) -> set[str]:
        """Who holds a question."""
        self._expire()
        return {name for name, held in self._held.items() if held == key}

    def hold(self, name: str, key: str) -> None:
        """Give a question to a person, or renew it; what the person held before is free again."""
        self._expire()
        self._until[name] = self._clock() + self._seconds
        if self._held.get(name) != key:
            self._held[name] = key
            self._write()

    def release(self, name: str, key: str) -> None:
        """Take a question back, where the person holds it."""
        if self._held.get(name) == key:
            del self._held[name], self._until[name]
            self._write()

    def _expire(self) -> None:
        now = self._clock()
        late = [name for name, until in self._until.items() if until <= now]
        for name in late:
            del self._held[name], self._until[name]
        if late:
            self._write()

    def _write(self) -> None:
        jsonl.write_whole(self._path, json.dumps(self._held, ensure_ascii=False))
