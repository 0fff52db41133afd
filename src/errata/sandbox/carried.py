"""What a judge is made of, handed to it as this process has it: it need not look for it, read it and compile it."""

import importlib.util
import marshal
from collections.abc import Callable
from functools import cache
from types import CodeType
from typing import cast

from errata.errors import Fault

MODULES = (
    "errata",
    "errata.errors",
    "errata.outcomes",
    "errata.sandbox",
    "errata.text",
    *(
        f"errata.sandbox.{name}"
        for name in (
            "ahead",
            "checks",
            "child",
            "claims",
            "control",
            "found",
            "guard",
            "handles",
            "held",
            "inbox",
            "kernel",
            "kinds",
            "lending",
            "limits",
            "literals",
            "meanwhile",
            "names",
            "order",
            "parting",
            "places",
            "plan",
            "protocol",
            "raised",
            "rows",
            "scratch",
            "session",
            "shares",
            "show",
            "sitting",
            "tiers",
            "tracebacks",
            "trees",
            "trial",
            "values",
            "watch",
            "words",
            "worker",
        )
    ),
)
"""Modules of this package that a judge loads at its start; what it loads later it finds by itself."""
IMPORTS = """
import sys, marshal
import _frozen_importlib_external as external
sys.path[:] = {path!r}
with open({carried}, "rb") as file: carried = marshal.load(file)
class Loader(external.SourceFileLoader):
    def get_code(self, name): return carried.pop(name)[0] if name in carried else super().get_code(name)
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in carried:
            _, file, inside = carried[name]
            loader = Loader(name, file)
            return external.spec_from_file_location(name, file, loader=loader, submodule_search_locations=inside)
sys.meta_path.insert(0, Finder)
late = sys.modules["inspect"] = type(sys)("inspect")
late.__getattr__ = lambda name: getattr(__import__("inspect"), name)
import dataclasses
del sys.modules["inspect"]
"""
"""What a judge's interpreter does first. Dataclasses that say what they are need no `inspect`, which is large."""


def code_of(module: str) -> tuple[CodeType, str, list[str] | None]:
    """The code of a module, its file, and where its own modules lie if it has any. Raises Fault."""
    spec = importlib.util.find_spec(module)
    find = cast("Callable[[str], CodeType | None] | None", getattr(spec and spec.loader, "get_code", None))
    code = find(module) if find is not None else None
    if spec is None or code is None:
        raise Fault(f"sandbox: the code of {module} cannot be found")
    return code, spec.origin or "", spec.submodule_search_locations


@cache
def carried() -> bytes:
    """The modules of a judge, by marshal."""
    return marshal.dumps({name: code_of(name) for name in MODULES})
