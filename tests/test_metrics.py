"""pass@k, the public gap and the mix of outcomes; the scores made of them."""

import json
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.evaluation import metrics
from errata.evaluation.scoring import scores
from errata.types import Outcome, Verdict


def verdict(task: str, draw: int, outcome: Outcome = "passed", **measures: float) -> Verdict:
    passed = None if outcome == "invalid_check" else outcome == "passed"
    id = f"{task}#{draw}"
    return Verdict(
        id=id, of=id, task=task, passed=passed, outcome=outcome, score=float(bool(passed)), measures=measures
    )


@st.composite
def counts(draw):
    n = draw(st.integers(1, 60))
    return n, draw(st.integers(0, n)), draw(st.integers(1, n))


@given(counts())
def test_pass_at_k_is_one_minus_the_share_of_draws_of_k_that_hold_no_pass(count):
    n, c, k = count
    assert metrics.pass_at_k(n, c, k) == pytest.approx(1 - comb(n - c, k) / comb(n, k), abs=1e-9)


@given(counts())
def test_pass_at_k_never_falls_when_k_or_the_passes_grow(count):
    n, c, k = count
    here = metrics.pass_at_k(n, c, k)
    assert k == n or metrics.pass_at_k(n, c, k + 1) >= here - 1e-12
    assert c == n or metrics.pass_at_k(n, c + 1, k) >= here - 1e-12


def test_pass_at_k_is_certain_when_fewer_than_k_draws_failed():
    assert metrics.pass_at_k(100, 1, 100) == 1.0


@pytest.mark.parametrize(("n", "c", "k"), [(3, 1, 4), (3, 4, 1), (3, -1, 1), (3, 1, 0)])
def test_pass_at_k_refuses_counts_that_cannot_be(n, c, k):
    with pytest.raises(ValueError, match="pass@"):
        metrics.pass_at_k(n, c, k)


def test_a_task_is_worth_its_own_share_whatever_the_number_of_its_draws():
    rows = [verdict("a", 0), verdict("b", 0, "wrong"), verdict("b", 1), verdict("b", 2, "syntax"), verdict("b", 3)]
    assert metrics.passing(rows) == {"a": 1.0, "b": 0.5}


def test_a_broken_check_says_nothing_about_the_program():
    rows = [verdict("a", 0), verdict("a", 1, "invalid_check")]
    assert metrics.passing(rows) == {"a": 1.0}
    assert metrics.draws(rows) == 1


def test_the_public_gap_is_the_share_that_passes_public_and_fails_hidden_tests():
    rows = [
        verdict("a", 0, public=1, hidden=1),
        verdict("a", 1, "wrong", public=1, hidden=0),
        verdict("a", 2, "wrong", public=0, hidden=0),
        verdict("a", 3, "exception", public=1, hidden=0),
        verdict("b", 0, "syntax"),
    ]
    assert metrics.public_gap(rows) == {"a": 0.5, "b": 0.0}


def test_without_hidden_tests_there_is_no_gap_to_see():
    assert metrics.public_gap([verdict("a", 0, public=1), verdict("a", 1, "wrong", public=0)]) == {}


def test_the_mix_counts_every_program_once():
    rows = [verdict("a", 0), verdict("a", 1, "wrong"), verdict("b", 0, "wrong"), verdict("b", 1, "invalid_check")]
    assert metrics.mix(rows) == {"passed": 1, "wrong": 2, "invalid_check": 1}


def test_every_score_has_value_low_high_and_n_in_percent():
    rows = [
        verdict(f"t{i}", d, "passed" if (i + d) % 3 else "wrong", public=1, hidden=0)
        for i in range(30)
        for d in range(10)
    ]
    found = json.loads(json.dumps(scores(rows)))
    assert list(found) == ["pass@1", "pass@10", "public_gap", "outcome:passed", "outcome:wrong"]
    for entry in found.values():
        assert set(entry) == {"value", "low", "high", "n"}
        assert 0 <= entry["low"] <= entry["value"] <= entry["high"] <= 100
        assert entry["n"] == 30
    assert found["pass@1"]["value"] == pytest.approx(100 * sum(v.outcome == "passed" for v in rows) / 300, abs=0.01)
    assert found["pass@10"]["value"] == 100.0


def test_scores_do_not_depend_on_the_order_of_the_verdicts():
    rows = [verdict(f"t{i}", d, "passed" if (i * d) % 3 else "wrong") for i in range(20) for d in range(5)]
    assert scores(rows) == scores(rows[::-1])


def test_pass_at_k_is_left_out_where_a_task_has_fewer_draws():
    rows = [verdict("a", d) for d in range(10)] + [verdict("b", d) for d in range(9)]
    assert [name for name in scores(rows) if name.startswith("pass@")] == ["pass@1"]


def test_pass_at_1_is_there_whatever_other_k_is_asked_for():
    rows = [verdict(task, draw) for task in "ab" for draw in range(2)]
    assert [name for name in scores(rows, (2, 50)) if name.startswith("pass@")] == ["pass@1", "pass@2"]


def test_no_verdicts_give_no_scores():
    assert scores([]) == {}
