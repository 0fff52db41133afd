"""LETI on events, from end to end with a small model; `errata judge` and `evaluate` give precision, recall and F1."""

import json
from pathlib import Path

import pytest

from checkpoints import checkpoint
from errata import jsonl
from errata.cli import main
from errata.evaluation import events
from errata.evaluation.measure import Measuring
from errata.evaluation.report import report, table
from errata.judges import Judging
from errata.policies import Sampling
from errata.recipes import leti as recipe
from errata.recipes.leti import Leti
from errata.runs import Run
from errata.tasks.event_code import Kind, Mention, Role, task
from errata.training import Objective
from errata.types import Argument, Demo, Feedback, Sample, Task

KIND = Kind(name="Go", roles=(Role(name="Who"), Role(name="Where")))
SENTENCES = ("Ada went home", "Bo went away", "Cy went abroad", "Di went in")


def made(name: str, n: int) -> Task:
    sentence = SENTENCES[n]
    who, verb, _ = sentence.split()
    start = len(who) + 1
    arguments = (
        Argument(role="Who", start=0, end=len(who)),
        Argument(role="Where", start=start + len(verb) + 1, end=len(sentence)),
    )
    mention = Mention(id=f"{n}", kind="Go", sentence=sentence, trigger=(start, start + len(verb)), arguments=arguments)
    return task(name, KIND, mention)


def source(folder: Path, name: str) -> str:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(jsonl.dump(made(name, n)) + "\n" for n in range(4)))
    return str(path)


def right(name: str, n: int) -> str:
    one = made(name, n)
    return one.reference.removeprefix(one.prefix)


def test_leti_runs_on_events_with_words_for_what_is_wrong_and_f1_by_round(tmp_path, capsys):
    replies = [
        {"id": f"{name}/{n}#{draw}", "text": right(name, n) if draw == n % 2 else '    who=[Entity("Zoe")],\n)\n'}
        for name in ("practice", "exam")
        for n in range(4)
        for draw in range(2)
    ]
    (tmp_path / "replies.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    config = Leti(
        model=str(checkpoint(tmp_path / "base", positions=1024)),
        tasks=source(tmp_path, "practice"),
        held_out=source(tmp_path, "exam"),
        iterations=1,
        draws=2,
        backend=f"recorded:{tmp_path / 'replies.jsonl'}",
        sampling=Sampling(max_new_tokens=8),
        objective=Objective(epochs=1, batch_size=4, warmup_steps=0),
        measuring=Measuring(draws=2, max_new_tokens=8, ks=(1,)),
        judging=Judging(workers=1),
    )
    with Run.open(tmp_path / "run", config, recipe.identity(config)) as run:
        recipe.leti(config, run)
    words = {row.text for row in jsonl.read(tmp_path / "run/00/feedback.jsonl", Feedback)}
    assert words == {"", 'ValueError: The argument "Zoe" of role who does not occur in the sentence.\n'}
    texts = [row.target for row in jsonl.read(tmp_path / "run/00/example.jsonl", Demo)]
    assert sum(text.startswith("<|good|>class Entity:") for text in texts) == 4
    assert sum(text.startswith("<|bad|><|lang_feedback|>ValueError: The argument") for text in texts) == 4
    scores = json.loads((tmp_path / "run/00/held-out/scores.json").read_text())
    assert scores["arg_c_precision"]["value"] == pytest.approx(100 * 8 / 12, abs=0.01)
    assert scores["arg_c_recall"]["value"] == 50.0
    assert scores["hallucinated"]["value"] == pytest.approx(100 * 4 / 12, abs=0.01)
    assert json.loads((tmp_path / "run/00/training.json").read_text())["left_out"] == 0
    page = report(tmp_path / "run").read_text()
    assert "classified (Arg-C)" in page
    assert "every argument right in" in page
    assert "public gap" not in page
    table(tmp_path / "run")
    told = capsys.readouterr().out
    assert f"{scores['arg_c_f1']['value']:.1f}" in told[told.index("Arg-C") :]
    assert "…" not in told


