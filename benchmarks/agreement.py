"""What plain Python would say, against what the judge says, of recorded programs that models wrote.

    python benchmarks/agreement.py [--data DIR] [--workers N] [--only codet,ldb] [--limit N]

codet   16,400 CodeGen-16B samples on HumanEval (identical ones are run once)
ldb     2,320 first programs of five models, and the programs of LDB's debugging runs, on HumanEval and MBPP

Plain Python is `exec` of the program and its tests in one process, held by the same sandbox with the same limits: what
`python file.py` finds, contained. The judge runs the tests outside of the program's process. Every program on which
they differ is listed with both words; a right program that the judge refuses ends this with 1.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recorded import DATA, STOPS, labelled, rows

from errata.judges import Judging, judge
from errata.tasks import load
from errata.text import cut
from errata.types import Owed, Sample, Task, Timed, UnitTests, Verdict

SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One recorded program."""

    sample: Sample
    task: Task


def codet(data: Path) -> Iterator[Program]:
    folder = data / "outputs_codet"
    tasks = {task.prefix: task for task in load(f"humaneval:{folder / 'HumanEval_for_code_generation.jsonl'}")}
    for row in rows(folder / "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_code_solution.jsonl.gz"):
        task = tasks[row["prompt"]]
        for at, text in enumerate(row["samples"]):
            name = f"{task.id}#{at}"
            sample = Sample(id=name, of=name, task=task.id, prompt=task.prefix, text=cut(text, STOPS))
            yield Program(sample=sample, task=task)


def ldb(data: Path) -> Iterator[Program]:
    """First programs, and every implementation of the debugging runs that bear their task's tests."""
    folder = data / "outputs_ldb"
    for path in sorted(folder.glob("seed__*.jsonl")):
        for task, source, _ in labelled(path):
            yield Program(sample=whole(task, source, task.id), task=task)
    for path in sorted(folder.glob("results__*.jsonl*")):
        if "reflexion" in path.name:
            continue
        model = path.name.removeprefix("results__").partition(".jsonl")[0]
        for row in rows(path):
            call = "" if "__mbpp__" in path.name else f"\ncheck({row['entry_point']})"
            check = UnitTests(tests=(row["test"] + call,), entry_point=row["entry_point"])
            task = Task(id=f"{model}/{row['task_id']}", instruction="", check=check)
            for at, source in enumerate(row.get("implementations") or [row.get("solution", "")]):
                yield Program(sample=whole(task, source, f"{task.id}#{at}"), task=task)


def whole(task: Task, source: str, name: str) -> Sample:
    return Sample(id=name, of=name, task=task.id, prompt="", text=source)


def verdicts(programs: Sequence[Program], judging: Judging) -> dict[str, Verdict]:
    tasks = {item.task.id: item.task for item in programs}
    made: dict[str, Verdict] = {}
    if not programs:
        return made
    began = time.monotonic()
    for item in judge(tasks.values(), judging)(item.sample for item in programs):
        if isinstance(item, Owed):
            sys.exit(f"{item.id} is owed: {item.reason}")
        assert isinstance(item, Timed)
        made[item.record.id] = item.record
    seconds = time.monotonic() - began
    print(f"  {len(made):,} programs in {seconds:.0f} s, {len(made) / seconds:.0f} a second", file=sys.stderr)
    return made


def compared(name: str, programs: Sequence[Program], workers: int) -> tuple[str, bool]:
    """A line of the table, and whether no honest program was refused."""
    judging = Judging(workers=workers, seconds=SECONDS)
    apart = verdicts(programs, judging)
    plain = verdicts(programs, replace(judging, together=True))
    differing = [key for key in apart if (apart[key].passed is True) is not (plain[key].passed is True)]
    late = [
        item
        for item in programs
        if item.sample.id in differing and "timeout" in (apart[item.sample.id].outcome, plain[item.sample.id].outcome)
    ]
    patient = replace(judging, seconds=10 * SECONDS)
    again, slow = (verdicts(late, replace(patient, together=how)) for how in (False, True))
    near = [key for key in again if again[key].passed is slow[key].passed]
    words = [key for key in apart if apart[key].outcome != plain[key].outcome and key not in differing]
    sources = {item.sample.id: item.sample.text for item in programs}
    for key in differing:
        one, other = apart[key], plain[key]
        print(f"  {key}: plain {other.outcome}, judge {one.outcome}{' (near the time limit)' if key in near else ''}")
        print("    judge: " + (one.detail.strip().splitlines()[-1:] or [""])[0][:150])
        print("    plain: " + (other.detail.strip().splitlines()[-1:] or [""])[0][:150])
        print("    " + json.dumps(sources[key][-300:]))
    pairs = Counter(f"{plain[key].outcome} -> {apart[key].outcome}" for key in words)
    refused = [key for key in differing if plain[key].passed and key not in near]
    more = [key for key in differing if apart[key].passed and key not in near]
    passed = sum(item.passed is True for item in plain.values())
    line = (
        f"{name}: {len(apart):,} programs, plain Python passes {passed:,}; the judge agrees on "
        f"{len(apart) - len(differing):,}, refuses {len(refused)} of those and passes {len(more)} others; "
        f"{len(near)} take about as long as the limit and agree with ten times as much; "
        f"another word for the same failure: {sum(pairs.values())} "
        f"({', '.join(f'{k} {n}' for k, n in pairs.items())})"
    )
    return line, not refused and not more


SETS = {"codet": codet, "ldb": ldb}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of recorded data")
    parser.add_argument("--workers", type=int, default=0, help="programs at once; 0: one a core")
    parser.add_argument("--only", default=",".join(SETS), help="which sets, separated by commas")
    parser.add_argument("--limit", type=int, default=0, help="so many programs of each set; 0: all")
    args = parser.parse_args()
    if not args.data.is_dir():
        print(f"{args.data}: the recorded data is not here", file=sys.stderr)
        return 2
    table: list[tuple[str, bool]] = []
    for name in args.only.split(","):
        print(f"{name}:", file=sys.stderr)
        programs = list(SETS[name](args.data))
        table.append(compared(name, programs[: args.limit or None], args.workers))
    for line, met in table:
        print(f"{line}  {'met' if met else 'MISSED'}")
    return 0 if all(met for _, met in table) else 1


if __name__ == "__main__":
    sys.exit(main())
