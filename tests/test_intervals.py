"""The bootstrap over tasks: it covers what it says, pairs what can be paired, and is honest where it sees no spread."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errata.evaluation.intervals import difference, mean

shares = st.lists(st.floats(0, 1, allow_nan=False), min_size=1, max_size=40)


@settings(max_examples=30, deadline=None)
@given(shares)
def test_the_interval_holds_the_mean_and_stays_within_what_a_share_can_be(values):
    found = mean(values)
    assert -1e-12 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1 + 1e-12
    assert found.n == len(values)


def test_the_same_values_give_the_same_interval():
    values = np.random.default_rng(3).random(100)
    assert mean(values) == mean(values)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_about_ninety_five_of_a_hundred_intervals_hold_the_true_share(share):
    rng = np.random.default_rng(7)
    worlds = [mean((rng.random(120) < share).astype(float)) for _ in range(200)]
    held = sum(found.low <= share <= found.high for found in worlds) / len(worlds)
    assert 0.89 <= held <= 0.99


def test_the_width_is_that_of_the_normal_interval_when_tasks_are_many():
    values = (np.arange(400) % 4 == 0).astype(float)
    found = mean(values)
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(0.25 * 0.75 / 400), rel=0.05)


@pytest.mark.parametrize("n", [1, 10, 164])
def test_where_all_tasks_fail_the_upper_bound_is_the_exact_one(n):
    found = mean([0.0] * n)
    assert (found.value, found.low) == (0.0, 0.0)
    assert (1 - found.high) ** n == pytest.approx(0.025)


def test_one_task_alone_leaves_nearly_everything_open():
    found = mean([0.5])
    assert found.low < 0.02
    assert found.high > 0.98


def test_no_tasks_have_no_mean():
    with pytest.raises(ValueError, match="no tasks"):
        mean([])


def test_a_paired_difference_is_surer_than_two_intervals_when_tasks_are_hard_for_both():
    rng = np.random.default_rng(1)
    hardness = rng.random(150)
    base = {f"t{i}": float(h) for i, h in enumerate(hardness)}
    other = {f"t{i}": min(1.0, float(h) + 0.1 * rng.random()) for i, h in enumerate(hardness)}
    paired = difference(base, other)
    unpaired = mean(list(other.values())).high - mean(list(base.values())).low
    assert paired.low > 0
    assert paired.high - paired.low < unpaired / 3


def test_about_ninety_five_of_a_hundred_paired_intervals_hold_the_true_difference():
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(200):
        easy = rng.random(100)
        base = {f"t{i}": float(rng.random() < 0.5 * e) for i, e in enumerate(easy)}
        other = {f"t{i}": float(rng.random() < 0.5 * e + 0.3) for i, e in enumerate(easy)}
        found = difference(base, other)
        held += found.low <= 0.3 <= found.high
    assert 0.89 <= held / 200 <= 0.99


def test_only_tasks_that_both_sides_have_are_compared():
    assert difference({"a": 0.0, "b": 1.0}, {"a": 1.0, "c": 0.0}).n == 1


def test_a_difference_that_is_the_same_everywhere_may_still_hide_unlike_tasks():
    found = difference({f"t{i}": 0.5 for i in range(150)}, {f"t{i}": 0.5 for i in range(150)})
    assert found.value == 0
    assert -0.03 < found.low < 0 < found.high < 0.03
