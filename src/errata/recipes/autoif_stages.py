"""AutoIF's stages that make data: each in a folder of its own, each gone on with by id after any stop.

Between two stages stand pure functions of stored records, seeded by ids, so that the same run has the same prompts
whenever it goes on. docs/autoif.md has the ids of all draws.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from errata.evaluation import decontamination
from errata.judges import judge
from errata.policies import Policy, Sampling
from errata.recipes import autoif_nli, autoif_parsing
from errata.recipes import autoif_prompts as texts
from errata.recipes.autoif_crossing import cross, firsts
from errata.recipes.autoif_records import Instruction, Label, Query, Relation, Request, Score, Verified
from errata.recipes.autoif_settings import Autoif, Supervisor, holds
from errata.runs import Run
from errata.types import Functions, Prompt, Sample, Stage, Task, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who is asked, and how."""

    policy: Policy
    settings: Supervisor
    seed: int

    def ask(self, run: Run, sampling: Sampling, prompts: Iterable[Prompt]) -> Sequence[Sample]:
        """A sample for each prompt, in their order."""
        return run.map(Sample, self.policy.sample(replace(sampling, seed=self.seed)), prompts)


def instructions(
    run: Run, asking: Asking, seeds: Sequence[str], queries: Sequence[Query], config: Autoif
) -> Sequence[Instruction]:
    """The seeds, and what a model makes of them; each text once. Those for queries have no seeds among them."""
    prompts = list(rewritings(seeds, queries, config, chat=asking.settings.chat))
    samples = asking.ask(run, asking.settings.writing, prompts) if prompts else ()
    made = list(written(seeds, queries, samples, config))
    # The same text for another query is another instruction.
    rows = firsts(made, lambda one: (plain(one.text), one.query))
    return run.put(Instruction, (replace(one, id=f"autoif/{at}") for at, one in enumerate(rows)))


def written(
    seeds: Sequence[str], queries: Sequence[Query], samples: Iterable[Sample], config: Autoif
) -> Iterator[Instruction]:
    """All instructions that there are, numbers apart."""
    if config.rewriting != "query":
        yield from (Instruction(id="", of=(), text=text, source="seed") for text in seeds)
    asked = {f"autoif/query/{query.id}": query.id for query in queries}
    for sample in samples:
        query = asked.get(sample.task, "")
        for text in autoif_parsing.instructions(sample.text):
            source = "query" if query else "rewritten"
            yield Instruction(id="", of=(sample.id,), text=text, source=source, query=query)


def plain(text: str) -> str:
    """By which two instructions are one: their words, without case, blanks and the stop at the end."""
    return " ".join(text.lower().split()).rstrip(".!")


def rewritings(seeds: Sequence[str], queries: Sequence[Query], config: Autoif, *, chat: bool) -> Iterator[Prompt]:
    """What a model is asked for instructions."""
    match config.rewriting:
        case "none":
            return
        case "each":
            asked = {
                f"autoif/seed/{at}": texts.rewriting(seed, config.rewrites, chat=chat) for at, seed in enumerate(seeds)
            }
        case "all":
            asked = {"autoif/seeds": texts.inventing(seeds, config.rewrites, chat=chat)}
        case "query":
            asked = {
                f"autoif/query/{query.id}": texts.suiting(query.text, seeds, config.rewrites, chat=chat)
                for query in queries
            }
    for task, text in asked.items():
        for draw in range(config.calls):
            yield Prompt(id=f"{task}#{draw}", task=task, text=text)


def clean(run: Run, those: Sequence[Instruction], config: Autoif) -> Sequence[Instruction]:
    """The instructions less those that stand in a benchmark, where these shall be left out; what was found is kept."""
    texts_of = {one.id: one.text for one in those}
    settings = config.decontamination
    known = decontamination.all_known(settings, config.held_out)
    run.value(decontamination.FILE, lambda: decontamination.told(decontamination.compare(texts_of, settings, known)))
    found = decontamination.look(run.path)
    unclean = found.unclean() if found and settings.drop else frozenset[str]()
    return [one for one in those if one.id not in unclean]


