"""The files that answers come in and go out as, each read to the same rows and written from them.

`answer`, `feedback`: JSONL of our own records. `ilf`: the annotation rows of the ILF authors (Chen et al. 2023), as
they released them. `csv`: for a spreadsheet.
`argilla`: the JSON that Argilla 2's `dataset.records.to_json` writes and `from_json` reads.
"""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args

from errata import jsonl
from errata.errors import UsageError
from errata.feedback.row import Row
from errata.feedback.spreadsheet import rows, sheet
from errata.types import Answer, Feedback, Question

Format: TypeAlias = Literal["answer", "feedback", "ilf", "csv", "argilla"]
SUFFIXES: Mapping[str, Format] = {".csv": "csv", ".json": "argilla", ".jsonl": "answer"}
NAMESPACE = uuid.UUID("3f1d6a52-6c1e-5d0c-9a53-0d4f3f0b6c11")
"""Argilla knows people by UUIDs, which are derived from names in this space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IlfAnnotation:
    """A row of ILF's surge_annotations.jsonl."""

    task_id: int
    Feedback: str
    original_model_completion: str
    unedited_annotator_completion: str
    worker_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgillaRecord:
    """A record of an Argilla dataset, as its JSON holds it."""

    id: str | None = None
    fields: dict[str, str | None] = field(default_factory=dict[str, str | None])
    metadata: dict[str, str | int | float | list[str] | None] = field(
        default_factory=dict[str, str | int | float | list[str] | None]
    )
    responses: dict[str, list[dict[str, str | int | float | list[str] | None]]] = field(
        default_factory=dict[str, list[dict[str, str | int | float | list[str] | None]]]
    )


def format_of(path: Path, given: str) -> Format:
    """The format of a file that is written: as named, or by its ending."""
    if given in get_args(Format):
        return cast("Format", given)
    if given:
        raise UsageError(f"--format {given}: unknown; there are {', '.join(get_args(Format))}")
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path}: its ending tells no format; name one with --format")
    return SUFFIXES[path.suffix]


def read(path: Path, given: str = "") -> list[Row]:
    """The rows of a file in their order. UsageError names file, line and field of what cannot be read."""
    format = format_of(path, given)
    if format == "answer" and not given:
        format = _kind(path)
    match format:
        case "answer":
            last = {row.answer.id: row for row in _answers(path)}
            return list(last.values())
        case "feedback":
            return list(_feedback(path))
        case "ilf":
            return list(_ilf(path))
        case "csv":
            return list(rows(path))
        case "argilla":
            return list(_argilla(path))


def write(path: Path, format: Format, given: Sequence[tuple[Question, Answer]]) -> None:
    """Answers with their questions as a file, whole or not at all; the file may stand already."""
    match format:
        case "answer":
            jsonl.write_whole(path, [jsonl.dump(answer) for _, answer in given])
        case "feedback":
            jsonl.write_whole(path, [jsonl.dump(feedback(one, answer)) for one, answer in given if not answer.skip])
        case "csv":
            jsonl.write_whole(path, "\ufeff" + sheet(given))
        case "argilla":
            jsonl.write_whole(path, json.dumps(list(argilla(given)), ensure_ascii=False, indent=1) + "\n")
        case "ilf":
            raise UsageError("--format ilf: is read only; the authors' file names a program, not a sample")


def feedback(question: Question, answer: Answer) -> Feedback:
    """An answer as feedback on the program that its author chose."""
    return Feedback(
        id=answer.id,
        of=answer.sample or question.of[0],
        author=answer.author,
        text=answer.text,
        refinement=answer.refinement,
    )


