"""FollowBench: its folder, its rules, what a judge model is asked, and the paper's three figures."""

import json
import os
from pathlib import Path

import pytest

from errata import cli, tasks
from errata.errors import UsageError
from errata.evaluation import levels
from errata.judges import Judging, constraints, judge
from errata.judges.constraints import asked, ruled
from errata.types import Constrained, Sample, Verdict

SHARED = Path(__file__).parents[2] / "shared" / "data" / "followbench"
GROWN = ["Name a bird.", "Name a bird of prey.", "Name a bird of prey in capitals."]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        {"example_id": 1, "source": "own", "level": n, "instruction": text, "target": ""}
        for n, text in enumerate(GROWN)
    ]
    swaps = [
        {"example_id": 2, "source": "text_editing", "level": n, "instruction": f"Swap {n}.", "target": f"b a {n}"}
        for n in (0, 1)
    ]
    form = {
        "example_id": 1,
        "source": "own",
        "level": 1,
        "instruction": "Ask",
        "target": "{instruction}\n{{'a': '{answer}'}}",
    }
    here = tmp_path / "followbench"
    here.mkdir()
    for name in ("content", "situation", "style", "format", "example", "mixed"):
        content = {"content": rows, "mixed": swaps, "example": [form]}.get(name, [])
        (here / f"{name}_constraints.json").write_text(json.dumps(content))
    return here


def check(rule: str, level: int, *target: str) -> Constrained:
    return Constrained(path=("a",) * (level + 1), level=level, category="content", rule=rule, target=target)


def satisfied(rule: str, text: str, level: int = 5, target: tuple[str, ...] = ("",)) -> list[bool]:
    return [passed for _, passed in ruled.held(check(rule, level, *target), text)]


def verdict(example: str, level: int, *parts: bool) -> Verdict:
    return Verdict(
        id=f"{example}/{level}",
        of=f"{example}/{level}",
        task=f"followbench/{example}/{level}",
        passed=all(parts),
        outcome="passed" if all(parts) else "wrong",
        score=sum(parts) / len(parts),
        measures={"level": float(level)},
    )


def test_a_folder_becomes_one_task_a_level_above_the_first(folder):
    loaded = {task.id: task for task in tasks.load(f"followbench:{folder}")}
    assert list(loaded) == [
        "followbench/content/1/1",
        "followbench/content/1/2",
        "followbench/example/1/1",
        "followbench/mixed/2/1",
    ]
    hardest = loaded["followbench/content/1/2"]
    assert hardest.instruction == GROWN[2]
    assert isinstance(hardest.check, Constrained)
    assert (hardest.check.path, hardest.check.rule) == (tuple(GROWN), "")


def test_splits_are_the_categories_and_what_rules_decide(folder):
    assert len(tasks.load(f"followbench:{folder}[content]")) == 2
    assert [task.id for task in tasks.load(f"followbench:{folder}[rules]")] == [
        "followbench/example/1/1",
        "followbench/mixed/2/1",
    ]


def test_a_level_that_is_missing_is_refused_by_file_and_entry(folder):
    path = folder / "content_constraints.json"
    path.write_text(json.dumps([json.loads(path.read_text())[1]]))
    with pytest.raises(UsageError, match=r"content_constraints\.json:1: level: 1 comes where level 0 is due"):
        tasks.load(f"followbench:{folder}")


def test_rules_hold_for_the_constraints_up_to_the_level():
    summary = "We edit the activations."
    assert satisfied("arxiv", summary) == [True] * 5
    assert satisfied("arxiv", "The transformer. It edits.", 3) == [False, True, False]
    assert satisfied("gigaword", "bomb kills two in the southern philippines today") == [True] * 5
    assert satisfied("gigaword", "Two die.") == [False, False, False, True, False]
    assert satisfied("samsum", "Kim does stuff.") == [True] * 5
    assert satisfied("samsum", "Kim procrastinates, and more!") == [True, True, False, False, False]
    assert satisfied("xsum", "An operation is going on") == [True] * 5
    assert satisfied("cnn_dailymail", "Potter star. An actor. He makes films.") == [True, True, True, True, False]
    assert satisfied("cnn_dailymail", "Potter star. A lavish actor. Has made films")[3:] == [False, False]


def test_answers_are_compared_as_the_authors_do():
    assert satisfied("option", "Not (A) but (C)", target=("(C)",)) == [True]
    assert satisfied("date", "From 01/02/2003 to 04/05/2006", target=("01/02/2003",)) == [False]
    assert satisfied("dollars", "It costs $37.", target=("$37",)) == [True]
    assert satisfied("lines", "a\nb", target=("b", "a", "c")) == [True]
    assert satisfied("lines", "a\nd", target=("b", "a", "c")) == [False]
    assert satisfied("one_of", "Bonn", target=("Berlin", "Bonn")) == [True]
    assert satisfied("form", "{'a': 'x.y'}", target=("{'a': '", "'}")) == [True]
    assert satisfied("form", "{'a': 'x\ny'}", target=("{'a': '", "'}")) == [False]
    assert satisfied("form", "{'a': '}", target=("{'a': '", "'}")) == [False]


