"""The server answers with the weights of the round: it is started for them, or told to load them, and lets them go."""

import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from errata.errors import Fault, UsageError
from errata.policies import Sampling, Serving, serve
from errata.policies.reload import tethered
from errata.types import Prompt, Timed

pytestmark = pytest.mark.timeout(300)

SERVED = Path(__file__).with_name("served_model.py")
LOAD = (
    "import json, sys, urllib.request as u; open(sys.argv[3], 'a').write(sys.argv[1] + '\\n'); "
    "u.urlopen(u.Request(sys.argv[2], json.dumps({'model': sys.argv[1]}).encode()))"
)


@pytest.fixture
def port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def served(port: int, tmp_path: Path) -> Iterator[int]:
    """A server that is there already, with a model of its own."""
    process = subprocess.Popen([sys.executable, str(SERVED), str(port), "first"])
    try:
        while not listens(port):
            time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def command(*words: object) -> str:
    return shlex.join([sys.executable, *map(str, words)])


def said(model: str, port: int, serving: Serving, folder: Path, draws: int = 1) -> str:
    asked = [Prompt(id=f"t/{at}#0", task=f"t/{at}", text=f"{model} {at}") for at in range(draws)]
    with serve(model, f"server:http://127.0.0.1:{port}", server=serving, folder=folder) as policy:
        answers = list(policy.sample(Sampling())(asked))
    (text,) = {answer.record.text for answer in answers if isinstance(answer, Timed)}
    return text


def test_a_server_is_started_for_each_model_and_ended_after_it(port, tmp_path):
    notes = tmp_path / "notes"
    serving = Serving(start=command(SERVED, port, "{model}", notes))
    for name in ("one", "two words"):
        model = tmp_path / name
        model.mkdir()
        assert said(str(model), port, serving, tmp_path / "run", draws=3) == str(model)
        assert not listens(port)
    names = [str(tmp_path / name) for name in ("one", "two words")]
    assert notes.read_text().splitlines() == [f"{what} {name}" for name in names for what in ("start", "end")]
    # What is there already starts nothing.
    assert said(str(tmp_path / "one"), port, serving, tmp_path / "run", draws=3) == str(tmp_path / "one")
    assert len(notes.read_text().splitlines()) == 4


def test_a_started_server_does_not_outlive_a_process_that_is_killed(port, tmp_path):
    script = (
        "import sys, time; from errata.policies.reload import tethered; import subprocess\n"
        "child = tethered(sys.argv[1:], subprocess.DEVNULL)\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    words = [sys.executable, "-c", script, sys.executable, str(SERVED), str(port), "m"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        while not listens(port):
            time.sleep(0.02)
        process.kill()
    until = time.monotonic() + 60
    while listens(port) and time.monotonic() < until:
        time.sleep(0.02)
    assert not listens(port)


def test_what_a_command_has_started_itself_is_ended_with_it(tmp_path):
    grandchild = tmp_path / "pid"
    script = f"sleep 600 & echo $! > {shlex.quote(str(grandchild))}; wait"
    child = tethered(["sh", "-c", script], subprocess.DEVNULL)
    while not grandchild.exists() or not grandchild.read_text().strip():
        time.sleep(0.02)
    assert child.stdin is not None
    child.stdin.close()
    child.wait(timeout=60)
    stat = Path(f"/proc/{grandchild.read_text().strip()}/stat")
    until = time.monotonic() + 60
    while stat.exists() and stat.read_text().split()[2] != "Z" and time.monotonic() < until:
        time.sleep(0.02)
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_a_server_that_is_there_is_told_once_for_each_change_of_the_model(served, tmp_path):
    notes = tmp_path / "notes"
    serving = Serving(reload=command("-c", LOAD, "{model}", f"http://127.0.0.1:{served}/load", notes))
    heard = [said(name, served, serving, tmp_path / str(at)) for at, name in enumerate(("a", "a", "b", "b", "a"))]
    assert heard == ["a", "a", "b", "b", "a"]
    assert notes.read_text().split() == ["a", "b", "a"]


def test_what_was_let_go_is_told_again(served, tmp_path):
    notes, freed = tmp_path / "notes", tmp_path / "freed"
    serving = Serving(
        reload=command("-c", LOAD, "{model}", f"http://127.0.0.1:{served}/load", notes),
        release=command("-c", f"open({str(freed)!r}, 'a').write('x')"),
    )
    for at in range(2):
        assert said("a", served, serving, tmp_path / str(at)) == "a"
    assert (notes.read_text().split(), freed.read_text()) == (["a", "a"], "xx")
    # A model that was not asked, since all is there, is not let go either.
    assert said("a", served, serving, tmp_path / "1") == "a"
    assert freed.read_text() == "xx"


def test_an_address_that_is_taken_is_refused_before_weights_of_others_are_asked(served, tmp_path):
    serving = Serving(start=command(SERVED, served, "{model}"))
    with pytest.raises(UsageError, match=r"something answers there already \(http.*/health\); end it, or use server"):
        said("m", served, serving, tmp_path)


@pytest.mark.parametrize(
    ("serving", "error", "words"),
    [
        (Serving(start="/no/such/command {model}"), UsageError, "server.start: /no/such/command: No such file"),
        (Serving(reload="/no/such/command {model}"), UsageError, "server.reload: /no/such/command cannot be run"),
        (
            Serving(reload="sh -c 'echo first; echo it broke; exit 3'"),
            Fault,
            "server.reload: sh failed with 3: it broke",
        ),
        (Serving(reload="false"), Fault, "server.reload: false failed with 1$"),
        (Serving(reload="sleep 60", patience=0.2), Fault, "server.reload: sleep has not ended in 0.2 s"),
        (Serving(reload="true", patience=0.2), Fault, "no server answers after 0.2 s"),
        (Serving(reload="sh -c 'open"), UsageError, "is no command"),
    ],
)
def test_a_command_that_does_not_do_is_said_in_one_line(port, tmp_path, serving, error, words):
    with pytest.raises(error, match=words) as refused:
        said("m", port, serving, tmp_path)
    assert "\n" not in str(refused.value)


def test_why_a_server_ended_is_told_without_the_key(port, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
    serving = Serving(start=command(SERVED, port, "none"))
    with pytest.raises(Fault, match=r"server.start: the server ended with 1: no such model, \[key\]$"):
        said("m", port, serving, tmp_path)


def test_the_error_that_stopped_the_work_is_told_and_not_one_of_letting_go(served, tmp_path):
    serving = Serving(release="false")
    url = f"server:http://127.0.0.1:{served}"

    def broken() -> None:
        with serve("m", url, server=serving, folder=tmp_path) as policy:
            list(policy.sample(Sampling())([Prompt(id="t#0", task="t", text="t")]))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    with pytest.raises(Fault, match=r"^server\.release: false failed with 1"):
        said("other", served, serving, tmp_path)
