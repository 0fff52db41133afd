"""TRL's DPOTrainer, told what our settings say. Imported in the training process only."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportUntypedBaseClass=false

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from datasets import Dataset, IterableDataset
from peft import LoraConfig
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from errata.training.launch import Job
from errata.training.trainer import Training

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from errata.training.preference import PairRow

TOLD = {
    "accuracy": "rewards/accuracies",
    "margin": "rewards/margins",
    "chosen": "logps/chosen",
    "rejected": "logps/rejected",
}
"""What is kept of TRL's figures at each step, by our names: the share of pairs whose chosen reply has gained more, by
how much more (times beta), and the mean log-probability of either reply, whose joint fall is DPO's known fault."""


class Trainer(DPOTrainer):
    """DPOTrainer that takes pairs as token ids."""

    def _prepare_dataset(
        self, dataset: Dataset | IterableDataset, *args: object, **kwargs: object
    ) -> Dataset | IterableDataset:
        """The pairs as they are: TRL would tokenise text across the seam of context and reply."""
        return dataset


class PairTraining(Training):
    """One job on pairs, ready to run."""

    def __init__(
        self,
        folder: Path,
        job: Job,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        reference: PreTrainedModel | None,
        steps: Sequence[Sequence[PairRow]],
        at_once: int,
    ) -> None:
        self.reference = reference
        self.pairs = list(chain.from_iterable(steps))
        super().__init__(folder, job, model, tokenizer, (), (), at_once)

    def library(self, at_once: int, adapters: LoraConfig | None) -> Trainer:
        """TRL's trainer; with adapters the reference is the model without them."""
        how = self.job.preference
        assert how is not None
        settings = self.settings(DPOConfig, at_once)
        settings.beta = how.beta
        settings.loss_type = [how.loss, "sft"] if how.nll else [how.loss]
        settings.loss_weights = [1.0, how.nll] if how.nll else None
        settings.max_length = None
        columns = {
            "prompt_ids": [pair.context for pair in self.pairs],
            "chosen_ids": [pair.chosen for pair in self.pairs],
            "rejected_ids": [pair.rejected for pair in self.pairs],
        }
        return Trainer(
            model=self.model,
            ref_model=self.reference,
            args=settings,
            train_dataset=Dataset.from_dict(columns),
            processing_class=self.tokenizer,
            peft_config=adapters,
        )

    def told(self) -> dict[str, list[float]]:
        """TRL's figures, step by step."""
        history = [entry for entry in self.trainer.state.log_history if "loss" in entry]
        return {name: [round(entry[theirs], 4) for entry in history] for name, theirs in TOLD.items()}
