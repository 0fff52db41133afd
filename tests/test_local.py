from pathlib import Path

import pytest
import torch

from checkpoints import ARCHITECTURES, checkpoint
from errata.models import load_model, load_tokenizer
from errata.policies import Sampling
from errata.policies.local import Local
from errata.types import Prompt

PROMPTS = (
    "def add(a, b):\n",
    "for x",
    '"""\nWrite a function to add two numbers.\n"""\n',
    "return total(items) + 1\n    out",
)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: checkpoint(tmp_path_factory.mktemp(kind), kind) for kind in ARCHITECTURES}


def asked(texts=PROMPTS, draws: int = 1) -> list[Prompt]:
    return [Prompt(id=f"t/{i}#{k}", task=f"t/{i}", text=text) for i, text in enumerate(texts) for k in range(draws)]


def greedy_by_generate(folder: Path, text: str, most: int) -> str:
    tokenizer, model = load_tokenizer(folder), load_model(folder, precision="float32")
    rows = model.get_output_embeddings().weight.shape[0]
    ids = tokenizer(text, return_tensors="pt").input_ids
    padded = list(range(len(tokenizer), rows)) or None
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        max_new_tokens=most,
        suppress_tokens=padded,
        pad_token_id=0,
    )
    return tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True, clean_up_tokenization_spaces=False)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_greedy_replies_in_a_padded_batch_are_those_of_generate_one_by_one(folders, kind):
    samples = Local(str(folders[kind]), precision="float32").sample(Sampling(temperature=0, max_new_tokens=24))(asked())
    replies = {sample.id: sample.text for sample in samples}
    assert replies == {one.id: greedy_by_generate(folders[kind], one.text, 24) for one in asked()}
    assert len(set(replies.values())) > 1
