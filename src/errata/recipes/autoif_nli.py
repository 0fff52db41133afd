"""Whether an instruction and the one that was read off its verifier contradict each other (papers: AutoIF 3.1).

Three ways, and each relation says which: a model made for natural language inference; the supervisor, asked for one
word; or the words that the two have in common, which knows nothing of meaning and is there for where no model is.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias, cast

from errata.errors import UsageError
from errata.recipes.autoif_records import Label

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Labels: TypeAlias = "Callable[[Iterable[tuple[str, str]]], Iterator[Label]]"
"""From pairs of instructions to what the first says of the second, in their order."""

LABELS: tuple[Label, ...] = ("entailment", "neutral", "contradiction")
BATCH = 32
WORD = re.compile(r"[^\W_]+")
NUMBERS: Mapping[str, str] = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "once": "1",
    "twice": "2",
    "single": "1",
}
NEGATIONS = ("not", "no", "never", "without", "avoid", "don't", "refrain", "except", "cannot")
OPPOSITES = (("upper", "lower"), ("uppercase", "lowercase"), ("begin", "end"), ("start", "end"), ("most", "least"))
COMMON = frozenset(
    (
        *("a", "an", "the", "of", "in", "to", "your", "you", "it", "is", "be", "must", "should", "with", "and", "that"),
        *("only", "answer", "response", "reply", "write", "use", "using", "words", "word", "text", "contain", "any"),
    )
)


def by_model(name: str) -> Labels:
    """Labels by a model for NLI, which is loaded when the first pair comes.

    Raises UsageError for a model that is not there, or that does not tell the three labels.
    """

    def labels(pairs: Iterable[tuple[str, str]]) -> Iterator[Label]:
        import torch

        tokenizer, model, named = loaded(name)
        left = iter(pairs)
        while batch := list(islice(left, BATCH)):
            texts = [first for first, _ in batch], [second for _, second in batch]
            given = tokenizer(*texts, truncation=True, padding=True, return_tensors="pt").to(model.device)
            with torch.inference_mode():
                best = model(**given).logits.argmax(-1).tolist()
            yield from (named[at] for at in best)

    return labels


def loaded(name: str) -> tuple[PreTrainedTokenizerBase, PreTrainedModel, list[Label]]:
    """(tokenizer, model, the label of each output); the labels' order is the model's own, and not the same in all."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from errata import models

    models.quiet()
    there = not models.reachable(name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=there)
        model = AutoModelForSequenceClassification.from_pretrained(name, local_files_only=there)
    except (OSError, ValueError) as error:
        why = (str(error).strip().splitlines() or ["no reason told"])[0]
        raise UsageError(f"nli: {name} cannot be loaded ({why}); there are also judge and lexical") from None
    named = {int(at): str(label).lower() for at, label in cast("dict[int, str]", model.config.id2label).items()}
    labels = [next((label for label in LABELS if label == named[at]), None) for at in sorted(named)]
    if set(labels) != set(LABELS):
        raise UsageError(f"nli: {name} tells {', '.join(named.values())}, not {', '.join(LABELS)}")
    model.eval().to(models.device())
    return tokenizer, model, cast("list[Label]", labels)


def lexical(first: str, second: str) -> Label:
    """A guess by words: contradiction where numbers differ, where one says not and the other does not, where they name
    opposites, or where nothing but common words is shared; entailment where most words of the second are the first's.
    """
    one, other = (words(text) for text in (first, second))
    numbers = [{word for word in those if word.isdigit()} for those in (one, other)]
    if all(numbers) and numbers[0].isdisjoint(numbers[1]):
        return "contradiction"
    denied = [any(word in those for word in NEGATIONS) for those in (one, other)]
    content = [those - COMMON - set(NEGATIONS) for those in (one, other)]
    shared = {stem(word) for word in content[0]} & {stem(word) for word in content[1]}
    if any(
        {left} <= one - other and {right} <= other - one for pair in OPPOSITES for left, right in (pair, pair[::-1])
    ):
        return "contradiction"
    if shared and denied[0] != denied[1]:
        return "contradiction"
    if not shared and all(content):
        return "contradiction"
    return "entailment" if 2 * len(shared) >= len({stem(word) for word in content[1]}) else "neutral"


def words(text: str) -> set[str]:
    found = [word.lower() for word in WORD.findall(text.replace("n't", " not"))]
    return {NUMBERS.get(word, word) for word in found}


def stem(word: str) -> str:
    """A word without the ending that grammar gives it."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word
