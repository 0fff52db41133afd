"""No reply of a server is paid for twice: not after a kill, not by two processes, and not for other weights."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from errata.errors import UsageError
from errata.policies import Sampling, Serving, serve
from errata.policies.kept import Kept, Replies
from errata.types import Prompt
from fake_server import Call, Fake, Say, plain

# Seconds on an idle machine; on a busy one the many starts take long.
pytestmark = pytest.mark.timeout(400)

CLIENT = Path(__file__).with_name("server_client.py")


def start(fake: Fake, folder: Path, draws: int, mode: str = "go", shared: Path | None = None) -> subprocess.Popen[str]:
    words = [sys.executable, str(CLIENT), fake.url, str(folder), str(draws), mode]
    extra = {"SHARED": str(shared)} if shared else {}
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | extra)
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        pytest.fail(process.communicate()[1])
    return process


def finish(process: subprocess.Popen[str]) -> None:
    _, said = process.communicate()
    assert process.returncode == 0, said


def texts(path: Path) -> list[str]:
    """The texts of the whole lines of a file."""
    whole = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line)["text"] for line in whole if line]


def kept(number: int, text: str = "said") -> Kept:
    return Kept(
        key=f"{number:032x}", id=f"t/{number}#0", model="m", text=text, finish="stop", seed=1, tokens_in=1,
        tokens_out=2, seconds=0.5,
    )  # fmt: skip


def test_replies_that_came_before_any_record_was_written_are_not_asked_for_again(tmp_path):
    with Fake() as fake:
        with start(fake, tmp_path / "run", 8, "stop") as process:
            process.communicate()
        assert process.returncode == -9
        assert texts(tmp_path / "run/sample.jsonl") == []
        assert len(fake.calls) == 8
        finish(start(fake, tmp_path / "run", 8))
        assert len(fake.calls) == 8
    assert len(texts(tmp_path / "run/sample.jsonl")) == 8


def test_a_run_that_is_killed_again_and_again_asks_for_nothing_that_it_has_heard(tmp_path):
    draws, rng, kills = 120, random.Random(0), 0

    def slowly(call: Call) -> Say:
        return Say(body=plain(call).body, delay=0.03)

    with Fake(slowly) as fake:
        while True:
            heard, before = set(texts(tmp_path / "run/reply.jsonl")), len(fake.calls)
            enough = before + rng.randint(10, 40)
            with start(fake, tmp_path / "run", draws) as process:
                while len(fake.calls) < enough and process.poll() is None:
                    time.sleep(0.001)
                time.sleep(rng.uniform(0, 0.03))
                process.kill()
            again = {f"{call.text}/{call.body['seed']}" for call in fake.calls[before:]}
            assert not heard & again
            if process.returncode == 0:
                break
            kills += 1
        # What was under way at a kill was heard by nobody, and is all that was asked twice.
        assert len(fake.calls) <= draws + 8 * kills
    assert kills >= 2
    assert sorted(texts(tmp_path / "run/sample.jsonl")) == sorted(f"{text}/{seed}" for text, seed in fake.asked)
    assert len(fake.asked) == draws


def test_two_processes_that_share_their_replies_ask_for_each_once(tmp_path):
    with Fake(lambda call: Say(body=plain(call).body, delay=0.05)) as fake:
        both = [start(fake, tmp_path / name, 60, shared=tmp_path / "shared") for name in ("one", "two")]
        for process in both:
            finish(process)
    assert set(fake.asked.values()) == {1}
    assert sorted(texts(tmp_path / "one/sample.jsonl")) == sorted(texts(tmp_path / "two/sample.jsonl"))
    assert len(texts(tmp_path / "shared/reply.jsonl")) == 60


def test_another_model_sampling_field_or_weights_is_another_question(tmp_path):
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "model.safetensors").write_bytes(b"first")
    asked = [Prompt(id="t/0#0", task="t/0", text="text")]

    def ask(fake: Fake, model: str = "m", body: str = "", **sampling: float) -> str:
        serving = Serving(body=body, name="served")
        with serve(model, f"server:{fake.url}", server=serving, folder=tmp_path) as policy:
            (answer,) = policy.sample(Sampling(**sampling))(asked)
        return answer.record.text

    with Fake() as fake:
        first = [ask(fake), ask(fake, temperature=0.5), ask(fake, seed=1), ask(fake, body='{"a": 1}')]
        first += [ask(fake, str(weights))]
        assert len(fake.calls) == 5
        again = [ask(fake), ask(fake, temperature=0.5), ask(fake, seed=1), ask(fake, body='{"a": 1}')]
        again += [ask(fake, str(weights))]
        assert (again, len(fake.calls)) == (first, 5)
        (weights / "model.safetensors").write_bytes(b"trained")
        ask(fake, str(weights))
        assert len(fake.calls) == 6


def test_a_line_that_was_torn_is_passed_over_and_spoils_no_other(tmp_path):
    replies = Replies(tmp_path)
    replies.add([kept(0)])
    replies.close()
    whole = (tmp_path / "reply.jsonl").read_bytes()
    for cut in (len(whole) - 2, 60, 12, 3, 1):
        (tmp_path / "reply.jsonl").write_bytes(whole[:cut])
        replies = Replies(tmp_path)
        assert replies.get(kept(0).key) is None
        replies.add([kept(1, "x"), kept(2, "line\nline\u2028")])
        assert [replies.get(kept(n).key) for n in (1, 2)] == [kept(1, "x"), kept(2, "line\nline\u2028")]
        assert replies.get(kept(0).key) is None
        replies.close()


def test_lines_of_many_writers_stay_whole(tmp_path):
    shelves = [Replies(tmp_path) for _ in range(4)]

    def write(at: int) -> None:
        for number in range(50):
            shelves[at].add([kept(100 * at + number, "y" * 3000)])

    threads = [threading.Thread(target=write, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for shelf in shelves:
        assert all(shelf.get(kept(100 * at + n).key) for at in range(4) for n in range(50))
        shelf.close()


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"file/reply.jsonl cannot be written \(Not a directory\)|File exists"):
        Replies(tmp_path / "file")


def test_a_full_disk_loses_no_reply_that_was_heard_before(tmp_path):
    """A limit on the file's size stands for a full disk."""
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "sys.path.insert(0, sys.argv[2])\n"
        "from test_server_kept import kept\n"
        "from errata.errors import Fault\n"
        "from errata.policies.kept import Replies\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "replies = Replies(Path(sys.argv[1]))\n"
        "replies.add([kept(0)])\n"
        "try:\n"
        "    replies.add([kept(n) for n in range(1, 9)])\n"
        "except Fault as full:\n"
        "    print(full)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(Path(__file__).parent)], capture_output=True, text=True
    )
    assert "cannot be written (File too large); run the same command again" in done.stdout, done.stderr
    replies = Replies(tmp_path)
    assert replies.get(kept(0).key) == kept(0)
    replies.add([kept(20)])
    assert replies.get(kept(20).key) == kept(20)
    replies.close()
