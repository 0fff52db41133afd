"""IFEval's file, `errata judge` and scores on it, and agreement with the recorded official verdicts."""

import json
import os
from pathlib import Path

import pytest

from errata import cli, tasks
from errata.errors import UsageError
from errata.evaluation import grade, ifeval
from errata.evaluation.scoring import scores
from errata.judges import Judging, judge
from errata.types import Rule, Rules, Sample, Task, Timed, Verdict

SHARED = Path(__file__).parents[2] / "shared" / "data" / "ifeval"
ROWS = [
    {
        "key": 7,
        "prompt": "Say hello without commas in three words or more.",
        "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
        "kwargs": [{}, {"num_words": 3, "relation": "at least", "keyword": None}],
    },
    {"key": 9, "prompt": "Quote it.", "instruction_id_list": ["startend:quotation"], "kwargs": [{}]},
]


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def prompts(tmp_path: Path) -> str:
    return f"ifeval:{written(tmp_path / 'input_data.jsonl', ROWS)}"


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{SHARED} is missing")
        pytest.skip("the folder of real data is not there")
    return SHARED


def judged(prompts: str, *texts: tuple[str, str]) -> list[Verdict]:
    known = tasks.load(prompts)
    samples = [
        Sample(id=f"{task}#{n}", of=task, task=task, prompt="", text=text) for n, (task, text) in enumerate(texts)
    ]
    made = judge(known, Judging())(samples)
    return [one.record for one in made if isinstance(one, Timed)]


def refused(tmp_path: Path, **changes: object) -> str:
    path = written(tmp_path / "bad.jsonl", [{**ROWS[0], **changes}])
    with pytest.raises(UsageError) as raised:
        tasks.load(f"ifeval:{path}")
    return str(raised.value).removeprefix(str(path))


def test_a_row_becomes_a_task_with_its_rules(prompts):
    task = tasks.load(prompts)[0]
    assert (task.id, task.instruction) == ("ifeval/7", ROWS[0]["prompt"])
    assert task.check == Rules(
        rules=(
            Rule(id="punctuation:no_comma"),
            Rule(id="length_constraints:number_words", kwargs={"num_words": 3, "relation": "at least"}),
        )
    )


def test_a_bad_row_is_refused_by_file_line_and_field(tmp_path):
    assert refused(tmp_path, instruction_id_list=["punctuation:no_comma", "a:b"]).startswith(
        ":1: instruction_id_list[1]: unknown rule 'a:b'"
    )
    assert refused(tmp_path, kwargs=[{}, {"num_words": 3}]) == ":1: kwargs[1]: relation: field required"
    assert refused(tmp_path, kwargs=[{}]) == ":1: kwargs: 1 entries for 2 instructions"
    assert refused(tmp_path, key="seven").startswith(":1: key: ")


def test_a_users_own_task_with_a_bad_rule_is_refused_by_file_line_and_field(tmp_path):
    path = written(
        tmp_path / "own.jsonl",
        [
            {
                "id": "a",
                "instruction": "b",
                "check": {"kind": "rules", "rules": [{"id": "startend:title", "kwargs": {}}]},
            }
        ],
    )
    with pytest.raises(UsageError, match=r"own\.jsonl:1: check\.rules\[0\]\.id: unknown rule 'startend:title'"):
        tasks.load(str(path))


def test_a_verdict_has_a_part_for_each_instruction_and_says_what_failed(prompts):
    (verdict,) = judged(prompts, ("ifeval/7", "hello, you"))
    assert (verdict.passed, verdict.outcome, verdict.score) == (False, "wrong", 0.0)
    assert [(part.name, part.got, part.expected) for part in verdict.parts] == [
        ("punctuation:no_comma", "1 comma", "no comma"),
        ("length_constraints:number_words", "2 words", "at least 3 words"),
    ]
    assert verdict.detail.splitlines()[1] == (
        "length_constraints:number_words: wanted at least 3 words; the answer has 2 words."
    )


def test_a_verdict_knows_the_loose_side_apart(prompts):
    (verdict,) = judged(prompts, ("ifeval/9", 'Sure:\n"Hello"'))
    assert verdict.passed is False
    assert ifeval.followed(verdict) == ifeval.Followed(task="ifeval/9", strict=[False], loose=[True])


def test_scores_have_the_four_accuracies_with_intervals(prompts):
    verdicts = judged(prompts, ("ifeval/7", "hello you there"), ("ifeval/9", 'Sure:\n"Hello"'))
    found = scores(verdicts)
    assert {name: found[name]["value"] for name in ifeval.NAMES} == {
        "prompt_strict": 50.0,
        "instruction_strict": 66.67,
        "prompt_loose": 100.0,
        "instruction_loose": 100.0,
    }
    assert all(found[name]["low"] <= found[name]["value"] <= found[name]["high"] for name in ifeval.NAMES)
    assert found["prompt_loose"]["low"] < 100
    assert found["prompt_strict"]["n"] == 2


def test_draws_of_one_prompt_count_as_one_prompt():
    answers = [ifeval.Followed(task="a", strict=[passed], loose=[passed]) for passed in (True, False)]
    answers.append(ifeval.Followed(task="b", strict=[True], loose=[True]))
    assert ifeval.accuracies(answers)["prompt_strict"].value == 0.75


