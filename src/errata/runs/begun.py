"""What a run was begun with: config.json, and what of it may be otherwise when the run goes on.

A settings field is identity unless its metadata says otherwise: `{"free": True}` for what does not shape results
(workers, devices, endpoints), `{"may": "grow"}` for a number that may become larger (rounds). A mark on a field
that holds settings of its own bears on all of them. `{"was": NAME}` is a field's name in runs begun before it had
this one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Literal, TypeAlias, cast

from errata import jsonl
from errata.errors import UsageError
from errata.jsonl import Json

NAME = "config.json"

Mark: TypeAlias = Literal["", "free", "grow"]


def begin(folder: Path, settings: object, identity: Mapping[str, Json]) -> None:
    """Write config.json, or compare it with what the run was begun with and refuse by name what must not differ."""
    path = folder / NAME
    asked: Mapping[str, Json] = {
        "recipe": type(settings).__name__,
        "settings": jsonl.plain(settings),
        "identity": dict(identity),
    }
    text = json.dumps(asked, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if path.exists():
        begun = _stored(path)
        names = list(_refused(begun, cast("Mapping[str, Json]", json.loads(text)), _marks(settings), _were(settings)))
        if names:
            raise UsageError(f"{folder} was begun with other settings ({', '.join(names)}); use a new name")
    jsonl.write_whole(path, text)


def _stored(path: Path) -> Mapping[str, Json]:
    try:
        stored = cast("Json", json.loads(path.read_bytes()))
    except ValueError:
        stored = None
    if not isinstance(stored, Mapping) or not {"recipe", "settings", "identity"} <= stored.keys():
        raise UsageError(f"{path}: is not the config of a run; use a new name")
    return stored


def _marks(settings: object, before: str = "", inherited: Mark = "") -> dict[str, Mark]:
    """The mark of each setting by its dotted name."""
    found: dict[str, Mark] = {}
    if is_dataclass(settings):
        for part in fields(settings):
            name, mark = before + part.name, inherited
            if part.metadata.get("free"):
                mark = "free"
            elif part.metadata.get("may") == "grow":
                mark = "grow"
            found |= {name: mark, **_marks(cast("object", getattr(settings, part.name)), f"{name}.", mark)}
    return found


def _were(settings: object, before: str = "") -> dict[str, str]:
    """The dotted name of each setting that had another, by that other."""
    found: dict[str, str] = {}
    if is_dataclass(settings):
        for part in fields(settings):
            if (was := part.metadata.get("was")) is not None:
                found[f"{before}{was}"] = before + part.name
            found |= _were(cast("object", getattr(settings, part.name)), f"{before}{part.name}.")
    return found


def _refused(
    begun: Mapping[str, Json], asked: Mapping[str, Json], marks: Mapping[str, Mark], were: Mapping[str, str]
) -> Iterator[str]:
    """The names of settings and of identity that differ and must not."""
    if begun["recipe"] != asked["recipe"]:
        yield "recipe"
        return
    before, now = dict(_flat(begun["settings"])), dict(_flat(asked["settings"]))
    before = {were.get(name, name): value for name, value in before.items()}
    said: set[str] = set()
    for name in now | before:
        old, new = before.get(name), now.get(name)
        if name in before and name in now and old == new:
            continue
        match _mark(name, marks):
            case "free":
                continue
            case "grow" if isinstance(old, int | float) and isinstance(new, int | float) and new > old:
                continue
            case _:
                said.add(name)
                yield name
    was, wanted = dict(_flat(begun["identity"])), dict(_flat(asked["identity"]))
    for name in wanted | was:
        if was.get(name) != wanted.get(name) and name not in said:
            yield f"contents of {name}" if name in now else name


def _mark(name: str, marks: Mapping[str, Mark]) -> Mark:
    """The mark of a setting or of the nearest one that holds it: a dict's entries bear their field's."""
    while name not in marks and "." in name:
        name = name.rpartition(".")[0]
    return marks.get(name, "")


def _flat(value: Json, name: str = "") -> Iterator[tuple[str, Json]]:
    """(dotted name, value) of everything that holds nothing itself."""
    if isinstance(value, Mapping) and (value or not name):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else key)
    else:
        yield name, value
