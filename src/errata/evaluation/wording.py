"""How near two instructions are in their wording, without a model: weighted sets of stems.

Words that say the same in instructions (`reply`, `answer`, `output`; `avoid`, `refrain`, `not`) count as one, numbers
are alike, inflections and words without meaning of their own are left out. Rare words weigh more than common ones
(inverse document frequency over the texts that are compared with). The likeness of two sets is the weight of what both
have over the weight of what either has (weighted Jaccard, 0 to 1).
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

WORD = re.compile(r"\w+(?:['’]\w+)?")
PIECE = re.compile(r"(?<=[.!?;:])\s+|\n+|,\s+|\s+(?:and|but)\s+")
"""Where one sentence may hold several instructions."""
SAME: Mapping[str, str] = {
    word: head
    for head, words in {
        "answer": "answer reply response respond output text message write generate produce give provide",
        "not": "not no never avoid refrain without don't dont cannot exclude omit nothing none neither nor "
        "forbid forbidden prohibit prohibited free",
        "use": "use contain include employ mention utilize utilise insert incorporate feature add put appear",
        "least": "least minimum more",
        "most": "most maximum fewer less under below up",
        "exact": "exact exactly precisely",
        "capital": "capital capitalize capitalise uppercase upper cap block",
        "lower": "lower lowercase small",
        "paragraph": "paragraph passage",
        "begin": "begin start open",
        "end": "end finish conclude close final last",
        "separate": "separate separated part divide divided split",
        "quote": "quote quotation",
        "wrap": "wrap enclose surround enclosed",
        "word": "word keyword term",
        "bullet": "bullet bulleted",
        "whole": "whole entire entirely complete completely all every",
        "two": "two 2 both",
        "different": "different distinct",
        "repeat": "repeat restate",
        "letter": "letter character",
        "language": "language tongue",
    }.items()
    for word in words.split()
}
EMPTY_WORDS = """
a an the of in on to for with by at as is are be been being it its this that these those there you
your yours i my me we our us and or but so if then than should must shall will would can could may
might please make sure do does did have has had from into about when where which what who how also
only just any some such each other anywhere keep ensure within throughout
"""
EMPTY = frozenset(EMPTY_WORDS.split())
ENDINGS = ("ization", "ations", "ation", "ingly", "ings", "ing", "edly", "ies", "ed", "es", "ly", "s")


def plain(text: str) -> tuple[str, ...]:
    """The words of a text in small letters, in order."""
    return tuple(word.lower() for word in WORD.findall(text))


def stems(words: Iterable[str]) -> frozenset[str]:
    """What of the words has a meaning of its own: stems, synonyms as one, numbers alike."""
    found = {headed(word) for word in words if word not in EMPTY}
    return frozenset("#" if stem.isdigit() else stem for stem in found)


def headed(word: str) -> str:
    """The word that stands for all that say the same, or the stem."""
    stem = stemmed(word)
    return next((SAME[form] for form in (word, stem, f"{stem}e") if form in SAME), stem)


def stemmed(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            word = word.removesuffix(ending)
            break
    return word.removesuffix("e") if len(word) > 3 else word


def pieces(text: str) -> list[str]:
    """A text, and the parts of it that may each be an instruction."""
    parts = [part.strip() for part in PIECE.split(text) if part.strip()]
    return [text, *parts] if len(parts) > 1 else [text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """The nearest of the texts that are compared with."""

    name: str
    likeness: float
    words: str
    """The part of it that is meant."""


class Wordings:
    """Texts to compare with, looked up by their rare words first, so that few have to be compared in full."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.parts = [(name, part) for name, text in texts.items() for part in pieces(text)]
        self.sets = [stems(plain(part)) for _, part in self.parts]
        counts = Counter(stem for some in self.sets for stem in some)
        self.weight = {stem: math.log(1 + len(self.sets) / count) for stem, count in counts.items()}
        self.unseen = math.log(1 + len(self.sets))
        self.places: dict[str, list[int]] = {}
        for place, some in enumerate(self.sets):
            for stem in some:
                self.places.setdefault(stem, []).append(place)

    def nearest(self, text: str, least: float) -> Near | None:
        """The nearest text of at least that likeness; none where there is none, or nothing to go by."""
        asked = stems(plain(text))
        if len(asked) < 2:
            return None
        total = self.weigh(asked)
        order = sorted(asked, key=lambda stem: (-self.weight.get(stem, self.unseen), stem))
        candidates: set[int] = set()
        left = total
        for stem in order:
            # What has none of the stems so far cannot come near any more.
            if left < least * total:
                break
            candidates.update(self.places.get(stem, ()))
            left -= self.weight.get(stem, self.unseen)
        best = max(((self.likeness(asked, total, place), -place) for place in candidates), default=(0.0, 0))
        if best[0] < least:
            return None
        name, part = self.parts[-best[1]]
        return Near(name=name, likeness=round(best[0], 3), words=part)

    def likeness(self, asked: frozenset[str], total: float, place: int) -> float:
        shared = self.weigh(asked & self.sets[place])
        return shared / (total + self.weigh(self.sets[place]) - shared)

    def weigh(self, some: Iterable[str]) -> float:
        return math.fsum(self.weight.get(stem, self.unseen) for stem in some)


def grams(words: Sequence[str], n: int) -> set[tuple[str, ...]]:
    """All stretches of n words; the whole where there are fewer."""
    return {tuple(words[at : at + n]) for at in range(max(1, len(words) - n + 1))}