def test_instructions_are_counted_by_their_kind(prompts):
    verdicts = judged(prompts, ("ifeval/7", "hello, you there"), ("ifeval/9", 'Sure:\n"Hello"'))
    assert ifeval.by_instruction(verdicts) == {
        "length_constraints:number_words": (1, 1, 1),
        "punctuation:no_comma": (0, 0, 1),
        "startend:quotation": (0, 1, 1),
    }


def test_the_judge_reads_googles_response_files(prompts, tmp_path, capsys):
    answers = written(
        tmp_path / "responses.jsonl",
        [
            {"prompt": ROWS[1]["prompt"], "response": '"Hello"'},
            {"prompt": "What nobody asked.", "response": "x"},
            {"prompt": ROWS[0]["prompt"], "response": "Hello, my dear friend"},
        ],
    )
    out = tmp_path / "verdicts.jsonl"
    cli.main(["judge", str(answers), "--tasks", prompts, "-o", str(out), "--json"])
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(line["task_id"], line["strict"], line["loose"]) for line in lines] == [
        ("ifeval/9", [True], [True]),
        ("", [], []),
        ("ifeval/7", [False, True], [False, True]),
    ]
    assert lines[1]["outcome"] == grade.UNMATCHED
    assert lines[1]["passed"] is None
    assert (told["n"], told["unmatched"], told["owed"]) == (2, 1, 0)
    assert [told[name] for name in ifeval.NAMES] == [50.0, 66.67, 50.0, 66.67]


def test_the_judge_reads_sample_records_for_rules(prompts, tmp_path, capsys):
    sample = {"id": "ifeval/9#0", "of": "ifeval/9", "task": "ifeval/9", "prompt": "Quote it.", "text": '"Hello"'}
    answers = written(tmp_path / "samples.jsonl", [{**sample, "finish": "stop"}])
    cli.main(["judge", str(answers), "--tasks", prompts, "-o", str(tmp_path / "v.jsonl"), "--json"])
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["instruction_loose"] == 100.0


def test_responses_to_other_prompts_alone_are_bad_input(prompts, tmp_path):
    answers = written(tmp_path / "responses.jsonl", [{"prompt": "Other", "response": "x"}])
    with pytest.raises(UsageError, match=r"responses\.jsonl: prompt: no line's prompt is among the tasks"):
        grade.grade(answers, prompts, tmp_path / "v.jsonl", Judging())


@pytest.mark.parametrize(
    ("row", "field"), [({"prompt": "Quote it.", "response": None}, "response"), ({"response": "x"}, "prompt")]
)
def test_a_line_without_its_prompt_or_response_is_refused_by_its_field(prompts, tmp_path, row, field):
    answers = written(tmp_path / "responses.jsonl", [row])
    with pytest.raises(UsageError, match=rf"responses\.jsonl:1: {field}: field required"):
        grade.grade(answers, prompts, tmp_path / "v.jsonl", Judging())


def test_the_report_of_a_measurement_shows_the_four_accuracies_and_each_kind(prompts, tmp_path, capsys):
    samples = [
        {"id": f"ifeval/{key}#0", "of": f"ifeval/{key}", "task": f"ifeval/{key}", "prompt": "", "text": text}
        for key, text in ((7, "hello, you there"), (9, '"Hello"'))
    ]
    answers = written(tmp_path / "samples.jsonl", samples)
    run = tmp_path / "run"
    words = ["evaluate", str(run), "--model", "primer", "--tasks", prompts, "--draws", "1"]
    cli.main([*words, "--backend", f"recorded:{answers}"])
    assert "instruction_strict    66.7 %" in capsys.readouterr().out
    page = (run / "report.html").read_text()
    assert "instructions, loose" in page
    assert "length_constraints:number_words" in page


def test_a_prompt_is_put_to_the_model_in_its_own_words(prompts):
    from errata.prompts import render

    task = tasks.load(prompts)[0]
    assert isinstance(task, Task)
    assert str(render(task)).strip() == task.instruction
    (turn,) = render(task, "chat")
    assert turn.content == task.instruction


def test_recorded_responses_get_the_recorded_official_verdicts(shared, tmp_path):
    out = tmp_path / "v.jsonl"
    responses = shared / "input_response_data_gpt4_20231107_145030.jsonl"
    graded = grade.grade(responses, f"ifeval:{shared}/input_data.jsonl", out, Judging())
    prompts = [json.loads(line)["prompt"] for line in responses.read_text().splitlines()]
    ours = dict(zip(prompts, map(json.loads, out.read_text().splitlines()), strict=True))
    differing: dict[str, int] = {}
    for side in ("strict", "loose"):
        recorded = (shared / f"podtech_gpt4_eval_results_{side}.jsonl").read_text().splitlines()
        official = [json.loads(line) for line in recorded]
        differing[side] = sum(ours[row["prompt"]][side] != row["follow_instruction_list"] for row in official)
        assert len(official) == 540
    # In one prompt the official checker draws a letter at random, twice, and contradicts itself.
    assert differing == {"strict": 1, "loose": 0}
    assert graded.numbers["unmatched"] == 1
    assert graded.numbers["n"] == 540
    published = dict(zip(ifeval.NAMES, (76.89, 83.57, 79.30, 85.37), strict=True))
    assert all(abs(graded.numbers[name] - value) < 0.4 for name, value in published.items())
