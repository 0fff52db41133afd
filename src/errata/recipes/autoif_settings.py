"""Settings of AutoIF. The defaults are the paper's rules; `RELEASE` are those of the authors' code."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import tyro

from errata.errors import UsageError
from errata.evaluation.decontamination import Decontaminating
from errata.evaluation.measure import Measuring
from errata.judges import Judging
from errata.policies import Sampling, Serving
from errata.recipes.watch import Watching
from errata.training import Objective, Preference

FREE = {"free": True}
BOUND = re.compile(r"\s*(>=|>|<=|<|==)\s*(\d+(?:\.\d+)?)\s*")
SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
}


def holds(bound: str, value: float) -> bool:
    """Whether a value is within a bound such as `>0.5`. Raises UsageError for what is no bound."""
    found = BOUND.fullmatch(bound)
    if found is None:
        raise UsageError(f"{bound!r} is no bound; write >0.5, >=0.8 or <=0")
    return SIGNS[found[1]](value, float(found[2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is kept. Shares are from 0 to 1; a bound is written `>0.5` or `>=0.8`."""

    cross: bool = True
    """Cross-validate functions and cases by running them; without it all functions that can be run are kept."""
    least_functions: int = 1
    """Functions that an instruction needs, before any is dropped."""
    least_cases: int = 1
    """Cases that an instruction needs, before any is dropped."""
    unique: bool = True
    """Count the same function and the same case once."""
    mend: bool = True
    """Mend the three common faults of replies (line ends, escapes, Python's words); without it they are dropped."""
    words: bool = True
    """Take the texts `true` and `false`, as cases and functions often have them, for the truth values."""
    running: bool = False
    """Keep functions that run the text they look at (eval, exec): a response could make them say anything."""
    cases: str = ">0.5"
    """Share of the functions that must agree with a case, of those that come to an answer."""
    functions: str = ">0.5"
    """Share of the kept cases that a function must get right."""
    translated: int = 0
    """Functions of an instruction that are put back into words; 0 is all."""
    responses: str = ">0.5"
    """Share of the functions that must say True of a response, of those that come to an answer."""
    quality: str = ">=8"
    """Score that a judge model must give a response; empty: no model is asked."""
    least_score: int = 1
    """The lowest score that the judge model may give; the highest is 10."""
    chosen: str = ">0.5"
    """Share of the functions that say True of the better answer of a pair."""
    rejected: str = "<=0"
    """Share of the functions that say True of the worse answer of a pair."""
    sides: int = 2
    """Better answers, and worse ones, of a request that are put into pairs, each with each; drawn with the seed."""
    instruction_pairs: bool = True
    """Make pairs of the cases of an instruction too, beside those of responses."""

    def __post_init__(self) -> None:
        for bound in (self.cases, self.functions, self.responses, self.chosen, self.rejected):
            holds(bound, 0.0)
        if self.quality:
            holds(self.quality, 0.0)
        least = {"least_functions": self.least_functions, "least_cases": self.least_cases, "sides": self.sides}
        for name, value in least.items():
            if value < 1:
                raise UsageError(f"{name} must be at least 1, not {value}")


