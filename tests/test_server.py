"""The policy that asks an OpenAI-compatible server, against a scripted one: what is sent, read and tried again."""

import asyncio
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from errata.errors import Fault, UsageError
from errata.policies import Sampling, Serving, serve
from errata.runs import Run
from errata.types import Message, Owed, Prompt, Sample, Timed
from fake_server import Call, Fake, Say, plain, reply

ANY = Sampling()
QUICK = Serving(pause=0.01, tries=3, timeout=20.0)
KEY = "sk-test-0123456789abcdef"


def prompts(tasks: int, draws: int = 1) -> list[Prompt]:
    return [
        Prompt(id=f"t/{task}#{draw}", task=f"t/{task}", text=f"text {task}")
        for task in range(tasks)
        for draw in range(draws)
    ]


def ask(
    fake: Fake,
    asked: list[Prompt],
    serving: Serving = QUICK,
    sampling: Sampling = ANY,
    folder: Path | None = None,
) -> list[Timed[Sample] | Owed]:
    with serve("m", f"server:{fake.url}", server=serving, folder=folder) as policy:
        return list(policy.sample(sampling)(asked))


def samples(answers: list[Timed[Sample] | Owed]) -> dict[str, Sample]:
    return {answer.record.id: answer.record for answer in answers if isinstance(answer, Timed)}


def one(fake: Fake, serving: Serving = QUICK, sampling: Sampling = ANY) -> Sample:
    (sample,) = samples(ask(fake, prompts(1), serving, sampling)).values()
    return sample


def test_a_string_is_continued_and_a_chat_is_answered():
    turns = (Message(role="system", content="Be short."), Message(role="user", content="add"))
    with Fake() as fake:
        (text,) = samples(ask(fake, prompts(1))).values()
        (chat,) = samples(ask(fake, [Prompt(id="c#0", task="c", text=turns)])).values()
    assert [call.path for call in fake.calls] == ["/v1/completions", "/v1/chat/completions"]
    assert fake.calls[0].body["prompt"] == "text 0"
    assert fake.calls[1].body["messages"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "add"},
    ]
    assert (text.text.split("/")[0], text.prompt) == ("text 0", "text 0")
    assert (chat.text.split("/")[0], chat.prompt) == ("add", turns)


def test_what_is_sent_is_the_sampling_and_nothing_that_only_some_servers_know():
    with Fake() as fake:
        one(fake, sampling=Sampling(temperature=0.7, top_p=0.9, max_new_tokens=33, stop=("\n\n",)))
    body = dict(fake.calls[0].body)
    assert isinstance(body.pop("seed"), int)
    assert body == {
        "model": "m",
        "prompt": "text 0",
        "max_tokens": 33,
        "temperature": 0.7,
        "top_p": 0.9,
        "stop": ["\n\n"],
    }


def test_the_seed_of_a_draw_derives_from_its_id_whatever_the_order():
    with Fake() as fake:
        first = samples(ask(fake, prompts(3, 2)))
        again = samples(ask(fake, prompts(3, 2)[::-1]))
        other = samples(ask(fake, prompts(3, 2), sampling=Sampling(seed=1)))
    assert first == again
    assert len({sample.text for sample in first.values()}) == 6
    assert all(first[id].text != other[id].text for id in first)


def test_further_fields_are_sent_as_they_are_given():
    with Fake() as fake:
        one(fake, Serving(body='{"repetition_penalty": 1.1, "seed": 3}'))
    assert (fake.calls[0].body["repetition_penalty"], fake.calls[0].body["seed"]) == (1.1, 3)


def test_the_bound_on_requests_at_once_is_held_and_used():
    with Fake(lambda call: Say(body=plain(call).body, delay=0.05)) as fake:
        assert len(ask(fake, prompts(24), Serving(concurrency=6))) == 24
    assert fake.peak == 6


def test_replies_come_out_as_each_is_ready():
    with Fake(lambda call: Say(body=plain(call).body, delay=1.0 if call.text == "text 0" else 0.0)) as fake:
        assert [answer.record.task for answer in ask(fake, prompts(4))][-1] == "t/0"


def test_several_draws_are_asked_in_one_request_where_that_is_wanted():
    with Fake() as fake:
        found = ask(fake, prompts(2, 5), Serving(together=4))
    assert Counter(call.body.get("n", 1) for call in fake.calls) == {4: 2, 1: 2}
    assert len({sample.text for sample in samples(found).values()}) == 10
    # The prompt is billed once a request, and every reply has its share of the tokens that came.
    assert sum(answer.timing["tokens_in"] for answer in found) == 7 * 4
    assert sum(answer.timing["tokens"] for answer in found) == 3 * 10


