"""ILF's arms: what a model is trained on, from one set of samples and of feedback.

`ilf` itself stands in the round's own folder, the others in `arms/NAME`. Each has its refinements (`sample` and
`verdict`), one text a task (`example`), the model, and its held-out scores. `gold` and `human` have the tasks that
`ilf` has, so that all three are compared at an equal number of tasks (papers: ILF 1.1, point 7).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from errata import jsonl, prompts
from errata.errors import UsageError
from errata.evaluation import metrics
from errata.evaluation.scoring import scores
from errata.judges import judge
from errata.judges.unit_tests import program
from errata.policies import Sampling, serve
from errata.recipes import weights
from errata.recipes.questions import Mended
from errata.recipes.shortening import shortened
from errata.recipes.warming import exercises
from errata.runs import Run
from errata.training import fit
from errata.types import Demo, Feedback, Message, Prompt, Sample, Text, Verdict

if TYPE_CHECKING:
    from errata.recipes.ilf import Ilf

NAMES = ("ilf", "gold", "human", "no-feedback", "unrelated", "model-feedback", "few-shot")
SHOWN = ("model-feedback", "few-shot")
"""Arms that are given worked examples."""
SHORTEST = 8
"""Worked examples are drawn from so many of the shortest."""
REMARK = (
    "Say in one to four sentences what is wrong with the program under OLD CODE, and how to mend it. Write no program."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to get training texts."""

    name: str
    """As it was asked for, and as its folder is called: `few-shot`, `few-shot-2`."""
    kind: str
    shots: int = 1
    """Worked examples in its prompts, where its kind has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all arms of a round share."""

    step: Run
    model: str
    """The model that the round begins with."""
    refiner: str
    heard: Mapping[str, Sequence[Mended]]
    """What people said, of the `refine` set and of `tasks`."""
    config: Ilf


def named(text: str) -> list[Arm]:
    """The arms of a setting, `ilf` first, since others take its tasks. Raises UsageError for one that there is not."""
    found: dict[str, Arm] = {"ilf": Arm(name="ilf", kind="ilf")}
    for word in filter(None, (part.strip() for part in text.split(","))):
        kind, _, shots = word.partition(":")
        if kind not in NAMES or (shots and (kind not in SHOWN or shots not in ("1", "2"))):
            raise UsageError(
                f"arms: there is no {word!r}; there are {', '.join(NAMES)}, the last two also as few-shot:2"
            )
        name = f"{kind}-2" if shots == "2" else kind
        found[name] = Arm(name=name, kind=kind, shots=int(shots or 1))
    return list(found.values())


def place(step: Run, name: str) -> Run:
    """The folder of an arm."""
    return step if name == "ilf" else step.at("arms").at(name)


def refiner(bench: Bench) -> str:
    """The refiner's folder: the round's own, trained on what people mended of the `refine` set."""
    return taught(bench, bench.step.at("refiner"), feedback=True)


def taught(bench: Bench, where: Run, *, feedback: bool) -> str:
    """A refiner that is trained in a folder; without feedback, its prompts have the failing program alone."""
    config, begin = bench.config, bench.refiner
    if config.warm_up:
        lessons = where.at("warm-up").put(Demo, exercises(config.warm_up, config.seed, feedback=feedback))
        begin = str(where.at("warm-up").once("model", fit(begin, lessons, config.warming)))
    examples = where.put(Demo, mends(bench, feedback=feedback))
    made = str(where.once("model", fit(begin, examples, config.refiner)))
    where.value("training.json", lambda: weights.told(made))
    return made


def mends(bench: Bench, *, feedback: bool) -> Iterator[Demo]:
    """The refiner's training texts: people's refinements that pass. Raises UsageError when there is none."""
    rows = [row for row in bench.heard["refine"] if row.passed]
    if not rows:
        raise UsageError(f"{bench.step.path}: no refinement of the refine set passes its tests; nothing to train on")
    for row in rows:
        asked = prompt(row, row.feedback.text if feedback else "", bench, forced=bench.config.loss_on == "program")
        # People may leave out the problem's text, which stands before the code; the refiner is asked with it.
        rest = behind(row.feedback.refinement, row.problem)
        whole = row.problem + rest if isinstance(row.problem, str) and rest is not None else row.feedback.refinement
        yield prompts.mended(row.feedback.id, (row.feedback.of, row.feedback.id), asked, whole)


