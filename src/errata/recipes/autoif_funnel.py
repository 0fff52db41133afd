"""What each stage of AutoIF left over: funnel.json, which the report and the terminal show."""

from collections import Counter
from collections.abc import Iterator, Sequence

from errata.evaluation.funnel import Yield
from errata.recipes.autoif_records import Data
from errata.recipes.autoif_settings import Autoif
from errata.recipes.autoif_stages import passing
from errata.types import Demo, Pair


def funnel(data: Data, demos: Sequence[Demo], pairs: Sequence[Pair], config: Autoif) -> Iterator[Yield]:
    """The yields in the order of the stages."""
    yield from of_instructions(data)
    kept = [one for one in data.verified if not one.reason]
    if config.nli != "none":
        against = {one.task for one in data.relations if one.label == "contradiction"}
        by = "the supervisor" if config.nli == "judge" else config.nli
        stage = "back-translation"
        yield Yield(stage=stage, what="functions put into words", n=len(data.relations))
        unclear = sum(one.label == "unclear" for one in data.relations)
        if unclear:
            yield Yield(stage=stage, what="without a clear answer", n=unclear, of=len(data.relations), dropped=True)
        yield Yield(stage=stage, what=f"contradicted ({by})", n=len(against), of=len(kept), dropped=True)
        yield Yield(stage=stage, what="instructions kept", n=len(data.translated), of=len(kept))
    yield Yield(stage="requests", what="instructions joined to queries", n=len(data.requests))
    yield from of_responses(data, config)
    yield Yield(stage="sft", what="texts to imitate", n=len(demos), of=len(data.samples))
    cases = sum("/case#" in pair.id for pair in pairs)
    yield Yield(stage="dpo", what="pairs of responses", n=len(pairs) - cases)
    if config.filters.instruction_pairs:
        yield Yield(stage="dpo", what="pairs of cases", n=cases)


def of_instructions(data: Data) -> Iterator[Yield]:
    sources = Counter(one.source for one in data.instructions)
    total = len(data.instructions)
    names = {"seed": "seeds", "rewritten": "written after seeds", "query": "written for queries"}
    for source, what in names.items():
        if sources[source]:
            yield Yield(stage="instructions", what=what, n=sources[source], of=total)
    if len(data.verified) < total:
        unclean = total - len(data.verified)
        yield Yield(stage="instructions", what="in a benchmark, left out", n=unclean, of=total, dropped=True)
        total -= unclean
    counts: Counter[str] = Counter()
    for one in data.verified:
        counts.update(one.counts)
    stage = "verifiers"
    yield Yield(stage=stage, what="replies", n=counts["replies"])
    yield Yield(stage=stage, what="read", n=counts["replies"] - counts["refused"], of=counts["replies"])
    for what, name in {"of which mended": "mended", "that run the text, left out": "running"}.items():
        if counts[name]:
            yield Yield(stage=stage, what=what, n=counts[name], of=counts["replies"], dropped=name == "running")
    stage, calls = "cross-validation", counts["true"] + counts["false"] + counts["error"]
    yield Yield(stage=stage, what="calls of functions with cases", n=calls)
    if counts["error"]:
        yield Yield(stage=stage, what="neither true nor false", n=counts["error"], of=calls, dropped=True)
    if counts["broken"]:
        yield Yield(
            stage=stage, what="functions that cannot be run", n=counts["broken"], of=counts["functions"], dropped=True
        )
    functions, cases = (
        (sum(len(part) for part in parts) for parts in zip(*kept(data), strict=True)) if kept(data) else (0, 0)
    )
    yield Yield(stage=stage, what="functions kept", n=functions, of=counts["functions"])
    yield Yield(stage=stage, what="cases kept", n=cases, of=counts["cases"])
    for reason, n in Counter(one.reason for one in data.verified if one.reason).most_common():
        yield Yield(stage=stage, what=f"dropped: {reason}", n=n, of=total, dropped=True)
    yield Yield(stage=stage, what="instructions kept", n=len(kept(data)), of=total)


def kept(data: Data) -> list[tuple[Sequence[object], Sequence[object]]]:
    """Functions and cases of the instructions that were kept."""
    return [(one.functions, one.cases) for one in data.verified if not one.reason]


def of_responses(data: Data, config: Autoif) -> Iterator[Yield]:
    stage, many = "responses", len(data.samples)
    yield Yield(stage=stage, what="responses", n=many)
    broken = sum(verdict.passed is None for verdict in data.verdicts)
    if broken:
        yield Yield(stage=stage, what="no function came to an answer", n=broken, of=many, dropped=True)
    cut = sum(sample.finish == "length" for sample in data.samples)
    if cut:
        yield Yield(stage=stage, what="cut off at their longest", n=cut, of=many, dropped=True)
    passed = passing(data.samples, data.verdicts, config)
    yield Yield(stage=stage, what="verified, different ones", n=len(passed), of=many)
    if config.filters.quality:
        unread = sum(one.value is None for one in data.scores)
        if unread:
            yield Yield(stage="quality", what="without a score", n=unread, of=len(data.scores), dropped=True)
        yield Yield(stage="quality", what="scored", n=len(data.scores) - unread, of=len(passed))
