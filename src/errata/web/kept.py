"""What the page itself keeps beside a run, under `.annotate`: its lock, its secrets, its journal, people's drafts.

Answers are never here; they are the run's own (`feedback.human`).
"""

import fcntl
import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from errata import jsonl
from errata.errors import UsageError
from errata.runs.rows import append, mend

FOLDER = ".annotate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the journal: this content was about to be written for this press of the button."""

    token: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody has written so far."""

    sample: str = ""
    text: str = ""
    refinement: str = ""
    category: tuple[str, ...] = ()
    seconds: float = 0.0
    """Active time."""
    saved: float = 0.0
    """When, by the writer's own clock, in milliseconds since 1970; the newer of two copies holds."""
    token: str = ""
    """The page that it was written on; what a page submits ends its draft."""


class Kept:
    """The folder, held by one server at a time until its process ends."""

    def __init__(self, run: Path) -> None:
        """UsageError when the folder cannot be written, or another server holds it."""
        self.path = run / FOLDER
        try:
            self.path.mkdir(mode=0o700, exist_ok=True)
            self._held = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as refused:
            raise UsageError(f"{run} cannot be written ({refused.strerror})") from None
        try:
            fcntl.lockf(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(self._held, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._held)
            raise UsageError(f"{run} is being annotated already, by the server with process id {owner}") from None
        os.ftruncate(self._held, 0)
        os.write(self._held, f"{os.getpid()}\n".encode())
        self.secret = self._once("secret", secrets.token_bytes(32))
        self._journal = self.path / "journal.jsonl"
        if self._journal.exists():
            mend(self._journal, lambda line: False)
        self._ended: set[str] = set()
        self._entries = {(entry.token, entry.digest) for entry in jsonl.growing(self._journal, Entry)}

    def close(self) -> None:
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def tokens(self, names: tuple[str, ...]) -> dict[str, str]:
        """A token for each name, the one that it had before where it had one; names that are gone lose theirs."""
        path = self.path / "tokens.json"
        before = cast("dict[str, str]", json.loads(path.read_bytes())) if path.exists() else {}
        tokens = {name: before.get(name) or secrets.token_urlsafe(24) for name in names}
        self._write("tokens.json", json.dumps(tokens, ensure_ascii=False, indent=2).encode())
        return tokens

    def noted(self, token: str, digest: str) -> bool:
        """Whether this content was about to be written before, for the same press of the button."""
        return (token, digest) in self._entries

    def note(self, token: str, digest: str) -> None:
        """Write down what is about to be written; on the disk before this returns."""
        file = os.open(self._journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            append(file, os.fstat(file).st_size, jsonl.dump(Entry(token=token, digest=digest)))
            os.fsync(file)
        finally:
            os.close(file)
        self._entries.add((token, digest))

    def draft(self, name: str, key: str) -> Draft | None:
        path = self._place(name, key)
        return next(jsonl.iterate(path, Draft), None) if path.exists() else None

    def save(self, name: str, key: str, draft: Draft) -> None:
        """Keep a draft, whole or not at all, unless its page has been submitted since."""
        if draft.token in self._ended:
            return
        path = self._place(name, key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        jsonl.write_whole(path, jsonl.dump(draft) + "\n")

    def drop(self, name: str, key: str, token: str) -> None:
        """A draft that became an answer; what its page still sends, late, is none."""
        self._ended.add(token)
        self._place(name, key).unlink(missing_ok=True)

    def drafts(self, name: str) -> set[str]:
        """The questions that a person has begun."""
        return {path.stem for path in self._place(name, "").parent.glob("*.jsonl")}

    def _place(self, name: str, key: str) -> Path:
        # A name may hold what a file's name must not, and two that differ in case alone are two people.
        return self.path / "drafts" / hashlib.sha256(name.encode()).hexdigest()[:16] / f"{key}.jsonl"

    def _once(self, name: str, data: bytes) -> bytes:
        path = self.path / name
        if not path.exists():
            self._write(name, data)
        return path.read_bytes()

    def _write(self, name: str, data: bytes) -> None:
        """A file that its owner alone may read."""
        beside = self.path / f".{name}.partial"
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(file)
        os.replace(beside, self.path / name)
