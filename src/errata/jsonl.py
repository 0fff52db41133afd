"""Records on disk, one JSON object a line; the one place where what is read is checked.

Strict: a wrong type, an unknown field and a missing one are errors that name file, line and field in one line:
`tasks.jsonl:1: instruction: field required`. JSON lists become tuples, and members of a union are told apart by
their `kind`. Lines end at a newline byte alone, so that U+2028 or U+0085 inside a text never splits a record.
"""

import gzip
import json
import os
import re
import zlib
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import GenericAlias
from typing import BinaryIO, Protocol, TypeAlias, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from errata.errors import UsageError

R = TypeVar("R")

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""What a JSON file can hold; read-only, so that a `dict[str, float]` is one too."""

LONE = re.compile("[\ud800-\udfff]")
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
LOOSE = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


class Named(Protocol):
    """Anything that goes by an id."""

    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=Named)


def read(path: Path, kind: type[N], *, empty: bool = True) -> list[N]:
    """All records of a file, `.gz` too; one id in two lines is an error, and so is an empty file with `empty=False`."""
    records = [record for _, record in numbered(path, kind)]
    if not records and not empty:
        raise UsageError(f"{path}:1: {kind.__name__.lower()}: the file is empty")
    return records


def numbered(path: Path, kind: type[N]) -> Iterator[tuple[int, N]]:
    """(line number from 1, record) of a file; one id in two lines is an error."""
    seen: dict[str, int] = {}
    for number, line in lines(path):
        record = parse(line, kind, f"{path}:{number}")
        if seen.setdefault(record.id, number) != number:
            raise UsageError(f"{path}:{number}: id: {record.id!r} stands already in line {seen[record.id]}")
        yield number, record


def iterate(path: Path, kind: type[R], *, loose: bool = False) -> Iterator[R]:
    """The records of a file one by one, without looking for ids that come twice; `loose` lets others' fields pass."""
    for number, line in lines(path):
        yield parse(line, kind, f"{path}:{number}", loose=loose)


