"""What a program's end tells of its exceptions, classes and functions: names, words, and lines of the program alone."""

from typing import cast

from errata.sandbox.protocol import Json

FILE = "<string>"
MOST_FRAMES = 100
MOST_TEXT = 4000
MOST_ITEMS = 16


def origin(value: object) -> str:
    """`module.name` of a function or class of the standard library, `.name` of the program's own."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    return f"{'' if module in (None, '__main__') else module}.{name}"[:200]


def ancestor(kind: type) -> str:
    """The nearest exception class of the language."""
    return next((found.__name__ for found in kind.__mro__ if found.__module__ == "builtins"), "Exception")


def named(kind: type) -> str:
    module = kind.__module__
    return kind.__qualname__ if module in ("__main__", "builtins") else f"{module}.{kind.__qualname__}"


def words(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        return "<exception str() failed>"
    return text if len(text) <= MOST_TEXT else text[:MOST_TEXT] + "..."


def frames(error: BaseException) -> Json:
    """[line, function, times in a row] of the program's own frames, outermost first."""
    found: list[list[int | str]] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == FILE:
            if found and found[-1][:2] == [trace.tb_lineno, code.co_name]:
                found[-1][2] = cast("int", found[-1][2]) + 1
            else:
                found.append([trace.tb_lineno, code.co_name, 1])
        trace = trace.tb_next
    kept = found if len(found) <= MOST_FRAMES else found[: MOST_FRAMES // 2] + found[-MOST_FRAMES // 2 :]
    return cast("Json", kept)


def wrong_syntax(error: BaseException) -> Json:
    """[class, message, line, text, offset, end offset] of source that cannot be compiled."""
    if isinstance(error, SyntaxError):
        end = error.end_offset if error.end_lineno == error.lineno else None
        return [type(error).__name__, str(error.msg), error.lineno, error.text, error.offset, end]
    if isinstance(error, MemoryError | RecursionError):
        return [type(error).__name__, str(error), None, None, None, None]
    return ["SyntaxError", str(error), None, None, None, None]


def simple(value: object, depth: int = 3) -> bool:
    """A short value that an exception may be made of anew."""
    if type(value) in (tuple, list) and depth:
        items = cast("list[object]", value)
        return len(items) <= MOST_ITEMS and all(simple(item, depth - 1) for item in items)
    return value is None or type(value) in (bool, int, str, float)
