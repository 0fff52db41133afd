"""AutoIF on recorded runs: what others' pipelines made is made again, and what is wrong with the authors' code is not.

papers.md 3.4 lists the faults of the code that is meant; each has its test here.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from errata.judges import Judging, judge
from errata.recipes import autoif_pairs
from errata.recipes.autoif_crossing import cross
from errata.recipes.autoif_parsing import Refused, score, verifier
from errata.recipes.autoif_prompts import joined
from errata.recipes.autoif_records import Data, Instruction
from errata.recipes.autoif_settings import RELEASE, Autoif, Filters, holds
from errata.tasks import load
from errata.types import Functions, Sample, Task, Verdict

DATA = Path(__file__).parents[2] / "shared" / "data"
SAMPLE = DATA / "autoif"
FLYWHEEL = DATA / "Post-Training-Data-Flywheel" / "generation_example"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir() and os.environ.get("CI") != "true", reason=f"{DATA} is not here: recorded runs"
)
FLYWHEEL_RULES = replace(RELEASE, unique=False)
"""The release's, without counting the same function or case once."""
HANGING = "def evaluate(response):\n    while True:\n        pass"


def rows(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def flywheel():
    """(instruction, its replies) of the recorded run."""
    for _, reply, about in rows(FLYWHEEL / "2_eval_func_rft_prompts_results.jsonl"):
        yield about["instruction"], [choice["message"]["content"] for choice in reply["choices"]]


def sample():
    for row in rows(SAMPLE / "eval_func_rft.jsonl"):
        yield row["instruction"], row["gpt-answer"]


def crossed(recorded, filters, seconds=None):
    """What cross-validation leaves, by instruction."""
    recorded = list(recorded)
    instructions = [
        Instruction(id=f"autoif/{at}", of=(), text=text, source="seed") for at, (text, _) in enumerate(recorded)
    ]
    replies = {f"autoif/{at}": said for at, (_, said) in enumerate(recorded)}
    return {row.instruction: row for row in cross(replies, filters, Judging(seconds=seconds))(instructions)}


@pytest.fixture(scope="module")
def replayed():
    return crossed(flywheel(), FLYWHEEL_RULES)


@pytest.fixture(scope="module")
def released():
    return crossed(sample(), RELEASE)


# what was made is made again


def test_cross_validation_of_the_recorded_run_is_reproduced_for_nine_of_nine_shared_instructions(replayed):
    wanted = {row["instruction"]: row for row in rows(FLYWHEEL / "3_cross_validation.jsonl")}
    shared = wanted.keys() & replayed.keys()
    assert len(shared) == 9
    for name in shared:
        made = replayed[name]
        assert [[one.source, one.accuracy] for one in made.functions] == wanted[name]["eval_func"]
        assert [[case.input, case.output] for case in made.cases] == wanted[name]["cases"]


def test_the_tenth_instruction_of_the_recorded_run_is_dropped(replayed):
    (dropped,) = [row for row in replayed.values() if row.reason]
    assert dropped.instruction == "Your response must have a header, formatted as a level 2 heading."
    assert dropped.reason == "too few functions"


def test_the_releases_quality_filter_is_reproduced_byte_for_byte():
    kept = [
        row
        for row in rows(SAMPLE / "query_rft_score.jsonl")
        if holds(RELEASE.quality, fmean([given for reply in row["gen"] if (given := score(reply)) is not None]))
    ]
    written = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept)
    assert written.encode() == (SAMPLE / "query_score_filter.jsonl").read_bytes()


def test_the_releases_training_set_has_its_sixteen_records():
    # As the authors' code writes them: both begin with a capital, and the query gets a stop where it has none inside.
    kept = rows(SAMPLE / "query_score_filter.jsonl")
    assert len(kept) == 16
    for row in kept:
        query, instruction = (row[name][0].upper() + row[name][1:] for name in ("query", "instruction"))
        end = "" if "?" in query or "." in query else "."
        assert joined(row["instruction"], row["query"], first=False) == f"{query}{end} {instruction}."


def test_the_release_keeps_four_of_its_five_instructions(released):
    assert [bool(row.reason) for row in released.values()].count(False) == 4