@pytest.mark.parametrize("way", ["ignored", "refused"])
def test_a_server_that_gives_one_reply_for_n_is_asked_for_each_draw(way, caplog):
    def script(call: Call) -> Say:
        if "n" in call.body and way == "refused":
            return Say(status=422, body={"detail": "Unexpected fields in the request: {'n'}"})
        return Say(body=reply(call, f"{call.body['seed']}"))

    with Fake(script) as fake:
        found = samples(ask(fake, prompts(1, 9), Serving(together=8, concurrency=1)))
    assert len(found) == 9
    assert len({sample.text for sample in found.values()}) == 9
    assert sum("n" in call.body for call in fake.calls) == 1
    assert len([record for record in caplog.records if "'n'" in record.getMessage()]) == 1


@pytest.mark.parametrize(
    ("field", "status", "said"),
    [
        (
            "seed",
            400,
            {"error": {"message": "Unknown parameter: 'seed'.", "param": "seed", "code": "unknown_parameter"}},
        ),
        ("top_k", 422, {"detail": "Unexpected fields in the request: {'top_k'}"}),
        ("top_k", 422, {"detail": [{"loc": ["body", "top_k"], "msg": "Extra inputs are not permitted"}]}),
        ("stop", 400, {"message": "stop is not supported by this model"}),
        ("top_p", 400, {"error": {"message": "Unsupported parameter: 'top_p'", "param": "top_p"}}),
    ],
)
def test_a_field_that_a_server_refuses_is_left_out_and_said_once(field, status, said, caplog):
    def script(call: Call) -> Say:
        return Say(status=status, body=said) if field in call.body else Say(body=reply(call, "one STOP two"))

    with Fake(script) as fake:
        found = samples(ask(fake, prompts(5), Serving(concurrency=1), Sampling(top_k=5, stop=("STOP",))))
    assert [sample.text for sample in found.values()] == ["one "] * 5
    assert len(fake.calls) == 6
    words = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(words) == 1
    assert f"does not take {field!r}" in words[0]


def test_a_newer_name_for_the_longest_reply_is_used_where_the_old_one_is_refused():
    said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."

    def script(call: Call) -> Say:
        if "max_tokens" in call.body:
            return Say(status=400, body={"error": {"message": said, "code": "unsupported_parameter"}})
        return plain(call)

    turns = (Message(role="user", content="add"),)
    with Fake(script) as fake:
        assert isinstance(ask(fake, [Prompt(id="c#0", task="c", text=turns)])[0], Timed)
    assert fake.calls[1].body["max_completion_tokens"] == 512


def test_a_temperature_that_a_server_refuses_is_not_changed_in_silence():
    said = "Unsupported value: 'temperature' does not support 0.2 with this model."
    with (
        Fake(lambda call: Say(status=400, body={"error": {"message": said, "param": "temperature"}})) as fake,
        pytest.raises(UsageError, match=r"'temperature' does not support 0\.2"),
    ):
        one(fake, sampling=Sampling(temperature=0.2))


@pytest.mark.parametrize(
    ("message", "finish", "text", "end"),
    [
        ({"content": "half a"}, "length", "half a", "length"),
        ({"content": None}, "stop", "", "stop"),
        ({"content": ""}, "length", "", "length"),
        ({"content": None, "refusal": "I will not."}, "stop", "I will not.", "stop"),
        ({"content": "begun"}, "content_filter", "begun", "length"),
        ({"content": [{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}]}, "stop", "in parts", "stop"),
        ({"content": "a##b"}, "length", "a", "stop"),
        ({"content": "one"}, None, "one", "stop"),
    ],
)
def test_every_way_in_which_a_reply_may_end_is_read(message, finish, text, end):
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    turns = (Message(role="user", content="add"),)
    with Fake(lambda call: Say(body={"choices": [choice]})) as fake:
        (found,) = samples(
            ask(fake, [Prompt(id="c#0", task="c", text=turns)], sampling=Sampling(stop=("##",)))
        ).values()
    assert (found.text, found.finish) == (text, end)


def test_a_prompt_that_a_filter_holds_back_has_an_empty_reply_and_others_go_on():
    def script(call: Call) -> Say:
        if call.text == "text 1":
            return Say(status=400, body={"error": {"message": "filtered", "code": "content_filter"}})
        return plain(call)

    with Fake(script) as fake:
        found = samples(ask(fake, prompts(3)))
    assert (found["t/1#0"].text, found["t/1#0"].finish) == ("", "length")
    assert len(found) == len(fake.calls) == 3


