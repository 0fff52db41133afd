"""How likely texts are under a model, and how far two models are apart on the same texts."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

from errata import models
from errata.types import Text

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BATCH = 16
"""Texts that go through a model at once at most."""
CELLS = 1 << 28
"""Logits that are held at once at most: 1 GiB."""
Written: TypeAlias = tuple[Text, str]
"""A prompt and what was written after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A text in tokens."""

    ids: tuple[int, ...]
    begin: int
    """Where what was written begins."""


def perplexities(model: str, texts: Sequence[Written]) -> list[float]:
    """The perplexity of each text under a model: exp of the mean negative log-likelihood of its tokens.

    Of what was written alone, given its prompt; the token that ends a text does not count. NaN-free: a text without a
    token has perplexity 1.
    """
    return [math.exp(loss / count) if count else 1.0 for loss, count in losses(model, texts)]


def losses(model: str, texts: Sequence[Written]) -> Iterator[tuple[float, int]]:
    """The negative log-likelihood of each text in nats, and the number of tokens that it is a sum over."""
    import torch

    tokenizer, made = models.load_tokenizer(model), models.load_model(model, precision="float32")
    rows = [tokens(tokenizer, text, models.positions(made)) for text in texts]
    for row, logits in zip(rows, each(made, rows), strict=True):
        wanted = torch.tensor(row.ids[row.begin :], device=logits.device)
        said = logits.log_softmax(-1).gather(-1, wanted[:, None])[:, 0]
        yield -float(said.sum()), len(wanted)


def divergences(model: str, base: str, texts: Sequence[Written]) -> list[float]:
    """KL(model || base) at the tokens of each text, in nats a token: the mean over the text's places of
    `sum_v p(v) (log p(v) - log q(v))`, with both models' whole next-token distributions behind the same words.

    Tokens that the base does not know (control tokens that training added) are left out of both.
    """
    words = models.load_tokenizer(base)
    first, second = (models.load_model(name, precision="float32") for name in (model, base))
    rows = [tokens(words, text, models.positions(second)) for text in texts]
    known = len(words)
    found: list[float] = []
    for one, other in zip(each(first, rows), each(second, rows), strict=True):
        if not len(one):
            found.append(0.0)
            continue
        p, q = one[:, :known].log_softmax(-1), other[:, :known].log_softmax(-1)
        found.append(max(0.0, float((p.exp() * (p - q)).sum(-1).mean())))
    return found


def tokens(tokenizer: PreTrainedTokenizerBase, text: Written, most: int | None) -> Row:
    """A text as training and sampling have it; one that is longer than the model takes is cut at its end."""
    before = models.context_ids(tokenizer, text[0]) or [cast("int", tokenizer.eos_token_id)]
    ids = (*before, *models.target_ids(tokenizer, text[1]))[:most]
    return Row(ids=ids, begin=min(len(before), len(ids)))


def each(model: PreTrainedModel, rows: Sequence[Row]) -> Iterator[torch.Tensor]:
    """Logits (tokens written, vocabulary) of each row: those at place t say what token t should be."""
    import torch

    longest = max((len(row.ids) for row in rows), default=1)
    at_once = max(1, min(BATCH, CELLS // (longest * model.config.get_text_config().vocab_size)))
    for at in range(0, len(rows), at_once):
        batch = rows[at : at + at_once]
        width = max(len(row.ids) for row in batch)
        ids = torch.tensor([[*row.ids, *([0] * (width - len(row.ids)))] for row in batch], device=model.device)
        # Padding stands behind each text, where causal attention does not look.
        mask = torch.tensor([[1] * len(row.ids) + [0] * (width - len(row.ids)) for row in batch], device=model.device)
        with torch.inference_mode():
            logits = model(input_ids=ids, attention_mask=mask).logits.float()
        for row, made in zip(batch, logits, strict=True):
            yield made[row.begin - 1 : len(row.ids) - 1]
