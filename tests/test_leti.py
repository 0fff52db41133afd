"""LETI from end to end on small checkpoints, in seconds; and its training texts as a pure function of the records."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from checkpoints import checkpoint
from errata import jsonl
from errata.cli import main
from errata.errors import UsageError
from errata.evaluation.measure import Measuring
from errata.evaluation.report import report
from errata.judges import Judging
from errata.policies import Sampling, Serving
from errata.policies.recorded import Recorded
from errata.policies.trimming import trimming
from errata.prompts import ask, render
from errata.recipes import leti as recipe
from errata.recipes import plan
from errata.recipes.leti import Leti
from errata.runs import Run
from errata.tasks import load
from errata.training import Objective
from errata.types import Demo, Feedback, Sample, Task, Timed, UnitTests, Verdict


def task(name: str, n: int) -> Task:
    tests = (f"assert add(1) == {n + 1}",)
    return Task(
        id=f"{name}/{n}",
        instruction=f"Add {n}.",
        check=UnitTests(tests=tests, hidden=(f"assert add(7) == {n + 7}",), entry_point="add"),
        reference=f"def add(x):\n    return x + {n}\n",
    )


def tasks(folder: Path, name: str, number: int) -> str:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(jsonl.dump(task(name, n)) + "\n" for n in range(number)))
    return str(path)


@pytest.fixture
def config(tmp_path: Path) -> Leti:
    """Two rounds, two tasks, two draws; replies of the held-out and training tasks come from a file."""
    replies = [
        {"id": f"{name}/{n}#{draw}", "text": f"def add(x):\n    return x + {n + draw}\n"}
        for name in ("practice", "exam")
        for n in range(2)
        for draw in range(2)
    ]
    recorded = tmp_path / "replies.jsonl"
    recorded.write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    return Leti(
        model=str(checkpoint(tmp_path / "base")),
        tasks=tasks(tmp_path, "practice", 2),
        held_out=tasks(tmp_path, "exam", 2),
        iterations=2,
        draws=2,
        keep="all",
        backend=f"recorded:{recorded}",
        sampling=Sampling(max_new_tokens=8),
        objective=Objective(epochs=1, batch_size=4, warmup_steps=0),
        measuring=Measuring(draws=2, max_new_tokens=8, ks=(1,)),
        judging=Judging(workers=1, seconds=2.0),
    )


def go(config: Leti, path: Path) -> str:
    return recipe.leti(config, Run.open(path, config, recipe.identity(config)))


def records(folder: Path) -> dict[str, list[str]]:
    """Every record of a run, by file; in the order of their ids."""
    return {
        str(path.relative_to(folder)): sorted(path.read_text().splitlines())
        for path in sorted(folder.rglob("*.jsonl"))
        if path.name != "timing.jsonl" and "model" not in path.parent.name
    }


def test_a_run_from_end_to_end_and_its_folder_is_the_algorithm(tmp_path, config):
    model = go(config, tmp_path / "run")
    assert model == str(tmp_path / "run" / "01" / "model")
    assert (tmp_path / "run" / "01" / "model" / "config.json").is_file()
    made = set(records(tmp_path / "run"))
    for name in ("sample", "verdict", "feedback", "example"):
        assert f"00/{name}.jsonl" in made
    for place in ("base/held-out", "00/held-out", "01/held-out", "01/held-out-bad-t0.2"):
        assert {f"{place}/sample.jsonl", f"{place}/verdict.jsonl"} <= made
    scores = json.loads((tmp_path / "run/base/held-out/scores.json").read_text())
    assert scores["pass@1"]["value"] == 50.0
    assert scores["pass@1"]["low"] < 50.0 < scores["pass@1"]["high"]
    same = [(tmp_path / "run/01" / name / "scores.json").read_text() for name in ("held-out", "held-out-good-t0.2")]
    assert same[0] == same[1]
    assert report(tmp_path / "run").stat().st_size > 1000


@pytest.mark.parametrize(("said", "seen"), [("auto", "ilf"), ("docstring", "docstring")])
def test_held_out_tasks_are_asked_as_the_model_is_trained_unless_told_otherwise(tmp_path, config, said, seen):
    config = replace(config, prompt="ilf", measuring=replace(config.measuring, prompt=said), iterations=1)
    go(config, tmp_path / "run")
    posed = {sample.prompt for sample in jsonl.read(tmp_path / "run/base/held-out/sample.jsonl", Sample)}
    assert posed == {render(task, seen) for task in load(config.held_out)}


def test_running_it_again_asks_and_trains_nothing(tmp_path, config):
    go(config, tmp_path / "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*.jsonl") if path.name != "timing.jsonl"}
    weights = (tmp_path / "run/01/model/config.json").stat().st_mtime_ns
    again = replace(config, backend="recorded:/nowhere")
    go(again, tmp_path / "run")
    assert {
        path: path.read_bytes() for path in (tmp_path / "run").rglob("*.jsonl") if path.name != "timing.jsonl"
    } == before
    assert (tmp_path / "run/01/model/config.json").stat().st_mtime_ns == weights


def test_a_finished_run_can_be_given_more_rounds(tmp_path, config):
    go(replace(config, iterations=1), tmp_path / "run")
    assert go(config, tmp_path / "run").endswith("01/model")


def test_other_settings_are_refused_by_name(tmp_path, config):
    go(replace(config, iterations=1), tmp_path / "run")
    with pytest.raises(UsageError, match=r"was begun with other settings \(draws\)"):
        go(replace(config, draws=1), tmp_path / "run")


def test_a_held_out_task_among_the_training_tasks_is_refused(tmp_path, config):
    with pytest.raises(UsageError, match="practice/0 is among tasks too"):
        go(replace(config, held_out=config.tasks), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("architecture", "lora"),
    [
        ("llama", False),
        ("qwen2", True),
        ("codegen", False),
        pytest.param("llama", True, marks=pytest.mark.slow),
        pytest.param("qwen2", False, marks=pytest.mark.slow),
        pytest.param("codegen", True, marks=pytest.mark.slow),
    ],
)
def test_a_real_policy_samples_trains_and_samples_again(tmp_path, config, architecture, lora):
    model = str(checkpoint(tmp_path / architecture, architecture))
    real = replace(config, model=model, backend="local", lora=lora, iterations=1)
    go(real, tmp_path / "run")
    sample = jsonl.read(tmp_path / "run/00/held-out/sample.jsonl", Sample)[0]
    assert str(sample.prompt).startswith('<|good|>"""\nAdd ')


