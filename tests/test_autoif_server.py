"""AutoIF with a server as the supervisor: what is asked, what is asked once, and functions as a task source there."""

import json
from dataclasses import replace

import pytest

import autoif_world as world
from errata.cli import main
from errata.errors import Fault
from errata.policies import Serving
from errata.recipes import autoif as recipe
from errata.recipes import autoif_pairs
from errata.recipes.autoif_settings import Supervisor
from errata.runs import Run
from fake_server import Call, Fake, Say, reply

ALL = (*world.SEEDS, *world.MADE)


def supervisor(call: Call) -> Say:
    """Answers by what the prompt is about."""
    text = call.text
    about = next((name for name in ALL if name in text), "")
    if "other instructions" in text:
        said = f"- {world.MADE[world.SEEDS.index(about)]}"
    elif "evaluate(response)` that" in text:
        said = world.verifier(about, 0)
    elif "what the instruction must have been" in text:
        said = next(name for name in ALL if world.RIGHT[name] in text)
    elif "First instruction" in text:
        said = "entailment"
    elif "Score:" in text:
        said = "Good.\nScore: 9"
    else:
        said = world.FOLLOWING[about][0]
    return Say(body=reply(call, said))


def settings(folder, fake, **changes):
    served = Supervisor(
        model="large", backend=f"server:{fake.url}", server=Serving(concurrency=4, pause=0.01, tries=2, **changes)
    )
    return replace(world.settings(folder), supervisor=served)


def made(folder, config):
    with Run.open(folder / "run", config, {}) as run:
        return recipe.data(run, config)


def test_a_server_can_be_the_supervisor(tmp_path):
    with Fake(supervisor) as fake:
        config = settings(tmp_path, fake)
        data = made(tmp_path, config)
    assert [one.text for one in data.instructions] == [*world.SEEDS, *world.MADE]
    assert len(data.translated) == 6
    # All replies to one prompt are the same here, and count once.
    assert len(list(autoif_pairs.demos(data, config))) == len(data.requests) == 12
    assert {call.body["model"] for call in fake.calls} == {"large"}


def test_no_reply_is_asked_for_twice_even_where_its_record_was_lost(tmp_path):
    with Fake(supervisor) as fake:
        config = settings(tmp_path, fake)
        before = [sample.text for sample in made(tmp_path, config).samples]
        asked = len(fake.calls)
        made(tmp_path, config)
        for stage in ("verifiers", "responses", "quality"):
            (tmp_path / "run" / stage / "sample.jsonl").unlink()
        after = made(tmp_path, config)
        assert len(fake.calls) == asked
    assert [sample.text for sample in after.samples] == before


def test_what_a_server_fails_at_stays_owed_and_the_same_command_goes_on(tmp_path):
    down = [True]

    def script(call: Call) -> Say:
        bad = down[0] and "evaluate(response)` that" in call.text and world.SEEDS[1] in call.text
        return Say(status=503) if bad else supervisor(call)

    with Fake(script) as fake:
        config = settings(tmp_path, fake)
        with pytest.raises(Fault, match="3 of 18 samples are owed"):
            made(tmp_path, config)
        down[0] = False
        asked = len(fake.calls)
        made(tmp_path, config)
        again = [call for call in fake.calls[asked:] if "evaluate(response)` that" in call.text]
        assert len(again) == 3


def test_errata_evaluate_measures_a_model_by_functions(tmp_path, capsys):
    tasks = tmp_path / "f.jsonl"
    rows = [
        {"id": f"f/{at}", "instruction": f"{name}.", "functions": [f"def evaluate(response):\n    {world.RIGHT[name]}"]}
        for at, name in enumerate(ALL)
    ]
    tasks.write_text("".join(json.dumps(row) + "\n" for row in rows))
    right = set(ALL[:4])

    def script(call: Call) -> Say:
        about = next(name for name in ALL if name in call.text)
        return Say(body=reply(call, world.FOLLOWING[about][0 if about in right else 1]))

    with Fake(script) as fake:
        words = ["--model", "m", "--tasks", f"functions:{tasks}", "--backend", f"server:{fake.url}", "--draws", "1"]
        main(["evaluate", str(tmp_path / "run"), *words])
    assert "pass@1                66.7 %" in capsys.readouterr().out
