"""AutoIF: instructions that code can verify, made and checked without people (Dong et al. 2024, arXiv 2406.13542).

From seed instructions a supervisor writes more, and for each of them functions that tell whether a response follows it,
with test cases. Functions and cases that do not bear each other out are dropped, and instructions that their functions
contradict. The rest is joined to queries; responses that the functions find right are what the model is trained on, and
pairs of right and wrong ones.

The defaults are the paper's rules; the authors' code has others in ten places, which the `release` preset sets
(recipes/autoif_settings.py). Not taken over at all from the code: verifiers that run in our own process, see no helper
functions, and count as a rejected answer where they raise; results that differ with Python's hash seed; unseeded
choices (docs/autoif.md).
"""

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from errata.errors import UsageError
from errata.evaluation import decontamination
from errata.evaluation import funnel as shown
from errata.jsonl import Json
from errata.policies import check, serve
from errata.recipes import autoif_pairs, autoif_sources, autoif_training, ready, watch, weights
from errata.recipes import autoif_stages as stages
from errata.recipes.autoif_funnel import funnel
from errata.recipes.autoif_records import Data
from errata.recipes.autoif_settings import Autoif, Supervisor
from errata.runs import Run
from errata.tasks import digest, load
from errata.training.rows import readable
from errata.types import Demo, Pair


def autoif(config: Autoif, run: Run) -> str:
    """The trained model's folder. Re-running goes on where it stopped.

    Raises UsageError for settings and files that do not fit, and where nothing is left to train on; Fault when the
    machine fails; nothing done is lost.
    """
    made = data(run, config)
    demos = run.at("sft").put(Demo, autoif_pairs.demos(made, config))
    pairs = run.at("dpo").put(Pair, autoif_pairs.pairs(made, config))
    run.value(shown.NAME, lambda: shown.plain(funnel(made, demos, pairs, config)))
    if not demos:
        raise UsageError(f"{run.path}: no response is left to train on; {run.path / shown.NAME} says where they went")
    return autoif_training.trained(run, config, made, demos, pairs)


def data(run: Run, config: Autoif) -> Data:
    """All that is made before training, a stage a folder."""
    seeds = autoif_sources.seeds(config.seeds)
    queries = autoif_sources.queries(config.queries, config.query_length)
    with supervised(run.at("supervisor"), config, config.supervisor) as supervisor:
        instructions = stages.instructions(run.at("instructions"), supervisor, seeds, queries, config)
        clean = stages.clean(run, instructions, config)
        replies = stages.verifiers(run.at("verifiers"), supervisor, clean, config)
        verified = stages.crossed(run.at("cross-validation"), replies, clean, config)
        kept = [one for one in verified if not one.reason]
        relations = stages.related(run, supervisor, kept, config)
        translated = stages.translated(kept, relations)
        requests, tasks = stages.requests(run.at("requests"), translated, instructions, queries, config)
        samples, verdicts = stages.responses(run.at("responses"), supervisor, requests, tasks, config)
        passing = [sample for sample, _ in stages.passing(samples, verdicts, config)]
        with judged(run, config, supervisor) as judge:
            scores = stages.scores(run.at("quality"), judge, passing, requests, config)
    return Data(
        instructions=instructions,
        verified=verified,
        relations=relations,
        translated=translated,
        requests=requests,
        tasks=tasks,
        samples=samples,
        verdicts=verdicts,
        scores=scores,
    )


@contextmanager
def supervised(step: Run, config: Autoif, supervisor: Supervisor) -> Generator[stages.Asking]:
    """A supervisor that can be asked; without a model of its own it is the model that is trained. What a server replies
    is kept in the step's folder."""
    model = autoif_sources.base(supervisor.model or config.model)
    backend = autoif_sources.recorded(supervisor.backend)
    with serve(model, backend, server=supervisor.server, folder=step.path) as policy:
        yield stages.Asking(policy=policy, settings=supervisor, seed=config.seed)


@contextmanager
def judged(run: Run, config: Autoif, supervisor: stages.Asking) -> Generator[stages.Asking]:
    """Who scores responses: the supervisor, unless there is a judge model."""
    if config.judge.model:
        with supervised(run.at("judge"), config, config.judge) as judge:
            yield judge
    else:
        yield replace(supervisor, settings=replace(supervisor.settings, judging=config.judge.judging))


def identity(config: Autoif) -> dict[str, Json]:
    """What a run is besides its settings: digests of its seeds, its queries and its base model.

    Raises UsageError for settings and files that do not fit, before anything is begun.
    """
    check(config.backend, config.server)
    readable(config.objective)
    who: dict[str, Json] = dict(config.server.identity())
    for name, asked in {"supervisor": config.supervisor, "judge": config.judge}.items():
        kind, _ = check(autoif_sources.recorded(asked.backend), asked.server)
        who |= {f"{name}.{part}": value for part, value in asked.server.identity().items()}
        if asked.model and kind == "local":
            who[name] = weights.digest(autoif_sources.base(asked.model))
    seeds = autoif_sources.seeds(config.seeds)
    queries = autoif_sources.queries(config.queries, config.query_length)
    told = {"seeds": seeds, "queries": [f"{query.id} {query.text}" for query in queries]}
    digests = {name: hashlib.sha256("\n".join(those).encode()).hexdigest() for name, those in told.items()}
    benchmarks = decontamination.benchmarks(config.decontamination)
    digests |= {f"decontamination.{name}": digest(tasks) for name, tasks in benchmarks.items()}
    held = load(config.held_out) if config.held_out else ()
    watch.check(config.watch, config.watching, ())
    return {**digests, **who, "held_out": digest(held), "model": weights.digest(autoif_sources.base(config.model))}


def prepared(config: Autoif) -> None:
    """Raises UsageError or Fault where something is missing that a new run needs, before its folder is made."""
    ready.replies(
        config.backend, *(autoif_sources.recorded(asked.backend) for asked in (config.supervisor, config.judge))
    )
    ready.texts(config.objective)
    ready.weights(autoif_sources.base(config.model))
    ready.programs(config.judging)
