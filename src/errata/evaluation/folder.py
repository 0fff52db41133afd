"""What a run's folder holds, as far as it has come: rounds, their scores and outcomes, seconds, settings.

Everything is read from the folder alone, and everything may be missing: a run that is still going, or that has only a
base, is read as well. Of several lines with one id the last holds; a last line that is torn is not there yet.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, TypeVar, cast

from errata import jsonl
from errata.errors import UsageError
from errata.evaluation import metrics
from errata.evaluation.hacking import Hacks, hacks
from errata.evaluation.intervals import Interval, difference
from errata.evaluation.scoring import Scores
from errata.jsonl import Json
from errata.types import Demo, Outcome, Pair, Sample, Verdict

HELD_OUT = "held-out"
SCORES = "scores.json"
POTS = "honeypot.json"
CONDITION = re.compile(r"held-out-(good|bad|none)-t(\d+(?:\.\d+)?)")
STEP = re.compile(r"\d+")
TITLES = {"base": "base", "sft": "SFT", "dpo": "offline DPO"}
ONLINE = "online"
"""AutoIF's rounds of online DPO lie beneath it."""


class Named(Protocol):
    """Anything that goes by an id."""

    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=Named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One folder of samples and verdicts."""

    path: Path
    rows: tuple[Verdict, ...] = ()
    """Without parts and detail, since there may be very many; of training samples, those of the first round alone."""
    mix: dict[Outcome, int] = field(default_factory=dict[Outcome, int])
    """How many programs ended how."""
    scores: Scores = field(default_factory=dict[str, dict[str, float]])
    """scores.json; empty until the measurement is whole."""
    hacks: Hacks = Hacks()
    """How many of the samples tried to fool the judge."""

    @property
    def rates(self) -> dict[str, float]:
        """pass@1 of each task; empty until the measurement is whole, so that no part is compared with a whole."""
        return metrics.passing(self.rows) if self.scores else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What training said of itself (training.json)."""

    tokens: int
    steps: int
    left_out: int
    """Texts that were too long and not trained on."""
    seconds: float
    loss: tuple[float, ...]
    """Of each step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The model before training (`base`), or after one round of it (`00`, ...; of AutoIF `sft`, `dpo`, `online/00`)."""

    name: str
    held_out: Judged
    training: Judged
    """What the round was trained on; nothing in `base`."""
    dev: Scores
    conditioned: dict[tuple[str, str], Scores]
    """(good, bad or none; temperature) -> scores."""
    examples: int
    """Training texts, or pairs."""
    fitted: Fitted | None
    """Nothing in `base`, and where it went with weights that were not kept."""

    @property
    def title(self) -> str:
        if self.name.startswith(f"{ONLINE}/"):
            return f"online DPO {int(self.name.rpartition('/')[2]) + 1}"
        return f"round {int(self.name)}" if self.name.isdigit() else TITLES.get(self.name, self.name)

    @property
    def paired(self) -> bool:
        """Whether it was trained on pairs, not on texts."""
        return self.name == "dpo" or self.name.startswith(f"{ONLINE}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Time that one stage took."""

    stage: str
    seconds: float
    items: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A run as it is on disk."""

    path: Path
    recipe: str
    settings: dict[str, Json]
    """Every setting by its dotted name."""
    rounds: tuple[Round, ...]
    seconds: tuple[Stretch, ...]

    @property
    def measured(self) -> tuple[Round, ...]:
        """Rounds whose held-out scores are whole."""
        return tuple(round for round in self.rounds if "pass@1" in round.held_out.scores)

    def gain(self, round: Round) -> Interval | None:
        """pass@1 of a round less that of the base, paired over tasks; none where there are no two to compare."""
        base = next((other for other in self.measured if other.name == "base"), None)
        if base is None or round.name == "base" or base.held_out.rates.keys().isdisjoint(round.held_out.rates):
            return None
        return difference(base.held_out.rates, round.held_out.rates)


def look(path: Path) -> Folder:
    """Read a run's folder. Errors: UsageError when it is none, or when a file of it is broken."""
    if not path.is_dir():
        raise UsageError(f"{path}: no such run")
    config = _json(path / "config.json")
    settings = config.get("settings", config)
    flat = dict(_flat(settings)) if isinstance(settings, Mapping) else {}
    recipe = str(config.get("recipe", ""))
    places = _trained(path, offline=flat.get("offline") is not False) if recipe.lower() == "autoif" else _steps(path)
    places = [p for p in (path / "base", *places) if p.is_dir()]
    if not places and (path / "verdict.jsonl").exists():
        rounds = (
            Round(
                name="model",
                held_out=judged(path),
                training=Judged(path=path),
                dev={},
                conditioned={},
                examples=0,
                fitted=None,
            ),
        )
    else:
        first = next((place for place in places if (place / "verdict.jsonl").exists()), None)
        pots = _pots(path / POTS)
        rounds = tuple(
            _round(place, place.relative_to(path).as_posix(), kept=place == first, pots=pots) for place in places
        )
    if not config and not rounds:
        raise UsageError(f"{path}: is no run: neither config.json nor base/ nor 00/ is there")
    return Folder(
        path=path,
        recipe=recipe,
        settings=flat,
        rounds=rounds,
        seconds=tuple(_stretches(path)),
    )


def _steps(path: Path) -> list[Path]:
    """Folders that are numbered, in the order of their numbers."""
    if not path.is_dir():
        return []
    return sorted((p for p in path.iterdir() if p.is_dir() and STEP.fullmatch(p.name)), key=lambda p: int(p.name))


def _trained(path: Path, *, offline: bool) -> list[Path]:
    """The folders of AutoIF's models. One whose pairs or texts are known to be none was never trained."""
    places = [path / "sft", *([path / "dpo"] if offline else []), *_steps(path / ONLINE)]
    made = [(place, place / "example.jsonl") for place in places]
    return [place for place, file in made if not file.exists() or file.stat().st_size]


def records(path: Path, kind: type[N]) -> Iterator[N]:
    """The records of a file that may be growing; none where there is no file."""
    yield from jsonl.growing(path, kind)


def find(path: Path, kind: type[N], ids: set[str]) -> dict[str, N]:
    """The records of these ids."""
    return {record.id: record for record in records(path, kind) if record.id in ids}


def _round(place: Path, name: str, *, kept: bool, pots: frozenset[str]) -> Round:
    conditioned = {
        (found[1], found[2]): checked(folder / SCORES)
        for folder in sorted(place.iterdir())
        if (found := CONDITION.fullmatch(folder.name)) and checked(folder / SCORES)
    }
    made = Round(
        name=name,
        held_out=judged(place / HELD_OUT),
        training=judged(place, kept=kept, pots=pots),
        dev=checked(place / "dev" / SCORES),
        conditioned=conditioned,
        examples=0,
        fitted=_fitted(place / "training.json") or _fitted(place / "model" / "training.json"),
    )
    file = place / "example.jsonl"
    return replace(made, examples=sum(1 for _ in (records(file, Pair) if made.paired else records(file, Demo))))


def _fitted(path: Path) -> Fitted | None:
    match _json(path):
        case {
            "tokens": int(tokens),
            "steps": int(steps),
            "left_out": int(left_out),
            "seconds": int() | float() as seconds,
            "loss": [*loss],
        }:
            losses = tuple(float(value) for value in loss if isinstance(value, int | float))
            return Fitted(tokens=tokens, steps=steps, left_out=left_out, seconds=float(seconds), loss=losses)
        case _:
            return None


def judged(place: Path, *, kept: bool = True, pots: frozenset[str] = frozenset()) -> Judged:
    """The samples' verdicts in a folder, and its scores. pots: tasks with an impossible test."""
    rows: dict[str, Verdict] = {}
    ends: dict[str, Outcome] = {}
    for row in records(place / "verdict.jsonl", Verdict):
        ends[row.id] = row.outcome
        if kept:
            rows[row.id] = replace(row, parts=(), detail="")
    counts = Counter(ends.values())
    mix: dict[Outcome, int] = {outcome: counts[outcome] for outcome in metrics.OUTCOMES if counts[outcome]}
    return Judged(
        path=place,
        rows=tuple(rows.values()),
        mix=mix,
        scores=checked(place / SCORES),
        hacks=hacks(records(place / "sample.jsonl", Sample), ends, pots),
    )


def _pots(path: Path) -> frozenset[str]:
    """The tasks that were given an impossible test; none where there is no such file."""
    named = _json(path).get("tasks", [])
    return frozenset(str(name) for name in named) if isinstance(named, list) else frozenset()


def checked(path: Path) -> Scores:
    """A file of scores, checked for its shape; empty where there is none."""
    return _entries(_json(path), str(path))


def differences(path: Path) -> dict[str, Scores]:
    """A file of differences to other models, by the other's name, checked for its shape; empty where there is none."""
    found = _json(path).items()
    return {name: _entries(part if isinstance(part, Mapping) else {}, f"{path}: {name}") for name, part in found}


def _entries(table: Mapping[str, Json], where: str) -> Scores:
    found: Scores = {}
    for name, entry in table.items():
        if not isinstance(entry, Mapping) or not {"value", "low", "high", "n"} <= entry.keys():
            raise UsageError(f"{where}: {name}: needs value, low, high and n")
        found[name] = {key: float(value) for key, value in entry.items() if isinstance(value, int | float)}
    return found


def _stretches(path: Path) -> Iterator[Stretch]:
    """timing.jsonl: lines without an id tell of a stage; the tokens of its records, where they are told, are summed.

    A process that was killed has left lines of its records and none of its stage: how long they took is not known, so
    their tokens do not count towards the rate of those that were made when the run went on.
    """
    file = path / "timing.jsonl"
    if not file.exists():
        return
    tokens: defaultdict[str, list[int]] = defaultdict(list)
    for _, line in jsonl.lines(file):
        match _object(line):
            case {"stage": str(stage), "id": str(), "tokens": int(number)}:
                tokens[stage].append(number)
            case {"stage": str(), "id": str()}:
                pass
            case {"stage": str(stage), "seconds": int() | float() as seconds, **rest}:
                items, told, replies = rest.get("items"), rest.get("tokens"), tokens.pop(stage, [])
                timed = replies[max(0, len(replies) - items) :] if isinstance(items, int) else replies
                yield Stretch(
                    stage=stage,
                    seconds=float(seconds),
                    items=items if isinstance(items, int) else 0,
                    tokens=sum(timed) + (told if isinstance(told, int) else 0),
                )
            case _:
                pass


def _json(path: Path) -> Mapping[str, Json]:
    return _object(path.read_bytes(), str(path)) if path.exists() else {}


def _object(data: bytes, where: str = "") -> Mapping[str, Json]:
    """A JSON object; where it is none, an error if it has a name to go by, else nothing."""
    try:
        found = cast("Json", json.loads(data))
    except ValueError as broken:
        if where:
            raise UsageError(f"{where}: not JSON ({broken})") from None
        return {}
    return found if isinstance(found, Mapping) else {}


def _flat(value: Mapping[str, Json], before: str = "") -> Iterator[tuple[str, Json]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from _flat(inner, f"{before}{name}.")
        else:
            yield f"{before}{name}", inner
