"""The judge of unit tests: a verdict a sample, limits from references, hidden tests hidden, known programs right."""

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from errata.errors import Fault, UsageError
from errata.judges import Judging, judge, unit_tests
from errata.prompts import GOOD
from errata.sandbox import Outcome, Pool
from errata.tasks import load
from errata.types import Message, Owed, Sample, Task, Timed, UnitTests, Verdict

DATA = Path(__file__).parents[2] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not DATA.is_dir() and os.environ.get("CI") != "true", reason=f"{DATA} is not here: recorded programs"
)

TASK = Task(
    id="t/1",
    instruction="add",
    check=UnitTests(
        tests=("assert add(1, 2) == 3", "assert add(0, 0) == 0"),
        hidden=("assert add(-7, 7) == 0",),
        entry_point="add",
    ),
    reference="def add(a, b):\n    return a + b\n",
)


def sample(text: str, name: str = "t/1#0", task: str = "t/1", prompt="") -> Sample:
    return Sample(id=name, of=name, task=task, prompt=prompt, text=text)


def verdicts(tasks, samples, judging: Judging | None = None) -> dict[str, Verdict]:
    made = list(judge(tasks, judging or Judging(workers=1))(samples))
    assert all(isinstance(item, Timed) for item in made), made
    return {item.record.id: item.record for item in made}


def test_every_sample_gets_one_verdict_under_its_own_id():
    samples = [sample(f"def add(a, b):\n    return a + b + {at % 3}\n", f"t/1#{at}") for at in range(9)]
    made = verdicts([TASK], samples)
    assert sorted(made) == sorted(item.id for item in samples)
    assert [made[f"t/1#{at}"].passed for at in range(9)] == [True, False, False] * 3
    assert {(item.of, item.task) for item in made.values()} == {(item.id, "t/1") for item in samples}


def test_the_score_is_the_share_of_tests_that_passed():
    made = verdicts([TASK], [sample("def add(a, b):\n    return 0\n")])["t/1#0"]
    assert (made.score, made.passed, made.outcome) == (0.5, False, "wrong")


def test_hidden_tests_are_judged_only_where_that_is_asked_for():
    cheat = sample("def add(a, b):\n    return 3 if a else 0\n")
    public = verdicts([TASK], [cheat])["t/1#0"]
    assert (public.passed, public.measures, len(public.parts)) == (True, {"public": 1.0}, 2)
    both = verdicts([TASK], [cheat], Judging(workers=1, hidden=True))["t/1#0"]
    assert (both.passed, both.measures) == (False, {"public": 1.0, "hidden": 0.0})
    assert both.parts[2].name == "hidden[0]"
    assert "-7" not in repr(both)


def test_timing_is_told_apart_from_the_verdict():
    (made,) = judge([TASK], Judging(workers=1))([sample(TASK.reference)])
    assert isinstance(made, Timed)
    assert {"seconds", "cpu", "peak_mib", "tier"} == set(made.timing)
    assert made.timing["seconds"] > 0


def test_a_prompt_is_continued_without_its_goal():
    task = Task(id="t/1", instruction="", check=TASK.check, prefix="def add(a, b):\n")
    assert verdicts([task], [sample("    return a + b\n", prompt=GOOD + "def add(a, b):\n")])["t/1#0"].passed


def test_a_chat_reply_is_judged_by_its_code():
    turn = (Message(role="user", content="please"),)
    reply = "Here:\n```python\ndef add(a, b):\n    return a + b\n```\nDone."
    assert verdicts([TASK], [sample(reply, prompt=turn)])["t/1#0"].passed


def test_a_broken_check_passes_nobody_and_fails_nobody():
    task = Task(id="t/1", instruction="", check=UnitTests(tests=("assert add(1, 2) ==",)))
    made = verdicts([task], [sample(TASK.reference)])["t/1#0"]
    assert (made.passed, made.outcome) == (None, "invalid_check")


