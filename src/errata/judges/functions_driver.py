"""Calls one verifier with many texts; its source is a program for the sandbox, where it is run beside the verifier.

Reads {"source", "texts"} and writes a line for each text as soon as it is known: {"at", "value"} or {"at", "error"},
with "broken" where the verifier cannot be run at all.
Each call has a namespace of its own, in which the verifier's helpers stand too, so that no call sees what another has
left behind. Whatever a verifier raises, SystemExit too, is an error of that call and no more.
"""

import io
import json
import os
import random
import sys
from collections.abc import Callable
from types import CodeType
from typing import cast

MOST = 200
"""Characters of an error, or of a text that a verifier answers, that are told."""


class Nowhere(io.TextIOBase):
    """What a verifier prints is nobody's."""

    def write(self, text: str, /) -> int:
        return len(text)


def main() -> None:
    order = json.loads(sys.stdin.buffer.read())
    channel = os.dup(1)
    code, why = loaded(order["source"])
    for at, text in enumerate(order["texts"]):
        said = answer(code, text) if code is not None else {"error": why, "broken": True}
        line = b"\n" + json.dumps({"at": at, **said}).encode() + b"\n"
        while line:
            line = line[os.write(channel, line) :]
    # Without an end of its own, since a verifier may have left threads and exit handlers behind.
    os._exit(0)


def loaded(source: str) -> tuple[CodeType | None, str]:
    """A verifier that can be run and has the function, or why not."""
    try:
        code = compile(source, "verifier", "exec", dont_inherit=True)
        sys.stdout = sys.stderr = Nowhere()
        names: dict[str, object] = {"__name__": "verifier"}
        exec(code, names)
    except BaseException as error:
        return None, told(error)
    return (code, "") if callable(names.get("evaluate")) else (None, "NameError: it defines no function evaluate")


def answer(code: CodeType, text: str) -> dict[str, object]:
    """{"value"} of plain data, or {"error"}."""
    sys.stdout = sys.stderr = Nowhere()
    sys.stdin = io.StringIO()
    random.seed(0)
    names: dict[str, object] = {"__name__": "verifier"}
    try:
        exec(code, names)
        value = cast("Callable[[str], object]", names["evaluate"])(text)
        kind = type(value).__name__
        if kind in ("bool", "bool_"):
            return {"value": bool(value)}
        if value is None or type(value) in (int, str):
            return {"value": value if not isinstance(value, str) else value[:MOST]}
    except BaseException as error:
        return {"error": told(error)}
    return {"error": f"it answers with a {kind}"}


def told(error: BaseException) -> str:
    try:
        words = f"{type(error).__name__}: {error}"
    except BaseException:
        words = type(error).__name__
    return words[:MOST]


main()
