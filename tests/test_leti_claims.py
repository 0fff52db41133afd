"""The numbers of experiments/leti_claims.py, on curves that are known by hand."""

import argparse
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from errata.errors import UsageError

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))

import leti_claims
from leti_arms import ARMS, CORE, PRESETS, TEXT, settings, sliced, twin
from leti_claims import STOPPED, go, planned, run_all, tell
from leti_curves import GOALS, TEMPERATURES, At, Curve
from leti_numbers import Draws, claims, decided, interval
from leti_plan import HERE, LIMIT, SIDE_BY_SIDE, Cost, pace, seconds, table
from leti_report import NAMES, page, spanned
from leti_times import spent, times

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
    return Curve(points=points)


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
    return [Curve(points=(At(steps=0, tokens=0, rates=rates),))]


def test_the_interval_is_wider_where_tasks_of_one_concept_are_alike():
    alike = once({task: float(int(concept[-1]) % 2) for task, concept in CONCEPTS.items()})
    spread = once({task: float(n % 2) for n, task in enumerate(CONCEPTS)})
    draws = Draws(CONCEPTS)
    assert draws.means(alike)[1:].std() > 1.5 * draws.means(spread)[1:].std()


def test_tasks_of_a_concept_are_drawn_as_often_as_the_others_and_never_without_it():
    draws = Draws({f"t/{n}": "one" if n < 3 else f"own {n}" for n in range(12)})
    assert draws.weights.sum(axis=1) == pytest.approx(1.0)
    assert draws.weights[:, :3].mean() == pytest.approx(draws.weights[:, 3:].mean(), rel=0.2)
    assert (draws.weights.sum(axis=0) > 0).all()
    whole = draws.weights[:, [draws.tasks.index(f"t/{n}") for n in range(3)]].sum(axis=1)
    assert 0.25 < (whole == 0).mean() < 0.5  # (9/10)^10 of the draws leave a concept out, with all its tasks


def test_the_seed_of_the_bootstrap_moves_a_bound_by_a_fiftieth_of_the_interval_at_most():
    rng = np.random.default_rng(0)
    made = [once({task: float(rng.random()) for task in CONCEPTS})[0] for _ in range(5)]
    bounds = [interval(Draws(CONCEPTS, seed).means(made)[:, 0]) for seed in range(4)]
    wide = bounds[0]["high"] - bounds[0]["low"]
    for side in ("low", "high"):
        assert np.ptp([bound[side] for bound in bounds]) < wide / 50


def test_a_tier_of_which_nothing_passes_is_not_said_to_be_surely_at_zero():
    hard = sorted(CONCEPTS)[:20]
    arms = {"textual": once(dict.fromkeys(CONCEPTS, 0.5) | dict.fromkeys(hard, 0.0))}
    found = claims(arms, CONCEPTS, hard=set(hard))["arms"]["textual"]["hard"][-1]
    assert (found["value"], found["low"], found["high"]) == (
        0.0,
        0.0,
        pytest.approx(100 * (1 - 0.025 ** (1 / 20)), abs=0.01),
    )


def test_what_an_arm_gained_stands_on_the_page_with_its_interval(tmp_path):
    text = page(claims({"textual": runs([0.1, 0.4])}, CONCEPTS), tmp_path)
    assert re.search(r"\| 40\.0 \([\d.]+ to [\d.]+\) \| \+30\.0 \(\+30\.0 to \+30\.0\) \|", text)


def test_a_number_is_rounded_once():
    assert spanned(interval(np.full(3, -0.000476)), sign="+").startswith("-0.0 ")


def test_the_plots_have_every_arm_with_a_bar_of_its_own(tmp_path):
    names = ("textual", "binary", "passing", "chosen", "draws-64")
    page(claims({name: runs([0.1, 0.4]) for name in names}, CONCEPTS), tmp_path)
    for name in ("steps", "tokens", "data"):
        plot = ElementTree.parse(tmp_path / f"leti-{name}.svg").getroot()
        words = [text.text for text in plot.iter("{http://www.w3.org/2000/svg}text")]
        assert "pass@1 on held-out tasks, %" in words
        assert {"optimiser steps", "tokens trained on"} & set(words)
        looks = [line.attrib for line in plot.iter("{http://www.w3.org/2000/svg}polyline")]
        assert len({(line["stroke"], line.get("stroke-dasharray")) for line in looks}) == len(looks) >= 2
        bars = [path.attrib["d"] for path in plot.iter("{http://www.w3.org/2000/svg}path") if "V" in path.attrib["d"]]
        assert len(bars) == len(looks)
        assert name == "tokens" or len(set(bars)) == len(bars)


