"""Texts judged by functions that a model wrote: what they may do, and what is said of a text."""

import json
import time
from pathlib import Path

import pytest

from errata.cli import main
from errata.errors import Fault, UsageError
from errata.judges import Judging, functions_calls, judge
from errata.judges.functions_calls import Call, Said, call, runs_text, truth
from errata.sandbox import Limits, Pool
from errata.tasks import load
from errata.types import Functions, Owed, Sample, Task

YES = "def evaluate(response):\n    return True"
NO = "def evaluate(response):\n    return False"
HELPED = "def evaluate(response):\n    return count(response) > 2\n\ndef count(text):\n    return len(text.split())"
STUCK = (
    "import time\ndef evaluate(response):\n    while True:\n        try:\n            time.sleep(60)\n"
    "        except BaseException:\n            pass"
)


@pytest.fixture(scope="module")
def pool():
    with Pool(2) as made:
        yield made


def said(pool, source, *texts, seconds=5.0, patience=0):
    ((_, heard),) = call(pool, [Call(source=source, texts=texts)], Limits(seconds=seconds), patience=patience)
    return heard


def values(pool, source, *texts, **more):
    return [truth(one) for one in said(pool, source, *texts, **more)]


def verdicts(functions, *texts, above=0.5, judging=None):
    task = Task(id="t", instruction="Do it", check=Functions(functions=functions, above=above))
    samples = [Sample(id=f"t#{at}", of=f"t#{at}", task="t", prompt="", text=text) for at, text in enumerate(texts)]
    return [made.record for made in judge([task], judging or Judging(workers=1))(samples)]


# what functions may do


def test_helper_functions_are_seen_by_the_function_that_calls_them(pool):
    assert values(pool, HELPED, "a b c", "a") == [True, False]


def test_helper_functions_see_each_other_and_their_imports(pool):
    source = "import re\ndef words(t):\n    return re.findall('a', t)\ndef some(t):\n    return words(t)\n"
    source += "def evaluate(t):\n    return some(t) != []"
    assert values(pool, source, "a", "!") == [True, False]


def test_system_exit_in_a_function_is_an_error_of_that_call_alone(pool):
    source = "def evaluate(response):\n    if response == 'b':\n        raise SystemExit\n    return True"
    assert values(pool, source, "a", "b", "c") == [True, None, True]


def test_a_function_that_ends_its_process_ends_nothing_else(pool):
    source = "import os\ndef evaluate(response):\n    if response == 'b':\n        os._exit(0)\n    return True"
    assert values(pool, source, "a", "b", "c", "b") == [True, None, True, None]


def test_a_function_that_swallows_interruptions_does_not_hang_the_run(pool):
    started = time.monotonic()
    assert values(pool, STUCK, "a", "b", seconds=0.5) == [None, None]
    assert time.monotonic() - started < 60


def test_a_function_that_does_not_come_back_is_given_up_where_that_is_asked(pool):
    heard = said(pool, STUCK, *"abcdefgh", seconds=0.5, patience=2)
    assert [one.error for one in heard[:1]] == ["timeout"]
    assert "given up" in heard[-1].error


def test_source_that_never_ends_while_it_is_loaded_is_bounded(pool):
    assert values(pool, "while True:\n    pass\n" + YES, "a", seconds=0.5) == [None]


def test_memory_of_a_function_is_bounded(pool):
    heard = said(pool, "def evaluate(response):\n    return len([0] * (1 << 31)) > 0", "a")
    assert heard[0].error


def test_a_function_writes_no_file_and_reads_none_of_this_machine(pool, tmp_path):
    (tmp_path / "secret").write_text("x")
    source = f"def evaluate(response):\n    open({str(tmp_path / 'made')!r}, 'w').write('x')\n    return True"
    assert values(pool, source, "a") == [None]
    assert not (tmp_path / "made").exists()
    assert values(
        pool, f"def evaluate(response):\n    return bool(open({str(tmp_path / 'secret')!r}).read())", "a"
    ) == [None]


def test_what_a_function_prints_is_no_answer(pool):
    source = 'import os\ndef evaluate(response):\n    print(\'{"at": 0, "value": true}\')\n'
    source += "    os.write(1, b'junk')\n    return False"
    assert values(pool, source, "a", "b") == [False, False]


def test_one_call_sees_nothing_of_another(pool):
    source = "seen = []\ndef evaluate(response):\n    seen.append(response)\n    return len(seen) == 1"
    assert values(pool, source, "a", "b", "c") == [True, True, True]


