"""What a run needs of the machine, looked for before its folder is made: a name with a mistake costs no run."""

import math
from collections.abc import Iterable
from pathlib import Path

from errata import models
from errata.errors import UsageError
from errata.judges import Judging, usable
from errata.policies import Serving
from errata.policies.recorded import Recorded
from errata.recipes.weights import folder
from errata.training import Objective
from errata.training.rows import TEXTLESS, corpus, documents, end
from errata.types import Prompt


def replies(*backends: str) -> None:
    """Raises UsageError for a file of recorded replies that is not there, is empty, or has a line that is no reply."""
    for backend in dict.fromkeys(backends):
        kind, _, file = backend.partition(":")
        if kind == "recorded":
            Recorded(Path(file)).check()


def weights(*names: str) -> None:
    """Raises UsageError for a folder without weights, or without a tokenizer; a name on the Hub is not looked into."""
    for name in dict.fromkeys(folder(name) for name in names):
        if Path(name).is_dir():
            models.check(Path(name))


def texts(*objectives: Objective) -> None:
    """Raises UsageError for a pretraining mix with a line that cannot be read, or without a text."""
    for mix in dict.fromkeys(objective.pretrain_mix for objective in objectives):
        if mix and not sum(bool(text.strip()) for text in documents(corpus(mix))):
            raise UsageError(f"pretrain_mix: {mix}: holds no text{TEXTLESS}")


def reloaded(backend: str, server: Serving) -> None:
    """Raises UsageError for a server that knows every model by one name and is never told to load another: it would go
    on answering with the base, and its scores would be taken for those of what was trained."""
    if backend.startswith("server:") and server.name and not (server.start or server.reload):
        raise UsageError(
            f"server.name: the server would be asked for {server.name!r} after training too, and nothing has it load "
            "what was trained; give --server.start or --server.reload, or leave the name out"
        )


def ends(name: str, objective: Objective) -> None:
    """Raises UsageError where the end of a text is to be trained, and the tokenizer has no token for it."""
    if objective.end_token or objective.pretrain_mix:
        end(models.load_tokenizer(folder(name)))


def prompts(name: str, asked: Iterable[Prompt]) -> None:
    """Raises UsageError for a prompt that leaves a model in a folder no room for a reply, or that is a chat where the
    model knows none. Other backends say so themselves."""
    here = folder(name)
    if not Path(here).is_dir():
        return
    tokenizer, most = models.load_tokenizer(here), models.room(here)
    for prompt in asked:
        if len(ids := models.context_ids(tokenizer, prompt.text)) >= (most or math.inf):
            raise UsageError(f"{prompt.id}: the prompt has {len(ids)} tokens, and {name} takes {most} with the reply")


def programs(*judgings: Judging) -> None:
    """Raises UsageError or Fault where programs could not be judged as is wanted."""
    for judging in dict.fromkeys(judgings):
        usable(judging)
