"""The decode loop: a batch of prompts in, finished rows out as each is done.

Faster than `generate` where it matters for small models: keys and values lie in buffers made ahead of time instead of
being copied at every token, prompts that are equal are read once, and rows that are done leave the batch. Models whose
cache is not plain attention over all tokens (sliding windows, state spaces) go through `generate` with the same noise.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportPrivateUsage=false, reportIncompatibleMethodOverride=false

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

import torch
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer
from transformers.generation.logits_process import LogitsProcessor, LogitsProcessorList
from transformers.generation.stopping_criteria import StoppingCriteria, StoppingCriteriaList

from errata.policies import Sampling
from errata.policies.noise import choose, gumbel, narrowed

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CHUNK = 64
"""Buffers grow by this many tokens at a time."""
LOOK = 4
"""Stop strings are looked for after every so many tokens."""
SHRINK = 8
"""A batch is made smaller when one row in so many is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One reply that is asked for."""

    ids: tuple[int, ...]
    """The prompt."""
    seed: int
    limit: int
    """Most tokens of the reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply, done."""

    row: int
    """Which row of the batch."""
    ids: tuple[int, ...]
    """The reply, without the token that ended it."""
    ended: bool
    """Whether it ended by itself, by an end token or a stop string."""


Stopped: TypeAlias = Callable[[Sequence[Sequence[int]]], list[bool]]
"""Told the last tokens of some rows; whether each holds a stop string."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """What ends a reply, and which tokens there are."""

    tokens: tuple[int, ...]
    """Ids that end a text."""
    window: int
    """How many last tokens hold a stop string whole; 0 when there are no stop strings."""
    stopped: Stopped
    known: int
    """Ids from here on are rows that no text was ever trained on (padding of the vocabulary, control tokens that were
    just added): they are never drawn."""


class Shelf(DynamicLayer):
    """One layer's keys and values (rows, heads, tokens, width), written in place into buffers with room to spare."""

    _layer_type = None

    def __init__(self) -> None:
        super().__init__()
        self.room: list[torch.Tensor] = []

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append the new tokens; all keys and values so far, as views."""
        new = (key_states, value_states)
        begin = self.get_seq_length()
        end = begin + key_states.shape[-2]
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        if not self.room or end > self.room[0].shape[-2]:
            self.room = [wider(states, begin, end + CHUNK, old) for states, old in zip(new, self.held(), strict=True)]
        for buffer, states in zip(self.room, new, strict=True):
            buffer[:, :, begin:end] = states
        self.keys, self.values = (buffer[:, :, :end] for buffer in self.room)
        return self.keys, self.values

    def held(self) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Keys and values so far; none before the first token."""
        return (self.room[0], self.room[1]) if self.room else (None, None)

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows, in this order; a row may be taken more than once."""
        end = self.get_seq_length()
        for at, old in enumerate(self.room):
            new = old.new_empty((len(indices), old.shape[1], end + CHUNK, old.shape[3]))
            new[:, :, :end] = old[:, :, :end].index_select(0, indices)
            self.room[at] = new
        self.keys, self.values = (buffer[:, :, :end] for buffer in self.room)


def wider(states: torch.Tensor, used: int, tokens: int, old: torch.Tensor | None) -> torch.Tensor:
    """A buffer for `tokens` tokens that holds the used part of the old one."""
    new = states.new_empty((states.shape[0], states.shape[1], tokens, states.shape[3]))
    if old is not None:
        new[:, :, :used] = old[:, :, :used]
    return new


def shelves(model: PreTrainedModel) -> Cache | None:
    """A cache made of shelves; none for a model with a layer that is not plain attention over all tokens."""
    layers = DynamicCache(config=model.config).layers
    if not layers or any(type(layer) is not DynamicLayer for layer in layers):
        return None
    return Cache(layers=[Shelf() for _ in layers])


def decode(model: PreTrainedModel, rows: Sequence[Row], sampling: Sampling, ends: Ends) -> Iterator[Reply]:
    """Every row's reply, each as soon as it is done."""
    cache = shelves(model)
    return generated(model, rows, sampling, ends) if cache is None else Batch(model, cache, rows, sampling, ends).run()