RELEASE = Filters(
    least_functions=3,
    least_cases=10,
    mend=False,
    words=False,
    running=True,
    cases=">0",
    functions=">=0.8",
    translated=3,
    responses=">0",
    quality=">8",
    least_score=0,
    chosen=">=0.5",
    instruction_pairs=False,
)
"""The rules of the authors' code, where it differs from the paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervisor:
    """The model that writes instructions, verifiers and responses."""

    model: str = ""
    """`primer`, a folder, or a name; empty is the model that is trained (self-alignment)."""
    backend: str = field(default="local", metadata=FREE)
    """Where it answers: `local` (transformers, in process), `server:URL` (OpenAI-compatible) or `recorded:FILE`."""
    server: Serving = field(default=Serving(), metadata=FREE)
    """Of a backend `server:URL`."""
    chat: bool = True
    """Ask it in chat turns; without it in plain text, as models without a chat template need it."""
    writing: Sampling = Sampling(temperature=0.7, max_new_tokens=2048)
    """How it is asked for instructions and verifiers."""
    answering: Sampling = Sampling(temperature=0.8, max_new_tokens=1024)
    """How it is asked for responses."""
    judging: Sampling = Sampling(temperature=0.0, max_new_tokens=512)
    """How it is asked to put functions into words, to compare instructions, and to score responses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoif:
    """Settings of AutoIF."""

    model: str = "primer"
    """The base: `primer`, a folder, or a name on the Hub."""
    seeds: str = "primer"
    """Instructions to begin with: a file with one a line, or JSONL of {"instruction"}; `primer`: the primer's own."""
    queries: str = "primer"
    """What people ask: JSONL of {"query"} or of ShareGPT's rows, or a file with one a line; `primer`: the primer's."""
    held_out: str = ""
    """Tasks that scores are reported on; none may be among those that are trained on."""
    rewriting: Literal["each", "all", "query", "none"] = "each"
    """What new instructions are made from: each seed, all seeds at once (as in the release), each query (so that the
    two do not conflict), or none are made."""
    rewrites: int = 100
    """Instructions that are asked for at once (K)."""
    calls: int = 1
    """Times that each of these prompts is asked."""
    verifiers: int = 8
    """Verification functions, with cases, that are asked for each instruction (K)."""
    nli: str = "MoritzLaurer/mDeBERTa-v3-base-xnli-multilingual-nli-2mil7"
    """Who compares an instruction with what its functions say in words: a model for NLI, `judge` (the supervisor),
    `lexical` (words in common alone, for where there is no model), or `none`, which leaves back-translation out."""
    queries_each: int = 16
    """Queries that each instruction is joined to; those written for a query have that one."""
    query_length: tuple[int, int] = (1, 100_000)
    """Shortest and longest query, in characters."""
    responses: int = 8
    """Responses that are asked for each request (K)."""
    show_function: bool = False
    """Show the supervisor a verifier of the instruction when it answers."""
    instruction_first: bool = True
    """Put the instruction before the query in what is trained on; the release puts it behind."""
    chat: bool = True
    """Ask the trained model in chat turns; without it in plain text, an empty line before the answer."""
    backend: str = field(default="local", metadata=FREE)
    """Where the trained model answers: `local` (transformers, in process), `server:URL` or `recorded:FILE`."""
    server: Serving = field(default=Serving(), metadata=FREE)
    """How that server is asked, and how it gets the weights of each round."""
    lora: bool = False
    """Train low-rank adapters in place of all weights; merged into the models that are kept."""
    seed: int = 0
    """Seed of draws, choices and training."""
    supervisor: Supervisor = Supervisor()
    """Who writes."""
    judge: Supervisor = Supervisor()
    """Who scores responses; without a model of its own the supervisor does."""
    filters: Filters = Filters()
    """What is kept."""
    objective: Objective = Objective(
        learning_rate=7e-6, schedule="linear", warmup_steps=20, epochs=3, batch_size=128, weight_decay=0.1
    )
    """Of supervised fine-tuning."""
    offline: bool = True
    """Train on the pairs of recorded responses, before any round of online DPO."""
    rounds: int = field(default=2, metadata={"may": "grow"})
    """Rounds of online DPO: the model answers, its answers are verified and paired, and it is trained on them."""
    draws: int = 8
    """Answers that the model gives to each request in a round (K)."""
    sampling: Sampling = Sampling(temperature=0.8, max_new_tokens=1024)
    """Of the model's answers in a round."""
    preference: Preference = Preference()
    """Of DPO, offline and online."""
    measuring: Measuring = Measuring(draws=1, temperature=0.0, ks=(1,))
    """Of held-out scores."""
    about: str = ""
    """The held-out tasks once more, by the same ids, checked for whether an answer is about what was asked: the quality
    beside the score."""
    decontamination: Decontaminating = Decontaminating()
    """Whether the instructions stand in the benchmarks that models are measured on."""
    watch: tyro.conf.UseAppendAction[tuple[str, ...]] = field(default=(), metadata=FREE)
    """Also measure what may be lost, before training and after each of its steps: `humaneval:FILE`, `gsm8k:FILE`, any
    task source, `perplexity:FILE`, `perplexity:primer`; may be given several times."""
    watching: Watching = Watching()
    """How what is watched is measured."""
    judging: Judging = Judging()
    """Of verifiers: limits, workers."""

    def __post_init__(self) -> None:
        counts = {"rewrites": self.rewrites, "calls": self.calls, "verifiers": self.verifiers, "draws": self.draws}
        for name, value in {**counts, "queries_each": self.queries_each, "responses": self.responses}.items():
            if value < 1:
                raise UsageError(f"{name} must be at least 1, not {value}")
        if self.rounds < 0:
            raise UsageError(f"rounds must be 0 or more, not {self.rounds}")
