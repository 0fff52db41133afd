"""The primer that ships: its splits, its tests, what its base has read; and that its generator makes the same again."""

import gzip
import itertools
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from errata import prompts, tasks
from errata.errors import UsageError
from errata.tasks import primer

ROOT = Path(__file__).parent.parent
DIGEST = "45c89c6a450a2f5e46b1c80f5f6fa5b3187e5f46d6034a5b3f403ea2805c112b"


@pytest.fixture(scope="module")
def everything():
    return tasks.load("primer")


@pytest.fixture
def generator(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "primer"))


def concepts(task):
    return tuple(tag.removeprefix("concept:") for tag in task.tags if tag.startswith("concept:"))


def documents():
    with gzip.open(primer.corpus_file(), "rt", encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]


def run(program, test):
    """Reference programs and the generator's own variants only; nothing that a model wrote."""
    names: dict[str, object] = {}
    try:
        exec(program, names)
        exec(test, names)
    except Exception:
        return False
    return True


def test_version_one_is_frozen(everything):
    assert (primer.VERSION, tasks.digest(everything)) == (1, DIGEST)


@pytest.mark.parametrize(
    ("split", "core", "hard"), [("refine", 60, 60), ("train", 125, 115), ("dev", 40, 40), ("test", 110, 100)]
)
def test_each_split_is_the_sum_of_its_tiers(split, core, hard):
    sizes = [len(primer.load_primer(name)) for name in (split, f"{split}-core", f"{split}-hard")]
    assert sizes == [core + hard, core, hard]


@pytest.mark.parametrize("split", ["tset", "train-", "train-easy", "-core"])
def test_an_unknown_split_is_one_clear_line(split):
    with pytest.raises(UsageError, match="unknown split; there are refine, train, dev, test"):
        primer.load_primer(split)


def test_no_two_tasks_have_the_same_combination_of_concepts(everything):
    walks = {"digits-of", "divisors-of", "counting-up", "splitting", "items"}
    keys = [tuple(name for name in concepts(task) if name not in walks) for task in everything]
    assert len(set(keys)) == len(keys)


def test_no_two_tasks_have_the_same_words(everything):
    assert len({prompts.docstring(task) for task in everything}) == len(everything)


def test_core_tasks_have_no_hard_concept_of_the_hard_tasks(everything):
    """A concept is hard when it occurs in hard tasks alone; every hard task has two of those."""
    core = {name for task in everything if "tier:core" in task.tags for name in concepts(task)}
    hard = [task for task in everything if "tier:hard" in task.tags]
    assert min(len(set(concepts(task)) - core) for task in hard) == 2


def test_every_reference_passes_its_public_and_hidden_tests(everything):
    failed = [task.id for task in everything if not all(run(task.reference, test) for test in each_test(task))]
    assert failed == []


def each_test(task):
    return (*task.check.tests, *task.check.hidden)


def test_every_task_has_three_public_and_at_least_seven_other_hidden_tests(everything):
    assert {(len(task.check.tests), len(task.check.hidden), len(set(each_test(task)))) for task in everything} == {
        (3, 7, 10),
        (3, 8, 11),
    }


def test_a_program_with_one_misconception_fails_a_hidden_test_or_is_right_after_all(everything, generator):
    from execute import equal, values
    from family import combinations
    from taskset import variants

    named = {(each.family.name, tuple(each.concepts)): each for each in combinations()}
    let_through = []
    for task in everything[::13]:
        family = next(tag.removeprefix("family:") for tag in task.tags if tag.startswith("family:"))
        combination = named[family, concepts(task)]
        parameters = settled(combination, task.reference)
        rng = random.Random(7)
        arguments = [repr(combination.family.draw(rng)) for _ in range(40)]
        wanted = values(task.reference, arguments)
        for variant in variants(combination, parameters, rng):
            got = values(variant, arguments)
            right = all(equal(a, b) for a, b in zip(got, wanted, strict=True))
            if not right and all(run(variant, test) for test in task.check.hidden):
                let_through.append((task.id, variant))
    assert let_through == []


def settled(combination, program):
    """The parameters with which the generator writes this reference program."""
    from writing import reference

    choices = [
        [dict(zip(slot.choices, values, strict=True)) for values in itertools.product(*slot.choices.values())]
        for slot in combination.slots
    ]
    return next(list(each) for each in itertools.product(*choices) if reference(combination, list(each)) == program)


def test_the_corpus_has_no_combination_that_a_task_has(everything, generator):
    from corpus import combination
    from make import held

    rows = [{"tags": list(task.tags)} for task in everything]
    forbidden, rng = held(rows), random.Random(3)
    assert len(forbidden) == len(everything)
    assert not forbidden & {combination(rng, forbidden).key for _ in range(20_000)}


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other Pythons word their errors differently")
def test_the_generator_makes_the_shipped_corpus_and_tasks_again(everything):
    """In a process of its own, since the order of sets of strings is fixed there."""
    script = """
import itertools, json, sys
sys.path.insert(0, sys.argv[1])
import make, corpus, taskset
from errata.tasks import primer
rows = [{"tags": list(task.tags)} for task in primer.load_primer("")]
print(json.dumps([list(itertools.islice(taskset.tasks(make.SEED), 12)),
                  list(itertools.islice(corpus.documents(make.SEED, make.held(rows)), 400))]))
"""
    made = subprocess.run(
        [sys.executable, "-c", script, str(ROOT / "primer")],
        env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows, texts = json.loads(made.stdout)
    shipped = [(task.id, task.instruction, list(task.check.tests), task.reference) for task in everything[:12]]
    assert [(row["id"], row["instruction"], row["check"]["tests"], row["reference"]) for row in rows] == shipped
    assert texts == documents()[:400]


def test_the_corpus_has_tracebacks_and_no_control_token():
    text = "\n".join(documents())
    assert text.count("Traceback (most recent call last):\n") > 300
    assert not [token for token in prompts.CONTROL_TOKENS if token in text]


def test_the_tokenizer_has_no_control_token_and_ends_at_endoftext():
    from errata.models import load_tokenizer

    tokenizer = load_tokenizer(str(primer.model_dir()))
    assert tokenizer.eos_token == "<|endoftext|>"
    assert not set(prompts.CONTROL_TOKENS) & set(tokenizer.get_vocab())


def test_prompt_and_reference_fit_in_half_the_models_window(everything):
    from errata.models import load_tokenizer

    tokenizer = load_tokenizer(str(primer.model_dir()))
    lengths = [len(tokenizer(prompts.docstring(task) + task.reference)["input_ids"]) for task in everything]
    assert max(lengths) <= 512


def test_the_base_ends_a_program_for_a_new_task_by_itself(everything):
    import torch
    from transformers import AutoModelForCausalLM

    from errata.models import load_tokenizer

    tokenizer = load_tokenizer(str(primer.model_dir()))
    model = AutoModelForCausalLM.from_pretrained(primer.model_dir(), dtype=torch.float32)
    ids = tokenizer(prompts.docstring(everything[-1]), return_tensors="pt")["input_ids"]
    made = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=160, do_sample=False)[0]
    assert tokenizer.decode(made[ids.shape[1] :]).startswith("def f(")
    assert made[-1] == tokenizer.eos_token_id


def test_what_ships_is_a_few_megabytes():
    folder = primer.model_dir().parent
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 7_000_000
