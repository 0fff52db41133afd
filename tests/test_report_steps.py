"""The report of a run that trains in steps (AutoIF): each model, what it gained, and what it was trained on."""

import json
import re

import pytest

from errata import jsonl
from errata.errors import UsageError
from errata.evaluation import steps
from errata.evaluation.folder import look
from errata.evaluation.report import report, table
from errata.evaluation.scoring import scores
from errata.types import Demo, Pair, Sample, Verdict

TASKS = 40
FOLLOWED = {"base": 10, "sft": 11, "dpo": 20, "online/00": 21}
"""How many of the tasks each model solves."""


def entry(value, low, high):
    return {"value": value, "low": low, "high": high, "n": TASKS}


def judged(place, count, draws=1):
    names = [f"t/{at}#{draw}" for at in range(TASKS) for draw in range(draws)]
    samples = [Sample(id=n, of=n, task=n.partition("#")[0], prompt="Say it.", text="a b") for n in names]
    verdicts = [
        Verdict(
            id=one.id,
            of=one.id,
            task=one.task,
            passed=at < count,
            outcome="passed" if at < count else "wrong",
            score=float(at < count),
        )
        for at, one in enumerate(samples)
    ]
    place.mkdir(parents=True)
    jsonl.write_whole(place / "sample.jsonl", map(jsonl.dump, samples))
    jsonl.write_whole(place / "verdict.jsonl", map(jsonl.dump, verdicts))
    return verdicts


def measured(run, name, share):
    place = run / name / "held-out"
    (place / "scores.json").write_text(json.dumps(scores(judged(place, FOLLOWED[name]), (1,))))
    form = {"instructions": entry(share, share - 5, share + 5), "words": entry(7.5, 7, 8), "about": entry(61, 55, 67)}
    (place / "followed.json").write_text(json.dumps(form | {"cut_off": entry(0, 0, 2)}))


def compared(run, name, **others):
    told = {
        other.replace("_", "/"): {"followed": entry(*change), "instructions": entry(*change)}
        for other, change in others.items()
    }
    (run / name / "compared.json").write_text(json.dumps(told))


@pytest.fixture
def run(tmp_path):
    """Base, SFT, offline DPO and one round of online DPO."""
    run = tmp_path / "autoif-demo"
    for name, share in zip(FOLLOWED, (31.25, 33.5, 52.75, 53.25), strict=True):
        measured(run, name, share)
    compared(run, "sft", base=(2.25, -1.5, 6.0))
    compared(run, "dpo", base=(21.5, 12.0, 31.0), sft=(19.25, 10.0, 28.5))
    compared(run, "online/00", base=(22.0, 13.0, 32.0), dpo=(0.5, -0.75, 1.75))
    jsonl.write_whole(
        run / "sft" / "example.jsonl",
        (jsonl.dump(Demo(id=f"{at}", of=(), context="Say it.", target="A")) for at in range(25)),
    )
    for name, count in (("dpo", 17), ("online/00", 9)):
        pairs = [Pair(id=f"{at}", of=(), context="Say it.", chosen="A", rejected="a") for at in range(count)]
        jsonl.write_whole(run / name / "example.jsonl", map(jsonl.dump, pairs))
    judged(run / "answers", 30, draws=2)
    for name in ("sample.jsonl", "verdict.jsonl"):
        (run / "answers" / name).rename(run / "online/00" / name)
    (run / "config.json").write_text(json.dumps({"recipe": "Autoif", "settings": {"offline": True, "rounds": 2}}))
    return run


def seen(text):
    return " ".join(re.sub(r"<[^>]*>", " ", str(text)).split())


def rows(run):
    return [seen(row) for row in re.findall(r"<tr.*?</tr>", str(steps.section(look(run))), re.DOTALL)]


def test_every_model_stands_with_what_it_follows_and_both_differences(run):
    found = rows(run)[1:5]
    assert found[0].startswith("base 31.2 26.2 to 36.2")
    assert found[1].startswith("SFT 33.5 28.5 to 38.5 +2.2 −1.5 to +6.0 +2.2 −1.5 to +6.0")
    assert found[2].startswith("offline DPO 52.8 47.8 to 57.8 +19.2 +10.0 to +28.5 +21.5 +12.0 to +31.0")
    assert found[3].startswith("online DPO 1 53.2 48.2 to 58.2 +0.5 −0.8 to +1.8 +22.0 +13.0 to +32.0")


