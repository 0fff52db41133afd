"""AdamW's moments across rounds: two rounds that keep them are one longer round."""

import io
from pathlib import Path

import torch
from safetensors.torch import load_file

from checkpoints import checkpoint
from errata import jsonl
from errata.training import Objective, launch, sft
from errata.types import Demo

KEPT = Objective(
    learning_rate=1e-3, warmup_steps=0, schedule="constant", epochs=1, batch_size=2, shuffle=False, keep_optimizer=True
)


def examples(first: int, last: int) -> list[Demo]:
    return [
        Demo(id=f"{n}", of=(), context="", target=f"def f{n}(x):\n    return x + {n}\n") for n in range(first, last)
    ]


def weights(model: Path) -> dict[str, torch.Tensor]:
    return load_file(model / "model.safetensors")


def trained(folder: Path, base: Path, demos: list[Demo]) -> Path:
    """What the training process does, in this one."""
    folder.mkdir()
    jsonl.write_whole(folder / launch.EXAMPLES, (jsonl.dump(demo) for demo in demos))
    jsonl.write_whole(folder / launch.JOB, [jsonl.dump(launch.Job(model=str(base), objective=KEPT))])
    sft.train(folder, io.StringIO())
    return folder


def test_two_rounds_that_keep_the_moments_are_one_round_of_both(tmp_path):
    # A model with the control tokens, so that no round changes the vocabulary.
    base = trained(tmp_path / "base", checkpoint(tmp_path / "bare"), examples(90, 92))
    (base / "optimizer.pt").unlink()
    whole = trained(tmp_path / "whole", base, examples(0, 8))
    first = trained(tmp_path / "first", base, examples(0, 4))
    second = trained(tmp_path / "second", first, examples(4, 8))
    (first / "optimizer.pt").unlink()
    afresh = trained(tmp_path / "afresh", first, examples(4, 8))
    want, kept, lost = (weights(model) for model in (whole, second, afresh))
    gaps = {name: [float((made[name] - want[name]).abs().max()) for made in (kept, lost)] for name in want}
    assert max(kept for kept, _ in gaps.values()) < 1e-6
    assert max(lost for _, lost in gaps.values()) > 1e-4
    states = [torch.load(model / "optimizer.pt", weights_only=True) for model in (whole, second)]
    assert [float(state[0]["step"]) for state in states] == [4.0, 4.0]
