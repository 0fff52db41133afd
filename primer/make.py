"""Makes the primer: `python primer/make.py`. Each part that stands in build/primer/ is kept, so a second call goes on.

    tasks.jsonl      the task set
    corpus.jsonl     the documents of the pretraining corpus
    model/           tokenizer, then the model
    checkpoint.pt    the training so far

Then what the package ships is copied to src/errata/tasks/primer_data/.
"""

import argparse
import gzip
import itertools
import json
import os
import shutil
import sys
from pathlib import Path

from corpus import END, documents
from family import combinations
from taskset import tasks

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "primer"
SHIPPED = ROOT / "src" / "errata" / "tasks" / "primer_data"
SEED = 1
SAMPLE = 8000
"""Documents of the corpus that are shipped, for the pretraining mix."""


def task_rows() -> list[dict[str, object]]:
    """The task set."""
    file = BUILD / "tasks.jsonl"
    if not file.exists():
        save(file, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in tasks(SEED)))
    return [json.loads(line) for line in file.read_text().splitlines()]


def held(rows: list[dict[str, object]]) -> frozenset[tuple[str, str, str]]:
    """The combinations of all tasks."""
    named = {(each.family.name, tuple(each.concepts)): each.key for each in combinations()}

    def tagged(row: dict[str, object], kind: str) -> tuple[str, ...]:
        tags = row["tags"]
        assert isinstance(tags, list)
        return tuple(tag.removeprefix(kind) for tag in tags if tag.startswith(kind))

    return frozenset(named[tagged(row, "family:")[0], tagged(row, "concept:")] for row in rows)


def corpus_rows(many: int) -> list[str]:
    """The corpus."""
    file = BUILD / "corpus.jsonl"
    if not file.exists():
        texts = itertools.islice(documents(SEED, held(task_rows())), many)
        save(file, "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts))
    return [json.loads(line)["text"] for line in file.read_text().splitlines()]


def save(file: Path, text: str) -> None:
    """A file, whole or not at all."""
    part = file.with_suffix(".partial")
    part.write_text(text)
    part.rename(file)


def ship(texts: list[str], folder: Path) -> None:
    """Copies what the package carries."""
    model = folder / "model"
    model.mkdir(parents=True, exist_ok=True)
    for file in (BUILD / "model").iterdir():
        shutil.copyfile(file, model / file.name)
    zipped(folder / "tasks.jsonl.gz", (BUILD / "tasks.jsonl").read_text())
    sample = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts[:SAMPLE])
    zipped(folder / "corpus.jsonl.gz", sample)


def zipped(file: Path, text: str) -> None:
    """The same bytes for the same text."""
    file.write_bytes(gzip.compress(text.encode(), mtime=0))


def main() -> None:
    """Everything, in order."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of a set of strings shows in what the misconception `list(set(ys))` returns, so it decides tests.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    import torch
    from pretrain import BATCH, packed, tokenizer, train

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=98_000, help="documents of the corpus")
    parser.add_argument("--steps", type=int, default=0, help="end after this many steps; 0: one pass over the corpus")
    parser.add_argument("--threads", type=int, default=2, help="of torch")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="where what ships is put")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    (BUILD / "model").mkdir(parents=True, exist_ok=True)
    texts = corpus_rows(args.documents)
    tokens = tokenizer(texts[:15_000], BUILD / "model")
    rows = tokens.backend_tokenizer.encode_batch([text + END for text in texts])
    blocks = packed([row.ids for row in rows])
    print(f"{len(texts)} documents, {sum(len(row.ids) for row in rows)} tokens, {blocks.size} in blocks", flush=True)
    model = train(blocks[: args.steps * BATCH or None], tokens.eos_token_id, BUILD)
    model.generation_config.eos_token_id = tokens.eos_token_id
    model.to(torch.bfloat16).save_pretrained(BUILD / "model")
    ship(texts, args.out)


if __name__ == "__main__":
    main()
