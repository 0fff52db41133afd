"""What AutoIF trains on: texts to imitate, and pairs of which one is better.

Every pair has its reason in stored verdicts: more functions said True of the better text than of the worse one, and at
least one function came to an answer about each. A text of which no function knew anything is in no pair, and no text
that was cut off, since an end is trained behind each.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from errata.prompts import posed
from errata.recipes.autoif_crossing import firsts
from errata.recipes.autoif_prompts import sentence
from errata.recipes.autoif_records import Data, Verified
from errata.recipes.autoif_settings import Autoif, Filters, holds
from errata.recipes.autoif_stages import passing, sound
from errata.types import Demo, Pair, Sample, Task, Verdict


def demos(data: Data, config: Autoif) -> Iterator[Demo]:
    """The texts of supervised fine-tuning: responses that pass and that the judge model finds good."""
    asked = {task.id: task.instruction for task in data.tasks}
    bound = config.filters.quality
    good = {one.sample: one for one in data.scores if bound and within(bound, one.value)}
    for sample, verdict in passing(data.samples, data.verdicts, config):
        if bound and sample.id not in good:
            continue
        of = (sample.id, verdict.id) + ((good[sample.id].id,) if sample.id in good else ())
        context = posed(asked[sample.task], chat=config.chat)
        yield Demo(id=sample.id, of=of, context=context, target=sample.text.strip())


def pairs(data: Data, config: Autoif) -> Iterator[Pair]:
    """The pairs of offline DPO: of responses, and of the cases of instructions."""
    asked = {task.id: task.instruction for task in data.tasks}
    for task, rows in grouped(data.samples, data.verdicts).items():
        better = texts(rows, config.filters.chosen)
        worse = texts(rows, config.filters.rejected)
        for (one, chosen), (other, rejected) in crossing(better, worse, f"{config.seed}/{task}", config.filters):
            yield Pair(
                id=f"{one}-{other.rpartition('#')[2]}",
                of=(one, other),
                context=posed(asked[task], chat=config.chat),
                chosen=chosen,
                rejected=rejected,
            )
    if config.filters.instruction_pairs:
        for one in data.translated:
            yield from of_cases(one, config)


def of_cases(one: Verified, config: Autoif) -> Iterator[Pair]:
    """Pairs of an instruction alone: texts of its cases that its functions say True of, and texts that they do not."""
    better = {str(at): case.input for at, case in enumerate(one.cases) if within(config.filters.chosen, case.follows)}
    worse = {str(at): case.input for at, case in enumerate(one.cases) if within(config.filters.rejected, case.follows)}
    for (left, chosen), (right, rejected) in crossing(better, worse, f"{config.seed}/{one.id}", config.filters):
        yield Pair(
            id=f"{one.id}/case#{left}-{right}",
            of=(one.id,),
            context=posed(sentence(one.instruction), chat=config.chat),
            chosen=chosen,
            rejected=rejected,
        )


def strict(
    tasks: Iterable[Task], samples: Sequence[Sample], verdicts: Sequence[Verdict], config: Autoif
) -> Iterator[Pair]:
    """The pairs of online DPO: of each task's answers the best with the worst, the next best with the next worst, and
    so on while one is strictly better. Ties make no pair, nor does an answer that no function knew anything of."""
    asked = {task.id: task.instruction for task in tasks}
    for task, rows in grouped(samples, verdicts).items():
        rng = random.Random(f"{config.seed}/{task}")
        once = firsts(rows, lambda row: row[0].text.strip())
        rng.shuffle(once)
        once.sort(key=lambda row: row[1].score)
        for (low, bad), (high, good) in list(zip(once, reversed(once), strict=True))[
            : min(len(once) // 2, config.filters.sides)
        ]:
            if good.score > bad.score:
                yield Pair(
                    id=f"{high.id}-{low.id.rpartition('#')[2]}",
                    of=(high.id, low.id),
                    context=posed(asked[task], chat=config.chat),
                    chosen=high.text.strip(),
                    rejected=low.text.strip(),
                )


def grouped(samples: Sequence[Sample], verdicts: Sequence[Verdict]) -> Mapping[str, list[tuple[Sample, Verdict]]]:
    """Answers that can be trained on, by task."""
    rows: dict[str, list[tuple[Sample, Verdict]]] = {}
    for sample, verdict in sound(samples, verdicts):
        rows.setdefault(sample.task, []).append((sample, verdict))
    return rows


def texts(rows: Iterable[tuple[Sample, Verdict]], bound: str) -> dict[str, str]:
    """The different texts whose share of functions is within a bound, by the id of the first that has it."""
    kept = (sample for sample, verdict in rows if holds(bound, verdict.score))
    return {sample.id: sample.text.strip() for sample in firsts(kept, lambda sample: sample.text.strip())}


def crossing(
    better: Mapping[str, str], worse: Mapping[str, str], seed: str, filters: Filters
) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Some of the better with some of the worse, each with each; drawn with the seed where there are more."""
    rng = random.Random(seed)
    drawn = [rng.sample(list(those.items()), min(filters.sides, len(those))) for those in (better, worse)]
    for one, other in product(*drawn):
        if one[1] and one[1] != other[1]:
            yield one, other


def within(bound: str, value: float | None) -> bool:
    return value is not None and holds(bound, value)