# the training texts


def drawn(n: int, passed: bool | None) -> tuple[Sample, Verdict, Feedback]:
    name = f"t/{n}#0"
    outcome = "invalid_check" if passed is None else "passed" if passed else "wrong"
    return (
        Sample(id=name, of=name, task=f"t/{n}", prompt="p\n", text=f"x = {n}\n"),
        Verdict(id=name, of=name, task=f"t/{n}", passed=passed, outcome=outcome, score=float(bool(passed))),
        Feedback(id=name, of=name, author="interpreter", text="" if passed else f"no {n}\n"),
    )


def texts(config: Leti, passes: list[bool | None], seed: int = 0) -> list[Demo]:
    samples, verdicts, words = zip(*[drawn(n, passed) for n, passed in enumerate(passes)], strict=True)
    return list(recipe.conditioned(samples, verdicts, words, config, seed))


WORDS = re.compile(r"<\|lang_feedback\|>(.*?)<\|/lang_feedback\|>", re.DOTALL)
PASSES = [True, False, False, False, True, False]


def test_every_sample_becomes_a_text_when_nothing_is_balanced(config):
    assert [demo.id for demo in texts(config, PASSES)] == [f"t/{n}#0" for n in range(6)]


def test_balanced_training_has_as_many_good_as_bad(config):
    made = texts(replace(config, select="balanced"), PASSES)
    assert sorted(demo.target.startswith("<|good|>") for demo in made) == [False, False, True, True]


