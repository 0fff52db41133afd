"""Asking a model for text.

A policy turns prompts into samples. `local` generates in process, `server` asks an OpenAI-compatible server,
`recorded` answers from a file. All of them are stages: out of order, each sample as soon as it is ready, and the seed
of a draw derives from its id.
"""

import hashlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from errata.errors import UsageError
from errata.models import patient
from errata.policies.serving import Serving, address, refuse_secrets
from errata.types import Owed, Prompt, Sample, Stage, Timed

if TYPE_CHECKING:
    from errata.policies.local import Local

__all__ = ["Policy", "Sampling", "Serving", "check", "seed_of", "serve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How a model is asked."""

    temperature: float = 1.0
    """0 takes the likeliest token each time; higher is more varied."""
    top_p: float = 1.0
    """Only the likeliest tokens that together have this probability are drawn from; 1 is all."""
    top_k: int = 0
    """Only this many likeliest tokens are drawn from; 0 is all."""
    max_new_tokens: int = 512
    """A reply is cut off after this many tokens (finish: length)."""
    stop: tuple[str, ...] = ()
    """A reply ends before the first of these strings."""
    seed: int = 0
    """Together with a draw's id this decides its noise; another seed is another set of draws."""

    def __post_init__(self) -> None:
        if self.temperature < 0:
            raise UsageError(f"temperature must be 0 or more, not {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top_p must be above 0 and at most 1, not {self.top_p}")
        if self.top_k < 0:
            raise UsageError(f"top_k must be 0 (all) or more, not {self.top_k}")
        if self.max_new_tokens < 1:
            raise UsageError(f"max_new_tokens must be at least 1, not {self.max_new_tokens}")
        if "" in self.stop:
            raise UsageError("stop has an empty string, which would end every reply at once")


def seed_of(sampling: Sampling, draw: str) -> int:
    """A draw's seed, as a signed 64-bit integer."""
    return int.from_bytes(
        hashlib.blake2b(f"{sampling.seed}:{draw}".encode(), digest_size=8).digest(), "big", signed=True
    )


class Policy(Protocol):
    """Something that answers prompts."""

    def sample(self, sampling: Sampling) -> Stage[Prompt, Sample]:
        """The stage that asks for one sample a prompt; the sample bears the prompt's id."""
        ...


def check(backend: str, server: Serving | None = None) -> tuple[str, str]:
    """The kind of a backend and what it is given. Raises UsageError for one that there is not, and where a secret
    stands in what would be written to disk."""
    kind, _, rest = backend.partition(":")
    if (kind, bool(rest)) not in (("local", False), ("recorded", True), ("server", True)):
        shown = kind if "//" in rest else backend
        raise UsageError(f"no backend {shown!r}: there are local, server:URL and recorded:FILE")
    if kind == "server":
        rest = address(rest)
        refuse_secrets(rest, server or Serving())
    return kind, rest


@contextmanager
def serve(
    model: str,
    backend: str = "local",
    *,
    batch_size: int = 0,
    server: Serving | None = None,
    folder: Path | None = None,
) -> Generator[Policy]:
    """The model, ready to be asked, loaded when it first is; its memory is free again afterwards.

    `local` generates with transformers in this process; `server:URL` asks any OpenAI-compatible server, as `server`
    says, and keeps its replies in `folder` so that none is paid for twice; `recorded:FILE` answers from a file of
    samples. `batch_size`, of `local`, is found from the memory there is when it is 0.
    """
    kind, rest = check(backend, server)
    if kind == "recorded":
        from errata.policies.recorded import Recorded

        yield Recorded(Path(rest))
        return
    if kind == "server":
        from errata.policies.server import Server

        with Server(model, rest, server or Serving(), folder) as asked:
            yield asked
        return
    late = _Late(model, batch_size)
    try:
        yield late
    finally:
        late.close()


class _Late:
    """A local model that is loaded when the first prompt is there.

    A run that goes on has answers to most of what it asks; the weights behind them may even be gone (`--keep`).
    """

    def __init__(self, model: str, batch_size: int) -> None:
        self._model = model
        self._batch_size = batch_size
        self._local: Local | None = None

    def sample(self, sampling: Sampling) -> Stage[Prompt, Sample]:
        def stage(prompts: Iterable[Prompt]) -> Iterator[Sample | Timed[Sample] | Owed]:
            if self._local is None:
                patient()
                from errata.policies.local import Local

                self._local = Local(self._model, batch_size=self._batch_size)
            told = self._local.speed.tokens
            for answer in self._local.sample(sampling)(prompts):
                made = self._local.speed.tokens
                yield Timed(record=answer, timing={"tokens": made - told}) if isinstance(answer, Sample) else answer
                told = made

        return stage

    def close(self) -> None:
        if self._local is not None:
            self._local.close()