@pytest.mark.parametrize(
    "bad",
    [
        Say(status=500, body={"error": "broken"}),
        Say(status=503, body="<html>busy</html>"),
        Say(status=429, body={"error": {"message": "slow down"}}),
        Say(body='{"choices": [{"te'),
        Say(body={"choices": []}),
        Say(body={"error": {"message": "upstream"}}),
        Say(body=["not an object"]),
        Say(body={"choices": [{"text": 5}]}),
        Say(body={"choices": [{"text": "x" * 5000}]}, cut=True),
        Say(body={"choices": [{"text": "late"}]}, delay=1.5),
    ],
    ids=["500", "503", "429", "broken JSON", "no choices", "error in 200", "list", "number", "reset", "slow"],
)
def test_what_may_pass_is_tried_again(bad):
    def script(call: Call) -> Say:
        return bad if call.text == "text 1" and fake.asked[call.text, call.body["seed"]] < 3 else plain(call)

    with Fake(script) as fake:
        found = samples(ask(fake, prompts(3), Serving(pause=0.01, tries=3, timeout=0.7)))
    assert {sample.text.split("/")[0] for sample in found.values()} == {"text 0", "text 1", "text 2"}
    assert sorted(fake.asked.values()) == [1, 1, 3]


def test_what_fails_after_all_tries_is_owed_and_the_others_are_there(tmp_path):
    def script(call: Call) -> Say:
        return Say(status=500, body={"error": "boom"}) if call.text in ("text 1", "text 3") else plain(call)

    with Fake(script) as fake:
        run = Run.open(tmp_path / "run", QUICK, {})
        with (
            serve("m", f"server:{fake.url}", server=QUICK, folder=run.path) as policy,
            pytest.raises(Fault, match=r"2 of 5 samples are owed: http.*500: boom \(3 tries\); run the same"),
        ):
            run.map(Sample, policy.sample(Sampling()), prompts(5))
        before = len(fake.calls)
        fake.script = plain
        with serve("m", f"server:{fake.url}", server=QUICK, folder=run.path) as policy:
            rows = run.map(Sample, policy.sample(Sampling()), prompts(5))
        run.close()
    assert [row.id for row in rows] == [prompt.id for prompt in prompts(5)]
    assert len(fake.calls) == before + 2


def test_the_wait_that_a_busy_server_asks_for_is_kept_by_all_requests():
    times: list[float] = []

    def script(call: Call) -> Say:
        times.append(time.monotonic())
        return Say(status=429, body={"error": "busy"}, headers={"retry-after": "1"}) if len(times) == 1 else plain(call)

    with Fake(script) as fake:
        assert len(samples(ask(fake, prompts(6), Serving(concurrency=1, pause=0.01)))) == 6
    assert times[1] - times[0] >= 1.0
    assert len(times) == 7


def test_a_wait_that_is_longer_than_our_patience_leaves_the_draw_owed_at_once():
    busy = Say(status=429, body={"error": "busy"}, headers={"retry-after": "7200"})
    with Fake(lambda call: busy) as fake:
        found = ask(fake, prompts(2))
    assert all(isinstance(answer, Owed) for answer in found)
    assert len(fake.calls) == 2


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {"error": {"message": "bad key"}}, r"/v1: model 'm': 401: bad key \(OPENAI_API_KEY is not set\)$"),
        (404, {"detail": "no such model"}, r"/v1: model 'm': 404: no such model \(a chat model is asked with messages"),
        (400, {"message": "context too long"}, r"/v1: model 'm': 400: context too long \(asked for t/[0-3]#0\)$"),
        (302, "", r"/v1: model 'm': 302 \(it points elsewhere: name that URL\)$"),
        (429, {"error": {"message": "pay", "code": "insufficient_quota"}}, r"/v1: model 'm': 429: pay$"),
    ],
)
def test_what_will_not_pass_ends_the_stage_at_once_in_one_line(monkeypatch, status, body, said):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with Fake(lambda call: Say(status=status, body=body)) as fake, pytest.raises(UsageError, match=said) as refused:
        ask(fake, prompts(50), Serving(concurrency=2))
    assert "\n" not in str(refused.value)
    assert len(fake.calls) <= 4


def test_what_was_under_way_when_a_stage_ends_is_heard_and_kept(tmp_path):
    def script(call: Call) -> Say:
        if call.text == "text 0":
            return Say(status=404, body={"detail": "gone"}, delay=0.1)
        return Say(body=plain(call).body, delay=0.5)

    with Fake(script) as fake:
        heard: list[str] = []
        with (
            serve("m", f"server:{fake.url}", server=Serving(concurrency=4), folder=tmp_path) as policy,
            pytest.raises(UsageError, match="gone"),
        ):
            heard.extend(answer.record.id for answer in policy.sample(Sampling())(prompts(40)))
    assert sorted(heard) == ["t/1#0", "t/2#0", "t/3#0"]
    assert len(fake.calls) == 4


