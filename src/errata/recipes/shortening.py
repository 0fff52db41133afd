"""Programs cut to so many tokens, as ILF's authors cut what is put to the refiner."""

from functools import cache
from typing import TYPE_CHECKING

from errata import models

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def shortened(program: str, most: int, model: str) -> str:
    """The program, or its beginning where it has more tokens than that; 0 cuts nothing. At the end of a line."""
    if not most or len(program.encode()) <= most:
        return program
    lines = program.splitlines(keepends=True)
    words, kept, used = tokenizer(model), "", 0
    for line in lines:
        used += len(models.target_ids(words, line))
        if used > most:
            break
        kept += line
    return kept


@cache
def tokenizer(model: str) -> "PreTrainedTokenizerBase":
    """The tokenizer of a model, loaded once."""
    return models.load_tokenizer(model)
