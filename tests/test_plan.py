"""What is read off the text of tests, and that a verdict is the same whether it was or not."""

import ast
from dataclasses import replace

import pytest

from errata.sandbox import Limits, Outcome, Program, trial
from errata.sandbox.plan import plan
from errata.sandbox.trees import segment
from errata.sandbox.worker import Worker
from test_trial import FAILING

CHECK = """
METADATA = {"author": "us"}

def check(candidate):
    assert candidate(1) == 2
    assert candidate(10) == 11, "three"
    assert not candidate(-1)
"""
LOOP = """
def assertion(out, exp, atol):
    assert out == exp, f"out: {out}, exp: {exp}"

inputs = [[1], [10], [30]]
results = [2, 11, 31]
for i, (inp, exp) in enumerate(zip(inputs, results)):
    assertion(f(*inp), exp, 0)
"""
SHOWN = {
    "passes": "def f(x):\n    return x + 1\n",
    "fails_at_the_second": "def f(x):\n    return 2\n",
    "raises_at_the_second": "def f(x):\n    return {1: 2, 30: 31, -1: 0}[x]\n",
    "no_answer": "def f(x):\n    pass\n",
    "ends_itself": "import sys\ndef f(x):\n    if x == 10:\n        sys.exit(0)\n    return x + 1\n",
    "ends_itself_at_once": "import os\ndef f(x):\n    if x == 10:\n        os._exit(0)\n    return x + 1\n",
    "never_ends": "def f(x):\n    while x == 10:\n        pass\n    return x + 1\n",
    "an_object": "class A:\n    def __eq__(self, other):\n        return True\ndef f(x):\n    return A()\n",
    "a_subclass": "class A(int):\n    def __eq__(self, other):\n        return True\ndef f(x):\n    return A(x + 1)\n",
    "a_generator": "def f(x):\n    yield x + 1\n",
    "a_class": "class f:\n    def __init__(self, x):\n        self.x = x\n",
    "data": "f = 3\n",
    "nothing": "g = 3\n",
    "prints": "def f(x):\n    print('x', x)\n    return x + 1\n",
    "counts": "calls = []\ndef f(x):\n    calls.append(x)\n    return x + len(calls) // len(calls)\n",
    "nan": "def f(x):\n    return float('nan')\n",
    "a_true_float": "def f(x):\n    return x + 1.0\n",
    "warns": "import warnings\ndef f(x):\n    warnings.warn('old')\n    return x + 1\n",
}
TESTS = {
    "apart": {"tests": ("assert f(1) == 2", "assert f(10) == 11", "assert f(30) == 31")},
    "together": {"tests": ("check(f)",), "setup": CHECK},
    "loop": {"tests": ("assert f(1) == 2",), "hidden": (LOOP,)},
}


def timeless(outcome: Outcome) -> Outcome:
    return replace(outcome, seconds=0.0, own=0.0, cpu=0.0, peak_mib=0.0)


def both(worker: Worker, program: Program, monkeypatch: pytest.MonkeyPatch) -> tuple[Outcome, Outcome]:
    """With what was read off the text, and without."""
    limits = Limits(seconds=0.5)
    planned = trial.run_trial(worker, program, limits)
    monkeypatch.setattr(trial, "plan", lambda *_: None)
    return timeless(planned), timeless(trial.run_trial(worker, program, limits))


@pytest.mark.parametrize("tests", TESTS)
@pytest.mark.parametrize("source", SHOWN)
def test_a_verdict_is_the_same_with_and_without_a_plan(source, tests, worker, monkeypatch):
    program = Program(source=SHOWN[source], entry_point="f", **TESTS[tests])
    assert plan((*program.tests, *program.hidden), program.setup, "f") is not None
    planned, asked = both(worker, program, monkeypatch)
    if tests != "apart":
        # What a program prints in calls that the tests, having failed, would not have come to is no part of a verdict.
        planned, asked = replace(planned, stdout="", stderr=""), replace(asked, stdout="", stderr="")
    assert planned == asked


