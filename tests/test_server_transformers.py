"""A real OpenAI-compatible server, `transformers serve`, with a tiny checkpoint: the policy, and LETI end to end.

It serves whichever folder a request names, samples only where the request's generation config says so, knows neither
`n` nor `top_k`, and is given the weights of each round by the reload hook.
"""

import importlib.util
import json
import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from checkpoints import checkpoint
from errata import jsonl
from errata.evaluation.measure import Measuring
from errata.evaluation.report import report
from errata.judges import Judging
from errata.policies import Sampling, Serving, serve
from errata.recipes import leti as recipe
from errata.recipes.evaluate import Evaluate, evaluate, identity
from errata.recipes.leti import Leti
from errata.runs import Run
from errata.training import Objective
from errata.types import Message, Prompt, Task, Timed, UnitTests

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SAMPLES = json.dumps({"generation_config": json.dumps({"do_sample": True, "top_k": 0, "max_new_tokens": 8})})
LOAD = (
    "import json, sys, urllib.request as u; open(sys.argv[3], 'a').write(sys.argv[1] + '\\n'); "
    "u.urlopen(u.Request(sys.argv[2] + '/load_model', json.dumps({'model': sys.argv[1]}).encode(), "
    "{'content-type': 'application/json'})).read()"
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("model"), "llama", chat=True)


@pytest.fixture(scope="module", autouse=True)
def offline() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.delenv("OPENAI_API_KEY", raising=False)
        yield


def free() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def words(port: int | str) -> list[str]:
    if any(importlib.util.find_spec(name) is None for name in ("fastapi", "openai", "uvicorn")):
        assert os.environ.get("CI") != "true", "fastapi, openai and uvicorn are missing"
        pytest.skip("transformers serve needs fastapi, openai and uvicorn")
    device = ["--device", "cpu", "--host", "127.0.0.1", "--port", str(port)]
    return [sys.executable, "-m", "transformers.cli.transformers", "serve", *device]


@pytest.fixture(scope="module")
def server(offline: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that loads what it is asked for."""
    port, log = free(), tmp_path_factory.mktemp("log") / "serve.log"
    with log.open("wb") as file:
        process = subprocess.Popen(words(port), stdout=file, stderr=file)
    try:
        until = time.monotonic() + 300
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def draws(number: int, *texts: str) -> list[Prompt]:
    return [Prompt(id=f"{text}#{at}", task=text, text=text) for text in texts for at in range(number)]


def ask(server: str, model: Path, asked: list[Prompt], sampling: Sampling, serving: Serving) -> dict[str, Timed]:
    with serve(str(model), f"server:{server}", server=serving) as policy:
        answers = list(policy.sample(sampling)(asked))
    assert all(isinstance(answer, Timed) for answer in answers), answers
    return {answer.record.id: answer for answer in answers}


def test_greedy_replies_are_those_of_the_same_model_in_process(server, model):
    asked, sampling = draws(1, "def add(a, b):\n", "def total(items):\n"), Sampling(temperature=0, max_new_tokens=12)
    theirs = ask(server, model, asked, sampling, Serving())
    with serve(str(model)) as policy:
        made = [row.record if isinstance(row, Timed) else row for row in policy.sample(sampling)(asked)]
    ours = {sample.id: sample for sample in made}
    assert {id: answer.record for id, answer in theirs.items()} == ours
    assert all(answer.timing["tokens"] == 12 and answer.timing["tokens_in"] > 2 for answer in theirs.values())


def test_draws_differ_and_repeat_by_their_seed_where_the_server_samples(server, model):
    asked, sampling = draws(4, "def add(a, b):\n"), Sampling(max_new_tokens=8, seed=3)
    # One at a time: this server seeds the whole process.
    serving = Serving(body=SAMPLES, concurrency=1)
    first, again = (ask(server, model, asked, sampling, serving) for _ in range(2))
    texts = {id: answer.record.text for id, answer in first.items()}
    assert len(set(texts.values())) == 4
    assert texts == {id: answer.record.text for id, answer in again.items()}


def test_what_this_server_does_not_know_is_asked_for_otherwise(server, model, caplog):
    turns = (Message(role="user", content="add"),)
    asked = [Prompt(id=f"c#{at}", task="c", text=turns) for at in range(6)]
    found = ask(server, model, asked, Sampling(max_new_tokens=4, top_k=5, stop=("zzz",)), Serving(together=3))
    assert len(found) == 6
    said = [record.getMessage() for record in caplog.records if record.name.startswith("errata")]
    assert {name for name in ("'n'", "'top_k'") if any(name in line for line in said)} == {"'n'", "'top_k'"}
    assert any("does the server sample?" in line for line in said)


def task(name: str, n: int) -> Task:
    return Task(
        id=f"{name}/{n}",
        instruction=f"Add {n}.",
        check=UnitTests(tests=(f"assert add(1) == {n + 1}",), entry_point="add"),
        reference=f"def add(x):\n    return x + {n}\n",
    )


def tasks(folder: Path, name: str) -> str:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(jsonl.dump(task(name, n)) + "\n" for n in range(2)))
    return str(path)


def test_leti_from_end_to_end_with_the_weights_of_each_round(server, model, tmp_path):
    told = tmp_path / "told"
    hook = shlex.join([sys.executable, "-c", LOAD, "{model}", server, str(told)])
    config = Leti(
        model=str(model),
        tasks=tasks(tmp_path, "practice"),
        held_out=tasks(tmp_path, "exam"),
        iterations=1,
        draws=3,
        backend=f"server:{server}",
        server=Serving(reload=hook, body=SAMPLES, price_in=1.0, price_out=2.0),
        sampling=Sampling(max_new_tokens=8),
        objective=Objective(epochs=1, batch_size=4, warmup_steps=0),
        measuring=Measuring(draws=2, max_new_tokens=8, ks=(1,)),
        judging=Judging(workers=1, seconds=2.0),
    )
    made = recipe.leti(config, Run.open(tmp_path / "run", config, recipe.identity(config)))
    assert told.read_text().splitlines() == [str(model.resolve()), str(Path(made).resolve())]
    replies = {
        place: [json.loads(line) for line in (tmp_path / "run" / place / "reply.jsonl").read_text().splitlines()]
        for place in ("base", "00")
    }
    # Who answered is told by the server itself: the base, and after training the round's own weights.
    assert {reply["model"].partition("@")[0] for reply in replies["base"]} == {str(model.resolve())}
    who = [reply["model"].partition("@")[0] for reply in replies["00"]]
    assert who[:6] == [str(model.resolve())] * 6
    assert set(who[6:]) == {str(Path(made).resolve())}
    page = report(tmp_path / "run").read_text()
    assert "What servers were asked" in page


def test_a_server_that_the_run_starts_itself_is_ended_after_it(model, tmp_path):
    port = free()
    config = Evaluate(
        model=str(model),
        tasks=tasks(tmp_path, "exam"),
        backend=f"server:http://127.0.0.1:{port}",
        server=Serving(start=shlex.join([*words(port), "{model}"])),
        draws=1,
        max_new_tokens=8,
        judging=Judging(workers=1, seconds=2.0),
    )
    run = Run.open(tmp_path / "run", config, identity(config))
    assert "pass@1" in evaluate(config, run)
    with socket.socket() as tried:
        assert tried.connect_ex(("127.0.0.1", port)) != 0
    run.close()
    # The same command again needs no server at all.
    config = replace(config, server=Serving(start="/no/such/command"))
    assert "pass@1" in evaluate(config, Run.open(tmp_path / "run", config, identity(config)))