def test_a_server_that_is_away_is_given_up_and_all_is_owed():
    with Fake() as fake:
        url = fake.url
    with serve("m", f"server:{url}", server=Serving(pause=0.001, tries=2, concurrency=8)) as policy:
        found = list(policy.sample(Sampling())(prompts(400)))
    assert len(found) == 400
    assert all(isinstance(answer, Owed) for answer in found)
    assert "cannot be reached" in found[0].reason
    # Sixteen in a row are enough, and those that were under way then.
    assert sum(answer.reason == f"{url} does not answer" for answer in found) >= 400 - 16 - 8


def test_tokens_and_what_they_cost_are_told_of_each_reply():
    with Fake() as fake:
        found = ask(fake, prompts(2), Serving(price_in=2.0, price_out=10.0))
    for answer in found:
        assert (answer.timing["tokens_in"], answer.timing["tokens"]) == (7, 3)
        assert answer.timing["cost"] == pytest.approx((7 * 2 + 3 * 10) / 1e6)


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("http://h:8000", "http://h:8000/v1"),
        ("http://h:8000/", "http://h:8000/v1"),
        ("https://h/api/v1/", "https://h/api/v1"),
        ("https://h/v1/chat/completions", "https://h/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_an_address_is_read_as_it_is_meant(url, whole):
    from errata.policies import check

    assert check(f"server:{url}") == ("server", whole)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://ada:hunter2@h/v1", "the URL of the server at h holds a name or a password"),
        ("https://h/v1?api-key=hunter2", r"the URL of the server at h has something behind \? or #"),
        ("h:8000/v1", "no server 'h:8000/v1': a URL begins with http"),
        ("http://h:port/hunter2", "the server's URL cannot be read"),
    ],
)
def test_an_address_with_a_secret_or_without_sense_is_refused_without_repeating_it(url, said):
    from errata.policies import check

    with pytest.raises(UsageError, match=said) as refused:
        check(f"server:{url}")
    assert "hunter2" not in str(refused.value)


def test_a_key_in_a_setting_is_refused_before_anything_is_written(monkeypatch):
    from errata.policies import check

    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(
        UsageError, match=r"^server\.reload holds the key itself; leave it in OPENAI_API_KEY"
    ) as refused:
        check("server:http://h", Serving(reload=f"curl -H 'Authorization: Bearer {KEY}' http://h"))
    assert KEY not in str(refused.value)