def verifiers(run: Run, asking: Asking, those: Sequence[Instruction], config: Autoif) -> Mapping[str, Sequence[str]]:
    """The replies with functions and cases, by instruction."""
    chat = asking.settings.chat
    prompts = [
        Prompt(id=f"{one.id}/verifier#{draw}", task=one.id, text=texts.verifying(one.text, chat=chat))
        for one in those
        for draw in range(config.verifiers)
    ]
    replies: dict[str, list[str]] = {}
    for sample in asking.ask(run, asking.settings.writing, prompts):
        replies.setdefault(sample.task, []).append(sample.text)
    return replies


def crossed(
    run: Run, replies: Mapping[str, Sequence[str]], those: Sequence[Instruction], config: Autoif
) -> Sequence[Verified]:
    """Cross-validation: functions run on cases, in the sandbox."""
    return run.map(Verified, cross(replies, config.filters, config.judging), those)


def related(run: Run, asking: Asking, kept: Sequence[Verified], config: Autoif) -> Sequence[Relation]:
    """What each instruction says of those that are read off its functions; nothing where that is left out."""
    if config.nli == "none":
        return ()
    chat, most = asking.settings.chat, config.filters.translated or None
    prompts = [
        Prompt(id=f"{one.id}/back#{function.draw}", task=one.id, text=texts.translating(function.source, chat=chat))
        for one in kept
        for function in one.functions[:most]
    ]
    said = asking.ask(run.at("back-translation"), asking.settings.judging, prompts)
    first = {one.id: one.instruction for one in kept}
    place, by = run.at("nli"), config.nli
    match config.nli:
        case "judge":
            prompts = [
                Prompt(
                    id=after(one.id, "nli"),
                    task=one.task,
                    text=texts.relating(first[one.task], line(one.text), chat=chat),
                )
                for one in said
            ]
            heard = asking.ask(place, asking.settings.judging, prompts)
            replies = {one.id: one.text for one in heard}
            return place.map(
                Relation,
                lambda those: (
                    relation(one, autoif_parsing.relation(replies[after(one.id, "nli")]), by) for one in those
                ),
                said,
            )
        case "lexical":
            return place.map(
                Relation,
                lambda those: (relation(one, autoif_nli.lexical(first[one.task], line(one.text)), by) for one in those),
                said,
            )
        case name:
            return place.map(Relation, by_model(name, first), said)


def by_model(name: str, first: Mapping[str, str]) -> Stage[Sample, Relation]:
    def stage(replies: Iterable[Sample]) -> Iterator[Relation]:
        label = autoif_nli.by_model(name)
        left = iter(replies)
        while window := list(islice(left, autoif_nli.BATCH)):
            labels = label((first[one.task], line(one.text)) for one in window)
            yield from (relation(one, found, name) for one, found in zip(window, labels, strict=True))

    return stage


def relation(reply: Sample, label: Label, by: str) -> Relation:
    return Relation(id=after(reply.id, "nli"), of=reply.id, task=reply.task, text=line(reply.text), label=label, by=by)


def line(reply: str) -> str:
    """The one line that was asked for, without the list's dash or quotes that models put around it."""
    text = next((part for part in reply.strip().splitlines() if part.strip()), "")
    return text.strip().removeprefix("- ").strip('"` ')


def after(id: str, word: str) -> str:
    """The id of what is made of a draw: `autoif/7/back#2` -> `autoif/7/nli#2`."""
    path, _, number = id.rpartition("#")
    return f"{path.rpartition('/')[0]}/{word}#{number}"


def translated(kept: Sequence[Verified], relations: Sequence[Relation]) -> list[Verified]:
    """The instructions that none of their functions contradicts."""
    against = {one.task for one in relations if one.label == "contradiction"}
    return [one for one in kept if one.id not in against]