def test_the_papers_and_the_releases_rules_differ_as_they_are_said_to():
    (first, *_) = crossed(sample(), replace(RELEASE, words=True)).values()
    assert len(first.cases) == 19
    (first, *_) = crossed(sample(), Filters(mend=False, running=True)).values()
    assert len(first.cases) == 10
    assert {one.accuracy for one in first.functions} == {1.0}


# the faults of the authors' code


def test_cross_validation_does_not_hang_on_pythons_hash_seed(released):
    script = (
        "import sys; sys.path.insert(0, 'tests'); from test_autoif_replay import *; "
        "print(sorted(map(repr, crossed(sample(), RELEASE).values())))"
    )
    for seed in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True,
            check=True, timeout=60, cwd=Path(__file__).parents[1],
        )  # fmt: skip
        assert ran.stdout.strip() == str(sorted(map(repr, released.values())))


def test_helpers_of_recorded_verifiers_are_seen_and_none_of_320_answers_dies_of_a_name():
    tasks = load(f"functions:{SAMPLE / 'query_rft.jsonl'}")
    answers = [row["gpt-answer"] for row in rows(SAMPLE / "query_rft.jsonl")]
    verdicts = judged(tasks, answers)
    assert len(verdicts) == 320
    assert not any("NameError" in verdict.detail for verdict in verdicts)
    assert not any(verdict.passed is None for verdict in verdicts)
    # Held against them by hand: each has a word that has not four syllables, as the functions count them.
    assert sum(verdict.score > 0 for verdict in verdicts) == 0


def test_a_function_that_raises_is_not_counted_as_a_rejected_answer():
    tasks = load(f"functions:{SAMPLE / 'dpo_query_w_funcs.jsonl'}")
    answers = [row["gpt-answer"] for row in rows(SAMPLE / "dpo_query_w_funcs.jsonl")]
    samples, verdicts = sampled(tasks, answers), judged(tasks, answers)
    assert len(verdicts) == 168
    assert {verdict.outcome for verdict in verdicts} == {"invalid_check"}
    assert not list(autoif_pairs.pairs(data(tasks, samples, verdicts), Autoif(filters=RELEASE)))


def test_a_system_exit_in_a_verifier_ends_neither_the_run_nor_its_instruction():
    replies = [reply("raise SystemExit"), reply("return 'a' in response"), reply("return response.count('a') > 0")]
    (made,) = crossed([("Use the letter a", replies)], Filters()).values()
    assert {name: made.counts[name] for name in ("true", "false", "error")} == {"true": 2, "false": 2, "error": 2}
    assert [one.source.splitlines()[1].strip() for one in made.functions] == [
        "return 'a' in response",
        "return response.count('a') > 0",
    ]


def test_a_verifier_that_swallows_alarms_does_not_hang_cross_validation():
    stuck = "import time\n    while True:\n        try: time.sleep(9)\n        except BaseException: pass"
    replies = [reply(stuck), reply("return 'a' in response")]
    (made,) = crossed([("Use the letter a", replies)], Filters(), seconds=0.3).values()
    assert len(made.functions) == 1


def test_a_verifier_that_never_ends_while_it_is_loaded_does_not_hang_cross_validation():
    endless = json.dumps({"func": "while True:\n    pass\n" + HANGING, "cases": [{"input": "a", "output": True}]})
    (made,) = crossed([("Use the letter a", [f"```json\n{endless}\n```"])], Filters(), seconds=0.3).values()
    assert made.reason


def test_a_verifier_cannot_reach_this_process(tmp_path):
    mark = tmp_path / "mark"
    body = f"open({str(mark)!r}, 'w').close()\n    return True"
    (made,) = crossed([("Anything", [reply(body), reply("return 'a' in response")])], Filters()).values()
    assert not mark.exists()
    assert len(made.functions) == 1


def test_lines_of_a_verifier_are_not_taken_out_by_their_words():
    source = verifier(reply("requests = response.count('a')\n    return requests > 0")).source
    (made,) = crossed(
        [("Use the letter a", [reply("requests = response.count('a')\n    return requests > 0")])], Filters()
    ).values()
    assert made.functions[0].source == source
    assert "requests" in source