def test_topic_words_and_what_it_was_trained_on_stand_beside_it(run):
    found = rows(run)
    beside = "61.0 55.0 to 67.0 7.5 7.0 to 8.0 0.0"
    assert found[1].endswith(beside)
    assert found[2].endswith(f"{beside} 25 texts")
    assert found[3].endswith(f"{beside} 17 pairs")
    assert found[4].endswith(f"{beside} 9 pairs of 80 answers")


def test_answers_that_follow_everything_are_told_too(run):
    assert rows(run)[8].startswith("offline DPO 50.0 ")


def test_the_sentence_names_the_steps_that_are_beyond_chance(run):
    said = steps.said(steps.steps(look(run)))
    assert said.startswith("Instructions followed after online DPO 1: more than by the base (+22.0 points")
    assert said.endswith("Beyond chance by itself: offline DPO.")


def test_a_difference_that_may_be_none_is_no_gain(run):
    compared(run, "online/00", base=(3.0, 0.0, 6.0), dpo=(0.5, -0.75, 1.75))
    assert "not shown to be more than by the base (+3.0 points" in steps.said(steps.steps(look(run)))


def test_the_page_tells_of_the_last_model_and_has_the_chart(run):
    page = report(run).read_text()
    assert "After online DPO 1 the model follows every instruction in" in page
    chart = json.loads(re.search(r'id="figures">(.*?)</script>', page, re.DOTALL)[1])["steps"]
    assert 'id="steps"' in page
    assert [line["y"] for line in chart["data"]] == [[31.25, 33.5, 52.75, 53.25], [61, 61, 61, 61]]


def test_the_table_for_a_terminal_has_every_model(run, capsys):
    table(run)
    told = capsys.readouterr().out
    assert [name for name in ("base", "SFT", "offline DPO", "online DPO 1") if name not in told] == []


def test_the_page_speaks_of_answers_and_verifiers_and_not_of_programs_and_tests(run):
    (page,) = re.findall(r"<main>.*</main>", report(run).read_text(), re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", page.partition("<h2>Settings</h2>")[0]).lower()
    assert "all followed" in text
    assert [
        word for word in ("program", "solve", "hidden test", "interpreter", "hack rate", "pass@1") if word in text
    ] == []


def test_a_run_ends_with_what_each_model_follows_and_what_became_of_the_base(run, capsys):
    steps.table(run)
    told = re.sub(r"[\s│]+", " ", capsys.readouterr().out)
    assert "offline DPO 52.8 (47.8 to 57.8) +21.5 (+12.0 to +31.0) 61.0" in told
    assert steps.said(steps.steps(look(run))) in told


def test_a_folder_that_is_no_run_of_autoif_has_no_such_table(run, capsys):
    (run / "config.json").write_text(json.dumps({"recipe": "Leti", "settings": {}}))
    steps.table(run)
    assert capsys.readouterr().out == ""


def test_a_round_that_found_no_pairs_is_no_model(run):
    (run / "online/01").mkdir()
    (run / "online/01/example.jsonl").touch()
    assert [one.title for one in look(run).rounds] == ["base", "SFT", "offline DPO", "online DPO 1"]


def test_pairs_that_nothing_was_trained_on_are_no_model(run):
    (run / "config.json").write_text(json.dumps({"recipe": "Autoif", "settings": {"offline": False}}))
    assert "offline DPO" not in [one.title for one in look(run).rounds]


def test_a_run_that_has_come_to_sft_has_a_page(run):
    for name in ("held-out/scores.json", "held-out/followed.json", "compared.json"):
        (run / "sft" / name).unlink()
    for name in ("dpo", "online"):
        (run / name).rename(run.parent / name)
    page = report(run).read_text()
    assert "<strong>Under way:</strong> SFT." in page
    assert len(rows(run)) == 4


def test_a_broken_comparison_is_named(run):
    (run / "dpo" / "compared.json").write_text('{"base": {"followed": {"value": 1}}}')
    with pytest.raises(UsageError, match=r"compared\.json: base: followed: needs value, low, high and n"):
        report(run)


def test_another_recipes_run_has_no_such_part(run):
    (run / "config.json").write_text(json.dumps({"recipe": "Leti", "settings": {}}))
    assert steps.section(look(run)) == ""