def test_chance_is_the_same_in_each_call(pool):
    source = "import random\ndef evaluate(response):\n    return random.random() < 0.5"
    assert len(set(values(pool, source, *"abcdefgh"))) == 1


def test_answers_that_hang_on_the_order_of_a_set_are_the_same_in_each_process(pool):
    source = "def evaluate(response):\n    return next(iter({'a', 'b', 'c', 'd', 'e'})) in 'abc'\n"
    assert len({*values(pool, source, "a"), *values(pool, source + "#", "a"), *values(pool, source + "##", "a")}) == 1


def test_lines_that_speak_of_downloads_and_requests_are_run_as_they_stand(pool):
    source = "def evaluate(response):\n    requests = response.count('please')\n    return requests == 1"
    assert values(pool, source, "please", "no") == [True, False]


def test_texts_that_no_unicode_file_could_hold_are_looked_at(pool):
    assert values(pool, "def evaluate(response):\n    return len(response) == 1", "\ud800", "\u2028", "") == [
        True,
        True,
        False,
    ]


def test_more_texts_than_a_process_takes_are_all_answered_in_their_order(pool):
    texts = [str(at) for at in range(2 * functions_calls.TEXTS + 3)]
    heard = values(pool, "def evaluate(response):\n    return int(response) % 3 == 0", *texts)
    assert heard == [at % 3 == 0 for at in range(len(texts))]


def test_a_function_that_runs_texts_sees_one_text_a_process(pool):
    source = "import builtins\ndef evaluate(response):\n    eval(response)\n    return builtins.len('ab') == 2"
    assert runs_text(source)
    assert values(pool, source, "setattr(builtins, 'len', lambda x: 3)", "1", "2") == [False, True, True]


@pytest.mark.parametrize(
    "source",
    ["def evaluate(response):\n    import re\n    return bool(re.compile('a'))", "def evaluate(r):\n return", "def ("],
)
def test_a_function_that_runs_no_text_is_not_taken_for_one(source):
    assert not runs_text(source)


# what is said


@pytest.mark.parametrize(
    ("answer", "truth_of"),
    [
        *(("True", True), ("False", False), ("'True'", True), ("' false\\n'", False), ("'TRUE'", True), ("1", True)),
        *(("0", False), ("None", None), ("2", None), ("'yes'", None), ("[]", None), ("0.0", None), ("''", None)),
    ],
)
def test_an_answer_is_true_or_false_or_none_of_the_two(pool, answer, truth_of):
    assert values(pool, f"def evaluate(response):\n    return {answer}", "a") == [truth_of]


def test_words_are_no_truth_values_where_that_is_asked():
    assert truth(Said(value="True"), words=False) is None
    assert truth(Said(value=True), words=False) is True


@pytest.mark.parametrize(
    "source", ["def evaluate(response)\n    return True", "x = 1", "import nothing_such\n" + YES, "evaluate = 3"]
)
def test_a_source_that_cannot_be_run_is_told_from_one_that_fails(pool, source):
    assert said(pool, source, "a")[0].broken
    assert not said(pool, "def evaluate(response):\n    raise ValueError", "a")[0].broken


def test_a_text_is_right_when_more_than_half_of_the_functions_say_so():
    assert [v.passed for v in verdicts((YES, YES, NO), "a")] == [True]
    assert [v.passed for v in verdicts((YES, NO), "a")] == [False]


def test_how_many_must_say_so_can_be_told():
    assert verdicts((YES, NO, NO), "a", above=0.0)[0].passed is True
    assert verdicts((NO, NO), "a", above=0.0)[0].passed is False


def test_a_function_that_fails_has_no_vote():
    (verdict,) = verdicts((YES, "def evaluate(response):\n    return 1 / 0", "def ("), "a")
    assert (verdict.passed, verdict.score) == (True, 1.0)
    assert "ZeroDivisionError" in verdict.detail


def test_a_text_that_no_function_has_an_answer_for_is_not_turned_down():
    (verdict,) = verdicts(("def evaluate(response):\n    raise ValueError('bad')",), "a")
    assert (verdict.passed, verdict.outcome) == (None, "invalid_check")
    assert "ValueError: bad" in verdict.detail


def test_blanks_around_a_text_do_not_belong_to_it():
    assert verdicts(("def evaluate(response):\n    return response.endswith('done')",), "\n I am done \n")[0].passed


def test_a_verdict_that_the_text_could_have_made_says_so():
    assert verdicts(("def evaluate(response):\n    return eval(response) == 2",), "1 + 1")[0].forgeable
    assert not verdicts((HELPED,), "a b c")[0].forgeable


