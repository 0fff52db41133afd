"""A run: a folder in which every record, every folder of weights and every small result is made once.

`map` is the heart of it: do what has no line yet, append, flush, and give back a view from disk in the order of what
was asked. Resuming is running the same command again; work is matched by id and never by position.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeVar, cast

from errata import jsonl
from errata.errors import Fault, UsageError
from errata.jsonl import Json, Named
from errata.runs import begun
from errata.runs.diary import Diary, lock
from errata.runs.rows import Asked, Rows, Shelf, key, space
from errata.types import Owed, Progress, Stage, Timed

N = TypeVar("N", bound=Named)
R = TypeVar("R", bound=Named)
J = TypeVar("J", bound=Json)

NOUNS = {"Demo": "example", "Pair": "example"}
"""Files bear the name of the record that they hold; a demo and a pair are both examples."""


class Run:
    """The folder of a run, or of one of its steps: `Run.open` gives the first, `at` the others."""

    def __init__(self, path: Path, name: str, diary: Diary) -> None:
        self.path = path
        self._name = name
        self._diary = diary

    @classmethod
    def open(
        cls, path: Path, settings: object, identity: Mapping[str, Json], ready: Callable[[], None] | None = None
    ) -> "Run":
        """Begin a run, or go on with it.

        The folder is this process's until it ends or calls `close`. UsageError when the run was begun with other
        settings, when another process works in it, and when the folder holds something else. `ready` looks, before a
        new run's folder is made, for what must be there, and raises what is wrong; a run that goes on may need none of
        it any more.
        """
        try:
            if path.exists() and not path.is_dir():
                raise UsageError(f"{path} is a file; a run needs a folder of its own")
            if path.exists() and not (path / begun.NAME).exists() and _holds_something(path):
                raise UsageError(f"{path} stands already and is no run; use a new name")
            if ready is not None and not (path / begun.NAME).exists():
                ready()
            with space(path):
                path.mkdir(parents=True, exist_ok=True)
                held = lock(path)
                begun.begin(path, settings, identity)
                diary = Diary(path, held)
                diary.going_on(str(path))
                return cls(path, "", diary)
        except OSError as refused:
            # A folder that cannot be made or written: no permission, read-only, no such place.
            raise UsageError(f"{path} cannot be written ({refused.strerror})") from None

    def close(self) -> None:
        """Let go of the folder, so that another process may work in it; the end of the process does the same."""
        self._diary.close()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def at(self, name: str) -> "Run":
        """A step of the run: the folder of that name, made when the first thing is put there."""
        return Run(self.path / name, f"{self._name}{name}/", self._diary)

    def log(self, words: str) -> None:
        """A line of log.txt, with the time before it."""
        self._diary.log(words)

    def map(self, kind: type[R], stage: Stage[N, R], items: Iterable[N], *, title: str = "") -> Rows[R]:
        """One record for each item, in the order of the items: from the file, or else made by the stage now.

        The stage is not called at all when nothing is owed. Fault when an item stays owed after all others were
        tried; RuntimeError, for a bug, when the stage answers what it was not asked, or twice, or not at all.
        """
        noun = noun_of(kind)
        name = self._name + noun
        shelf = Shelf(self.path / f"{noun}.jsonl", kind)
        asked = Asked(items, shelf)
        owed: dict[str, str] = {}
        if asked.anything():
            with (
                space(self.path),
                self._diary.part(name, title) as part,
                shelf,
                closing(asked.answers(stage)) as answers,
            ):
                for id, made in answers:
                    if isinstance(made, Owed):
                        owed[id] = made.reason
                    elif isinstance(made, Timed):
                        shelf.add(id, made.record)
                        self._diary.timed({"stage": name, "id": id, **made.timing})
                    else:
                        shelf.add(id, made)
                    part.show(asked.kept + asked.answered - len(owed), asked.total, kept=asked.kept)
                part.show(asked.kept + asked.answered - len(owed), asked.total, kept=asked.kept)
        if owed:
            nouns = noun if noun == "feedback" else f"{noun}s"
            verb, reason = "is" if len(owed) == 1 else "are", next(iter(owed.values()))
            words = f"{len(owed)} of {len(asked.ids)} {nouns} {verb} owed: {reason}"
            self.log(f"{name}: {words}")
            raise Fault(f"{words}; run the same command again")
        return shelf.rows(asked.ids)

    def put(self, kind: type[R], records: Iterable[R]) -> Rows[R]:
        """A file of records made at once, if it is not there yet; else the records are not even asked for."""
        path = self.path / f"{noun_of(kind)}.jsonl"
        if not path.exists():
            with space(self.path):
                self.path.mkdir(parents=True, exist_ok=True)
                jsonl.write_whole(path, (jsonl.dump(record) for record in _each_once(records)))
        return Shelf(path, kind).all()

    def once(self, name: str, make: Callable[[Path, Progress], None], *, title: str = "") -> Path:
        """A folder that is whole or not there: made as `NAME.partial`, which outlives a crash and is handed again.

        A folder that was dropped is not made again; its path is given all the same.
        """
        done, partial = self.path / name, self.path / f"{name}.partial"
        if self._dropped(name).exists():
            self.drop(name)
            return done
        if not done.exists():
            with space(self.path), self._diary.part(self._name + name, title) as part:
                partial.mkdir(parents=True, exist_ok=True)
                make(partial, part.show)
                for file in partial.rglob("*"):
                    jsonl.sync(file)
                jsonl.sync(partial)
                partial.rename(done)
                jsonl.sync(self.path)
        return done

    def drop(self, name: str) -> None:
        """Free the disk of a folder that `once` has made; the run remembers that it was there."""
        self._dropped(name).touch()
        shutil.rmtree(self.path / name, ignore_errors=True)

    def value(self, name: str, make: Callable[[], J]) -> J:
        """A small JSON file of that name, made once; what comes back is what the file holds."""
        path = self.path / name
        if not path.exists():
            with space(self.path):
                self.path.mkdir(parents=True, exist_ok=True)
                text = json.dumps(make(), indent=2, ensure_ascii=False, allow_nan=False)
                jsonl.write_whole(path, text + "\n")
        return cast("J", json.loads(path.read_bytes()))

    def _dropped(self, name: str) -> Path:
        return self.path / f"{name}.dropped"


def noun_of(kind: type[object]) -> str:
    return NOUNS.get(kind.__name__, kind.__name__.lower())


def _holds_something(folder: Path) -> bool:
    # A process killed at its very start leaves no more than hidden files of ours.
    return any(not inner.name.startswith(".") for inner in folder.iterdir())


def _each_once(records: Iterable[R]) -> Iterable[R]:
    seen: set[str] = set()
    for record in records:
        if key(record) in seen:
            raise RuntimeError(f"two records of one id are put: {key(record)!r}")
        seen.add(key(record))
        yield record