def test_arguments_that_tests_look_at_come_back_where_the_reference_needs_it():
    check = UnitTests(tests=("x = [2, 1]\norder(x)\nassert x == [1, 2]",), entry_point="order")
    needing = Task(id="t/1", instruction="", check=check, reference="def order(x):\n    x.sort()\n")
    program = sample("def order(x):\n    x[:] = sorted(x)\n")
    known = verdicts([needing], [program])["t/1#0"]
    without = verdicts([Task(id="t/1", instruction="", check=check)], [program])["t/1#0"]
    leaving = Task(id="t/1", instruction="", check=check, reference="order = list\n")
    assert [(one.passed, one.forgeable) for one in (known, without)] == [(True, False), (True, True)]
    assert not verdicts([leaving], [sample("def order(x): pass\n")])["t/1#0"].passed


def test_a_program_that_empties_its_argument_does_not_pass_where_the_reference_leaves_it_alone():
    check = UnitTests(tests=("x = [2, 1]\nassert order(x) == sorted(x)",), entry_point="order")
    task = Task(id="t/1", instruction="", check=check, reference="def order(x):\n    return sorted(x)\n")
    assert not verdicts([task], [sample("def order(x):\n    x.clear()\n    return []\n")])["t/1#0"].passed


@pytest.mark.parametrize(
    ("seconds", "own", "limit"),
    [(0.01, 0.01, 0.5), (9.0, 0.3, 3.0), (9.0, 9.0, 90.0), (0.9, 0.12, 1.5), (0.1, 0.06, 1.0)],
)
def test_the_limit_is_ten_times_the_references_own_time(seconds, own, limit):
    assert unit_tests.allowed(Outcome(outcome="passed", seconds=seconds, own=own)) == limit


def test_a_slow_reference_gives_its_task_a_longer_limit():
    slow = "import time\ndef add(a, b):\n    time.sleep(0.4)\n    return a + b\n"
    task = Task(id="t/1", instruction="", check=TASK.check, reference=slow)
    program = sample(slow.replace("0.4", "0.8"))
    assert verdicts([task], [program])["t/1#0"].passed
    quick = verdicts([TASK], [program])["t/1#0"]
    assert (quick.outcome, quick.detail) == ("timeout", "")


def test_helpers_of_the_prompt_are_not_the_programs():
    prefix = "def near(a, b):\n    return abs(a - b) < 1\n\n\ndef add(a, b):\n"
    check = UnitTests(tests=("assert near(add(1, 2), 3)",), entry_point="add")
    task = Task(id="t/1", instruction="", check=check, prefix=prefix)
    cheat = "    return 99\n\ndef near(a, b):\n    return True\n"
    assert not verdicts([task], [sample(cheat, prompt=prefix)])["t/1#0"].passed
    assert verdicts([task], [sample("    return a + b\n", prompt=prefix)])["t/1#0"].passed


def test_a_verdict_made_together_says_that_it_could_be_forged():
    made = verdicts([TASK], [sample(TASK.reference)], Judging(workers=1, together=True))["t/1#0"]
    assert (made.passed, made.forgeable) == (True, True)


PATCHED = "from unittest import mock\nwith mock.patch('__main__.fetch', return_value=4):\n    assert twice() == 8"
FETCHING = "def fetch():\n    raise OSError('no network')\n\ndef twice():\n    return 2 * fetch()\n"


def test_a_task_whose_tests_share_the_programs_process_says_so_and_so_do_its_verdicts():
    shared = Task(id="t/1", instruction="", check=UnitTests(tests=(PATCHED,), together=True), reference=FETCHING)
    made = verdicts([shared, replace(TASK, id="t/2")], [sample(FETCHING), sample(TASK.reference, "t/2#0", "t/2")])
    assert [(item.passed, item.forgeable) for item in made.values()] == [(True, True), (True, False)]
    assert not verdicts([shared], [sample(FETCHING.replace("2 *", "3 *"))])["t/1#0"].passed


def test_tests_that_need_the_programs_process_are_never_run_there_unasked():
    task = Task(id="t/1", instruction="", check=UnitTests(tests=(PATCHED,)), reference=FETCHING)
    with pytest.raises(UsageError, match=r"t/1: check\.together: .*set it to true"):
        verdicts([task], [sample(FETCHING)])


def test_a_verdict_that_rests_on_the_programs_own_comparison_says_that_it_could_be_forged():
    source = "class P:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, o):\n        return {}\n"
    by_eq = Task(id="t/1", instruction="", check=UnitTests(tests=("assert P(1) == P(1)",)))
    by_value = Task(id="t/2", instruction="", check=UnitTests(tests=("assert P(1).x == P(1).x == 1",)))
    programs = [sample(source.format("True")), sample(source.format("True"), "t/2#0", "t/2")]
    made = verdicts([by_eq, by_value], programs)
    assert [(item.passed, item.forgeable) for item in made.values()] == [(True, True), (True, False)]


