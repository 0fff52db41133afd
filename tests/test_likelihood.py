"""Perplexity and KL against a model whose distributions are known by hand."""

import math

import pytest
import torch

from checkpoints import checkpoint, model, tokenizer
from errata import models
from errata.evaluation.intervals import crossed, mean
from errata.evaluation.likelihood import divergences, perplexities


def uniform(folder, favoured=None, odds=1.0):
    """A checkpoint that says every token is equally likely, or one of them `odds` times as likely as each other."""
    words = tokenizer()
    made = model("codegen", len(words))
    with torch.no_grad():
        for weights in made.parameters():
            weights.zero_()
        if favoured is not None:
            made.lm_head.bias[favoured] = math.log(odds)
    words.save_pretrained(folder)
    made.save_pretrained(folder)
    return str(folder), len(words), made.lm_head.out_features


def test_under_a_model_that_knows_nothing_the_perplexity_is_the_number_of_tokens(tmp_path):
    name, _, rows = uniform(tmp_path / "flat")
    assert perplexities(name, [("a prompt\n", "def add(a, b):\n"), ("", "x")]) == pytest.approx([rows, rows], rel=1e-4)


def test_a_favoured_token_has_the_perplexity_of_its_odds(tmp_path):
    favoured = tokenizer()("x", add_special_tokens=False)["input_ids"][0]
    name, _, rows = uniform(tmp_path / "steep", favoured, odds=100.0)
    assert perplexities(name, [("p", "x")]) == pytest.approx([(rows - 1 + 100.0) / 100.0], rel=1e-4)


def test_the_prompt_does_not_count(tmp_path):
    name = str(checkpoint(tmp_path / "base"))
    words, made = models.load_tokenizer(name), models.load_model(name, precision="float32")
    before, after = words("def add")["input_ids"], words("(a, b):", add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        said = made(torch.tensor([[*before, *after]])).logits[0].float().log_softmax(-1)
    each = [float(said[len(before) - 1 + at, token]) for at, token in enumerate(after)]
    wanted = math.exp(-sum(each) / len(each))
    long = ("a much longer prompt so that this row is padded less than the other one\n", "b")
    assert perplexities(name, [("def add", "(a, b):"), long])[0] == pytest.approx(wanted, rel=1e-4)


def test_a_model_is_at_no_distance_from_itself(tmp_path):
    name = str(checkpoint(tmp_path / "base"))
    assert divergences(name, name, [("def ", "add(a, b)"), ("x", "")]) == pytest.approx([0.0, 0.0], abs=1e-6)


def test_the_divergence_of_a_steep_model_from_a_flat_one_is_its_sum_by_hand(tmp_path):
    favoured = tokenizer()("x", add_special_tokens=False)["input_ids"][0]
    flat, known, _ = uniform(tmp_path / "flat")
    steep, _, _ = uniform(tmp_path / "steep", favoured, odds=10.0)
    # Of the rows beyond the tokenizer nothing is said: both are renormalised over the tokens that there are.
    p = [1.0 / (known + 9)] * (known - 1) + [10.0 / (known + 9)]
    wanted = sum(chance * math.log(chance * known) for chance in p)
    assert divergences(steep, flat, [("p", "x y z")]) == pytest.approx([wanted], rel=1e-4)


def test_several_seeds_widen_the_interval_by_what_differs_between_them():
    tasks = {f"t/{n}": n % 2 for n in range(100)}
    alike = crossed([tasks] * 5)
    apart = crossed(
        [{task: min(1.0, max(0.0, value + shift)) for task, value in tasks.items()} for shift in (-1, 0, 1)]
    )
    assert (alike.low, alike.high) == pytest.approx(
        (mean(list(tasks.values())).low, mean(list(tasks.values())).high), abs=0.02
    )
    assert apart.high - apart.low > 1.5 * (alike.high - alike.low)


def test_one_seed_is_as_a_plain_mean():
    tasks = {f"t/{n}": float(n % 3 == 0) for n in range(30)}
    assert crossed([tasks]) == mean([tasks[task] for task in sorted(tasks)])
