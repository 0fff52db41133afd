"""Generation in this process, with transformers: batched, streamed, and seeded by draw."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

import torch

from errata.errors import Fault, UsageError
from errata.models import (
    Precision,
    add_control_tokens,
    context_ids,
    device,
    embedding,
    free,
    load_model,
    load_tokenizer,
    out_of_memory,
    positions,
    quiet,
    use_cores,
)
from errata.policies import Sampling, seed_of
from errata.policies.decoding import LOOK, Ends, Row, decode
from errata.text import cut
from errata.types import Prompt, Sample, Stage, Text

log = logging.getLogger(__name__)

WINDOW = 8192
"""Prompts are sorted by length within so many, so that a batch has little padding."""
MOST = {"cpu": 512, "mps": 128, "cuda": 1024}
"""Beyond these batch sizes nothing is gained, only held up."""
SHARE = 0.4
"""The part of the free memory that a batch may take."""


@dataclass(slots=True, kw_only=True)
class Speed:
    """What was generated so far, and how long that took."""

    replies: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        per = max(self.seconds, 1e-9)
        rates = f"{self.tokens / per:,.0f} tokens/s, {self.replies / per:,.1f} replies/s"
        return f"{self.replies:,} replies of {self.tokens:,} tokens in {self.seconds:.1f} s: {rates}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A prompt, tokenised."""

    prompt: Prompt
    row: Row


class Local:
    """A policy that holds the model in this process."""

    def __init__(self, model: str, *, on: str = "auto", precision: Precision = "auto", batch_size: int = 0) -> None:
        quiet()
        if batch_size < 0:
            raise UsageError(f"batch_size must be 0 (found from memory) or more, not {batch_size}")
        use_cores()
        self.name = model
        self.tokenizer = load_tokenizer(model)
        self.known = len(self.tokenizer)
        self.model = load_model(model, on=device(on), precision=precision)
        add_control_tokens(self.tokenizer, self.model)
        self.special = frozenset(self.tokenizer.all_special_ids)
        self.batch_size = batch_size
        self.speed = Speed()

    def close(self) -> None:
        """Give the memory back."""
        del self.model
        release()

    def sample(self, sampling: Sampling) -> Stage[Prompt, Sample]:
        """The stage that generates one sample a prompt."""

        def stage(prompts: Iterable[Prompt]) -> Iterator[Sample]:
            rest = iter(prompts)
            while window := list(islice(rest, WINDOW)):
                yield from self.answer(window, sampling)
            log.info("%s", self.speed)

        return stage

    def answer(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[Sample]:
        """Samples of some prompts, longest prompts first, so that memory runs out early if it does."""
        asked = sorted(self.asked(prompts, sampling), key=lambda one: (len(one.row.ids), one.row.ids), reverse=True)
        ends = self.ends(sampling)
        most = self.batch_size or self.fitting(asked[0].row)
        while asked:
            batch, asked = asked[:most], asked[most:]
            done: set[int] = set()
            failed = False
            try:
                for index, sample in self.batch(batch, sampling, ends):
                    done.add(index)
                    yield sample
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                if len(batch) == 1:
                    raise Fault(f"{batch[0].prompt.id}: no memory for a single reply of {self.name}") from error
                failed = True
            if failed:
                release()
                asked = [one for index, one in enumerate(batch) if index not in done] + asked
                most = self.batch_size = max(1, len(batch) // 2)
                log.info("memory ran out; going on with batches of %d", most)

    def batch(self, batch: Sequence[Asked], sampling: Sampling, ends: Ends) -> Iterator[tuple[int, Sample]]:
        """Each sample of one batch, with its place in the batch."""
        began = time.perf_counter()
        for reply in decode(self.model, [one.row for one in batch], sampling, ends):
            one = batch[reply.row]
            whole = self.text(one.row.ids, reply.ids)
            text = cut(whole, sampling.stop)
            self.speed.replies += 1
            self.speed.tokens += len(reply.ids)
            self.speed.seconds += time.perf_counter() - began
            prompt = one.prompt
            finish = "stop" if reply.ended or len(text) < len(whole) else "length"
            yield (
                reply.row,
                Sample(id=prompt.id, of=prompt.id, task=prompt.task, prompt=prompt.text, text=text, finish=finish),
            )
            began = time.perf_counter()

    def asked(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[Asked]:
        """Prompts with their ids; equal texts are tokenised once."""
        most = positions(self.model)
        seen: dict[Text, tuple[int, ...]] = {}
        for prompt in prompts:
            if prompt.text not in seen:
                seen[prompt.text] = tuple(context_ids(self.tokenizer, prompt.text)) or self.begin()
            ids = seen[prompt.text]
            limit = sampling.max_new_tokens if most is None else min(sampling.max_new_tokens, most - len(ids))
            if limit < 1:
                raise UsageError(
                    f"{prompt.id}: the prompt has {len(ids)} tokens, and {self.name} takes {most} with the reply"
                )
            yield Asked(prompt=prompt, row=Row(ids=ids, seed=seed_of(sampling, prompt.id), limit=limit))

    def begin(self) -> tuple[int, ...]:
        """What stands before an empty prompt: a model needs one token to begin from."""
        token = self.tokenizer.bos_token_id
        return (cast("int", self.tokenizer.eos_token_id if token is None else token),)

    def ends(self, sampling: Sampling) -> Ends:
        """What ends a reply: the tokenizer's end token, those of the model's generation config, the stop strings."""
        config = getattr(self.model, "generation_config", None)
        listed = cast("list[int] | int | None", getattr(config, "eos_token_id", None))
        own = cast("int | None", self.tokenizer.eos_token_id)
        tokens = {*(listed if isinstance(listed, list) else [listed]), own} - {None}
        longest = max((len(stop.encode()) for stop in sampling.stop), default=0)

        def stopped(tails: Sequence[Sequence[int]]) -> list[bool]:
            return [any(stop in text for stop in sampling.stop) for text in self.decoded(tails)]

        return Ends(
            tokens=tuple(sorted(cast("set[int]", tokens))),
            window=longest + LOOK + 1 if longest else 0,
            stopped=stopped,
            known=self.known,
        )

    def decoded(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Texts without special tokens, and without tidying of spaces."""
        lists = [list(each) for each in ids]
        return self.tokenizer.batch_decode(lists, skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def text(self, prompt: Sequence[int], reply: Sequence[int]) -> str:
        """The reply's text. It is read behind the prompt's last token, since some tokenizers drop the space that a
        text begins with."""
        anchor = next((token for token in reversed(prompt) if token not in self.special), None)
        if anchor is None:
            return self.decoded([reply])[0]
        alone, whole = self.decoded([[anchor], [anchor, *reply]])
        return whole[len(alone) :]

    def fitting(self, longest: Row) -> int:
        """How many rows go into a batch: keys and values, one step's logits and noise, the prompt's activations."""
        config = self.model.config.get_text_config()
        width = cast("int", config.hidden_size)
        layers = cast("int", config.num_hidden_layers)
        tokens = len(longest.ids) + longest.limit
        wide = torch.finfo(self.model.dtype).bits // 8
        held = 2 * layers * width * tokens * wide * 2
        scores = embedding(self.model).shape[0] * 48
        read = len(longest.ids) * (width * 24 * wide + cast("int", config.num_attention_heads) * len(longest.ids) * 8)
        return max(
            1, min(MOST.get(self.model.device.type, 64), int(SHARE * free(self.model.device)) // (held + scores + read))
        )


def release() -> None:
    """Give freed memory back to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
