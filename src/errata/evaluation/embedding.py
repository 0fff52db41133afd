"""Texts as vectors, by a causal model's own last hidden states."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Sequence
from typing import TYPE_CHECKING

from errata import models

if TYPE_CHECKING:
    import torch


def similarities(model: str, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """The cosine, -1 to 1, between the two texts of each pair; 0 where one of them is empty.

    A text's vector is the mean of its tokens' last hidden states, less the mean over all the texts given: the states
    of a causal model share a large common part that would hide every difference (Mu and Viswanath 2018).
    """
    texts = list(dict.fromkeys(text for pair in pairs for text in pair))
    vectors = dict(zip(texts, embedded(model, texts), strict=True))
    return [cosine(vectors[one], vectors[other]) for one, other in pairs]


def cosine(one: "torch.Tensor", other: "torch.Tensor") -> float:
    length = float(one.norm() * other.norm())
    return float(one @ other) / length if length else 0.0


def embedded(model: str, texts: Sequence[str]) -> "list[torch.Tensor]":
    """A vector (width,) for each text, the mean of all taken off; zeros for an empty text."""
    import torch

    tokenizer, made = models.load_tokenizer(model), models.load_model(model, precision="float32")
    most = models.positions(made)
    found: list[torch.Tensor | None] = []
    for text in texts:
        ids = models.target_ids(tokenizer, text)[:most]
        if not ids:
            found.append(None)
            continue
        with torch.inference_mode():
            states = made(torch.tensor([ids], device=made.device), output_hidden_states=True).hidden_states[-1][0]
        found.append(states.mean(0))
    known = [vector for vector in found if vector is not None]
    middle = torch.stack(known).mean(0) if known else torch.zeros(1)
    return [torch.zeros_like(middle) if vector is None else vector - middle for vector in found]