def test_the_key_is_sent_and_stands_in_no_file_and_no_log(tmp_path, monkeypatch, caplog, capfd):
    """Not even where a server repeats it, in a reply and in an error."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("OTHER_KEY", KEY)

    def script(call: Call) -> Say:
        heard = call.headers["authorization"]
        assert heard == f"Bearer {KEY}"
        if call.text == "text 2":
            return Say(status=500, body={"error": f"no good: {heard}"})
        return Say(body=reply(call, f"you said {heard}"))

    serving = Serving(pause=0.01, tries=2, key="OTHER_KEY")
    with Fake(script) as fake:
        run = Run.open(tmp_path / "run", serving, {})
        with (
            serve("m", f"server:{fake.url}", server=serving, folder=run.path) as policy,
            pytest.raises(Fault) as owed,
        ):
            run.map(Sample, policy.sample(Sampling()), prompts(3))
        run.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"config.json", "sample.jsonl", "reply.jsonl", "timing.jsonl", "log.txt"}
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    assert "you said Bearer [key]" in (tmp_path / "run" / "sample.jsonl").read_text()
    assert "no good: Bearer [key]" in str(owed.value)
    said = capfd.readouterr()
    assert KEY not in caplog.text + said.out + said.err + str(owed.value)


def test_settings_that_make_no_sense_are_refused_by_name():
    for wrong, name in [
        ({"concurrency": 0}, "concurrency"),
        ({"together": 0}, "together"),
        ({"timeout": 0}, "timeout"),
        ({"price_in": -1}, "price_in"),
        ({"body": "[1]"}, "body"),
        ({"body": "{"}, "body"),
        ({"start": "a", "reload": "b"}, "start"),
    ]:
        with pytest.raises(UsageError, match=f"server.{name} "):
            Serving(**wrong)


def test_a_further_field_is_part_of_what_a_run_is_and_the_address_is_not(tmp_path):
    from errata.recipes.evaluate import Evaluate, identity

    config = Evaluate(model="some-model", tasks="primer[dev][:1]", backend="server:http://h")
    other = Evaluate(
        model="some-model", tasks="primer[dev][:1]", backend="server:http://g", server=Serving(body='{"a": 1}')
    )
    assert identity(config)["model"] == "some-model"
    assert identity(other) == {**identity(config), "server.body": {"a": 1}}
    Run.open(tmp_path / "run", config, identity(config)).close()
    with pytest.raises(UsageError, match=r"other settings \(server\.body\.a\)"):
        Run.open(tmp_path / "run", other, identity(other))


def test_a_reply_that_is_kept_says_what_was_asked_and_who_answered(tmp_path):
    with Fake() as fake:
        ask(fake, prompts(1), folder=tmp_path)
    (line,) = (tmp_path / "reply.jsonl").read_text().splitlines()
    kept = json.loads(line)
    assert (kept["id"], kept["model"], kept["finish"]) == ("t/0#0", "m", "stop")
    assert kept["seed"] == fake.calls[0].body["seed"]


def test_the_command_line_asks_a_server_and_says_what_that_took(tmp_path, capsys, monkeypatch):
    from errata.cli import main

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    run = tmp_path / "run"
    words = ["evaluate", str(run), "--model", "gpt-x", "--tasks", "primer[dev][:2]", "--draws", "2"]
    words += ["--server.price-in", "100000", "--server.price-out", "0", "--server.pause", "0.01"]
    with Fake() as fake:
        main([*words, "--backend", f"server:{fake.url}"])
    assert {call.body["model"] for call in fake.calls} == {"gpt-x"}
    out = capsys.readouterr().out
    assert "pass@1" in out
    assert "asked   4 replies, 28 tokens in, 12 tokens out, cost 2.80" in out


def test_a_password_in_the_address_ends_the_command_before_anything_is_written(tmp_path, capsys):
    from errata.cli import main

    words = ["evaluate", str(tmp_path / "run"), "--model", "m", "--tasks", "primer[dev][:2]"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--backend", "server:http://ada:hunter2@127.0.0.1/v1"])
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.err.count("\n") == 1
    assert "hunter2" not in said.out + said.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("temperature", "words"), [(0.8, 1), (0.0, 0)])
def test_a_server_that_does_not_sample_though_it_should_is_told_of(temperature, words, caplog):
    with Fake(lambda call: Say(body=reply(call, f"alike {call.text}"))) as fake:
        ask(fake, prompts(3, 4), sampling=Sampling(temperature=temperature))
        assert sum("does the server sample?" in record.getMessage() for record in caplog.records) == words


def test_a_stage_that_nobody_listens_to_any_more_ends_at_once_and_leaves_no_thread():
    with Fake(lambda call: Say(body=plain(call).body, delay=0.0 if call.text == "text 0" else 60.0)) as fake:
        with serve("m", f"server:{fake.url}", server=Serving(concurrency=4)) as policy:
            answers = policy.sample(Sampling())(prompts(20))
            assert next(iter(answers)).record.task == "t/0"
            began = time.monotonic()
            answers.close()
        assert time.monotonic() - began < 20
        assert not [thread for thread in threading.enumerate() if thread.name == "errata-server"]
        # Nothing was asked ahead of what fits at once.
        assert len(fake.calls) <= 5


def test_prompts_are_drawn_only_as_the_server_takes_them():
    drawn: list[str] = []

    def drawing() -> Iterator[Prompt]:
        for prompt in prompts(100):
            drawn.append(prompt.id)
            yield prompt

    with Fake() as fake, serve("m", f"server:{fake.url}", server=Serving(concurrency=3)) as policy:
        for heard, _ in enumerate(policy.sample(Sampling())(drawing()), 1):
            assert len(drawn) <= heard + 3


def test_it_works_where_an_event_loop_runs_already_and_behind_a_proxy_that_does_not_serve_us(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async def notebook(fake: Fake) -> list[Timed[Sample] | Owed]:
        return ask(fake, prompts(3))

    with Fake() as fake:
        assert len(samples(asyncio.run(notebook(fake)))) == 3


def test_two_stages_of_one_policy_may_run_side_by_side():
    with Fake() as fake, serve("m", f"server:{fake.url}") as policy:
        one, other = (policy.sample(Sampling(seed=seed))(prompts(5)) for seed in (1, 2))
        both = [answer.record.text for pair in zip(one, other, strict=True) for answer in pair]
    assert len(set(both)) == 10
