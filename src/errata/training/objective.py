"""What training is told to do."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from errata.errors import UsageError
from errata.models import Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """How a model is trained on examples: next-token loss on each example's target."""

    learning_rate: float = 1e-5
    """Highest learning rate of AdamW."""
    warmup_steps: int = 10
    """Steps over which the learning rate rises from 0."""
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    """How the learning rate goes on after the warm-up; linear and cosine end at 0."""
    epochs: int = 3
    """Times that each example is seen."""
    max_steps: int = 0
    """Most optimiser steps on examples; 0 is as many as the epochs have."""
    batch_size: int = 32
    """Examples an optimiser step; how many go through the model at once is found from the memory there is."""
    weight_decay: float = 0.01
    """AdamW's weight decay; biases and norms have none."""
    betas: tuple[float, float] = (0.9, 0.999)
    """AdamW's decay rates of the two moments."""
    max_length: int | None = None
    """Longer examples, in tokens, are left out and counted, never cut; none is as long as the model takes."""
    end_token: bool = True
    """Train the end-of-text token after each target, so that the model learns to stop."""
    pretrain_mix: str = ""
    """Plain text to go on with, one step on it for each step on examples: a file, or `primer`; empty is none."""
    shuffle: bool = True
    """See the examples in another order each epoch; otherwise in the order given."""
    lora: bool = False
    """Train low-rank adapters and the control tokens' embeddings in place of all weights."""
    lora_rank: int = 16
    """Rank of the adapters."""
    lora_alpha: int = 32
    """Scale of the adapters: alpha / rank."""
    lora_targets: tuple[str, ...] = ()
    """Names of the linear layers that get adapters; empty is all of them but the head."""
    lora_merge: bool = True
    """Merge the adapters into the weights; otherwise they lie beside the base in the model's folder, in `adapter`."""
    keep_optimizer: bool = False
    """Keep AdamW's moments beside the weights, and begin with the moments that the model came with."""
    precision: Precision = "auto"
    """Number format to compute in; weights and moments are kept in float32 unless adapters are trained."""
    seed: int = 0
    """Seed of the order, of dropout and of new adapters."""

    def __post_init__(self) -> None:
        positive = {"learning_rate": self.learning_rate, "epochs": self.epochs, "batch_size": self.batch_size}
        if self.max_length is not None:
            positive["max_length"] = self.max_length
        if self.lora:
            positive |= {"lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha}
        for name, value in positive.items():
            if value <= 0:
                raise UsageError(f"{name} must be above 0, not {value}")
        if self.lora and self.keep_optimizer:
            raise UsageError("keep_optimizer goes with full weights: adapters are new in each round")
        for name, value in {"warmup_steps": self.warmup_steps, "max_steps": self.max_steps}.items():
            if value < 0:
                raise UsageError(f"{name} must be 0 or more, not {value}")


Loss: TypeAlias = Literal["sigmoid", "ipo", "hinge", "sigmoid_norm"]
"""`sigmoid` is DPO (Rafailov et al. 2023, arXiv 2305.18290, equation 7), `ipo` squares the distance from a margin
(Azar et al. 2023, arXiv 2310.12036), `hinge` is SLiC's (Zhao et al. 2023, arXiv 2305.10425), `sigmoid_norm` is DPO on
log-probabilities a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """How a model is trained on pairs: the chosen reply likelier, the rejected one less, against where it began."""

    beta: float = 0.3
    """How strongly the model is held to where this training began; smaller lets it go further."""
    loss: Loss = "sigmoid"
    """What is made of the margin between the two replies."""
    nll: float = 0.0
    """Weight of the chosen reply's next-token loss beside it (RPO, Pang et al. 2024, arXiv 2404.19733); training on
    preference alone was seen to cost other skills."""
    objective: Objective = Objective(learning_rate=5e-7, warmup_steps=10, schedule="cosine", epochs=2, batch_size=64)
    """Learning rate, length and the like; an example is a pair."""

    def __post_init__(self) -> None:
        if self.beta <= 0:
            raise UsageError(f"beta must be above 0, not {self.beta}")
        if self.nll < 0:
            raise UsageError(f"nll must be 0 or more, not {self.nll}")
        if self.objective.pretrain_mix or self.objective.keep_optimizer:
            raise UsageError("pretrain_mix and keep_optimizer are of training on demonstrations, not on pairs")
