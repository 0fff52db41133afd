from pathlib import Path

import pytest
import torch

from checkpoints import checkpoint, tokenizer
from errata import models
from errata.errors import UsageError
from errata.prompts import CONTROL_TOKENS, GOOD
from errata.types import Message


@pytest.fixture(scope="module")
def codegen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("codegen"), "codegen")


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("llama"), "llama", tied=True)


@pytest.mark.parametrize("load", [models.load_model, models.load_tokenizer])
def test_a_name_that_is_nowhere_here_is_one_line_that_says_so_of_the_hub_too(load, monkeypatch):
    monkeypatch.setattr(models, "reachable", lambda model: False)
    with pytest.raises(UsageError) as said:
        load("nobody/nothing")
    unheard = "it is no folder, was not loaded from the Hub before, and the Hub cannot be reached"
    assert str(said.value) == f"no model at nobody/nothing: {unheard}"


def test_a_name_that_the_hub_does_not_know_is_one_line_that_says_what_a_model_is(monkeypatch):
    monkeypatch.setattr(models, "reachable", lambda model: True)
    said = str(models.missing("nobody/nothing"))
    assert said == "no model at nobody/nothing: neither a folder with config.json nor a name the Hub knows"


def test_a_folder_without_a_config_is_named_as_that(tmp_path):
    with pytest.raises(UsageError, match=r"^no model at .*: the folder has no config\.json$"):
        models.load_model(tmp_path)


def test_a_padded_vocabulary_is_not_shrunk_and_the_bias_of_its_head_survives(codegen):
    words, model = models.load_tokenizer(codegen), models.load_model(codegen)
    known, rows = len(words), models.embedding(model).shape[0]
    before = model.lm_head.bias.detach().clone()
    ids = models.add_control_tokens(words, model)
    assert models.embedding(model).shape[0] == rows == known + 32
    assert ids == [known, known + 1, known + 2, known + 3]
    assert torch.equal(model.lm_head.bias[:known], before[:known])
    assert before.abs().max() > 0


def test_an_embedding_that_the_tokenizer_outgrew_grows_by_rows_from_the_cloud_of_the_old(llama):
    words, model = models.load_tokenizer(llama), models.load_model(llama, precision="float32")
    old = models.embedding(model).detach().clone()
    ids = models.add_control_tokens(words, model)
    new = models.embedding(model)
    assert new.shape[0] == old.shape[0] + 4
    assert torch.equal(new[: len(old)], old)
    away = (new[ids].detach() - old.mean(0)) / old.std(0)
    assert 0.5 < float(away.std()) < 2
    assert float(torch.pdist(away).min()) > 1


def test_control_tokens_are_one_id_each_and_adding_them_again_changes_nothing(llama):
    words, model = models.load_tokenizer(llama), models.load_model(llama)
    ids = models.add_control_tokens(words, model)
    weights = models.embedding(model).detach().clone()
    assert models.add_control_tokens(words, model) == ids
    assert [words(token).input_ids for token in CONTROL_TOKENS] == [[token] for token in ids]
    assert torch.equal(models.embedding(model), weights)


def test_padding_with_the_end_token_leaves_the_end_token_what_it_was(llama):
    words = models.load_tokenizer(llama)
    assert (words.padding_side, words.pad_token_id, words.eos_token_id) == ("left", 0, 0)


def test_context_and_target_ids_are_the_text_again_with_its_spaces():
    words = tokenizer()
    ids = models.context_ids(words, "def f():\n") + models.target_ids(words, "    return é  \n")
    assert words.decode(ids) == "def f():\n    return é  \n"


def test_a_chat_is_put_through_the_template_up_to_the_reply():
    words = tokenizer(chat=True)
    ids = models.context_ids(words, (Message(role="user", content=GOOD + "add"),))
    assert words.decode(ids) == f"<user>{GOOD}add\n<assistant>"


def test_a_chat_without_a_template_is_refused():
    with pytest.raises(UsageError, match="no chat template"):
        models.context_ids(tokenizer(), (Message(role="user", content="add"),))


def test_a_digest_changes_with_one_weight_and_not_with_the_report_of_training(tmp_path):
    folder = checkpoint(tmp_path, "llama")
    first = models.digest(folder)
    (folder / "training.json").write_text("{}")
    assert models.digest(folder) == first
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert models.digest(folder) != first


def test_a_digest_changes_with_adapters_that_lie_beside_the_weights(tmp_path):
    folder = checkpoint(tmp_path, "llama")
    first = models.digest(folder)
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"one")
    second = models.digest(folder)
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"two")
    assert len({first, second, models.digest(folder)}) == 3