@pytest.mark.slow
def test_a_small_model_is_asked_judged_trained_and_asked_again(tmp_path):
    config = Leti(
        model=str(checkpoint(tmp_path / "base", "codegen", positions=1024)),
        tasks=source(tmp_path, "practice"),
        held_out=source(tmp_path, "exam"),
        iterations=1,
        draws=1,
        sampling=Sampling(max_new_tokens=8),
        objective=Objective(epochs=1, batch_size=4, warmup_steps=0),
        measuring=Measuring(draws=1, max_new_tokens=8, ks=(1,)),
        judging=Judging(workers=1),
    )
    with Run.open(tmp_path / "run", config, recipe.identity(config)) as run:
        recipe.leti(config, run)
    sample = jsonl.read(tmp_path / "run/00/held-out/sample.jsonl", Sample)[0]
    assert str(sample.prompt).startswith("<|good|>class Entity:")


def test_errata_judge_gives_the_scores_with_their_intervals_in_its_last_line(tmp_path, capsys):
    rows = [{"task_id": f"exam/{n}", "completion": right("exam", n) if n else ")\n"} for n in range(4)]
    (tmp_path / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "out.jsonl"
    main(["judge", str(tmp_path / "samples.jsonl"), "--tasks", source(tmp_path, "exam"), "-o", str(out), "--json"])
    told = capsys.readouterr()
    assert told.err.strip() == "3 of 4 passed; pass@1 75.0 %, Arg-I F1 85.7 %, Arg-C F1 85.7 %, hallucinated 0.0 %"
    found = json.loads(told.out.strip().splitlines()[-1])
    assert (found["arg_c_precision"], found["arg_c_recall"]) == (100.0, 75.0)
    assert found["arg_c_f1"] == pytest.approx(600 / 7, abs=0.01)
    assert found["arg_c_f1_low"] < found["arg_c_f1"] < found["arg_c_f1_high"]
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["passed"] for line in lines] == [False, True, True, True]
    assert lines[0]["detail"] == "Only 0 out of 2 arguments are correctly identified: {}\n"


def test_errata_evaluate_writes_the_scores_with_their_intervals(tmp_path):
    replies = [{"id": f"exam/{n}#0", "text": right("exam", n) if n % 2 else ")\n"} for n in range(4)]
    (tmp_path / "replies.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    base, run = checkpoint(tmp_path / "base"), tmp_path / "run"
    asked = ["evaluate", str(run), "--model", str(base), "--tasks", source(tmp_path, "exam"), "--draws", "1"]
    main([*asked, "--backend", f"recorded:{tmp_path / 'replies.jsonl'}"])
    scores = json.loads((run / "scores.json").read_text())
    for name in ("arg_i_precision", "arg_i_recall", "arg_i_f1", "arg_c_precision", "arg_c_recall", "arg_c_f1"):
        assert scores[name]["low"] <= scores[name]["value"] <= scores[name]["high"]
    assert scores["arg_i_recall"] == scores["arg_c_recall"]
    assert scores["arg_c_recall"]["value"] == 50.0
    assert scores["arg_c_recall"]["n"] == 4


# the numbers


def counts(gold: int, predicted: int, identified: int, classified: int, hallucinated: int = 0) -> dict[str, float]:
    return dict(zip(events.COUNTS, (gold, predicted, identified, classified, hallucinated), strict=True))


def test_scores_are_ratios_of_sums_and_not_means_of_ratios():
    found = events.metrics([("a", counts(4, 2, 2, 1)), ("b", counts(1, 3, 0, 0, 2))])
    values = {name: one.value for name, one in found.items()}
    assert values["arg_i_precision"] == pytest.approx(2 / 5)
    assert values["arg_i_recall"] == pytest.approx(2 / 5)
    assert values["arg_c_f1"] == pytest.approx(2 * 1 / (5 + 5))
    assert values["found_arg_c_f1"] == pytest.approx(2 * 1 / (5 + 3))
    assert values["hallucinated"] == pytest.approx(2 / 5)


def test_where_nothing_is_said_the_scores_are_0_and_not_certain():
    found = events.metrics([("a", counts(4, 0, 0, 0)), ("b", counts(2, 0, 0, 0))])
    assert {one.value for one in found.values()} == {0.0}
    assert found["arg_c_f1"].high > 0.5


def test_tasks_and_not_draws_are_resampled():
    rows = [(f"{n}", counts(2, 2, n % 3, n % 3)) for n in range(30)]
    once, thrice = events.metrics(rows)["arg_c_f1"], events.metrics(rows * 3)["arg_c_f1"]
    assert (thrice.n, thrice.value) == (30, once.value)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))
