"""A run's folder as the recipe leaves it, with every outcome in it, made without a model: `write(folder)`.

By hand: `python tests/synthetic_run.py FOLDER` writes the folder and its report.html.
"""

import json
import random
import sys
from pathlib import Path

from errata import jsonl
from errata.evaluation.metrics import OUTCOMES
from errata.evaluation.scoring import scores
from errata.prompts import GOALS, fcft
from errata.types import Feedback, Part, Sample, Verdict

DOING = ("squares", "doubles", "lengths", "cubes", "halves")
KEEPING = ("positive", "even", "non-empty", "largest", "unique")
TAKING = ("sum", "average", "maximum", "count", "product")

PROGRAMS = {
    "passed": """\
def solve(xs):
    kept = [x ** 2 for x in xs if x > 0]
    if not kept:
        return 0
    return sum(kept)
""",
    "wrong": """\
def solve(xs):
    kept = [x ^ 2 for x in xs if x >= 0]
    return sum(kept)
""",
    "exception": """\
def solve(xs):
    # the average of what is kept
    kept = [x for x in xs if x > 0]
    return sum(kept) / len(kept)
""",
    "syntax": """\
def solve(xs)
    return [x for x in xs if x > 0]
""",
    "timeout": """\
def solve(xs):
    i = 0
    while i < len(xs):
        if xs[i] < 0:
            continue
        i += 1
    return i
""",
    "memory": """\
def solve(xs):
    table = [[0] * 10 ** 6 for _ in range(10 ** 6)]
    return len(table)
""",
    "output": """\
def solve(xs):
    while True:
        print(xs)
""",
    "early_exit": """\
import sys

def solve(xs):
    sys.exit(0)
""",
    "crashed": """\
import ctypes

def solve(xs):
    return ctypes.string_at(0)
""",
    "invalid_check": """\
def solve(xs):
    return xs
""",
}
RAISED = {
    "wrong": "AssertionError",
    "exception": "ZeroDivisionError: division by zero",
    "syntax": "SyntaxError: expected ':'",
    "early_exit": "SystemExit: 0",
}
WEIGHTS = (0, 40, 25, 12, 6, 2, 2, 3, 2, 2)


def write(folder: Path, *, rounds: int = 3, tasks: int = 150, seed: int = 0) -> Path:
    """A run that learns: from about a fifth right to nearly all."""
    rng = random.Random(seed)
    ease = {f"primer/{i}": rng.random() for i in range(tasks)}
    practice = {f"primer/{1000 + i}": rng.random() for i in range(40)}
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config(rounds, tasks), indent=2))
    climb = [0.2, *(0.2 + 0.78 * (i + 1) / rounds for i in range(rounds))]
    timing = []
    for at, level in enumerate(climb):
        step = folder / ("base" if at == 0 else f"{at - 1:02}")
        if at:
            judged(step, practice, climb[at - 1], 16, rng, goal="good" if at > 1 else "none", feedback=True)
            timing += [
                {"stage": f"{step.name}/sample", "seconds": 14.2, "items": 640},
                {"stage": f"{step.name}/sample", "id": "primer/1000#0", "tokens": 45_000},
                {"stage": f"{step.name}/verdict", "seconds": 3.1, "items": 640},
                {"stage": f"{step.name}/verdict", "id": "primer/1000#0", "seconds": 0.01, "tier": 1},
                {"stage": f"{step.name}/model", "seconds": 41.7, "items": 80},
            ]
            trained = {"tokens": 400_000, "steps": 80, "left_out": 0, "seconds": 40.2, "loss": [2.1, 0.9, 0.412]}
            (step / "training.json").write_text(json.dumps(trained))
        judged(step / "held-out", ease, level, 4, rng, goal="good" if at else "none")
        judged(step / "dev", dict(list(ease.items())[:40]), level, 4, rng, goal="good" if at else "none")
        timing += [
            {"stage": f"{step.name}/held-out/sample", "seconds": 11.9, "items": 4 * tasks},
            {"stage": f"{step.name}/held-out/verdict", "seconds": 4.0, "items": 4 * tasks},
        ]
    for temperature, loss in (("0.2", 1.0), ("1.0", 0.8)):
        judged(folder / "base" / f"held-out-none-t{temperature}", ease, climb[0] * loss, 4, rng, goal="none")
    for goal, better in (("good", 1.0), ("bad", 0.9), ("none", 0.97)):
        for temperature, loss in (("0.2", 1.0), ("1.0", 0.88)):
            place = folder / f"{rounds - 1:02}" / f"held-out-{goal}-t{temperature}"
            judged(place, ease, climb[-1] * better * loss, 4, rng, goal=goal)
    (folder / "timing.jsonl").write_text("".join(json.dumps(row) + "\n" for row in timing))
    return folder


