"""Makes the primer's instruction part: `python primer/instructions/make.py`. What stands in build/instructions/ stays.

    corpus.jsonl     the blocks of the pretraining corpus, each a list of exchanges by one hand
    model/           tokenizer, then the model
    checkpoint.pt    the training so far

Then the model is copied to src/errata/tasks/primer_data/instructions/.
"""

import argparse
import itertools
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
from exchanges import exchanges

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "instructions"
SHIPPED = ROOT / "src" / "errata" / "tasks" / "primer_data" / "instructions"
SEED = 2
BLOCK = 256
EXCHANGES = 11
"""Exchanges made for a block, enough to fill it."""


def blocks_of_text(many: int) -> list[list[str]]:
    """The corpus: texts of exchanges, by block."""
    file = BUILD / "corpus.jsonl"
    if not file.exists():
        made = itertools.islice(exchanges(SEED, EXCHANGES), many)
        part = file.with_suffix(".partial")
        part.write_text("".join(json.dumps([asked + reply for asked, reply in block]) + "\n" for block in made))
        part.rename(file)
    return [json.loads(line) for line in file.read_text().splitlines()]


def main() -> None:
    """Everything, in order."""
    sys.path.append(str(ROOT / "primer"))
    import torch
    from corpus import END
    from pretrain import BATCH, tokenizer, train

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=24_000, help="blocks of the corpus")
    parser.add_argument("--threads", type=int, default=2, help="of torch")
    parser.add_argument("--ship", action="store_true", help="copy the model into the package")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    (BUILD / "model").mkdir(parents=True, exist_ok=True)
    texts = blocks_of_text(args.blocks)
    tokens = tokenizer(["\n".join(block) for block in texts[:2_000]], BUILD / "model")
    rows = tokens.backend_tokenizer.encode_batch([END.join(block) + END for block in texts])
    blocks = np.array([row.ids[:BLOCK] for row in rows if len(row.ids) >= BLOCK], dtype=np.uint16)
    print(f"{len(blocks)} of {len(texts)} blocks, {blocks.size} tokens, {len(blocks) // BATCH} steps", flush=True)
    model = train(blocks, tokens.eos_token_id, BUILD)
    model.generation_config.eos_token_id = tokens.eos_token_id
    model.to(torch.bfloat16).save_pretrained(BUILD / "model")
    if args.ship:
        shutil.copytree(BUILD / "model", SHIPPED / "model", dirs_exist_ok=True)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    main()