def argilla(given: Iterable[tuple[Question, Answer]]) -> Iterator[dict[str, jsonl.Json]]:
    """Records of an Argilla dataset: one for each program that was chosen, with everybody's responses to it."""
    grouped: dict[tuple[str, str], list[tuple[Question, Answer]]] = {}
    for question, answer in given:
        grouped.setdefault((question.id, answer.sample), []).append((question, answer))
    for (id, sample), those in grouped.items():
        question = those[0][0]
        program = next((offer.program for offer in question.offers if offer.sample == sample), "")
        responses: dict[str, list[jsonl.Json]] = {}
        for _, answer in those:
            person = str(uuid.uuid5(NAMESPACE, answer.author))
            values: dict[str, jsonl.Json] = {
                "feedback": answer.text,
                "refinement": answer.refinement,
                "category": answer.category,
                "skip": answer.skip,
            }
            for name, value in values.items():
                if value:
                    responses.setdefault(name, []).append({"value": value, "user_id": person})
        authors = [f"{uuid.uuid5(NAMESPACE, answer.author)} {answer.author}" for _, answer in those]
        yield {
            "id": sample or id,
            "fields": {"task": question.task.instruction, "program": program},
            "metadata": {"question": id, "sample": sample, "authors": authors},
            "suggestions": {},
            "responses": responses,
            "vectors": {},
            "_server_id": None,
        }


def _kind(path: Path) -> Format:
    """Which of the JSONL formats a file is, by what its first line holds."""
    for number, line in jsonl.lines(path):
        first = jsonl.parse(line, Keys, f"{path}:{number}", loose=True)
        if first.original_model_completion is not None:
            return "ilf"
        return (
            "answer" if first.sample is not None or first.passed is not None or first.skip is not None else "feedback"
        )
    return "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Fields by which formats are told apart."""

    original_model_completion: str | None = None
    sample: str | None = None
    skip: str | None = None
    passed: bool | None = None


def _answers(path: Path) -> Iterator[Row]:
    for number, line in jsonl.lines(path):
        where = f"{path}:{number}"
        yield Row(where=where, answer=jsonl.parse(line, Answer, where))


def _feedback(path: Path) -> Iterator[Row]:
    for number, line in jsonl.lines(path):
        where = f"{path}:{number}"
        said = jsonl.parse(line, Feedback, where)
        task, mark, _ = said.of.rpartition("#")
        answer = Answer(
            id=said.id,
            of=task if mark else said.of,
            author=said.author,
            sample=said.of if mark else "",
            text=said.text,
            refinement=said.refinement,
        )
        yield Row(where=where, answer=answer)


def _ilf(path: Path) -> Iterator[Row]:
    for number, line in jsonl.lines(path):
        where = f"{path}:{number}"
        said = jsonl.parse(line, IlfAnnotation, where, loose=True)
        answer = Answer(
            id="",
            of=str(said.task_id),
            author=f"human:{said.worker_id or 'surge'}",
            text=said.Feedback,
            refinement=said.unedited_annotator_completion,
        )
        yield Row(where=where, answer=answer, program=said.original_model_completion)


def _argilla(path: Path) -> Iterator[Row]:
    for number, line in jsonl.lines(path):
        where = f"{path}:{number}"
        record = jsonl.parse(line, ArgillaRecord, where, loose=True)
        listed = record.metadata.get("authors")
        named = dict(str(author).split(" ", 1) for author in listed) if isinstance(listed, list) else {}
        found: dict[str, Answer] = {}
        for question, responses in record.responses.items():
            for response in responses:
                person = str(response.get("user_id"))
                answer = found.get(person) or Answer(
                    id="",
                    of=str(record.metadata.get("question") or record.id or ""),
                    author=named.get(person, f"human:{person[:8]}"),
                    sample=str(record.metadata.get("sample") or ""),
                )
                found[person] = _told(answer, question, response.get("value"), f"{where}: responses.{question}")
        for answer in found.values():
            yield Row(where=where, answer=answer, program=record.fields.get("program") or "")


def _told(answer: Answer, question: str, value: object, where: str) -> Answer:
    """An answer with one more response of Argilla's put into it."""
    match question, value:
        case "category", list():
            return replace(answer, category=tuple(map(str, cast("list[object]", value))))
        case "feedback" | "text", str():
            return replace(answer, text=value)
        case "refinement", str():
            return replace(answer, refinement=value)
        case "skip", str():
            return replace(answer, skip=value)
        case "feedback" | "text" | "refinement" | "skip" | "category", _:
            raise UsageError(f"{where}: not of the kind that is wanted there")
        case _:
            # A dataset may ask people more than a run wants to know.
            return answer