def config(rounds: int, tasks: int):
    settings = {
        "model": "primer",
        "tasks": "primer[train]",
        "held_out": f"primer[test][:{tasks}]",
        "iterations": rounds,
        "draws": 16,
        "feedback": "traceback",
        "loss_on": "all",
        "select": "balanced",
        "control": "none",
        "seed": 0,
        "objective": {"learning_rate": 0.001, "epochs": 2, "end_token": True, "schedule": "linear"},
        "measuring": {"draws": 4, "temperature": 0.2, "ks": [1]},
    }
    return {"recipe": "Leti", "settings": settings, "identity": {"tasks": "0f3a"}}


def judged(place: Path, ease, level: float, draws: int, rng: random.Random, *, goal: str, feedback: bool = False):
    place.mkdir(parents=True)
    rows = []
    for task, easy in ease.items():
        chance = min(1.0, max(0.0, level + (easy - 0.5) * 2 * min(level, 1 - level)))
        for draw in range(draws):
            outcome = "passed" if rng.random() < chance else rng.choices(OUTCOMES, WEIGHTS)[0]
            rows.append(record(task, draw, outcome, goal, hidden=not feedback, rng=rng))
    verdicts = [verdict for _, verdict in rows]
    lines(place / "sample.jsonl", [sample for sample, _ in rows])
    lines(place / "verdict.jsonl", verdicts)
    if feedback:
        words = [Feedback(id=v.id, of=v.id, author="interpreter", text="" if v.passed else v.detail) for v in verdicts]
        lines(place / "feedback.jsonl", words)
        lines(place / "example.jsonl", [fcft(s, v, f) for (s, v), f in zip(rows, words, strict=True)])
    else:
        (place / "scores.json").write_text(json.dumps(scores(verdicts)))


def record(task: str, draw: int, outcome: str, goal: str, *, hidden: bool, rng: random.Random):
    number = int(task.split("/")[1])
    kept, made, taken = KEEPING[number % 5], DOING[number // 5 % 5], TAKING[number // 25 % 5]
    test = "assert solve([3, -1, 2]) == 13"
    text = f"Write a function that gives the {taken} of the {made} of the {kept} numbers of a list."
    prompt = f'{GOALS[goal]}"""\n{text}\n{test}\n"""\n'
    id = f"{task}#{draw}"
    sample = Sample(id=id, of=id, task=task, prompt=prompt, text=PROGRAMS[outcome])
    passed = None if outcome == "invalid_check" else outcome == "passed"
    public = outcome == "passed" or (hidden and outcome == "exception" and rng.random() < 0.3)
    ran = outcome in ("passed", "wrong", "exception")
    right = outcome == "passed"
    parts = [
        Part(
            name=test,
            passed=public,
            call="solve([3, -1, 2])",
            got=("13" if public else "2") if ran else None,
            expected="13" if ran else None,
        ),
        Part(
            name="assert solve([]) == 0",
            passed=right,
            call="solve([])" if ran else "",
            got="0" if right else None,
            expected="0" if ran else None,
        ),
    ]
    if hidden:
        parts += [Part(name=f"hidden[{i}]", passed=outcome == "passed") for i in range(2)]
    verdict = Verdict(
        id=id,
        of=id,
        task=task,
        passed=passed,
        outcome=outcome,
        score=float(bool(passed)),
        parts=tuple(parts),
        measures={"public": float(public)} | ({"hidden": float(outcome == "passed")} if hidden else {}),
        detail=traceback(outcome, test),
    )
    return sample, verdict


def traceback(outcome: str, test: str) -> str:
    raised = RAISED.get(outcome)
    if raised is None:
        return ""
    if outcome == "wrong":
        return f'Traceback (most recent call last):\n  File "<string>", line 12, in <module>\n    {test}\n{raised}\n'
    return (
        f'Traceback (most recent call last):\n  File "<string>", line 12, in <module>\n    {test}\n'
        f'  File "<string>", line 8, in solve\n    return sum(kept) / len(kept)\n{raised}\n'
    )


def lines(path: Path, records) -> None:
    path.write_text("".join(jsonl.dump(record) + "\n" for record in records))


if __name__ == "__main__":
    from errata.evaluation.report import report, table

    print(report(write(Path(sys.argv[1]))))
    table(Path(sys.argv[1]))
