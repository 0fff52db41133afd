"""Two small sets of tasks, an exam, and recorded replies for a whole run of ILF without a model that can do much."""

import json
from dataclasses import replace
from pathlib import Path

from checkpoints import checkpoint
from errata import jsonl
from errata.evaluation.measure import Measuring
from errata.feedback import human
from errata.judges import Judging
from errata.policies import Sampling
from errata.recipes import ilf as recipe
from errata.recipes.ilf import Ilf
from errata.runs import Run
from errata.training import Objective
from errata.types import Answer, Task, UnitTests

SETS = ("mend", "practice", "exam")
ARMS = ("no-feedback", "unrelated", "model-feedback", "few-shot")


def task(name: str, n: int) -> Task:
    tests = (f"assert add(1) == {n + 1}", f"assert add(0) == {n}")
    return Task(
        id=f"{name}/{n}",
        instruction=f"Add {n}.",
        check=UnitTests(tests=tests, hidden=(f"assert add(7) == {n + 7}",), entry_point="add"),
        reference=f"def add(x):\n    return x + {n}  # gold\n",
    )


def right(n: int) -> str:
    return f"def add(x):\n    return x + {n}\n"


def config(folder: Path, tasks: int = 2) -> Ilf:
    """Draws 0 and 1 of mend and practice fail, one by less; draw 2 (a refinement) passes, for task 0 draw 0 too."""
    lines: list[dict[str, str]] = []
    for name in SETS:
        path = folder / f"{name}.jsonl"
        path.write_text("".join(jsonl.dump(task(name, n)) + "\n" for n in range(1, tasks + 1)))
    for n in range(1, tasks + 1):
        for name in ("mend", "practice"):
            lines.append({"id": f"{name}/{n}#0", "text": "def add(x):\n    return None\n"})
            lines.append({"id": f"{name}/{n}#1", "text": f"def add(x):\n    return x * {n + 1}\n"})
            lines.append({"id": f"{name}/{n}#2", "text": right(n)})
        lines.append({"id": f"practice/{n}#critic", "text": f"It must add {n}.\n\nOLD CODE:"})
        lines += [{"id": f"exam/{n}#{draw}", "text": right(n + draw)} for draw in range(2)]
    (folder / "replies.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    backend = f"recorded:{folder / 'replies.jsonl'}"
    training = Objective(epochs=1, batch_size=4, warmup_steps=0)
    base = Ilf(
        model=str(folder / "base" if (folder / "base").exists() else checkpoint(folder / "base")),
        refine=str(folder / "mend.jsonl"),
        tasks=str(folder / "practice.jsonl"),
        held_out=str(folder / "exam.jsonl"),
        draws=2,
        refinements=3,
        backend=backend,
        sampling=Sampling(max_new_tokens=8),
        refiner=training,
        objective=training,
        measuring=Measuring(draws=2, max_new_tokens=8, ks=(1,)),
        judging=Judging(workers=1, seconds=2.0),
    )
    return replace(base, critic=replace(base.critic, backend=backend))


def answer(folder: Path, name: str, n: int, *, refinement: str = "", text: str = "", author: str = "human:ada") -> None:
    """One person's answer to the question of a task."""
    said = Answer(
        id=f"{name}/{n}@{author.partition(':')[2]}",
        of=f"{name}/{n}",
        author=author,
        sample=f"{name}/{n}#1",
        text=text or f"It must add {n}, whatever x is.",
        refinement=refinement,
    )
    human.add(folder, [said])


def answer_all(run: Path, tasks: int = 2) -> None:
    """Words for every question, and a refinement for those of the refine set."""
    for n in range(1, tasks + 1):
        text = f'"""\nAdd {n}.\nassert add(1) == {n + 1}\n"""\n{right(n)}'
        answer(run / "00/refine", "mend", n, refinement=text)
        answer(run / "00/tasks", "practice", n, refinement=text if n == 1 else "")


def go(config: Ilf, path: Path) -> str:
    with Run.open(path, config, recipe.identity(config)) as run:
        return recipe.ilf(config, run)
