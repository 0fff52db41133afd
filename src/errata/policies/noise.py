"""Which token is drawn: temperature, top-k, top-p, and noise that depends on the draw alone.

Each row has a seed made from the draw's id; the uniform behind a token is a hash of (row seed, position, token), so
neither the order of the prompts nor the make-up of a batch decides what is asked for. Only arithmetic does: logits
that differ in their last bits with the batch can, rarely, change a token.
"""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import torch

from errata.policies import Sampling

GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15: splitmix64's increment (Steele, Lea and Flood 2014)
FIRST = -4658895280553007687  # 0xBF58476D1CE4E5B9
SECOND = -7723592293110705685  # 0x94D049BB133111EB


def mix(x: torch.Tensor) -> torch.Tensor:
    """splitmix64's finaliser on int64, in place; torch shifts with the sign, so the sign's copies are masked off."""
    x.bitwise_xor_((x >> 30).bitwise_and_((1 << 34) - 1)).mul_(FIRST)
    x.bitwise_xor_((x >> 27).bitwise_and_((1 << 37) - 1)).mul_(SECOND)
    return x.bitwise_xor_((x >> 31).bitwise_and_((1 << 33) - 1))


def gumbel(seeds: torch.Tensor, position: int, tokens: int) -> torch.Tensor:
    """Standard Gumbel noise, float32 (rows, tokens), of int64 row seeds (rows,) at one position of the reply.

    The exponential behind it is -log1p(-v) with v = k / 2^53, exact for small v, so that rare tokens keep their
    right probability down to 2^-53.
    """
    at = torch.tensor(position + 1, dtype=torch.int64, device=seeds.device).mul_(GOLDEN)
    rows = mix(seeds + at)
    token = torch.arange(1, tokens + 1, dtype=torch.int64, device=seeds.device).mul_(GOLDEN)
    bits = mix(rows[:, None] + token[None, :])
    v = (bits >> 11).bitwise_and_((1 << 53) - 1).to(torch.float32).add_(0.5).mul_(2.0**-53)
    return v.neg_().log1p_().neg_().log_().neg_()


def choose(logits: torch.Tensor, sampling: Sampling, seeds: torch.Tensor, position: int) -> torch.Tensor:
    """One token id a row (int64) from logits (rows, tokens): the Gumbel-max trick, which draws from the softmax."""
    if sampling.temperature == 0:
        return logits.argmax(-1)
    scores = narrowed(logits.float() / sampling.temperature, sampling)
    return scores.add_(gumbel(seeds, position, logits.shape[-1])).argmax(-1)


def narrowed(scores: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    """Scores with all but the top-k and the top-p tokens at minus infinity; ties at the edge of top-k are kept."""
    if 0 < sampling.top_k < scores.shape[-1]:
        edge = scores.topk(sampling.top_k, dim=-1).values[:, -1:]
        scores = scores.masked_fill(scores < edge, -torch.inf)
    if sampling.top_p < 1:
        ordered, order = scores.sort(dim=-1, descending=True)
        chances = ordered.softmax(-1)
        before = chances.cumsum(-1) - chances
        ordered = ordered.masked_fill(before >= sampling.top_p, -torch.inf)
        scores = torch.empty_like(scores).scatter_(-1, order, ordered)
    return scores