def test_the_share_of_good_texts_can_be_set(config):
    made = texts(replace(config, select="balanced", good_share=0.75), [True] * 30 + [False] * 60)
    assert [demo.target.startswith("<|good|>") for demo in made] == [True] * 30 + [False] * 10


def test_identical_texts_can_be_trained_on_once(config):
    samples, verdicts, words = zip(*[drawn(n % 2, n % 2 == 0) for n in range(6)], strict=True)
    made = list(recipe.conditioned(samples, verdicts, words, replace(config, dedupe=True), 0))
    assert [demo.id for demo in made] == ["t/0#0", "t/1#0"]


def test_rejection_sampling_trains_on_the_passing_alone(config):
    assert [demo.id for demo in texts(replace(config, select="passing"), PASSES)] == ["t/0#0", "t/4#0"]


def test_a_broken_check_is_never_trained_on(config):
    assert [demo.id for demo in texts(config, [True, None, False])] == ["t/0#0", "t/2#0"]


def test_the_texts_are_the_same_for_the_same_seed_and_others_for_another(config):
    balanced = replace(config, select="balanced")
    assert texts(balanced, PASSES * 9, 1) == texts(balanced, PASSES * 9, 1) != texts(balanced, PASSES * 9, 2)


def test_the_control_gives_verdict_and_words_together_to_other_samples(config):
    made = texts(replace(config, control="shuffled"), [n % 3 == 0 for n in range(60)])
    assert sum(demo.target.startswith("<|good|>") for demo in made) == 20
    truly = [demo.target.startswith("<|good|>") == (n % 3 == 0) for n, demo in enumerate(made)]
    assert not all(truly)
    assert all(("<|lang_feedback|>" in demo.target) != demo.target.startswith("<|good|>") for demo in made)


def test_balancing_what_is_all_bad_is_refused_in_one_line(config):
    config = replace(config, select="balanced", dedupe=True)
    with pytest.raises(UsageError, match=r"none of the 2 programs of this round passed.*with more --draws") as refused:
        texts(config, [False, False])
    assert "\n" not in str(refused.value)


def test_a_constant_phrase_is_as_long_as_the_words_and_says_the_same_of_every_failure(config):
    made = texts(replace(config, control="constant"), PASSES)
    words = [found[1] for demo in made if (found := WORDS.search(demo.target))]
    assert len(words) == 4
    assert {len(one) for one in words} == {len("no 1\n")}
    assert len(set(words)) == 1
    assert "no 1" not in words[0]


def test_reward_weighted_regression_draws_by_the_share_of_tests_passed_and_gives_no_words(config):
    made = texts(replace(config, select="weighted", beta=0.5), [n % 2 == 0 for n in range(400)])
    assert len(made) == 400
    assert len({demo.id for demo in made}) == 400
    assert all(demo.target.startswith("<|good|>p") for demo in made)
    passed = sum(int(demo.id.split("#")[0].removeprefix("t/")) % 2 == 0 for demo in made)
    assert 0.83 < passed / 400 < 0.93  # exp(2) to 1


def test_reward_weighted_regression_has_something_to_train_on_where_nothing_passed(config):
    assert len(texts(replace(config, select="weighted"), [False] * 4)) == 4


def test_training_samples_are_trimmed_where_that_is_asked_for(tmp_path, config):
    replies = tmp_path / "more.jsonl"
    text = "def add(x):\n    return x\n\nprint(add(1))\n"
    replies.write_text("".join(json.dumps({"id": f"practice/{n}#0", "text": text}) + "\n" for n in range(2)))
    stage = trimming(Recorded(replies).sample(Sampling()), "function")
    made = [row.record if isinstance(row, Timed) else row for row in stage(ask([task("practice", 0)], 1))]
    assert [one.text for one in made] == ["def add(x):\n    return x\n"]


