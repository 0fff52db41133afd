"""Where seeds and queries come from: files of people, or the primer's own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from errata import jsonl
from errata.errors import UsageError
from errata.recipes import weights
from errata.recipes.autoif_records import Query
from errata.tasks import primer_instructions

OWN = "primer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A turn of a recorded chat: ShareGPT's names or the usual ones."""

    role: str = ""
    content: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a file of seeds or of queries."""

    instruction: str = ""
    query: str = ""
    text: str = ""
    messages: tuple[Turn, ...] = ()
    conversations: tuple[dict[str, str], ...] = ()


def base(name: str) -> str:
    """Where a model is: `primer` is the base of the primer's follow-the-instruction part."""
    return str(primer_instructions.model_dir()) if name == OWN else weights.folder(name)


def recorded(backend: str) -> str:
    """A backend with its file: `recorded:primer` is the recorded supervisor that ships with the package."""
    return f"recorded:{primer_instructions.supervisor_file()}" if backend == f"recorded:{OWN}" else backend


def seeds(where: str) -> list[str]:
    """The seed instructions, each once. Raises UsageError: `seeds.jsonl:3: instruction: field required`."""
    path = str(primer_instructions.seeds_file()) if where == OWN else where
    return list(dict.fromkeys(texts(path, "instruction")))


def queries(where: str, length: tuple[int, int]) -> list[Query]:
    """The queries of a file that are as long as is wanted, each once; their ids are their numbers in the file."""
    path = str(primer_instructions.queries_file()) if where == OWN else where
    seen: dict[str, int] = {}
    for number, text in enumerate(texts(path, "query")):
        if length[0] <= len(text) <= length[1]:
            seen.setdefault(text, number)
    if not seen:
        raise UsageError(f"queries: {where} has no query of {length[0]} to {length[1]} characters")
    return [Query(id=str(number), text=text) for text, number in seen.items()]


def texts(where: str, wanted: str) -> Iterator[str]:
    """The texts of a file; one that is no JSONL has one a line."""
    path, empty = Path(where), True
    json = path.name.removesuffix(".gz").endswith((".jsonl", ".json"))
    for number, line in jsonl.lines(path):
        text = of_row(line, wanted, f"{path}:{number}") if json else plain(line, f"{path}:{number}")
        if text:
            empty = False
            yield text
    if empty:
        raise UsageError(f"{path}:1: {wanted}: the file is empty")


def plain(line: bytes, where: str) -> str:
    try:
        return line.decode().strip()
    except UnicodeDecodeError:
        raise UsageError(f"{where}: not UTF-8 text") from None


def of_row(line: bytes, wanted: str, where: str) -> str:
    row = jsonl.parse(line, Row, where, loose=True)
    if wanted == "instruction":
        text = row.instruction or row.text
    else:
        said = [turn.content or turn.value for turn in row.messages if turn.role == "user"]
        said += [turn.get("value", "") for turn in row.conversations if turn.get("from") in ("human", "user")]
        text = row.query or row.text or (said[0] if said else "")
    if not text.strip():
        raise UsageError(f"{where}: {wanted}: field required")
    return text.strip()