class Batch:
    """Rows on their way. Tensors are (rows still carried, ...); `at` says which row of the batch each is."""

    def __init__(
        self, model: PreTrainedModel, cache: Cache, rows: Sequence[Row], sampling: Sampling, ends: Ends
    ) -> None:
        self.model, self.cache, self.sampling, self.ends = model, cache, sampling, ends
        self.prompts = list(dict.fromkeys(row.ids for row in rows))
        on = model.device
        self.limits = torch.tensor([row.limit for row in rows], device=on)
        self.seeds = torch.tensor([row.seed for row in rows], device=on)
        self.last = torch.tensor(ends.tokens, dtype=torch.int64, device=on)
        self.at = torch.arange(len(rows), device=on)
        self.open = torch.ones(len(rows), dtype=torch.bool, device=on)
        self.written = torch.zeros((len(rows), int(self.limits.max())), dtype=torch.int64, device=on)
        place = {prompt: index for index, prompt in enumerate(self.prompts)}
        self.source = torch.tensor([place[row.ids] for row in rows], device=on)
        accepted = inspect.signature(type(model).forward).parameters
        self.positions = "position_ids" in accepted
        self.last_only = "logits_to_keep" in accepted

    @torch.inference_mode()
    def run(self) -> Iterator[Reply]:
        """Read the prompts, then write a token a step until no row is open."""
        ids, mask = left_padded(self.prompts, self.model.device)
        logits = self.forward(ids, mask)[self.source]
        self.cache.batch_select_indices(self.source)
        longest = self.written.shape[1]
        self.mask = torch.cat([mask[self.source], mask.new_ones((len(self.at), longest))], dim=1)
        width = ids.shape[1]
        for step in range(longest):
            tokens = choose(logits, self.sampling, self.seeds, step)
            self.written[:, step] = tokens
            yield from self.finished(tokens, step)
            if not bool(self.open.any()):
                return
            shut = len(self.at) - int(self.open.sum())
            if shut * SHRINK >= len(self.at):
                tokens = tokens[self.open]
                self.shrink()
            logits = self.forward(tokens[:, None], self.mask[:, : width + step + 1])

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Logits (rows, tokens of the vocabulary) after the last of ids (rows, tokens)."""
        more: dict[str, object] = {}
        if self.positions:
            more["position_ids"] = (mask.cumsum(-1) - 1).clamp_(min=0)[:, -ids.shape[1] :]
        if self.last_only:
            more["logits_to_keep"] = 1
        out = self.model(input_ids=ids, attention_mask=mask, past_key_values=self.cache, use_cache=True, **more)
        logits = cast("torch.Tensor", out.logits)[:, -1]
        logits[:, self.ends.known :] = -torch.inf
        return logits

    def finished(self, tokens: torch.Tensor, step: int) -> Iterator[Reply]:
        """Shut and hand out the rows that this token ended."""
        ended = torch.isin(tokens, self.last) & self.open
        full = (self.limits <= step + 1) & self.open
        stopped = torch.zeros_like(ended)
        if self.ends.window and (step + 1) % LOOK == 0:
            still = (self.open & ~ended & ~full).nonzero()[:, 0]
            tail = self.written[still, max(0, step + 1 - self.ends.window) : step + 1]
            stopped[still] = torch.tensor(self.ends.stopped(tail.tolist()), dtype=torch.bool, device=tokens.device)
        done = (ended | full | stopped).nonzero()[:, 0]
        if not len(done):
            return
        self.open[done] = False
        parts = zip(self.at[done].tolist(), self.written[done, : step + 1].tolist(), ended[done].tolist(), strict=True)
        by_stop = stopped[done].tolist()
        for (row, ids, by_token), by_string in zip(parts, by_stop, strict=True):
            yield Reply(row=row, ids=tuple(ids[:-1] if by_token else ids), ended=by_token or by_string)

    def shrink(self) -> None:
        """Let the rows that are done leave the batch."""
        kept = self.open.nonzero()[:, 0]
        self.cache.batch_select_indices(kept)
        self.mask, self.at, self.open = self.mask[kept], self.at[kept], self.open[kept]
        self.written, self.limits, self.seeds = self.written[kept], self.limits[kept], self.seeds[kept]


def left_padded(prompts: Sequence[Sequence[int]], on: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask, int64 (prompts, tokens of the longest); padding is masked, so any id will do for it."""
    width = max(len(prompt) for prompt in prompts)
    ids = torch.tensor([[0] * (width - len(prompt)) + list(prompt) for prompt in prompts], device=on)
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=on)
    return ids, mask


class Noise(LogitsProcessor):
    """For `generate`: scores whose argmax is the draw that `choose` makes."""

    def __init__(self, width: int, seeds: torch.Tensor, sampling: Sampling, known: int) -> None:
        self.width, self.seeds, self.sampling, self.known = width, seeds, sampling, known

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores (rows, tokens of the vocabulary) with everything that decides added in."""
        scores = scores.float()
        scores[:, self.known :] = -torch.inf
        if self.sampling.temperature == 0:
            return scores
        scores = narrowed(scores / self.sampling.temperature, self.sampling)
        return scores + gumbel(self.seeds, input_ids.shape[1] - self.width, scores.shape[-1])


class Stops(StoppingCriteria):
    """For `generate`: a row is done at a stop string, or at its own limit."""

    def __init__(self, width: int, limits: torch.Tensor, ends: Ends) -> None:
        self.width, self.limits, self.ends = width, limits, ends

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: object) -> torch.Tensor:
        """Which rows are done (rows,)."""
        done = self.limits <= input_ids.shape[1] - self.width
        if self.ends.window:
            tail = input_ids[:, max(self.width, input_ids.shape[1] - self.ends.window) :].tolist()
            done = done | torch.tensor(self.ends.stopped(tail), device=done.device)
        return done


@torch.inference_mode()
def generated(model: PreTrainedModel, rows: Sequence[Row], sampling: Sampling, ends: Ends) -> Iterator[Reply]:
    """The same replies by transformers' `generate`: slower, for any cache there is."""
    ids, mask = left_padded([row.ids for row in rows], model.device)
    width = ids.shape[1]
    seeds = torch.tensor([row.seed for row in rows], device=model.device)
    limits = torch.tensor([row.limit for row in rows], device=model.device)
    generate = cast("Callable[..., torch.Tensor]", model.generate)
    out = generate(
        ids,
        attention_mask=mask,
        do_sample=False,
        max_new_tokens=max(row.limit for row in rows),
        eos_token_id=list(ends.tokens) or None,
        pad_token_id=ends.tokens[0] if ends.tokens else 0,
        logits_processor=LogitsProcessorList([Noise(width, seeds, sampling, ends.known)]),
        stopping_criteria=StoppingCriteriaList([Stops(width, limits, ends)]),
    )
    for index, (row, written) in enumerate(zip(rows, out[:, width:].tolist(), strict=True)):
        at = next((at for at, token in enumerate(written) if token in ends.tokens), None)
        if at is not None and at < row.limit:
            yield Reply(row=index, ids=tuple(written[:at]), ended=True)
        else:
            yield Reply(row=index, ids=tuple(written[: row.limit]), ended=False)
