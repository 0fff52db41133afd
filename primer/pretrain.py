"""The base: a byte-level BPE tokenizer and a small Llama, trained on the corpus; goes on after a kill."""

import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from corpus import END
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY = 768
BLOCK, BATCH = 512, 16
RATE, WARM = 2.5e-3, 60
EVERY = 100
"""Steps between checkpoints."""


def tokenizer(texts: list[str], folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer, trained on texts unless the folder has it."""
    if not (folder / "tokenizer.json").exists():
        bpe = Tokenizer(models.BPE())
        bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        bpe.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=VOCABULARY, special_tokens=[END], initial_alphabet=alphabet, show_progress=False
        )
        bpe.train_from_iterator(texts, trainer)
        wrapped = PreTrainedTokenizerFast(
            tokenizer_object=bpe,
            eos_token=END,
            pad_token=END,
            model_max_length=1024,
            clean_up_tokenization_spaces=False,
        )
        wrapped.save_pretrained(folder)
    return PreTrainedTokenizerFast.from_pretrained(folder)


def packed(rows: list[list[int]]) -> NDArray[np.uint16]:
    """Blocks that begin where a document begins; one that does not fit to its end is begun again in the next block."""
    blocks: list[list[int]] = []
    block: list[int] = []
    for row in rows:
        if len(block) + len(row) > BLOCK:
            blocks.append((block + row)[:BLOCK])
            block = []
        block = block + row[:BLOCK]
    return np.array([block for block in blocks if len(block) == BLOCK], dtype=np.uint16)


def fresh(size: int, end: int) -> LlamaForCausalLM:
    """An untrained model of 1.9 million parameters."""
    torch.manual_seed(1)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=size, hidden_size=192, intermediate_size=512, num_hidden_layers=4, num_attention_heads=4,
            num_key_value_heads=4, max_position_embeddings=1024, tie_word_embeddings=True, bos_token_id=None,
            eos_token_id=end, pad_token_id=end, initializer_range=0.02,
        )
    )  # fmt: skip


def rate(step: int, steps: int, most: float = RATE, warm: int = WARM) -> float:
    """Learning rate: a short rise, then a cosine to a twentieth."""
    if step < warm:
        return most * (step + 1) / warm
    return most * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1))))


def train(blocks: NDArray[np.uint16], end: int, folder: Path) -> LlamaForCausalLM:
    """One pass over the blocks; says the loss and the seconds left, keeps a checkpoint."""
    model = fresh(VOCABULARY, end)
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.98))
    steps, begun, spent = len(blocks) // BATCH, 0, 0.0
    kept = folder / "checkpoint.pt"
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        begun, spent = state["step"], state["seconds"]
    model.train()
    start = time.monotonic()
    for step in range(begun, steps):
        for group in optimiser.param_groups:
            group["lr"] = rate(step, steps)
        batch = torch.from_numpy(blocks[step * BATCH : (step + 1) * BATCH].astype(np.int64))
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(input_ids=batch).logits
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), batch[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        done, passed = step + 1, time.monotonic() - start
        if done % 20 == 0 or done == begun + 3:
            pace = (done - begun) * BATCH * blocks.shape[1] / passed
            left = (steps - done) * BATCH * blocks.shape[1] / pace
            print(f"step {done}/{steps}  loss {loss.item():.3f}  {pace:.0f} tokens/s  {left:.0f} s left", flush=True)
        if done % EVERY == 0 or done == steps:
            state = {
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "step": done,
                "seconds": spent + passed,
            }
            torch.save(state, folder / "checkpoint.partial")
            (folder / "checkpoint.partial").rename(kept)
    figures = {
        "tokens": steps * BATCH * blocks.shape[1],
        "steps": steps,
        "seconds": round(torch.load(kept, weights_only=True)["seconds"]),
    }
    (folder / "figures.json").write_text(json.dumps(figures) + "\n")
    return model