def growing(path: Path, kind: type[R]) -> Iterator[R]:
    """The records of a file that another process may be writing: a torn last line is not there yet, nor is the file."""
    if not path.exists():
        return
    for number, line in lines(path):
        if line.endswith(b"\n"):
            yield parse(line, kind, f"{path}:{number}")


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """(line number from 1, line) of a file or a `.gz`, blank lines and a byte order mark left out.

    A `.json` file is one list, whose entries count as lines, unless it has one object a line all the same.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            if path.name.removesuffix(".gz").endswith(".json"):
                whole = file.read()
                if not (whole.startswith(b"{") and b"}\n{" in whole):
                    yield from _entries(path, whole)
                    return
                file.seek(0)
            for number, line in enumerate(file, 1):
                kept = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                if kept.strip():
                    yield number, kept
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as broken:
        raise UsageError(f"{path}: not a whole gzip file ({broken})") from None
    except OSError as broken:
        raise UsageError(f"{path}: cannot be read ({broken.strerror})") from None


def _entries(path: Path, whole: bytes) -> Iterator[tuple[int, bytes]]:
    try:
        entries = cast("Json", json.loads(whole))
    except (ValueError, RecursionError) as broken:
        raise UsageError(f"{path}:1: not JSON: {_small(str(broken))}") from None
    if not isinstance(entries, list):
        raise UsageError(f"{path}:1: not a JSON list; a file with one object a line ends in .jsonl")
    for number, entry in enumerate(entries, 1):
        yield number, json.dumps(entry).encode()


def parse(line: bytes, kind: type[R], where: str, *, loose: bool = False) -> R:
    """One record of a line; `where`, such as `tasks.jsonl:3`, begins what is said when it is none."""
    try:
        records = _checker(kind, loose).validate_json(b"[" + line + b"]")
    except ValidationError as refused:
        said = _said(refused.errors(include_url=False, include_context=False), line)
        raise UsageError(f"{where}: {said}") from None
    if len(records) != 1:
        raise UsageError(f"{where}: not JSON: one object a line")
    return cast("R", records[0])


def dump(record: object) -> str:
    """A record as one line without its newline: fields in their order, text as it is.

    A lone surrogate, which UTF-8 cannot hold, is written as U+FFFD. Raises ValueError for NaN or an infinity and
    PydanticSerializationError for a value of another type than its field's: both are bugs of whoever made the record.
    """
    return LONE.sub("\ufffd", json.dumps(plain(record), ensure_ascii=False, allow_nan=False))


def plain(record: object) -> Mapping[str, Json]:
    """A record or a settings dataclass as JSON, nested ones as objects."""
    (made,) = _checker(type(record)).dump_python([record], mode="json", warnings="error")
    return cast("Mapping[str, Json]", made)


def write_whole(path: Path, data: str | bytes | Iterable[str]) -> None:
    """The file as a whole or not at all: written beside its place, synced, renamed; several strings are lines."""
    if isinstance(data, str | bytes):
        with whole(path) as file:
            file.write(data.encode() if isinstance(data, str) else data)
        return
    with whole(path) as file:
        file.writelines(f"{line}\n".encode() for line in data)


@contextmanager
def whole(path: Path) -> Generator[BinaryIO]:
    """A file to write to that takes its name only when the block ends without an error."""
    beside = path.with_name(f".{path.name}.partial")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(folder: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@cache
def _checker(kind: type[object], loose: bool = False) -> TypeAdapter[list[object]]:
    # A standard dataclass takes no config of its own but inherits its holder's, so a list of one holds it.
    listed = cast("type[list[object]]", GenericAlias(list, (kind,)))
    return TypeAdapter(listed, config=LOOSE if loose else STRICT)


def _said(errors: Sequence[ErrorDetails], line: bytes) -> str:
    """What is wrong with a line, `field: message`, told for the member of a union that its `kind` names."""
    try:
        whole = cast("Json", json.loads(line.decode().rstrip("\r\n")))
    except UnicodeDecodeError as broken:
        return f"not UTF-8: byte 0x{line[broken.start]:02x} in column {broken.start + 1}"
    except json.JSONDecodeError as broken:
        return f"not JSON: {_small(broken.msg)} in column {broken.colno}"
    except RecursionError:
        return "not JSON that can be read: nested too deeply"
    if not isinstance(whole, Mapping):
        return "not a JSON object"
    kinds = [e for e in errors if e["type"] == "literal_error" and e["loc"][-1] == "kind"]
    others = [e["loc"][:-1] for e in kinds]
    meant = [e for e in errors if not any(e["loc"][: len(other)] == other for other in others)] or kinds
    first = max(_near(meant), key=lambda error: len(_walk(error, whole)))
    match first["type"]:
        case "json_invalid":
            message = re.sub(r" at line \d+ column \d+$", "", first["msg"]).removeprefix("Invalid JSON: ")
            return f"not JSON: {message}"
        case "unexpected_keyword_argument":
            message = "unknown field"
        case "literal_error" if first["loc"][-1] == "kind":
            message = f"unknown kind {first['input']!r}"
        case _:
            message = _small(first["msg"])
    return f"{_walk(first, whole)}: {message}"


def _near(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """The first error and those of the same field, of the types of it that come nearest: with the fewest errors."""
    head = errors[0]["loc"][:2]
    same = [error for error in errors if error["loc"][:2] == head]
    count = Counter(error["loc"][:3] for error in same)
    return [error for error in same if count[error["loc"][:3]] == min(count.values())]


def _walk(error: ErrorDetails, whole: Json) -> str:
    """The path of the field as a person reads it, `check.tests[0]`; names of types in pydantic's path are left out."""
    path, at = "", whole
    for last, step in ((i == len(error["loc"]) - 1, step) for i, step in enumerate(error["loc"]) if i):
        if isinstance(at, Mapping) and isinstance(step, str) and (step in at or (last and error["type"] == "missing")):
            path, at = (f"{path}.{step}" if path else step), at.get(step)
        elif isinstance(at, list) and isinstance(step, int):
            path, at = f"{path}[{step}]", at[step]
    return path


def _small(message: str) -> str:
    return message[:1].lower() + message[1:]
