"""The numbers of experiments/leti_claims.py, on curves that are known by hand."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))

from leti_claims import ARMS, PRESETS, settings, sliced
from leti_numbers import At, Curve, Draws, claims, decided
from leti_report import page

CONCEPTS = {f"t/{n}": f"concept:{n // 5}" for n in range(40)}


def run(values: list[float], seed: int = 0, steps: int = 10, tokens: int = 100) -> Curve:
    """A run whose pass@1 is so by round, a little other for each task."""
    points = tuple(
        At(
            steps=steps * at,
            tokens=tokens * at,
            rates={task: value + 0.02 * ((n + seed) % 5 - 2) for n, task in enumerate(CONCEPTS)},
        )
        for at, value in enumerate(values)
    )
    return Curve(points=points, conditions={"good-t0.2": 50.0}, watched={"primer[test-core]": (60.0, 58.0)})


def runs(values: list[float], **more: int) -> list[Curve]:
    return [run(values, seed, **more) for seed in range(3)]


def test_words_that_are_three_times_as_fast_hold_and_equal_ones_do_not():
    slow = [0.1, 0.2, 0.3, 0.4]
    found = claims({"textual": runs([0.1, 0.4, 0.5, 0.5]), "binary": runs(slow)}, CONCEPTS)
    assert found["a"]["steps"]["value"] == pytest.approx(1 / 3, abs=0.01)
    assert found["a"]["steps"]["decided"] == "holds"
    same = claims({"textual": runs(slow), "binary": runs(slow)}, CONCEPTS)
    assert same["a"]["steps"]["value"] == pytest.approx(1.0, abs=0.01)
    assert same["a"]["steps"]["decided"] == "does not hold"


def test_faster_in_steps_need_not_be_faster_in_tokens():
    found = claims({"textual": runs([0.1, 0.4], tokens=300), "binary": runs([0.1, 0.25, 0.4])}, CONCEPTS)
    assert found["a"]["steps"]["value"] == pytest.approx(0.5, abs=0.01)
    assert found["a"]["tokens"]["value"] == pytest.approx(1.5, abs=0.01)


def test_where_the_other_arm_gains_nothing_speed_is_not_decided():
    found = claims({"textual": runs([0.1, 0.4]), "binary": runs([0.2, 0.1])}, CONCEPTS)
    assert found["a"]["steps"]["decided"] == "not decidable at this size"
    assert found["a"]["steps"]["stuck"] > 50


def test_a_difference_holds_where_its_interval_is_above_zero():
    assert [decided(*bounds, 0.0) for bounds in ((1, 3), (-3, -1), (-1, 1))] == [
        "holds",
        "does not hold",
        "not decidable at this size",
    ]


def once(rates: dict[str, float]) -> list[Curve]:
    return [Curve(points=(At(steps=0, tokens=0, rates=rates),), conditions={}, watched={})]


def test_the_interval_is_wider_where_tasks_of_one_concept_are_alike():
    alike = once({task: float(int(concept[-1]) % 2) for task, concept in CONCEPTS.items()})
    spread = once({task: float(n % 2) for n, task in enumerate(CONCEPTS)})
    draws = Draws(CONCEPTS)
    assert draws.means(alike)[1:].std() > 1.5 * draws.means(spread)[1:].std()


def test_the_page_says_nothing_that_was_not_measured(tmp_path):
    assert "Nothing has been measured yet." in page({}, tmp_path)
    text = page(claims({"textual": runs([0.1, 0.4]), "passing": runs([0.1, 0.3])}, CONCEPTS), tmp_path)
    assert "better than rejection sampling | +10.0" in text
    assert "fine-tuning on reference programs" not in text
    assert (tmp_path / "leti-steps.svg").read_text().startswith("<svg")


def test_every_arm_changes_one_thing_and_can_be_run():
    for name in ARMS:
        made = settings(name, PRESETS["full"], 0, 1e-3)
        assert made.objective.learning_rate == 1e-3
        assert made.objective.max_steps == PRESETS["full"].steps
    assert sliced("primer[train-hard][:80]", 16) == sliced("primer[train-hard]", 16) == "primer[train-hard][:16]"