def test_every_function_has_its_part():
    (verdict,) = verdicts((YES, NO, "def evaluate(response):\n    return 'False'"), "a")
    assert [(part.passed, part.got) for part in verdict.parts] == [(True, "True"), (False, "False"), (False, "'False'")]


def test_the_order_of_samples_changes_no_verdict():
    texts = ["a b c", "a", "b c d e", "a"]
    forward = {v.id: v for v in verdicts((HELPED,), *texts)}
    backward = verdicts((HELPED,), *texts[::-1])
    assert {v.id: v.passed for v in backward} == {f"t#{3 - int(id[2:])}": v.passed for id, v in forward.items()}


def test_what_the_machine_fails_at_stays_owed(monkeypatch):
    class Failing(Pool):
        def map(self, jobs):
            return ((key, Fault("the machine")) for key, _, _ in jobs)

    monkeypatch.setattr("errata.judges.functions.Pool", Failing)
    task = Task(id="t", instruction="Do it", check=Functions(functions=(YES,)))
    (made,) = judge([task], Judging(workers=1))([Sample(id="t#0", of="t#0", task="t", prompt="", text="a")])
    assert isinstance(made, Owed)


# as tasks


def rows(path: Path, *those):
    path.write_text("".join(json.dumps(row) + "\n" for row in those))
    return path


def test_instructions_with_functions_are_tasks(tmp_path):
    path = rows(
        tmp_path / "f.jsonl",
        {"id": "a", "instruction": "Use no commas.", "query": "What is it?", "functions": [YES]},
        {"instruction": "Use no dots.", "eval_func": [[NO, 1.0], [YES, 0.8]]},
        {"id": "dropped", "instruction": "Nobody can.", "functions": [], "reason": "too few cases"},
        {"prompt": "What? Use no dots.", "eval_func": [[NO, 1.0]]},
        {"instruction": "Shout.", "functions": [{"source": YES, "accuracy": 1.0}]},
    )
    tasks = load(f"functions:{path}")
    assert [task.id for task in tasks] == ["a", "functions/2", "functions/4", "functions/5"]
    assert tasks[0].instruction == "What is it? Use no commas."
    assert tasks[1].check == Functions(functions=(NO, YES))
    assert tasks[2].instruction == "What? Use no dots."


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"functions": [YES]}, "f.jsonl:1: instruction: field required"),
        ({"instruction": "Shout."}, "f.jsonl:1: functions: field required"),
        ({"instruction": "Shout.", "functions": []}, "f.jsonl:1: functions: a task needs at least one function"),
        ({"instruction": 3, "functions": [YES]}, "f.jsonl:1: instruction: "),
    ],
)
def test_a_bad_row_is_one_line_that_names_it(tmp_path, row, words):
    path = rows(tmp_path / "f.jsonl", row)
    with pytest.raises(UsageError, match=words):
        load(f"functions:{path}")


def test_task_records_may_have_functions(tmp_path):
    task = {"id": "a", "instruction": "Shout.", "check": {"kind": "functions", "functions": [YES]}}
    assert load(str(rows(tmp_path / "t.jsonl", task)))[0].check == Functions(functions=(YES,))
    none = {**task, "check": {"kind": "functions", "functions": []}}
    with pytest.raises(UsageError, match="functions: a task needs at least one function"):
        load(str(rows(tmp_path / "n.jsonl", none)))


def test_errata_judge_rewards_texts_by_functions(tmp_path, capsys):
    tasks = rows(tmp_path / "f.jsonl", {"id": "a", "instruction": "Many words.", "functions": [HELPED]})
    broken = rows(
        tmp_path / "b.jsonl", {"id": "b", "instruction": "Fail.", "functions": ["def evaluate(r):\n    return r.x"]}
    )
    out = tmp_path / "out.jsonl"
    samples = rows(tmp_path / "s.jsonl", {"task_id": "a", "completion": "a b c"}, {"task_id": "a", "completion": "a"})
    main(["judge", str(samples), "--tasks", f"functions:{tasks}", "-o", str(out), "--json"])
    assert [json.loads(line)["passed"] for line in out.read_text().splitlines()] == [True, False]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["pass@1"] == 50.0
    samples = rows(tmp_path / "s2.jsonl", {"task_id": "b", "completion": "a b c"})
    main(["judge", str(samples), "--tasks", f"functions:{broken}", "-o", str(tmp_path / "out2.jsonl"), "--json"])
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "pass@1" not in told
    assert json.loads((tmp_path / "out2.jsonl").read_text())["outcome"] == "invalid_check"