def test_what_does_not_go_with_adapters_is_refused_before_anything_is_measured(config):
    with pytest.raises(UsageError, match="keep_optimizer goes with full weights"):
        replace(config, lora=True, objective=replace(config.objective, keep_optimizer=True))


def test_a_run_that_stops_has_a_report_of_what_was_measured_before(tmp_path, config, capsys):
    replies = tmp_path / "wrong.jsonl"
    replies.write_text(
        "".join(
            json.dumps({"id": f"{name}/{n}#{draw}", "text": "def add(x):\n    return 0\n"}) + "\n"
            for name in ("practice", "exam")
            for n in range(2)
            for draw in range(2)
        )
    )
    flags = {
        "model": config.model,
        "tasks": config.tasks,
        "held-out": config.held_out,
        "backend": f"recorded:{replies}",
        "draws": "2",
        "measuring.draws": "2",
        "select": "passing",
    }
    words = [word for name, value in flags.items() for word in (f"--{name}", value)]
    with pytest.raises(SystemExit) as stopped:
        main(["leti", str(tmp_path / "run"), "--no-compare", *words])
    assert stopped.value.code == 2
    assert "none of the 4 programs of this round passed" in capsys.readouterr().err
    assert "Before any training the base solves" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize("without", [{"feedback": "none"}, {"select": "passing"}, {"select": "weighted"}])
def test_words_of_equal_length_cannot_stand_in_for_words_that_there_are_not(config, without):
    with pytest.raises(UsageError, match="takes the place of words"):
        replace(config, control="constant", **without)


def test_a_tokenizer_without_an_end_is_refused_before_the_folder_is_made(tmp_path, config):
    (Path(config.model) / "tokenizer_config.json").unlink()
    with pytest.raises(UsageError, match="no end-of-text token"):
        recipe.prepared(config)
    recipe.prepared(replace(config, objective=replace(config.objective, end_token=False)))


@pytest.mark.parametrize("name", ["tasks", "held_out"])
def test_a_prompt_that_leaves_no_room_for_a_reply_is_refused_before_the_folder_is_made(tmp_path, config, name):
    wordy = replace(task("wordy", 1), instruction="Add one. " * 200)
    (tmp_path / "wordy.jsonl").write_text(jsonl.dump(task("short", 0)) + "\n" + jsonl.dump(wordy) + "\n")
    config = replace(config, backend="local", **{name: str(tmp_path / "wordy.jsonl")})
    with pytest.raises(UsageError, match=r"wordy/1#0: the prompt has \d+ tokens, and .*base takes 256 with the reply"):
        recipe.prepared(config)


def test_a_server_with_one_name_for_all_models_must_be_told_to_load_what_was_trained(config):
    named = replace(config, backend="server:http://127.0.0.1:1", server=Serving(name="policy"))
    with pytest.raises(UsageError, match="nothing has it load what was trained"):
        recipe.identity(named)
    recipe.identity(replace(named, server=Serving(name="policy", reload="load {model}")))


def test_the_plan_counts_every_sample_that_the_run_makes(tmp_path, config):
    told = config.iterations, *plan.measurements(config, recipe.splits(config))
    go(config, tmp_path / "run")
    files = [path for path in (tmp_path / "run").rglob("sample.jsonl") if "held-out" in path.parent.name]
    assert told[0] * told[1] + told[2] == sum(len(path.read_text().splitlines()) for path in files)


@pytest.mark.parametrize("keep_optimizer", [False, True])
def test_the_plan_tells_the_size_of_the_weights_that_a_round_leaves(tmp_path, config, keep_optimizer):
    config = replace(config, iterations=1, objective=replace(config.objective, keep_optimizer=keep_optimizer))
    kept = [path for path in Path(go(config, tmp_path / "run")).iterdir() if path.suffix in (".safetensors", ".pt")]
    made = sum(path.stat().st_size for path in kept) / 2**20
    assert plan.trained_mib(config.model, config) == pytest.approx(made, rel=0.1)