def prompt(row: Mended, feedback: str, bench: Bench, *, forced: bool = True) -> Text:
    """A refinement's prompt, its failing program as long as the settings have it."""
    old = shortened(row.old, bench.config.old_tokens, bench.model)
    problem = row.problem if forced or not isinstance(row.problem, str) else ""
    return prompts.refining(old, feedback, problem)


def examples(bench: Bench, arm: Arm) -> Iterator[Demo]:
    """The arm's training texts, one a task. Raises UsageError when it has none."""
    made = False
    source = {"gold": gold, "human": human}.get(arm.kind)
    for demo in source(bench) if source else refined(bench, arm):
        made = True
        yield demo
    if not made:
        cure = "begin a new run with more --refinements, --draws or --tasks"
        if arm.kind != "ilf":
            cure = f"leave {arm.name} out of --arms, or {cure}"
        where = place(bench.step, arm.name).path
        raise UsageError(f"{where}: the arm {arm.name} has no passing program to train on; {cure}")


def gold(bench: Bench) -> Iterator[Demo]:
    """Reference programs of the tasks that `ilf` has."""
    for row in alike(bench):
        if (target := behind(row.task.reference, row.problem)) is not None and row.task.reference:
            yield Demo(id=f"{row.task.id}#gold", of=(row.feedback.id,), context=row.problem, target=target)


def human(bench: Bench) -> Iterator[Demo]:
    """People's own refinements of the tasks that `ilf` has, where they pass."""
    for row in alike(bench):
        if row.passed and (target := behind(row.feedback.refinement, row.problem)) is not None:
            yield Demo(id=f"{row.task.id}#human", of=(row.feedback.id,), context=row.problem, target=target)


def alike(bench: Bench) -> list[Mended]:
    """What people said of the tasks that `ilf` has a text for."""
    chosen = {task_of(demo) for demo in jsonl.iterate(bench.step.path / "example.jsonl", Demo)}
    return [row for row in bench.heard["tasks"] if row.task.id in chosen]


def task_of(demo: Demo) -> str:
    """The task of an arm's training text."""
    return demo.id.rpartition("#")[0]


def behind(source: str, problem: Text) -> str | None:
    """What of a program comes behind its problem's text; none where it does not go on with code that stands there."""
    if not isinstance(problem, str) or source.startswith(problem):
        return source.removeprefix(problem) if isinstance(problem, str) else source
    words, quotes, given = problem.rpartition('"""\n')
    code = given.lstrip("\n") if quotes and words else problem
    return source[len(code) :] if source.startswith(code) else None


def refined(bench: Bench, arm: Arm) -> Iterator[Demo]:
    """One refinement a task that passes the public tests, drawn with the seed, from so many as the settings say."""
    config, where = bench.config, place(bench.step, arm.name)
    rows = {row.task.id: row for row in bench.heard["tasks"]}
    said = spoken(bench, arm, where)
    asked = [
        Prompt(id=f"{task}#{draw}", task=task, text=put(bench, arm, row, said[task]))
        for task, row in rows.items()
        for draw in range(config.refinements)
    ]
    model, sampling = bench.refiner, config.sampling
    if arm.kind == "no-feedback":
        model = taught(bench, where.at("refiner"), feedback=False)
    elif arm.kind == "few-shot":
        model, sampling = bench.model, ended(sampling, prompts.REFINING_STOPS)
    with serve(model, config.backend, server=config.server, folder=where.path) as policy:
        samples = where.map(Sample, policy.sample(sampling), asked)
    tasks = [row.task for row in rows.values()]
    verdicts = where.map(Verdict, judge(tasks, replace(config.judging, hidden=True)), samples)
    where.value("refined.json", lambda: scores(verdicts, (1, 10, config.refinements)))
    passing: dict[str, list[Sample]] = {}
    for sample, verdict in zip(samples, verdicts, strict=True):
        if metrics.public(verdict):
            passing.setdefault(sample.task, []).append(sample)
    for task, those in passing.items():
        chosen = random.Random(f"{config.seed}/{task}").choice(those)
        row = rows[task]
        if (target := behind(program(chosen), row.problem)) is not None:
            yield Demo(id=chosen.id, of=(chosen.id, row.feedback.id), context=row.problem, target=target)


