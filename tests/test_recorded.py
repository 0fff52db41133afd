"""Recorded replies: one a draw, the same each time."""

import json
from pathlib import Path

import pytest

from errata import jsonl
from errata.errors import UsageError
from errata.policies import Sampling, serve
from errata.policies.recorded import Recorded
from errata.types import Message, Prompt, Sample


def recorded(folder: Path, *replies: object) -> Recorded:
    path = folder / "replies.jsonl"
    path.write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    return Recorded(path)


def ask(policy: Recorded, *ids: str, stop: tuple[str, ...] = ()) -> list[Sample]:
    asked = [Prompt(id=id, task=id.partition("#")[0], text="say") for id in ids]
    return list(policy.sample(Sampling(stop=stop))(asked))


def test_a_draw_is_answered_by_the_reply_of_its_id(tmp_path):
    policy = recorded(tmp_path, {"id": "t/1#1", "text": "b"}, {"id": "t/1#0", "text": "a", "finish": "length"})
    made = Sample(id="t/1#0", of="t/1#0", task="t/1", prompt="say", text="a", finish="length")
    assert ask(policy, "t/1#0") == ask(policy, "t/1#0") == [made]
    assert [sample.text for sample in ask(policy, "t/1#0", "t/1#1")] == ["a", "b"]


def test_the_replies_of_a_task_answer_its_draws_in_their_order(tmp_path):
    lines = [{"task_id": task, "text": f"{task} {n}"} for n in range(2) for task in ("a/1", "a/2")]
    texts = [sample.text for sample in ask(recorded(tmp_path, *lines), "a/2#1", "a/1#0", "a/1#1")]
    assert texts == ["a/2 1", "a/1 0", "a/1 1"]


def test_samples_that_a_run_has_stored_are_replies(tmp_path):
    chat = (Message(role="user", content="hi"),)
    stored = Sample(id="t/1#0", of="t/1#0", task="t/1", prompt=chat, text="hello")
    assert ask(recorded(tmp_path, json.loads(jsonl.dump(stored))), "t/1#0")[0].text == "hello"


def test_a_reply_ends_before_a_stop_string(tmp_path):
    policy = recorded(tmp_path, {"id": "t/1#0", "text": "x = 1\nprint(x)", "finish": "length"})
    (sample,) = ask(policy, "t/1#0", stop=("\nprint", "\nif"))
    assert (sample.text, sample.finish) == ("x = 1", "stop")


def test_a_draw_without_a_reply_is_named(tmp_path):
    policy = recorded(tmp_path, {"task_id": "t/1", "text": "a"})
    with pytest.raises(UsageError) as refused:
        ask(policy, "t/1#0", "t/1#1")
    assert str(refused.value) == f"{policy.file}: no reply for t/1#1"


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        ([{"text": "a"}], ":1: id: field required (or task_id)"),
        ([{"id": "a"}], ":1: text: field required"),
        ([{"id": "a", "text": "x"}, {"id": "a", "text": "x"}], ":2: id: 'a' has a reply already in line 1"),
        ([{"task_id": "a", "text": "x"}, {"id": "a#0", "text": "x"}], ":2: id: 'a#0' has a reply already in line 1"),
    ],
)
def test_a_line_that_is_no_reply_is_refused(tmp_path, replies, said):
    policy = recorded(tmp_path, *replies)
    with pytest.raises(UsageError) as refused:
        ask(policy, "a#0")
    assert str(refused.value) == f"{policy.file}{said}"


def test_the_file_is_not_needed_until_something_is_asked(tmp_path):
    with serve("any model", f"recorded:{tmp_path / 'nowhere.jsonl'}") as policy:
        stage = policy.sample(Sampling())
        with pytest.raises(UsageError, match="no such file"):
            list(stage([Prompt(id="t/1#0", task="t/1", text="")]))


def test_a_local_model_is_not_needed_until_something_is_asked(tmp_path):
    with serve(str(tmp_path / "dropped")) as policy:
        stage = policy.sample(Sampling())
        with pytest.raises(UsageError, match="dropped"):
            list(stage([Prompt(id="t/1#0", task="t/1", text="")]))
