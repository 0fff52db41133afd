"""LETI's post-processing of replies, behind any policy: stop words, or the first function alone (papers: LETI 2.1)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from errata import text
from errata.prompts import begun
from errata.text import Trim
from errata.types import Owed, Prompt, Sample, Stage, Timed


def trimming(stage: Stage[Prompt, Sample], how: Trim) -> Stage[Prompt, Sample]:
    """The stage, with what comes behind the wanted part of each reply left out; replies in a chat stay whole."""
    if how == "none":
        return stage

    def trimmed(prompts: Iterable[Prompt]) -> Iterator[Sample | Timed[Sample] | Owed]:
        for made in stage(prompts):
            match made:
                case Sample():
                    yield short(made, how)
                case Timed(record=record):
                    yield replace(made, record=short(record, how))
                case Owed():
                    yield made

    return trimmed


def short(sample: Sample, how: Trim) -> Sample:
    """The sample with its text trimmed; what was cut off also ended it."""
    if not isinstance(sample.prompt, str):
        return sample
    kept = text.trimmed(sample.text, how, begun(sample.prompt))
    return sample if kept == sample.text else replace(sample, text=kept, finish="stop")