def test_formats_are_counted_as_the_authors_do():
    long = " ".join(["word"] * 21)
    three = "\n\n".join(f"{n}. {long}" for n in (1, 2, 3))
    assert satisfied("three_paragraphs", three, 4) == [True, True, False, True]
    assert satisfied("three_paragraphs", "\n\n".join([long] * 3), 4) == [True, True, True, False]
    assert satisfied("three_paragraphs", "a\n\nb\n\nc\n\nThose are suggestions") == [True, True, False, False, True]
    points = "\n".join(f"**{n}. Growth: more" for n in range(1, 6))
    assert satisfied("five_points", points, 2) == [True, True]
    assert satisfied("five_points", "**1. Growth more", 2) == [True, False]


def test_an_unknown_rule_is_refused():
    with pytest.raises(UsageError, match=r"check\.rule: unknown rule 'rhyme'"):
        ruled.held(check("rhyme", 1), "x")


def test_a_judge_model_is_shown_how_the_instruction_grew_and_the_answer(folder):
    loaded = tasks.load(f"followbench:{folder}[content]")
    sample = Sample(id="a#0", of="a", task=loaded[1].id, prompt="", text=" EAGLE \n")
    (prompt,) = constraints.questions(loaded, [sample], chat=False)
    assert isinstance(prompt.text, str)
    places = [prompt.text.index(part) for part in (*GROWN, "EAGLE", "['YES', 'NO']")]
    assert (prompt.id, places) == ("a#0", sorted(places))


@pytest.mark.parametrize(
    ("reply", "level", "said"),
    [
        ("It does.\n['YES', 'NO']", 2, [True, False]),
        ('Well.\n["NO","NO","YES"]\n', 3, [False, False, True]),
        ("So: [YES, YES].", 2, [True, True]),
        ("YES", 1, [True]),
        ("**NO**", 1, [False]),
        ("['YES']", 1, [True]),
        ("['YES', 'NO']", 3, None),
        ("['YES', 'maybe']", 2, None),
        ("['YES', 'NO']\nI hope that helps.", 2, None),
        ("Yes", 1, None),
        ("", 1, None),
        ("[__import__('os').abort()]", 1, None),
    ],
)
def test_a_reply_of_a_judge_model_is_read_strictly(reply, level, said):
    assert asked.verdicts(reply, level) == said


def test_a_reply_that_cannot_be_read_decides_nothing(folder):
    loaded = tasks.load(f"followbench:{folder}[content]")
    reply = Sample(id="a#0", of="a", task=loaded[1].id, prompt="", text="Hm.")
    (made,) = constraints.read(loaded)([reply])
    assert isinstance(made, Verdict)
    assert (made.passed, made.outcome) == (None, "invalid_check")
    assert levels.entries([made]) == {}


def test_without_a_judge_model_what_it_decides_is_refused(folder):
    loaded = tasks.load(f"followbench:{folder}")
    sample = Sample(id="a#0", of="a", task="followbench/content/1/1", prompt="", text="x")
    with pytest.raises(UsageError, match=r"followbench/content/1/1: only a judge model can decide this"):
        list(judge(loaded, Judging())([sample]))


def test_the_three_figures_are_the_papers():
    # Two examples: one is right up to level 2, stumbles at 3 and is right again; one is right at every level.
    verdicts = [
        verdict("content/1", 1, True),
        verdict("content/1", 2, True, True),
        verdict("content/1", 3, True, False, True),
        verdict("content/1", 4, True, True, True, True),
        verdict("content/1", 5, False, False, False, False, True),
        *(verdict("style/1", level, *[True] * level) for level in range(1, 6)),
    ]
    found = {name: entry["value"] for name, entry in levels.entries(verdicts).items()}
    assert [found[f"hsr:{n}"] for n in range(1, 6)] == [100.0, 100.0, 50.0, 100.0, 50.0]
    assert [found[f"ssr:{n}"] for n in range(1, 6)] == [100.0, 100.0, 83.33, 100.0, 60.0]
    assert (found["hsr"], found["hsr:content"], found["hsr:style"]) == (80.0, 60.0, 100.0)
    assert found["ssr:content"] == pytest.approx(100 * (1 + 1 + 2 / 3 + 1 + 1 / 5) / 5, abs=0.01)
    assert (found["csl"], found["csl:content"], found["csl:style"]) == (3.5, 2.0, 5.0)


