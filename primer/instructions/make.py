"""Makes the primer's instruction part: `python primer/instructions/make.py`. What stands in build/instructions/ stays.

    corpus.jsonl     the blocks of the pretraining corpus, each a list of exchanges by one hand
    model/           tokenizer, then the model
    checkpoint.pt    the training so far

Then the model is copied to src/errata/tasks/primer_data/instructions/, beside the held-out tasks, the queries, the
seeds and the recorded supervisor, which `--data` makes alone.
"""

import argparse
import gzip
import itertools
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import numpy as np
from exchanges import CAREFUL, exchanges
from held_out import practice, rows, seeds
from numpy.typing import NDArray
from supervisor import recording
from tokenizers import Tokenizer

Ids: TypeAlias = NDArray[np.int64]
ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "instructions"
SHIPPED = ROOT / "src" / "errata" / "tasks" / "primer_data" / "instructions"
SEED = 2
BLOCK = 256
EXCHANGES = 12
"""Exchanges made for a block, enough to fill it."""


def blocks_of_text(many: int) -> list[list[list[str]]]:
    """The corpus: exchanges of a question and a reply, by block."""
    file = BUILD / "corpus.jsonl"
    if not file.exists():
        made = itertools.islice(exchanges(SEED, EXCHANGES, int(CAREFUL * many)), many)
        part = file.with_suffix(".partial")
        part.write_text("".join(json.dumps(block) + "\n" for block in made))
        part.rename(file)
    return [json.loads(line) for line in file.read_text().splitlines()]


def block_of(exchanges: list[list[str]], tokens: Tokenizer, end: str) -> tuple[list[int], list[bool]]:
    """The ids of a block, padded with end tokens, and which of them are of replies; questions and replies are
    tokenised apart, as they are when the model is asked."""
    ids: list[int] = []
    replies: list[bool] = []
    for asked, reply in exchanges:
        for text, told in ((asked, False), (reply + end, True)):
            found = tokens.encode(text).ids
            ids += found
            replies += [told] * len(found)
    fill = BLOCK - len(ids)
    return ids[:BLOCK] + [0] * fill, replies[:BLOCK] + [False] * fill


def tokenised(texts: list[list[list[str]]], tokens: Tokenizer, end: str) -> tuple[Ids, Ids]:
    """All blocks, and where their replies are; kept, since it takes a while."""
    file = BUILD / "blocks.npz"
    if not file.exists():
        rows = [block_of(block, tokens, end) for block in texts]
        part = BUILD / "partial.npz"
        np.savez(part, blocks=np.array([row[0] for row in rows]), replies=np.array([row[1] for row in rows]))
        part.rename(file)
    kept = np.load(file)
    return kept["blocks"], kept["replies"]


def data(folder: Path) -> None:
    """Everything that ships but the model."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "seeds.txt").write_text("".join(f"{seed.text}\n" for seed in seeds()))
    (folder / "queries.jsonl").write_text(lines({"query": query.text} for query in practice()))
    for name, made in (("tasks", rows(SEED)), ("supervisor", recording())):
        # The same bytes for the same text.
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(lines(made).encode(), mtime=0))


def lines(rows: Iterable[Mapping[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def main() -> None:
    """Everything, in order."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=20_000, help="blocks of the corpus")
    parser.add_argument("--steps", type=int, default=2100, help="of training, at most one pass over the corpus")
    parser.add_argument("--threads", type=int, default=2, help="of torch")
    parser.add_argument("--ship", action="store_true", help="copy the model into the package")
    parser.add_argument("--data", action="store_true", help="make only what ships beside the model")
    args = parser.parse_args()
    if args.data:
        data(SHIPPED)
        return
    sys.path.append(str(ROOT / "primer"))
    import torch
    from corpus import END
    from pretrain import tokenizer
    from schooling import BATCH, train

    torch.set_num_threads(args.threads)
    (BUILD / "model").mkdir(parents=True, exist_ok=True)
    texts = blocks_of_text(args.blocks)
    tokens = tokenizer(["\n".join(chain.from_iterable(block)) for block in texts[:2_000]], BUILD / "model")
    blocks, replies = tokenised(texts, tokens.backend_tokenizer, END)
    print(f"{len(blocks)} blocks, {blocks.size} tokens, {replies.mean():.2f} of them replies", flush=True)
    blocks, replies = blocks[: args.steps * BATCH], replies[: args.steps * BATCH]
    model = train(blocks, replies, tokens.eos_token_id, BUILD)
    model.generation_config.eos_token_id = tokens.eos_token_id
    model.set_attn_implementation("sdpa")
    model.to(torch.bfloat16).save_pretrained(BUILD / "model")
    if args.ship:
        data(SHIPPED)
        shutil.copytree(BUILD / "model", SHIPPED / "model", dirs_exist_ok=True)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    main()
