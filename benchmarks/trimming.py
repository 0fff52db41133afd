"""What post-processing is worth: CodeGen-16B's recorded raw completions of HumanEval, judged as they are and trimmed.

    python benchmarks/trimming.py [--data DIR] [--tasks N] [--workers N] [--only none,stops,function,codet]

pass@1 of 100 samples a task (Chen et al. 2022, CodeT: T=0.8), as sampled, cut at LETI's stop words, and cut behind the
first function; `codet` is the cut that CodeT's authors make, whose pass@1 is known (22.13 with 3 s a program).
"""

import argparse
import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from errata.evaluation.metrics import passing
from errata.judges import Judging, judge
from errata.tasks import load
from errata.text import cut, trimmed
from errata.types import Sample, Task, Timed

DATA = Path(__file__).parents[2] / "shared" / "data"
CODET = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
SAMPLES = "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_code_solution.jsonl.gz"
WAYS: dict[str, Callable[[str, str], str]] = {
    "none": lambda text, _: text,
    "stops": lambda text, _: trimmed(text, "stops"),
    "function": lambda text, before: trimmed(text, "function", before),
    "codet": lambda text, _: cut(text, CODET),
}


def samples(folder: Path, tasks: dict[str, Task], way: str, count: int) -> Iterator[Sample]:
    """Every sample of the first tasks, trimmed in a way."""
    with gzip.open(folder / SAMPLES, "rt") as file:
        for _, line in zip(range(count), file, strict=False):
            row = json.loads(line)
            task = tasks[row["prompt"]]
            for at, text in enumerate(row["samples"]):
                name = f"{task.id}#{at}"
                short = WAYS[way](text, task.prefix)
                yield Sample(id=name, of=name, task=task.id, prompt=task.prefix, text=short)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--tasks", type=int, default=164)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--only", default=",".join(WAYS), help="these ways, with commas")
    given = parser.parse_args()
    folder = given.data / "outputs_codet"
    tasks = load(f"humaneval:{folder / 'HumanEval_for_code_generation.jsonl'}")
    by_prompt = {task.prefix: task for task in tasks}
    for way in given.only.split(","):
        began = time.monotonic()
        those = list(samples(folder, by_prompt, way, given.tasks))
        stage = judge(tasks, Judging(workers=given.workers, seconds=3.0))
        made = [row.record for row in stage(those) if isinstance(row, Timed)]
        rates = passing(made)
        seconds = time.monotonic() - began
        print(
            f"{way:9} pass@1 {100 * sum(rates.values()) / len(rates):5.2f} %  {len(made):,} samples  {seconds:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
