"""Answers as CSV, to be looked at and edited in a spreadsheet and read again, with nothing changed on the way.

What a spreadsheet would take for a formula is quoted when it goes out and unquoted when it comes in: a program or a
sentence that a model or a stranger wrote must not run on the computer of whoever opens the file.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from errata.errors import UsageError
from errata.feedback.row import AUTHOR, Row
from errata.types import Answer, Question

FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""What a spreadsheet may take for a formula, behind any quotes that mark it as none (OWASP, CSV injection)."""
SAID = ("question", "author", "sample", "text", "refinement", "skip", "category", "seconds")
FOUND = ("passed", "edit_distance", "task", "program")
"""Columns for whoever reads the sheet; what they say is found out anew when it comes in, but for the program."""
COLUMNS = (*SAID, *FOUND)


def sheet(given: Iterable[tuple[Question, Answer]]) -> str:
    """The text of a CSV file, a row an answer."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for question, answer in given:
        program = next((offer.program for offer in question.offers if offer.sample == answer.sample), "")
        numbers = [
            "" if value is None else str(value) for value in (answer.seconds, answer.passed, answer.edit_distance)
        ]
        words = (answer.sample, answer.text, answer.refinement, answer.skip, "; ".join(answer.category))
        cells = (question.id, answer.author, *words, *numbers, question.task.instruction, program)
        writer.writerow([quoted(cell) for cell in cells])
    return made.getvalue()


def quoted(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def unquoted(cell: str) -> str:
    """What `quoted` was given."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def rows(path: Path) -> Iterator[Row]:
    """The rows of a CSV file; UsageError names file, line and column of what cannot be read."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except UnicodeDecodeError as broken:
        raise UsageError(f"{path}: not UTF-8 (byte {broken.start + 1}); save it as CSV UTF-8") from None
    head = text.partition("\n")[0]
    # A spreadsheet writes semicolons where the comma is the decimal point.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    names: list[str] = []
    line = 1
    try:
        for cells in reader:
            where, line = f"{path}:{line}", reader.line_num + 1
            if not names:
                names = _header(cells, where)
            elif any(cell.strip() for cell in cells):
                yield _cells(names, cells, where)
    except csv.Error as broken:
        raise UsageError(f"{path}:{line}: not CSV: {broken}") from None


def _header(cells: Sequence[str], where: str) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    if unknown := [name for name in names if name not in COLUMNS]:
        raise UsageError(f"{where}: {unknown[0]}: unknown column; there are {', '.join(COLUMNS)}")
    if lacking := [name for name in ("question", "author", "text") if name not in names]:
        raise UsageError(f"{where}: {lacking[0]}: column required")
    return names


def _cells(names: Sequence[str], cells: Sequence[str], where: str) -> Row:
    if len(cells) != len(names):
        raise UsageError(f"{where}: {len(cells)} cells where the header has {len(names)}")
    said = dict.fromkeys(COLUMNS, "") | {name: unquoted(cell) for name, cell in zip(names, cells, strict=True)}
    author = said["author"].strip()
    answer = Answer(
        id="",
        of=said["question"].strip(),
        author=author if AUTHOR.fullmatch(author) else f"human:{author}" if author else "",
        sample=said["sample"].strip(),
        text=said["text"],
        refinement=said["refinement"],
        skip=said["skip"],
        category=tuple(kind.strip() for kind in said["category"].split(";") if kind.strip()),
        seconds=_number(said["seconds"], f"{where}: seconds"),
    )
    return Row(where=where, answer=answer, program=said["program"])


def _number(cell: str, where: str) -> float | None:
    try:
        # A decimal comma is what some spreadsheets make of a decimal point.
        return float(cell.replace(",", ".")) if cell.strip() else None
    except ValueError:
        raise UsageError(f"{where}: not a number: {cell[:40]!r}") from None