def test_a_sample_of_an_unknown_task_is_the_users_error():
    with pytest.raises(UsageError, match="t/9"):
        list(judge([TASK], Judging(workers=1))([sample("", task="t/9")]))


def test_a_task_without_public_tests_needs_the_hidden_ones():
    task = Task(id="t/1", instruction="", check=UnitTests(tests=(), hidden=("assert add(1, 1) == 2",)))
    with pytest.raises(UsageError, match="hidden"):
        list(judge([task], Judging(workers=1))([sample(TASK.reference)]))
    made = verdicts([task], [sample(TASK.reference)], Judging(workers=1, hidden=True))
    assert made["t/1#0"].measures == {"hidden": 1.0}


def test_what_the_machine_fails_at_stays_owed(monkeypatch):
    def broken(self, jobs):
        for key, _, _ in jobs:
            yield key, Fault("no room")

    monkeypatch.setattr(Pool, "map", broken)
    assert list(judge([TASK], Judging(workers=1))([sample("")])) == [Owed(id="t/1#0", reason="no room")]


def test_identical_programs_are_run_once(monkeypatch):
    ran: list[str] = []
    whole = Pool.map

    def counted(self, jobs):
        def seen():
            for job in jobs:
                ran.append(job[1].source)
                yield job

        return whole(self, seen())

    monkeypatch.setattr(Pool, "map", counted)
    monkeypatch.setattr(unit_tests, "FIRST_WINDOW", 4)
    made = verdicts([TASK], [sample("def add(a, b): return 0", f"t/1#{at}") for at in range(12)])
    assert len(made) == 12
    assert ran.count("def add(a, b): return 0") == 1


def rows(path: Path) -> Iterator[dict]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        yield from map(json.loads, file)


@needs_data
@pytest.mark.parametrize("spec", ["mbpp:mbpp_google/mbpp.jsonl[:60]", "humaneval:humaneval/HumanEval.jsonl.gz[20:60]"])
def test_reference_programs_pass_their_own_tests(spec):
    name, _, file = spec.partition(":")
    tasks = load(f"{name}:{DATA / file}")
    made = verdicts(tasks, [sample(task.reference, task.id, task.id) for task in tasks], Judging(workers=2))
    assert [item.id for item in made.values() if not item.passed] == []


@needs_data
def test_ilfs_recorded_mistakes_fail_and_their_corrections_pass():
    path = DATA / "feedback_ilf" / "surge_annotations.jsonl"
    tasks = load(f"ilf:{path}[:30]")
    samples = []
    for task, row in zip(tasks, rows(path), strict=False):
        samples.append(sample(row["original_model_completion"], f"{task.id}#wrong", task.id))
        samples.append(sample(row["unedited_annotator_completion"], f"{task.id}#right", task.id))
    made = verdicts(tasks, samples, Judging(workers=2))
    assert {name for name, item in made.items() if item.passed} == {f"{task.id}#right" for task in tasks}


@needs_data
def test_recorded_samples_get_the_verdict_that_one_process_gives_them():
    """The first two tasks of CodeT's samples, a hundred draws each; no honest program is refused."""
    folder = DATA / "outputs_codet"
    tasks = load(f"humaneval:{folder / 'HumanEval_for_code_generation.jsonl'}[:2]")
    found = rows(folder / "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_code_solution.jsonl.gz")
    stops = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
    samples = [
        sample(unit_tests.text.cut(text, stops), f"{task.id}#{at}", task.id, prompt=task.prefix)
        for task, row in zip(tasks, found, strict=False)
        for at, text in enumerate(row["samples"])
    ]
    apart = verdicts(tasks, samples, Judging(workers=2, seconds=3.0))
    together = verdicts(tasks, samples, Judging(workers=2, seconds=3.0, together=True))
    assert {name: item.outcome for name, item in apart.items()} == {
        name: item.outcome for name, item in together.items()
    }
    assert 0 < sum(item.passed is True for item in apart.values()) < len(samples)
