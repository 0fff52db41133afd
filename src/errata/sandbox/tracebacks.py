"""What CPython would print if the program and its tests were one file `<string>`, without frames of ours.

The lines of the program and of the tests come from their sources here; which frames of the program were open, and
the words of its exception, are the program's own report.
"""

import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import cast

from errata.sandbox.protocol import Json
from errata.sandbox.raised import Raised, Report
from errata.sandbox.show import fixed
from errata.text import tail

HEAD = "Traceback (most recent call last):\n"
CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"
MOST = 4000
MOST_LINE = 500
MOST_PLACE = 1 << 30
SHOWN_REPEATS = 3
"""As in CPython: frames in a row that are alike are shown three times and then counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The one file that is made up of the program, the setup and the tests."""

    program: Sequence[str]
    """Its lines."""
    pieces: Mapping[str, tuple[int, Sequence[str]]]
    """By the name that the frames bear: lines before it in the file, and its own lines."""

    def line(self, number: int) -> str:
        """A line of the whole file; the program's own end names tests' lines too where they run together."""
        for before, own in ((0, self.program), *self.pieces.values()):
            if 0 < number - before <= len(own):
                return own[number - before - 1]
        return ""


def lines(source: str) -> list[str]:
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def layout(program: str, pieces: Sequence[tuple[str, str]]) -> Layout:
    """Of (name, source) in their order."""
    first = lines(program)
    before, placed = len(first), dict[str, tuple[int, Sequence[str]]]()
    for name, source in pieces:
        own = lines(source)
        placed[name] = (before, own)
        before += len(own)
    return Layout(program=first, pieces=placed)


def of_report(where: Layout, report: Report) -> str:
    """Of an exception that the program raised by itself, before any test."""
    return finish("".join(reported(where, report, "")))


def of_error(where: Layout, error: BaseException, raised: Sequence[Raised]) -> str:
    """Of an exception that left the test: frames of the test, then frames of the program where it raised."""
    return finish("".join(blocks(where, error, {id(item.error): item.report for item in raised}, 0)))


def finish(text: str) -> str:
    return tail(fixed(text), MOST)


def blocks(where: Layout, error: BaseException, reports: Mapping[int, Report], depth: int) -> Iterator[str]:
    # The cause of what the program raised is in its own report; here it has no traceback.
    earlier, link = error.__cause__, CAUSE
    if earlier is not None and earlier.__traceback__ is None and id(error) in reports:
        earlier = None
    elif earlier is None and not error.__suppress_context__:
        earlier, link = error.__context__, CONTEXT
    if earlier is not None and depth < 3:
        yield from blocks(where, earlier, reports, depth + 1)
        yield link
    own = "".join(test_frames(where, error.__traceback__))
    report = reports.get(id(error))
    if report is not None:
        yield from reported(where, report, own)
        return
    yield HEAD + own + last(type(error).__name__, words(error))


def reported(where: Layout, report: Report, before: str) -> Iterator[str]:
    """The chain of a report, earliest first; `before` are the frames of the test that called."""
    chain = report.get("chain")
    links = [item for item in chain if isinstance(item, dict)] if isinstance(chain, list) else []
    for at in range(len(links) - 1, -1, -1):
        item = links[at]
        frames = "".join(program_frames(where, item.get("frames")))
        kind, text = item.get("kind"), item.get("text")
        yield HEAD + (before if at == 0 else "") + frames + last(str(kind)[:200], str(text))
        if at:
            yield CAUSE if links[at - 1].get("link") == "cause" else CONTEXT


def words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "<exception str() failed>"


def last(kind: str, text: str) -> str:
    return f"{kind}: {text}\n" if text else f"{kind}\n"


def frame(number: int, function: str, line: str) -> str:
    shown = line.strip()[:MOST_LINE]
    return f'  File "<string>", line {number}, in {function}\n' + (f"    {shown}\n" if shown else "")


def test_frames(where: Layout, trace: TracebackType | None) -> Iterator[str]:
    for entry in places(where, trace):
        before, own = where.pieces[entry.tb_frame.f_code.co_filename]
        number = entry.tb_lineno
        yield frame(before + number, entry.tb_frame.f_code.co_name, own[number - 1] if number <= len(own) else "")


def places(where: Layout, trace: TracebackType | None) -> Iterator[TracebackType]:
    """The entries of a traceback that are frames of test code."""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in where.pieces:
            yield trace
        trace = trace.tb_next


def program_frames(where: Layout, frames: Json) -> Iterator[str]:
    for item in frames if isinstance(frames, list) else ():
        match item:
            case [int(number), str(function), int(times)]:
                yield frame(number, function[:100], where.line(number)) * min(times, SHOWN_REPEATS)
                if times > SHOWN_REPEATS:
                    more = times - SHOWN_REPEATS
                    yield f"  [Previous line repeated {more} more time{'s' if more > 1 else ''}]\n"
            case _:
                continue


def of_syntax(report: Json, before: int = 0) -> str:
    """Of source that does not compile: [class, message, line, text, offset, end offset]."""
    match report:
        case [str(kind), str(message), number, text, offset, end]:
            made = {"IndentationError": IndentationError, "TabError": TabError}.get(kind, SyntaxError)(message)
            if (line := place(number)) is not None:
                made.filename, made.lineno = "<string>", line + before
                made.text = text[:MOST_LINE] if isinstance(text, str) else None
                made.offset = place(offset)
                made.end_lineno, made.end_offset = made.lineno, place(end)
            elif kind not in ("SyntaxError", "IndentationError", "TabError"):
                return finish(last(kind[:100], message))
            return finish("".join(traceback.format_exception_only(made)))
        case _:
            return ""


def place(number: Json) -> int | None:
    """A line or column as the program reports it, where it can be one."""
    return number if isinstance(number, int) and 0 <= number < MOST_PLACE else None


def syntax_of(error: SyntaxError) -> Json:
    """The report of source that was compiled here."""
    end = error.end_offset if error.end_lineno == error.lineno else None
    return cast("Json", [type(error).__name__, str(error.msg), error.lineno, error.text, error.offset, end])
