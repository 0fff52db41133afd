"""Examples -> token ids with labels, and the order that they are seen in. Imports neither torch nor TRL."""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from errata import jsonl
from errata.errors import UsageError
from errata.models import context_ids, target_ids
from errata.types import Demo

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from errata.training.objective import Objective

IGNORED = -100
"""The label of a token that bears no loss."""
WINDOW = 8
"""Steps whose examples are sorted by length together."""
BLOCK = 1024
"""Tokens of a block of plain text, or as many as the model takes, or as the longest example has."""

TEXTLESS = " (of JSONL, what stands in a line's `text` or `content`)"
"""What a file of texts is looked into for, where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One text to train on."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    """As long as `ids`; -100 where no loss is borne. The model shifts them itself."""


def row(tokenizer: PreTrainedTokenizerBase, demo: Demo, *, end_token: bool) -> Row:
    """A demo's ids: the context as the sampler put it to the model, the target by itself, and the end token."""
    before = [] if demo.context == "" else context_ids(tokenizer, demo.context)
    if not before and tokenizer.bos_token_id is not None:
        before = context_ids(tokenizer, "")
    target = target_ids(tokenizer, demo.target)
    if end_token:
        target.append(end(tokenizer))
    return Row(ids=(*before, *target), labels=(*([IGNORED] * len(before)), *target))


def end(tokenizer: PreTrainedTokenizerBase) -> int:
    """The id of the token that ends a reply."""
    token = tokenizer.eos_token_id
    if not isinstance(token, int):
        raise UsageError("the tokenizer has no end-of-text token; use --objective.no-end-token")
    return token


def tokenised(
    tokenizer: PreTrainedTokenizerBase, demos: Iterable[Demo], *, end_token: bool, longest: int | None
) -> tuple[list[Row], int]:
    """The rows, and how many examples were left out because they are longer than that or bear no loss."""
    kept: list[Row] = []
    left_out = 0
    for demo in demos:
        if demo.weight != 1:
            raise UsageError(f"{demo.id}: has weight {demo.weight}; this objective trains every example alike")
        made = row(tokenizer, demo, end_token=end_token)
        if (longest is not None and len(made.ids) > longest) or all(label == IGNORED for label in made.labels[1:]):
            left_out += 1
        else:
            kept.append(made)
    if not kept:
        why = "there is none"
        if left_out:
            why = f"all {left_out} are empty or longer than {longest} tokens, which max_length or the model sets"
        raise UsageError(f"no example to train on: {why}")
    return kept, left_out


def corpus(source: str) -> Path:
    """The file that a pretraining mix names."""
    if source == "primer":
        return Path(str(resources.files("errata"))) / "tasks" / "primer_data" / "corpus.jsonl.gz"
    return Path(source)


def readable(*objectives: Objective) -> None:
    """Raises UsageError for a pretraining mix that there is not, to be asked before a run is begun."""
    for goal in objectives:
        if not goal.pretrain_mix:
            continue
        path = corpus(goal.pretrain_mix)
        if not path.is_file():
            raise UsageError(f"pretrain_mix: {goal.pretrain_mix}: {'is a folder' if path.is_dir() else 'no such file'}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A line of a corpus, by either of the names that corpora give its text."""

    text: str = ""
    content: str = ""


def documents(path: Path) -> Iterator[str]:
    """The texts of a file: JSONL with `text` or `content`, or plain text as one document; either may be gzipped."""
    if ".jsonl" in path.suffixes:
        for document in jsonl.iterate(path, Document, loose=True):
            yield document.text or document.content
    else:
        try:
            yield b"".join(line for _, line in jsonl.lines(path)).decode()
        except UnicodeDecodeError:
            raise UsageError(f"{path}: not UTF-8 text") from None


def packed(tokenizer: PreTrainedTokenizerBase, source: str, block: int, seed: int) -> list[Row]:
    """Plain text as blocks of `block` tokens, documents in a seeded order with an end token behind each.

    Packing across documents is safe here, where it is how models are pretrained; examples are never packed.
    """
    texts = list(documents(corpus(source)))
    random.Random(seed).shuffle(texts)
    stop = [end(tokenizer)]
    stream = list(chain.from_iterable(target_ids(tokenizer, text) + stop for text in texts))
    blocks = [tuple(stream[at : at + block]) for at in range(0, len(stream) - block + 1, block)]
    if not blocks:
        raise UsageError(f"pretrain_mix: {corpus(source)} has {len(stream)} tokens, too few for one block of {block}")
    return [Row(ids=ids, labels=ids) for ids in blocks]


def order(examples: int, *, epochs: int, batch_size: int, max_steps: int, shuffle: bool, seed: int) -> list[list[int]]:
    """Which examples each optimiser step sees. Epochs run on into each other, so only the last step can be small."""
    rng = random.Random(seed)
    seen: list[int] = []
    for _ in range(epochs):
        turn = list(range(examples))
        if shuffle:
            rng.shuffle(turn)
        seen += turn
    steps = [seen[at : at + batch_size] for at in range(0, len(seen), batch_size)]
    return steps[:max_steps] if max_steps else steps


def alike(rows: Sequence[Row], steps: Sequence[Sequence[int]], seed: int) -> list[list[int]]:
    """The same examples in steps of like length, which have less padding: every few steps sorted, cut, shuffled.

    Only a few steps at a time, so that short and long examples still take turns; a small last step stays the last.
    """
    rng = random.Random(seed)
    made: list[list[int]] = []
    whole = [step for step in steps if len(step) == len(steps[0])]
    for at in range(0, len(whole), WINDOW):
        window = whole[at : at + WINDOW]
        several = sorted(chain.from_iterable(window), key=lambda one: len(rows[one].ids))
        size = len(steps[0])
        cut = [several[start : start + size] for start in range(0, len(several), size)]
        rng.shuffle(cut)
        made += cut
    return made + [list(step) for step in steps[len(whole) :]]


def by_length(rows: Sequence[Row], steps: Iterable[Sequence[int]]) -> list[list[Row]]:
    """The rows of each step, longest first, so that the parts it is split into have little padding."""
    return [sorted((rows[at] for at in step), key=lambda one: -len(one.ids)) for step in steps]


def mixed(steps: Sequence[list[Row]], blocks: Sequence[Row], size: int) -> list[list[Row]]:
    """A step on `size` blocks of plain text before each step on examples; blocks are begun again when they run out."""
    out: list[list[Row]] = []
    for number, step in enumerate(steps):
        out += [[blocks[(number * size + at) % len(blocks)] for at in range(size)], step]
    return out
