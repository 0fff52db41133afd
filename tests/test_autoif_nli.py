"""Instructions compared: by a model for NLI whose labels stand in its own order, and by words where there is none."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForSequenceClassification

import checkpoints
from errata.errors import UsageError
from errata.recipes import autoif_nli
from errata.recipes.autoif_nli import lexical


def saved(folder, labels):
    """A tiny model that finds its first label the likeliest, whatever it is shown."""
    tokens = checkpoints.tokenizer()
    torch.manual_seed(0)
    made = LlamaForSequenceClassification(
        LlamaConfig(
            vocab_size=len(tokens), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
            num_labels=len(labels), id2label=dict(enumerate(labels)),
            label2id={name: at for at, name in enumerate(labels)}, pad_token_id=0, max_position_embeddings=256,
        )
    )  # fmt: skip
    with torch.no_grad():
        made.score.weight.zero_()
    made.save_pretrained(folder)
    tokens.pad_token = tokens.eos_token
    tokens.save_pretrained(folder)
    return str(folder)


def test_labels_are_read_from_the_model_and_not_from_an_order(tmp_path):
    for at, labels in enumerate(
        [("CONTRADICTION", "neutral", "entailment"), ("entailment", "neutral", "contradiction")]
    ):
        name = saved(tmp_path / str(at), labels)
        assert list(autoif_nli.by_model(name)([("a", "b"), ("c", "d")])) == [labels[0].lower()] * 2


def test_the_model_is_loaded_once_for_all_pairs(tmp_path, monkeypatch):
    name, times = saved(tmp_path / "m", ("entailment", "neutral", "contradiction")), []
    real = autoif_nli.loaded
    monkeypatch.setattr(autoif_nli, "loaded", lambda name: times.append(name) or real(name))
    pairs = [(str(at), "b") for at in range(3 * autoif_nli.BATCH + 1)]
    assert len(list(autoif_nli.by_model(name)(pairs))) == len(pairs)
    assert len(times) == 1


def test_a_model_with_other_labels_is_refused(tmp_path):
    name = saved(tmp_path / "m", ("good", "bad", "neutral"))
    with pytest.raises(UsageError, match="tells good, bad, neutral, not entailment, neutral, contradiction"):
        list(autoif_nli.by_model(name)([("a", "b")]))


def test_a_model_that_is_not_there_is_refused_in_one_line(tmp_path):
    with pytest.raises(UsageError, match="cannot be loaded") as refused:
        list(autoif_nli.by_model(str(tmp_path / "nothing"))([("a", "b")]))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("first", "second", "label"),
    [
        ("Use no commas", "Do not use commas in your answer.", "entailment"),
        ("Use no commas", "Use commas", "contradiction"),
        ("Write exactly three sentences", "Your answer must have 3 sentences.", "entailment"),
        ("Write exactly three sentences", "Write exactly four sentences.", "contradiction"),
        ("Begin with a question", "End with a question", "contradiction"),
        ("Use only uppercase letters", "Use only lowercase letters", "contradiction"),
        ("Answer in emojis", "Write a poem about Paris", "contradiction"),
        ("Mention the word cow twice", "Mention the word cow", "entailment"),
    ],
)
def test_words_alone_tell_what_they_can(first, second, label):
    assert lexical(first, second) == label
