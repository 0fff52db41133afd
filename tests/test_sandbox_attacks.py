"""The escape and resource programs of the shared corpus, each through the whole judge, in tier 1 and in tier 2."""

import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from errata.sandbox.limits import Limits, Outcome, Program
from errata.sandbox.pool import attempt
from errata.sandbox.referee import Referee

CORPUS = Path(__file__).parents[2] / "shared" / "attacks.jsonl"
GROUPS = ("escape", "resource")
WORDS = {"passed": "pass", "wrong": "fail", "exception": "fail", "timeout": "timeout"}
"""The corpus' words for ours; all others are `error`."""
LIMITS = Limits(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    id: str
    program: str
    tests: tuple[str, ...]
    entry_point: str
    accepted: tuple[str, ...]


def corpus() -> list[Attack]:
    if not CORPUS.is_file():
        return []
    rows = [json.loads(line) for line in CORPUS.read_text().splitlines()]
    return [
        Attack(
            id=row["id"],
            program=row["program"],
            tests=tuple(row["tests"]),
            entry_point=row["entry_point"],
            accepted=tuple(row["expect_any"]),
        )
        for row in rows
        if row["group"] in GROUPS
    ]


ATTACKS = corpus()


class Stage:
    """What the attacks aim at: files, sockets, an environment and a command line that are not theirs."""

    def __init__(self, root: Path) -> None:
        self.canary = root / "canary"
        self.canary.mkdir()
        (self.canary / "secret.txt").write_text("nobody may read this")
        for path, mode in ((root, 0o755), (self.canary, 0o777), (self.canary / "secret.txt", 0o666)):
            path.chmod(mode)
        self.target = self.canary / "written"
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(str(root / "unix"))
        self.unix.listen()
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind(f"\0errata-{os.getpid()}")
        self.abstract.listen()
        self.places = {
            "{PORT}": str(self.tcp.getsockname()[1]),
            "{ABSTRACT}": f"errata-{os.getpid()}",
            "{UNIX_PATH}": str(root / "unix"),
            "{WRITE_TARGET}": str(self.target),
            "{CANARY_FILE}": str(self.canary / "secret.txt"),
            "{CANARY_DIR}": str(self.canary),
            "{ENV_NAME}": "ERRATA_CANARY",
            "{CALLER_MARK}": "pytest",
            "{DAEMON_SLEEP}": "1",
            "{LIMIT}": str(LIMITS.seconds),
        }

    def close(self) -> None:
        for each in (self.tcp, self.unix, self.abstract):
            each.close()


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ERRATA_CANARY", "nobody may read this")
        made = Stage(Path(root))
        yield made
        made.close()


@pytest.fixture(scope="module")
def worker(tier: int, stage: Stage) -> Iterator[Referee]:
    made = Referee(tier)
    yield made
    made.close()


def judged(worker: Referee, attack: Attack, stage: Stage) -> Outcome:
    source = attack.program
    for name, value in stage.places.items():
        source = source.replace(name, value)
    program = Program(source=source, tests=attack.tests, entry_point=attack.entry_point)
    return attempt(worker, program, LIMITS)


def test_the_corpus_is_there() -> None:
    if not CORPUS.is_file():
        assert not os.environ.get("CI"), f"{CORPUS} is missing"
        pytest.skip(f"{CORPUS} is not there")
    assert len(ATTACKS) >= 60


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_an_attack_is_held_and_judged(attack: Attack, worker: Referee, stage: Stage) -> None:
    began = time.monotonic()
    outcome = judged(worker, attack, stage)
    assert WORDS.get(outcome.outcome, "error") in attack.accepted, outcome
    assert "'ESCAPED'" not in [part.got for part in outcome.parts]
    assert "nobody may read this" not in f"{outcome}"
    assert time.monotonic() - began < LIMITS.deadline + 5
    assert len(outcome.stdout) <= LIMITS.output_bytes
    assert len(outcome.detail) < 20_000
    assert not stage.target.exists()
    assert (stage.canary / "secret.txt").read_text() == "nobody may read this"
    assert os.listdir(stage.canary) == ["secret.txt"]
    honest = Program(source="def add(a, b): return a + b", tests=("assert add(1, 2) == 3",))
    assert attempt(worker, honest, LIMITS).outcome == "passed"


def test_a_daemon_writes_nothing_after_the_verdict(worker: Referee, stage: Stage) -> None:
    chosen = [attack for attack in ATTACKS if attack.id == "e20_setsid_daemon"]
    if not chosen:
        pytest.skip(f"{CORPUS} is not there")
    judged(worker, chosen[0], stage)
    time.sleep(1.5)
    assert not stage.target.exists()
