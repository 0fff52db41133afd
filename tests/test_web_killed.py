"""The annotators' server killed while people work, and who may start one."""

import http.client
import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from asked_run import WRONG, Served, question, task, verdicts
from errata import cli, jsonl
from errata.types import Answer

QUESTIONS, PEOPLE, KILLS = 240, 4, 6


class Client(threading.Thread):
    """A person who answers until nothing is left, and sends again what was not acknowledged."""

    def __init__(self, served: Served, name: str) -> None:
        super().__init__()
        self.served = served
        self.who = name
        self.cookie = self.mark = ""
        self.acknowledged: list[tuple[str, str]] = []
        self.ended = False

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, http.client.HTTPMessage, str]:
        """A reply, however often the server has to be asked."""
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=10)
                headers = {"Cookie": self.cookie, "X-Errata": self.mark, "Content-Type": "application/json"}
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                reply = connection.getresponse()
                return reply.status, reply.headers, reply.read().decode()
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
            finally:
                connection.close()

    def page(self, path: str) -> str:
        status, headers, text = self.ask("GET", path)
        if status == 303:
            return self.page(headers["location"])
        self.mark = re.search(r'name="mark" content="(\w+)"', text)[1]
        return text

    def run(self) -> None:
        self.page("/")
        _, headers, _ = self.ask("POST", "/name", {"name": self.who})
        self.cookie = headers["set-cookie"].partition(";")[0]
        count = 0
        while found := re.search(r'id="data">(.*?)</script>', self.page("/"), re.DOTALL):
            data = json.loads(found[1])
            count += 1
            words = f"{self.who} {count}"
            body = {
                "token": data["token"] + "-1",
                "sample": data["programs"][0]["sample"],
                "text": words,
                "seconds": 1.5,
            }
            status, _, text = self.ask("POST", f"/q/{data['key']}/submit", body)
            assert status == 200, text
            self.acknowledged.append((data["key"], words))
        self.ended = True


@pytest.fixture
def run(tmp_path) -> Path:
    step = tmp_path / "run/00"
    step.mkdir(parents=True)
    judged = verdicts(task(0), WRONG)
    asked = [question(number, WRONG, judged) for number in range(QUESTIONS)]
    jsonl.write_whole(step / "question.jsonl", map(jsonl.dump, asked))
    return tmp_path / "run"


def test_no_answer_is_lost_or_written_twice_when_the_server_is_killed_under_load(run):
    served = Served(run)
    clients = [Client(served, f"person {n}") for n in range(PEOPLE)]
    chance = random.Random(1)
    for client in clients:
        client.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.1, 0.4))
        assert not all(client.ended for client in clients), "killed under load"
        served.kill()
        served.start()
    for client in clients:
        client.join(60)
    served.kill()
    assert all(client.ended for client in clients)
    written = [(answer.author, answer.text) for answer in jsonl.iterate(run / "00/answer.jsonl", Answer)]
    acknowledged = [(f"human:{client.who}", words) for client in clients for _, words in client.acknowledged]
    assert Counter(written) == Counter(acknowledged)
    assert set(Counter(written).values()) == {1}
    assert len(written) == QUESTIONS


def test_on_another_address_links_with_tokens_are_printed_and_let_people_in(run):
    served = Served(run, "--host", "0.0.0.0", "--name", "Ada", "--name", "Bo")
    asked = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    asked.request("GET", "/")
    assert asked.getresponse().status == 401
    asked.close()
    assert served.link.startswith("/in/")
    asked.request("GET", served.link)
    reply = asked.getresponse()
    assert (reply.status, reply.headers["location"]) == (303, "/")
    assert "HttpOnly" in reply.headers["set-cookie"]
    asked.close()
    served.kill()


def test_a_second_server_is_refused_and_the_first_ends_on_ctrl_c(run):
    served = Served(run)
    second = subprocess.run(
        [sys.executable, "-m", "errata.cli", "annotate", str(run), "--port", "0"], capture_output=True, text=True
    )
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(20) in (0, 130)
    assert served.process.stdout is not None
    served.process.stdout.close()
    assert second.returncode == 2
    assert (
        second.stderr
        == f"errata: {run} is being annotated already, by the server with process id {served.process.pid}\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "0.0.0.0"), "so --name each annotator"),
        (("--votes", "-1"), "--votes: at least 1"),
        (("--name", "a@b"), "name: 1 to 40 letters"),
        (("--host", "no.such.host.invalid", "--name", "a"), "cannot listen there"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(run, capsys, words, said):
    with pytest.raises(SystemExit) as ended:
        cli.main(["annotate", str(run), *words])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_folder_that_is_not_there_is_said_in_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["annotate", str(tmp_path / "none")])
    assert ended.value.code == 2
    assert "no such folder" in capsys.readouterr().err