def test_an_example_that_fails_at_once_has_no_consistent_level():
    verdicts = [verdict("content/1", level, *[level > 1] * level) for level in range(1, 6)]
    assert levels.entries(verdicts)["csl"]["value"] == 0.0


def test_an_example_that_lacks_a_level_has_no_csl():
    assert "csl" not in levels.entries([verdict("content/1", 1, True)])


def test_a_model_is_measured_with_a_judge_model(folder, tmp_path, capsys):
    loaded = tasks.load(f"followbench:{folder}")
    texts = {"followbench/mixed/2/1": "b a 1", "followbench/example/1/1": "{'a': 'x'}"}
    answers = [
        {"id": f"{task.id}#0", "of": task.id, "task": task.id, "prompt": "", "text": texts.get(task.id, "Eagle")}
        for task in loaded
    ]
    replies = [
        {"id": f"{name}#0", "of": f"{name}#0", "task": name, "prompt": "", "text": text}
        for name, text in (("followbench/content/1/1", "YES"), ("followbench/content/1/2", "['YES', 'NO']"))
    ]
    for name, rows in (("answers", answers), ("replies", replies)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["evaluate", str(tmp_path / "run"), "--model", "primer", "--tasks", f"followbench:{folder}", "--draws", "1"]
    words += ["--backend", f"recorded:{tmp_path}/answers.jsonl", "--judge.model", "primer"]
    cli.main([*words, "--judge.backend", f"recorded:{tmp_path}/replies.jsonl"])
    found = json.loads((tmp_path / "run" / "scores.json").read_text())
    assert (found["hsr:1"]["value"], found["hsr:2"]["value"], found["ssr:2"]["value"]) == (100.0, 0.0, 50.0)
    assert len((tmp_path / "run" / "judge" / "sample.jsonl").read_text().splitlines()) == 2


def test_the_judge_counts_what_evaluate_counts(folder, tmp_path, capsys):
    source = f"followbench:{folder}[rules]"
    texts = {"followbench/mixed/2/1": ("b a 1", "a b"), "followbench/example/1/1": ("{'a': 'x'}", "x")}
    rows = [
        {"id": f"{name}#{draw}", "of": f"{name}#{draw}", "task": name, "prompt": "", "text": text}
        for name, those in texts.items()
        for draw, text in enumerate(those if "mixed" in name else those[:1] * 2)
    ]
    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["--tasks", source, "--model", "primer", "--draws", "2", "--backend", f"recorded:{answers}"]
    cli.main(["evaluate", str(tmp_path / "run"), *words])
    measured = json.loads((tmp_path / "run" / "scores.json").read_text())
    capsys.readouterr()
    cli.main(["judge", str(answers), "--tasks", source, "-o", str(tmp_path / "verdicts.jsonl"), "--json"])
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    levelled = {name: one for name, one in measured.items() if name.startswith(("hsr", "ssr", "csl"))}
    assert levelled["hsr"]["value"] == 75.0
    assert {name: [told[name], told[f"{name}_low"], told[f"{name}_high"]] for name in levelled} == {
        name: [one["value"], one["low"], one["high"]] for name, one in levelled.items()
    }


def test_the_judge_gives_the_consistent_levels(folder, tmp_path, capsys):
    rows = [
        {
            "example_id": 3,
            "source": "own",
            "level": n,
            "instruction": "Ask",
            "target": "{instruction}\n{{'a': '{answer}'}}",
        }
        for n in range(1, 6)
    ]
    (folder / "example_constraints.json").write_text(json.dumps(rows))
    answers = tmp_path / "answers.jsonl"
    texts = ["{'a': 'x'}", "{'a': 'y'}", "no", "{'a': 'z'}", "{'a': 'z'}"]
    lines = [{"task_id": f"followbench/example/3/{n}", "solution": text} for n, text in enumerate(texts, 1)]
    answers.write_text("".join(json.dumps(line) + "\n" for line in lines))
    source = f"followbench:{folder}[example]"
    cli.main(["judge", str(answers), "--tasks", source, "-o", str(tmp_path / "verdicts.jsonl"), "--json"])
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["hsr"], told["ssr"], told["csl"]) == (80.0, 80.0, 2.0)


def test_a_missing_judge_model_is_told_before_anything_is_asked(folder, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["evaluate", str(tmp_path / "run"), "--model", "primer", "--tasks", f"followbench:{folder}"])
    assert ended.value.code == 2
    assert "2 of 4 tasks need a judge model" in capsys.readouterr().err


def test_the_real_folder_is_read_whole():
    if not SHARED.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{SHARED} is missing")
        pytest.skip("the folder of real data is not there")
    loaded = tasks.load(f"followbench:{SHARED}")
    assert (len(loaded), sum(map(constraints.by_model, loaded))) == (820, 470)
    assert len(tasks.load(f"followbench:{SHARED}[example]")) == 200
