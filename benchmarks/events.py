"""Event arguments as code: what of the gold can be written so, whether it is judged right, and how heads are found.

    python benchmarks/events.py [--data DIR] [--workers N] [--heads PYTHON]

For the test splits of GENEVA and PHEE v2: how many rows' gold arguments can be written as code and why others cannot;
the written ones are run in the sandbox, and their F1 must be 1.0 (exit 1 otherwise). With `--heads`, an interpreter
that has spaCy and a model: how often the rule and spaCy's parser name one head word of a gold argument.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from errata.evaluation.events import counted, metrics
from errata.judges import Judging, judge
from errata.judges.heads import by_rule
from errata.tasks import load
from errata.tasks.event_code import unwritten
from errata.types import Events, Sample, Task, Timed

DATA = Path(__file__).parents[2] / "shared" / "data"
SOURCES = {"geneva": "eae_geneva", "phee": "eae_phee"}
SPACY = """
import json, sys, spacy
parse = spacy.load(sys.argv[1])
NOUNS = ("NOUN", "PROPN", "PRON", "NUM")
for line in sys.stdin:
    sentence, spans = json.loads(line)
    tree = parse(sentence)
    roots = [tree.char_span(a, b, alignment_mode="expand").root for a, b in spans]
    print(json.dumps([[root.idx, root.idx + len(root), root.pos_ in NOUNS] for root in roots]))
"""


def checks(tasks: Sequence[Task]) -> list[Events]:
    return [task.check for task in tasks if isinstance(task.check, Events)]


def written(name: str, tasks: Sequence[Task], workers: int) -> bool:
    """Print what can be written and what it scores; whether all of it is right."""
    why = Counter(unwritten(check) for check in checks(tasks))
    able = [task for task in tasks if task.reference]
    print(f"{name}: {len(tasks):,} events, {len(able):,} ({100 * len(able) / len(tasks):.1f} %) can be written as code")
    for reason, count in why.most_common():
        if reason:
            print(f"    {count:4} ({100 * count / len(tasks):.1f} %) {reason}")
    samples = [
        Sample(id=task.id, of=task.id, task=task.id, prompt=task.prefix, text=task.reference[len(task.prefix) :])
        for task in able
    ]
    began = time.monotonic()
    made = [row.record for row in judge(able, Judging(workers=workers))(samples) if isinstance(row, Timed)]
    seconds = time.monotonic() - began
    found = metrics(counted(made))
    passed = sum(verdict.passed is True for verdict in made)
    scores = ", ".join(f"{key} {100 * found[key].value:.2f} %" for key in ("arg_i_f1", "arg_c_f1", "hallucinated"))
    print(f"    {passed:,} of {len(samples):,} pass; {scores}; {len(made) / seconds:.0f} a second", flush=True)
    return passed == len(samples) and found["arg_c_f1"].value == 1.0


def heads(name: str, tasks: Sequence[Task], python: str, model: str) -> None:
    """Print how often rule and parser agree on the head of a gold argument of more than one word."""
    rows = [(check.sentence, [(one.start, one.end) for one in check.gold]) for check in checks(tasks)]
    asked = "".join(json.dumps(row) + "\n" for row in rows)
    told = subprocess.run([python, "-c", SPACY, model], input=asked, capture_output=True, text=True, check=True).stdout
    same, several, differing = Counter[bool](), Counter[bool](), list[str]()
    for (sentence, spans), line in zip(rows, told.splitlines(), strict=True):
        for span, root in zip(spans, json.loads(line), strict=True):
            if " " not in sentence[slice(*span)]:
                continue
            mine, noun = by_rule(sentence, span), root[2]
            agree = max(mine[0], root[0]) < min(mine[1], root[1])
            several[noun] += 1
            same[noun] += agree
            if noun and not agree:
                words = f"{sentence[slice(*span)]!r}: {sentence[slice(*mine)]} or {sentence[root[0] : root[1]]}"
                differing.append(words)
    for noun, what in ((True, "phrases whose root is a noun"), (False, "other phrases (on Monday, to attack)")):
        share = f"{same[noun]:,} of {several[noun]:,} ({100 * same[noun] / max(1, several[noun]):.1f} %)"
        print(f"{name}: one head word by rule and parser in {share} {what}")
    for words in differing[:: max(1, len(differing) // 12)]:
        print(f"    {words[:150]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--heads", default="")
    parser.add_argument("--model", default="en_core_web_sm")
    given = parser.parse_args()
    right = True
    for name, folder in SOURCES.items():
        tasks = load(f"{name}:{given.data / folder}[test]")
        if given.heads:
            heads(name, tasks, given.heads, given.model)
        else:
            right &= written(name, tasks, given.workers)
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