def test_a_verifier_that_runs_the_response_is_left_out_unless_that_is_asked():
    (first, *_) = crossed(sample(), Filters()).values()
    assert first.counts["running"] == 1
    assert not any("eval(" in one.source for one in first.functions)


def test_a_reply_without_a_verifier_does_not_have_the_one_before_it():
    (made,) = crossed([("Use the letter a", [reply("return 'a' in response"), "I cannot."])], FLYWHEEL_RULES).values()
    assert made.counts["refused"] == 1
    assert made.counts["functions"] == 1


def test_case_texts_have_line_ends_where_the_prompt_made_models_write_them_out():
    said = json.dumps(
        {
            "func": "def evaluate(response):\n    return response.count('\\n') == 1",
            "cases": [{"input": "a\\nb", "output": True}],
        }
    )
    (made,) = crossed([("Two lines", [f"```json\n{said}\n```"])], Filters()).values()
    assert made.cases[0].input == "a\nb"
    assert made.functions[0].accuracy == 1.0


def test_a_verifier_that_looks_for_written_out_line_ends_is_not_borne_out():
    body = "return len(response.split('\\\\n')) == 2"
    said = json.dumps({"func": f"def evaluate(response):\n    {body}", "cases": [{"input": "a\\nb", "output": True}]})
    (made,) = crossed([("Two lines", [f"```json\n{said}\n```"])], Filters()).values()
    assert made.reason


def test_pairs_are_the_same_each_time_and_of_rows_with_both_kinds_alone():
    recorded = rows(SAMPLE / "dpo_query_eval_score_results.jsonl")
    tasks = [
        Task(id=f"q/{at}", instruction=row["query"], check=Functions(functions=("x",)))
        for at, row in enumerate(recorded)
    ]
    samples = sampled(tasks, [[text for text, _ in row["response"]] for row in recorded])
    shares = [share for row in recorded for _, share in row["response"]]
    verdicts = [verdict(one, share) for one, share in zip(samples, shares, strict=True)]
    config = Autoif(filters=RELEASE)
    once = list(autoif_pairs.pairs(data(tasks, samples, verdicts), config))
    random.seed(7)
    assert once == list(autoif_pairs.pairs(data(tasks, samples, verdicts), config))
    assert Counter(pair.id.rpartition("#")[0] for pair in once) == {"q/3": 2, "q/10": 2, "q/12": 2}
    assert once != list(autoif_pairs.pairs(data(tasks, samples, verdicts), replace(config, seed=1)))


def test_broken_json_is_refused_where_nothing_shall_be_mended(released):
    assert sum(row.counts["refused"] for row in released.values()) == 3
    mended = crossed(sample(), Filters())
    assert sum(row.counts["refused"] for row in mended.values()) == 0
    assert sum(row.counts["mended"] for row in mended.values()) == 3


def test_recorded_replies_without_a_readable_verifier_are_refused():
    with pytest.raises(Refused):
        verifier('```json\n{"func": "def evaluate(response): return True"\n```')


def reply(body):
    cases = [{"input": "a", "output": True}, {"input": "b", "output": False}]
    return "```json\n" + json.dumps({"func": f"def evaluate(response):\n    {body}", "cases": cases}) + "\n```"


def sampled(tasks, answers):
    return [
        Sample(id=f"{task.id}#{at}", of=f"{task.id}#{at}", task=task.id, prompt="", text=text)
        for task, texts in zip(tasks, answers, strict=True)
        for at, text in enumerate(texts)
    ]


def judged(tasks, answers):
    return [made.record for made in judge(tasks, Judging())(sampled(tasks, answers))]


def verdict(one, share):
    outcome = "passed" if share > 0.5 else "wrong"
    return Verdict(id=one.id, of=one.id, task=one.task, passed=share > 0.5, outcome=outcome, score=share)


def data(tasks, samples, verdicts):
    return Data(
        instructions=(), verified=(), relations=(), translated=(), requests=(), tasks=tasks, samples=samples,
        verdicts=verdicts, scores=(),
    )  # fmt: skip
