"""The base of the instruction part: a smaller Llama than the primer's, trained on the replies; goes on after a kill."""

import json
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pretrain import rate
from transformers import LlamaConfig, LlamaForCausalLM

BATCH = 8
RATE, WARM = 3e-3, 100
MATRICES = 1e-2
"""Learning rate of the matrices inside the layers, which Muon trains; the embedding and the norms are AdamW's."""
EVERY = 50
"""Steps between checkpoints."""


def fresh(size: int, end: int) -> LlamaForCausalLM:
    """An untrained model of 0.9 million parameters."""
    torch.manual_seed(1)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=size, hidden_size=128, intermediate_size=352, num_hidden_layers=4, num_attention_heads=4,
            num_key_value_heads=4, max_position_embeddings=512, tie_word_embeddings=True, bos_token_id=None,
            eos_token_id=end, pad_token_id=end, initializer_range=0.03, attn_implementation="eager",
        )
    )  # fmt: skip


def optimisers(model: LlamaForCausalLM) -> list[torch.optim.Optimizer]:
    """Muon (Jordan et al. 2024) for the layers' matrices, which learns in fewer steps; AdamW for the rest."""
    inside = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and "embed" not in name]
    known = {id(weight) for weight in inside}
    rest = [weight for weight in model.parameters() if id(weight) not in known]
    return [
        torch.optim.Muon(inside, lr=MATRICES, weight_decay=0.03, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=RATE, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def train(blocks: NDArray[np.int16], replies: NDArray[np.bool_], end: int, folder: Path) -> LlamaForCausalLM:
    """One pass over the blocks, with loss on the tokens that are of replies; says the loss and keeps a checkpoint."""
    model = fresh(int(blocks.max()) + 1, end)
    both = optimisers(model)
    steps, begun = len(blocks) // BATCH, 0
    kept = folder / "checkpoint.pt"
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        model.load_state_dict(state["model"])
        for optimiser, kept_state in zip(both, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept_state)
        begun = state["step"]
    model.train()
    start, busy, heard = time.monotonic(), time.process_time(), 0.0
    for step in range(begun, steps):
        for optimiser, most in zip(both, (MATRICES, RATE), strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate(step, steps, most, WARM)
        there = slice(step * BATCH, (step + 1) * BATCH)
        ids = torch.from_numpy(blocks[there].astype(np.int64))
        labels = ids.masked_fill(torch.from_numpy(~replies[there]), -100)
        with torch.autocast("cpu", torch.bfloat16):
            hidden = model.model(input_ids=ids).last_hidden_state[:, :-1]
            wanted = labels[:, 1:]
            logits = model.lm_head(hidden[wanted != -100])
        loss = torch.nn.functional.cross_entropy(logits.float(), wanted[wanted != -100])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in both:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        heard = 0.95 * heard + 0.05 * loss.item() if heard else loss.item()
        done = step + 1
        if done % 50 == 0:
            passed, worked = time.monotonic() - start, time.process_time() - busy
            left = (steps - done) * passed / (done - begun)
            print(
                f"step {done}/{steps}  loss {heard:.3f}  {passed:.0f} s, {worked:.0f} busy  {left:.0f} s left",
                flush=True,
            )
        if done % EVERY == 0 or done == steps:
            states = [optimiser.state_dict() for optimiser in both]
            state = {"model": model.state_dict(), "optimisers": states, "step": done}
            torch.save(state, folder / "checkpoint.partial")
            (folder / "checkpoint.partial").rename(kept)
    figures = {"tokens": steps * BATCH * blocks.shape[1], "steps": steps}
    (folder / "figures.json").write_text(json.dumps(figures) + "\n")
    return model
