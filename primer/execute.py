"""Running programs that this folder's own generator wrote; a model's programs never come here."""

import traceback
import warnings
from types import CodeType

FAILED = object()
"""What stands for the value of a call that raised."""


def loaded(program: str) -> dict[str, object] | None:
    """The program's names, or None when it is no Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code: CodeType = compile(program, "<string>", "exec")
        except SyntaxError:
            return None
    names: dict[str, object] = {}
    exec(code, names)
    return names


def values(program: str, arguments: list[str]) -> list[object]:
    """The value of `f` for each argument, given as source."""
    names = loaded(program)
    return [FAILED if names is None else value(names, argument) for argument in arguments]


def value(names: dict[str, object], argument: str) -> object:
    """`f(argument)`, or FAILED."""
    try:
        made = eval(f"f({argument})", names)
        repr(made)
    except Exception:
        return FAILED
    return made


def equal(left: object, right: object) -> bool:
    """Whether an assert would hold; FAILED equals nothing."""
    return left is not FAILED and right is not FAILED and bool(left == right)


def holds(program: str, test: str) -> bool:
    """Whether a test passes."""
    names = loaded(program)
    try:
        exec(test, names or {})
    except Exception:
        return False
    return True


def complaint(source: str, file: str = "<string>") -> str:
    """The traceback of running the source, as the interpreter prints it without its marks; empty when all went well."""
    lines = source.split("\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(source, file, "exec"), {})
        except SyntaxError as error:
            return "".join(traceback.format_exception_only(error))
        except Exception as error:
            frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
            told = ["Traceback (most recent call last):\n"]
            for frame in frames:
                shown = lines[(frame.lineno or 1) - 1].strip()
                told.append(f'  File "{file}", line {frame.lineno}, in {frame.name}\n    {shown}\n')
            return "".join(told) + traceback.format_exception_only(error)[-1]
    return ""