@pytest.mark.parametrize("name", FAILING)
def test_a_failure_is_told_in_the_same_words_with_and_without_a_plan(name, worker, monkeypatch):
    source, tests = FAILING[name]
    planned, asked = both(worker, Program(source=source, tests=tests, entry_point="f"), monkeypatch)
    assert planned == asked


def names(*tests: str, setup: str = "", entry: str = "f") -> list[tuple[object, ...]] | None:
    made = plan(tests, setup, entry)
    return None if made is None else [item.given for item in made.asked]


def test_literal_comparisons_are_read():
    assert names("assert f(1, [2]) == 3", "assert {4} == f((5,))", "assert not f('x')", "assert f(-1.5)") == [
        (1, [2]),
        ((5,),),
        ("x",),
        (-1.5,),
    ]


@pytest.mark.parametrize(
    "test",
    [
        "assert f(x) == 3",
        "assert f(g(1)) == 3",
        "assert f(1) == g(3)",
        "assert f(x=1) == 3",
        "assert f(*[1]) == 3",
        "assert f(1) < 3",
        "assert f(1).x == 3",
        "assert f(1) == 3, f(2)",
        "f(1) == 3",
        "assert f(1) == 3; f(2)",
        "assert g(1) == 3",
        "assert f(1 ==",
    ],
)
def test_other_tests_are_not_read(test):
    assert names("assert f(0) == 7", test, "assert f(1) == 2") is None


def test_a_builtins_name_is_read_only_where_it_is_the_entry_point():
    assert names("assert sum(1, 2) == 3", entry="sum") == [(1, 2)]
    assert names("assert sum(1, 2) == 3", entry="") is None


def test_humanevals_check_is_read():
    made = plan(("check(f)",), CHECK, "f")
    assert made is not None
    assert ([item.given for item in made.asked], made.whole) == ([(1,), (10,), (-1,)], True)


def test_a_check_that_asks_more_is_read_up_to_there():
    made = plan(("check(f)",), CHECK + "    assert abs(candidate(3) - 4) < 1\n    assert candidate(5) == 6\n", "f")
    assert made is not None
    assert ([item.given for item in made.asked], made.whole) == ([(1,), (10,), (-1,)], False)


def test_a_setup_that_makes_the_functions_name_is_not_read():
    assert names("assert f(1) == 2", setup="from math import floor as f") is None


def test_evalplus_loop_is_read():
    made = plan((LOOP,), "", "f")
    assert made is not None
    assert ([item.given for item in made.asked], made.whole, made.sent) == ([(1,), (10,), (30,)], False, 3)


@pytest.mark.parametrize(
    "tests",
    [
        ("assert f(0) == 1", "assert f(1) == 2", "assert f(2) == 3"),
        ("assert f('abc') == 'bcd'", "assert f('bcd') == 'cde'"),
        ("assert f(1) == [7]", "assert f([7]) == 2"),
        ("assert f(5) == 8", "assert f(0) == 9", "assert f(8) == 1", "assert f(9) == 2"),
    ],
)
def test_calls_that_would_tell_what_is_expected_go_one_by_one(tests):
    made = plan(tests, "", "f")
    assert made is not None
    assert made.sent == 1


def test_tests_that_ask_otherwise_than_was_read_begin_anew_and_are_judged_alike(worker, monkeypatch):
    read = plan(("check(f)",), CHECK, "f")
    monkeypatch.setattr(trial, "plan", lambda *_: read)
    source = "calls = []\ndef f(x):\n    calls.append(x)\n    return len(calls)\n"
    other = "def check(candidate):\n    assert candidate(5) == 1\n    assert candidate(5) == 2\n"
    asked = Program(source=source, tests=("check(f)",), setup=other, entry_point="f")
    assert trial.run_trial(worker, asked, Limits()).outcome == "passed"


@pytest.mark.parametrize("source", ["f(\n  1,\n 'ä'\n)", "x = 1; assert g('é', f(2)) == 3", "f('''a\n b''')\r\n"])
def test_a_piece_of_a_test_is_its_own_text(source: str) -> None:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.expr):
            assert segment(source, node) == ast.get_source_segment(source, node)