def spoken(bench: Bench, arm: Arm, where: Run) -> dict[str, str]:
    """The feedback that the refiner is given, by task: people's, none, another task's, or a model's."""
    rows = bench.heard["tasks"]
    people = {row.task.id: row.feedback.text for row in rows}
    match arm.kind:
        case "no-feedback":
            return dict.fromkeys(people, "")
        case "unrelated":
            order = list(people)
            random.Random(bench.config.seed).shuffle(order)
            # Everybody gets the feedback of the next in a shuffled ring: nobody's own, where there are two at least.
            return {task: people[other] for task, other in zip(order, order[1:] + order[:1], strict=True)}
        case "model-feedback":
            return {row.id.rpartition("@")[0]: row.text for row in criticised(bench, arm, where.at("critic"))}
        case _:
            return people


def criticised(bench: Bench, arm: Arm, where: Run) -> Sequence[Feedback]:
    """A model's feedback on the programs that people spoke of."""
    critic, config = bench.config.critic, bench.config
    asked = [
        Prompt(id=f"{row.task.id}#critic", task=row.task.id, text=remark(bench, arm, row))
        for row in bench.heard["tasks"]
    ]
    name = weights.folder(critic.model) if critic.model else bench.model
    sampling = replace(ended(critic.sampling, ("\n\n", *prompts.REFINING_STOPS)), seed=config.seed)
    with serve(name, critic.backend, server=critic.server, folder=where.path) as policy:
        samples = where.map(Sample, policy.sample(sampling), asked)
    author = f"critic:{critic.model or config.model}"
    of = {row.task.id: row.feedback.of for row in bench.heard["tasks"]}
    made = [
        Feedback(id=f"{sample.task}@critic", of=of[sample.task], author=author, text=sample.text.strip())
        for sample in samples
    ]
    return where.put(Feedback, made)


def remark(bench: Bench, arm: Arm, row: Mended) -> Text:
    """The prompt that a critic is given."""
    old = shortened(row.old, bench.config.old_tokens, bench.model)
    text = prompts.shown(shots(bench, arm), prompts.remarking(old))
    return text if bench.config.prompt != "chat" else (Message(role="user", content=f"{REMARK}\n\n{text.rstrip()}"),)


def put(bench: Bench, arm: Arm, row: Mended, feedback: str) -> Text:
    """The prompt for a refinement; for a model that was not trained to refine, behind worked examples."""
    text = prompt(row, feedback, bench)
    if arm.kind != "few-shot":
        return text
    if isinstance(text, str):
        return prompts.shown(shots(bench, arm), text)
    *before, last = text
    return (*before, replace(last, content=prompts.shown(shots(bench, arm), last.content)))


def shots(bench: Bench, arm: Arm) -> list[tuple[str, str, str]]:
    """Worked examples from the refine set: (old program, feedback, refinement), drawn from the shortest that pass."""
    rows = [row for row in bench.heard["refine"] if row.passed]
    rows.sort(key=lambda row: len(row.old) + len(row.feedback.text) + len(row.feedback.refinement))
    if len(rows) < arm.shots:
        raise UsageError(f"arms: {arm.name} needs {arm.shots} refinements of the refine set that pass, not {len(rows)}")
    drawn = random.Random(bench.config.seed).sample(rows[:SHORTEST], arm.shots)
    return [(row.old, row.feedback.text, row.feedback.refinement) for row in drawn]


def ended(sampling: Sampling, stops: tuple[str, ...]) -> Sampling:
    """The sampling with more strings that end a reply."""
    return replace(sampling, stop=(*sampling.stop, *stops))