def requests(
    run: Run, kept: Sequence[Verified], those: Sequence[Instruction], queries: Sequence[Query], config: Autoif
) -> tuple[Sequence[Request], Sequence[Task]]:
    """Instructions joined to queries, and the tasks that they are: the queries are drawn by the instruction's id."""
    texts_of = {query.id: query.text for query in queries}
    bound = {one.id: one.query for one in those if one.query}
    made: list[Request] = []
    for one in kept:
        many = min(config.queries_each, len(queries))
        drawn = random.Random(f"{config.seed}/{one.id}").sample(list(texts_of), many)
        for query in [bound[one.id]] if one.id in bound else drawn:
            made.append(
                Request(id=f"{one.id}/query/{query}", of=(one.id,), instruction=one.instruction, query=texts_of[query])
            )
    stored = run.put(Request, made)
    functions = {one.id: tuple(function.source for function in one.functions) for one in kept}
    tasks = run.put(Task, (task_of(request, functions[request.of[0]], config) for request in stored))
    return stored, tasks


def task_of(request: Request, functions: tuple[str, ...], config: Autoif) -> Task:
    """What the trained model is asked and judged by."""
    words = texts.joined(request.instruction, request.query, first=config.instruction_first)
    return Task(id=request.id, instruction=words, check=Functions(functions=functions))


def responses(
    run: Run, asking: Asking, those: Sequence[Request], tasks: Sequence[Task], config: Autoif
) -> tuple[Sequence[Sample], Sequence[Verdict]]:
    """K responses a request, and what its functions say of them."""
    chat = asking.settings.chat
    prompts = [
        Prompt(
            id=f"{one.id}#{draw}",
            task=one.id,
            text=texts.answering(one.instruction, one.query, shown(task, config), chat=chat),
        )
        for one, task in zip(those, tasks, strict=True)
        for draw in range(config.responses)
    ]
    samples = asking.ask(run, asking.settings.answering, prompts)
    return samples, run.map(Verdict, judge(tasks, config.judging), samples) if prompts else ()


def shown(task: Task, config: Autoif) -> str:
    """The function that the supervisor is shown when it answers; empty where it is shown none."""
    match task.check:
        case Functions(functions=functions) if config.show_function:
            return functions[0]
        case _:
            return ""


def passing(samples: Sequence[Sample], verdicts: Sequence[Verdict], config: Autoif) -> list[tuple[Sample, Verdict]]:
    """The responses that enough functions say True of, the same text to the same request once."""
    rows = [row for row in sound(samples, verdicts) if holds(config.filters.responses, row[1].score)]
    return firsts(rows, lambda row: (row[0].task, row[0].text.strip()))


def sound(samples: Sequence[Sample], verdicts: Sequence[Verdict]) -> Iterator[tuple[Sample, Verdict]]:
    """Responses that can be trained on: whole, not empty, and at least one function came to an answer about them."""
    for sample, verdict in zip(samples, verdicts, strict=True):
        if verdict.passed is not None and sample.finish == "stop" and sample.text.strip():
            yield sample, verdict


def scores(
    run: Run, asking: Asking, kept: Sequence[Sample], those: Sequence[Request], config: Autoif
) -> Sequence[Score]:
    """What a judge model gives each response that passed; nothing where it is not asked."""
    if not config.filters.quality:
        return ()
    named, chat = {one.id: one for one in those}, asking.settings.chat
    prompts: list[Prompt] = []
    for sample in kept:
        one, number = named[sample.task], sample.id.rpartition("#")[2]
        text = texts.scoring(one.instruction, one.query, sample.text.strip(), config.filters.least_score, chat=chat)
        prompts.append(Prompt(id=f"{one.id}/quality#{number}", task=one.id, text=text))
    replies = asking.ask(run, asking.settings.judging, prompts)
    scored = {f"{sample.task}/quality#{sample.id.rpartition('#')[2]}": sample.id for sample in kept}
    return run.map(
        Score,
        lambda said: (
            Score(id=one.id, of=one.id, task=one.task, sample=scored[one.id], value=autoif_parsing.score(one.text))
            for one in said
        ),
        replies,
    )
