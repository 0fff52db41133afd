"""How many verifiers are called a second, beside one process a call: `python benchmarks/verifiers.py [DATA]`.

Every recorded verification function of ../shared/data (AutoIF's sample and the flywheel's) looks at every recorded
response; the rates, and whether both ways give the same answers.
"""

import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from errata.judges import functions_calls
from errata.judges.functions_calls import Call, Said, call
from errata.sandbox import Limits, Pool

FEW = 400
"""Calls that are made one a process."""


def rows(path: Path) -> Iterator[dict[str, object]]:
    for line in path.read_bytes().splitlines():
        yield json.loads(line)


def recorded(data: Path) -> tuple[list[str], list[str]]:
    """Different functions and different responses."""
    functions: dict[str, None] = {}
    texts: dict[str, None] = {}
    flywheel = data / "Post-Training-Data-Flywheel" / "generation_example" / "3_cross_validation.jsonl"
    for path in (data / "autoif" / "query_rft.jsonl", data / "autoif" / "dpo_query_w_funcs.jsonl", flywheel):
        for row in rows(path):
            functions |= dict.fromkeys(source for source, _ in row["eval_func"])
            texts |= dict.fromkeys(row.get("gpt-answer", ()))
    return list(functions), list(texts)


def timed(calls: Sequence[Call]) -> tuple[float, dict[int, tuple[Said, ...]]]:
    with Pool() as pool:
        list(call(pool, calls[:1], Limits(seconds=5)))
        begun = time.monotonic()
        heard = dict(call(pool, calls, Limits(seconds=5)))
        return time.monotonic() - begun, heard


def main() -> None:
    here = Path(__file__).resolve().parents[2] / "shared" / "data"
    functions, texts = recorded(Path(sys.argv[1]) if len(sys.argv) > 1 else here)
    calls = [Call(source=source, texts=texts) for source in functions]
    seconds, together = timed(calls)
    many = len(functions) * len(texts)
    print(
        f"{len(functions)} functions x {len(texts)} responses: {many} calls in {seconds:.1f} s, {many / seconds:,.0f}/s"
    )
    drawn = random.Random(0).sample([(f, t) for f in range(len(functions)) for t in range(len(texts))], FEW)
    seconds, alone = timed([Call(source=functions[f], texts=(texts[t],)) for f, t in drawn])
    same = sum(replace(alone[at][0], tier=0) == replace(together[f][t], tier=0) for at, (f, t) in enumerate(drawn))
    print(f"one process a call: {FEW} calls in {seconds:.1f} s, {FEW / seconds:,.0f}/s; {same} of {FEW} are the same")
    print(f"at most {functions_calls.TEXTS} texts a process")


if __name__ == "__main__":
    main()
