"""The recipes ask a server as they ask a model in this process: the same records come of the same replies."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import ilf_tasks
from errata.errors import Waiting
from errata.policies import Sampling, Serving, seed_of
from errata.recipes import arms
from errata.recipes import ilf as recipe
from fake_server import Call, Fake, Say, reply


def copied(model, examples, objective):
    """Training that copies the model, which takes no time."""

    def make(path, progress):
        shutil.copytree(model, path, dirs_exist_ok=True)
        told = {"model": model, "examples": len(list(examples)), "tokens": 1, "steps": 1, "left_out": 0}
        (path / "training.json").write_text(json.dumps(told | {"seconds": 1.0, "loss": [1.0]}))

    return make


def samples(run: Path) -> dict[str, list[str]]:
    return {
        str(path.relative_to(run)): sorted(path.read_text().splitlines()) for path in sorted(run.rglob("sample.jsonl"))
    }


def whole(config, run: Path) -> dict[str, list[str]]:
    with pytest.raises(Waiting):
        ilf_tasks.go(config, run)
    ilf_tasks.answer_all(run)
    ilf_tasks.go(config, run)
    return samples(run)


def test_ilf_and_its_critic_ask_a_server_each_with_settings_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(arms, "fit", copied)
    monkeypatch.setattr(recipe, "fit", copied)
    monkeypatch.setenv("CRITIC_KEY", "sk-critic-0123456789")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    config = replace(ilf_tasks.config(tmp_path), arms="ilf,model-feedback:2")
    recorded = whole(config, tmp_path / "recorded")
    lines = [json.loads(line) for line in (tmp_path / "replies.jsonl").read_text().splitlines()]
    texts = {seed_of(Sampling(), line["id"]) & 0x7FFFFFFF: line["text"] for line in lines}

    def script(call: Call) -> Say:
        return Say(body=reply(call, texts[call.body["seed"]]))

    with Fake(script) as policy, Fake(script) as critic:
        served = replace(
            config,
            backend=f"server:{policy.url}",
            server=Serving(name="student", reload="true {model}"),
            critic=replace(
                config.critic, backend=f"server:{critic.url}", server=Serving(name="teacher", key="CRITIC_KEY")
            ),
        )
        assert whole(served, tmp_path / "served") == recorded
    assert {call.body["model"] for call in policy.calls} == {"student"}
    assert {call.body["model"] for call in critic.calls} == {"teacher"}
    assert {call.headers.get("authorization") for call in policy.calls} == {None}
    assert {call.headers.get("authorization") for call in critic.calls} == {"Bearer sk-critic-0123456789"}
    files = [path for path in (tmp_path / "served").rglob("*") if path.is_file()]
    assert not [path for path in files if b"sk-critic-0123456789" in path.read_bytes()]