def test_seconds_are_told_by_stage_and_what_is_held_out_apart(tmp_path):
    lines = [
        {"stage": "00/sample", "id": "a#0", "seconds": 9.0},
        {"stage": "00/sample", "seconds": 4.0, "items": 80},
        {"stage": "00/held-out/sample", "seconds": 3.0, "items": 20},
        {"stage": "00/verdict", "seconds": 2.0, "items": 80},
        {"stage": "00/model", "seconds": 10.0, "items": 40},
        {"stage": "01/sample", "seconds": 4.0, "items": 80},
    ]
    (tmp_path / "timing.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = times([spent(tmp_path)], [1000])
    assert found == {
        "sample": 8.0,
        "judge": 2.0,
        "explain": 0.0,
        "train": 10.0,
        "measure": 3.0,
        "sample/s": 20.0,
        "judge/s": 40.0,
        "tokens/s": 100.0,
    }
    arms = {"textual": [replace(one, seconds=spent(tmp_path)) for one in runs([0.1, 0.4])]}
    assert f"| {NAMES['textual']} | 8 | 2 | 0 | 10 | 3 | 20 | 40 | 10 |" in page(claims(arms, CONCEPTS), tmp_path)


def test_the_page_says_nothing_that_was_not_measured(tmp_path):
    assert "Nothing has been measured yet." in page({}, tmp_path)
    text = page(claims({"textual": runs([0.1, 0.4]), "passing": runs([0.1, 0.3])}, CONCEPTS), tmp_path)
    assert "LETI is better than rejection sampling | +10.0" in text
    assert "fine-tuning on reference programs" not in text
    assert (tmp_path / "leti-steps.svg").read_text().startswith("<svg")


def spread(value: float, seed: int) -> dict[str, float]:
    return {task: value + 0.02 * ((n + seed) % 5 - 2) for n, task in enumerate(CONCEPTS)}


def decisions(arms: dict[str, list[Curve]]) -> dict[str, str]:
    found = claims(arms, CONCEPTS)
    assert all(row["low"] <= row["value"] <= row["high"] for row in found["rows"])
    return {row["claim"]: row["decided"] for row in found["rows"]}


def test_more_samples_and_more_tasks_have_rows_of_their_own():
    arms = {"chosen": [0.1, 0.5], "draws-16": [0.1, 0.3], "draws-64": [0.1, 0.4], "tasks-16": [0.1, 0.6]}
    found = decisions({name: runs(values) for name, values in arms.items()})
    assert found == {
        "(c) 16 samples a task are better than 8, at equal steps": "does not hold",
        "(c) 64 samples a task are better than 8, at equal steps": "does not hold",
        "(c) 64 samples a task are better than 16, at equal steps": "holds",
        "(c) all training tasks are better than 16, at equal steps": "does not hold",
    }


def test_held_out_core_tasks_tell_what_training_on_hard_ones_does_to_them():
    hard = sorted(CONCEPTS)[::2]

    def rounds(core: float, steep: float) -> list[Curve]:
        made = runs([0.5, core])
        for one in made:
            one.points[-1].rates.update(dict.fromkeys(hard, steep))
        return made

    found = claims({"on-hard": rounds(0.3, 0.9), "mixed": rounds(0.6, 0.0)}, CONCEPTS, hard=set(hard))
    told = {row["claim"]: row["decided"] for row in found["rows"]}
    assert told == {
        "(d) with the mix less than 2 points of core tasks (all held-out) are lost": "holds",
        "(d) with the mix pass@1 of core tasks (all held-out) ends higher than without": "holds",
        "(f) trained on hard tasks, core ones (all held-out) get better": "does not hold",
        "(f) trained on hard tasks with the mix, core ones (all held-out) get better": "holds",
    }


def test_what_was_not_trained_is_compared_with_the_mix_and_without():
    def watching(core: tuple[float, float], nats: tuple[float, float]) -> list[Curve]:
        return [
            Curve(
                points=run([0.0, 0.1]).points,
                watched={
                    CORE: (spread(core[0], seed), spread(core[1], seed)),
                    TEXT: ({"0": nats[0], "1": nats[0]}, {"0": nats[1], "1": nats[1]}),
                },
            )
            for seed in range(3)
        ]

    arms = {"on-hard": watching((0.5, 0.3), (0.8, 1.2)), "mixed": watching((0.5, 0.5), (0.8, 0.8))}
    found = decisions(arms)
    told = {claim.replace(f"`{CORE}`", "CORE"): word for claim, word in found.items()}
    assert told == {
        "(d) perplexity of the pretraining text ends higher without the mix": "holds",
        "(d) pass@1 of CORE, which was not trained, is lost without the mix": "holds",
        "(d) with the mix less than 2 points of CORE are lost": "holds",
        "(d) with the mix pass@1 of CORE ends higher than without": "holds",
        "(f) trained on hard tasks, core ones (CORE) get better": "does not hold",
    }
    rows = claims(arms, CONCEPTS)["rows"]
    assert next(row for row in rows if row["unit"] == "%")["value"] == pytest.approx(49.18, abs=0.01)


def test_every_two_goals_are_compared_at_both_temperatures():
    values = {"good": 0.5, "bad": 0.3, "none": 0.5}
    made = [
        Curve(
            points=run([0.1, 0.5]).points,
            conditions={f"{goal}-t{t}": spread(values[goal], seed) for goal in GOALS for t in TEMPERATURES},
        )
        for seed in range(3)
    ]
    found = decisions({"textual": made})
    assert {claim[4:]: word for claim, word in found.items()} == {
        f"{words} at T={t}": word
        for t in TEMPERATURES
        for words, word in {
            "the good token is better than the bad token": "holds",
            "the good token is better than none": "not decidable at this size",
            "the bad token is better than none": "does not hold",
        }.items()
    }


def test_words_behind_the_program_are_a_form_that_is_compared_in_speed_too():
    found = claims({"textual": runs([0.1, 0.2]), "binary": runs([0.1, 0.2, 0.3]), "after": runs([0.1, 0.5])}, CONCEPTS)
    assert found["a, other forms"]["after"]["steps"]["decided"] == "holds"
    assert found["textual less"]["after"]["decided"] == "does not hold"


def test_an_arm_with_the_settings_of_another_is_not_run_twice():
    assert twin("draws-16", PRESETS["full"]) == "chosen"
    assert twin("draws-16", PRESETS["quick"]) == "draws-16"
    assert twin("supervised", PRESETS["full"]) == "supervised"


def test_an_arm_that_gains_nothing_is_said_so_in_words(tmp_path):
    text = page(claims({"textual": runs([0.1, 0.4]), "binary": runs([0.2, 0.1])}, CONCEPTS), tmp_path)
    assert "| the reward token alone gains nothing | not decidable at this size |" in text
    assert "99.00" not in text


def test_of_nothing_that_is_done_claims_are_written_too(tmp_path):
    assert tell(tmp_path / "out", PRESETS["smoke"], {}) == (tmp_path / "out" / "claims.json").read_text()
    assert "Nothing has been measured yet." in page({"arms": {}}, tmp_path)


def test_what_is_stopped_leaves_claims_of_what_was_done(tmp_path, monkeypatch):
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(leti_claims, "go", stopped)
    with pytest.raises(KeyboardInterrupt):
        run_all(tmp_path / "out", PRESETS["smoke"], ["textual"], 1)
    assert (tmp_path / "out" / "claims.json").exists()


def test_an_arm_without_a_sample_that_passes_stops_with_a_note_and_the_others_go_on(tmp_path, monkeypatch):
    def nothing(*_: object) -> str:
        raise UsageError("none of 12 samples passed: take more draws")

    monkeypatch.setattr(leti_claims.recipe, "leti", nothing)
    folder = tmp_path / "out" / "passing" / "seed-0"
    go(folder, "passing", settings("passing", PRESETS["smoke"], 0, 1e-3))
    assert "none of 12" in (folder / STOPPED).read_text()
    assert '"arms": {}' in tell(tmp_path / "out", PRESETS["smoke"], {})


def minutes(name: str) -> float:
    preset = PRESETS[name]
    total = 0.0
    for arm in preset.arms:
        config = settings(arm, preset, 0, 1e-3)
        total += preset.seeds * seconds(arm, config, HERE) + len(preset.rates) * seconds(arm, config, HERE) / 3
    return total / 60


def test_the_quick_preset_is_planned_within_its_limit():
    assert minutes("smoke") < SIDE_BY_SIDE * minutes("quick") < LIMIT


def test_a_plan_tells_its_time_before_any_run_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(leti_claims, "ROOT", tmp_path)
    given = argparse.Namespace(out=tmp_path / "out", times=None, processes=2)
    told = planned(given, PRESETS["quick"], ["textual"], 3)
    assert "about 8 minutes, of which 8 minutes are left" in told
    assert "as fast as in `make demo`" in told


def test_a_plan_by_the_times_of_no_run_is_refused_in_a_line(tmp_path):
    with pytest.raises(UsageError, match="no run of errata leti with a round that is done"):
        pace(tmp_path)


def test_words_in_the_text_and_the_mix_cost_more():
    config = {name: settings(name, PRESETS["full"], 0, 1e-3) for name in ARMS}
    cost = {name: seconds(name, config[name], HERE) for name in ("after", "binary", "supervised", "on-hard", "mixed")}
    assert cost["supervised"] < cost["binary"] < cost["after"]
    assert cost["on-hard"] < cost["mixed"]
    assert "left, min" in table([Cost(name="after", tokens=1, run=60, search=60, runs=3, left=60)])


def test_every_arm_changes_one_thing_and_can_be_run():
    for name in ARMS:
        made = settings(name, PRESETS["full"], 0, 1e-3)
        assert made.objective.learning_rate == 1e-3
        assert made.objective.max_steps == PRESETS["full"].steps
    assert sliced("primer[train-hard][:80]", 16) == sliced("primer[train-hard]", 16) == "primer[train-hard][:16]"
