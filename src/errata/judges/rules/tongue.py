"""The language of an answer, told by langdetect (a port of Nakatani Shuyo's detector; its profiles are in the package).

langdetect draws at random which letters it looks at, and the official checker does not seed it, so that one answer may
be told to be in two languages. Here the draws are seeded, and where they leave a doubt the language is the one that
most of nine seeds find: what the official checker says most often. An answer without anything to go by (digits,
signs, some texts all in capitals) has no language, which counts as followed, as officially.
"""
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import importlib
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Protocol, cast

SURE = 0.9999
"""A probability from which other seeds would say the same."""
SEEDS = 9


class Guess(Protocol):
    """A language and how probable it is."""

    lang: str
    prob: float


class Detector(Protocol):
    """What is used of `langdetect.detector.Detector`."""

    seed: int

    def append(self, text: str) -> None: ...
    def get_probabilities(self) -> Sequence[Guess]: ...


class Factory(Protocol):
    """What is used of `langdetect.detector_factory.DetectorFactory`."""

    def load_profile(self, folder: str) -> None: ...
    def create(self) -> Detector: ...


class Langdetect(Protocol):
    """What is used of `langdetect.detector_factory`."""

    PROFILES_DIRECTORY: str
    LangDetectException: type[Exception]

    def DetectorFactory(self) -> Factory: ...


def langdetect() -> Langdetect:
    return cast("Langdetect", importlib.import_module("langdetect.detector_factory"))


@cache
def factory() -> Factory:
    """The 55 languages' profiles, read once: half a second."""
    made = langdetect().DetectorFactory()
    made.load_profile(langdetect().PROFILES_DIRECTORY)
    return made


@lru_cache(maxsize=64)
def language(text: str) -> str:
    """The language's code, or nothing where the text has no feature of a language."""
    first = guess(text, 0)
    if first is None or first.prob > SURE:
        return "" if first is None else first.lang
    votes = Counter([first.lang, *(found.lang for seed in range(1, SEEDS) if (found := guess(text, seed)))])
    return votes.most_common(1)[0][0]


def guess(text: str, seed: int) -> Guess | None:
    detector = factory().create()
    detector.seed = seed
    detector.append(text)
    try:
        found = detector.get_probabilities()
    except langdetect().LangDetectException:
        return None
    return found[0] if found else None
