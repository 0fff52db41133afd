"""TRL's SFTTrainer, told what our objective says. Imported in the training process only: TRL takes seconds to load."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportUntypedBaseClass=false

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import torch
from datasets import Dataset
from peft import LoraConfig
from peft.utils.other import TrainableTokensWrapper
from transformers import Trainer as BaseTrainer
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from errata import models
from errata.errors import UsageError
from errata.training.launch import CHECKPOINTS, Job
from errata.training.rows import Row

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MOMENTS = "optimizer.pt"
"""AdamW's moments, in a model's folder."""
EVERY = 120.0
"""Seconds between checkpoints."""
LARGE = 1_000_000_000
"""Models with more parameters than this keep only part of their activations and compute the others anew."""
C = TypeVar("C", bound=TrainingArguments)
SCHEDULES = {"constant": "constant_with_warmup", "linear": "linear", "cosine": "cosine"}


class Trainer(SFTTrainer):
    """SFTTrainer whose AdamW may begin with moments from an earlier round."""

    moments: Path | None = None

    def create_optimizer(self, *args: object, **kwargs: object) -> torch.optim.Optimizer:
        """The optimizer; moments whose shapes do not fit (the vocabulary grew) are left."""
        made = super().create_optimizer(*args, **kwargs)
        if self.moments is not None and self.moments.is_file():
            fresh = made.state_dict()
            fresh["state"] = torch.load(self.moments, weights_only=True)
            sizes = [weights.shape for group in made.param_groups for weights in group["params"]]
            kept = [state["exp_avg"].shape for _, state in sorted(fresh["state"].items())]
            if kept == sizes:
                made.load_state_dict(fresh)
        return made


class Watch(TrainerCallback):
    """Tells how far it is, and asks for a checkpoint now and then."""

    def __init__(self, heard: Callable[[int, str], None]) -> None:
        self.heard = heard
        self.saved = time.monotonic()
        self.words = ""

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object) -> None:
        """Keep the loss to tell it with the step. Raises UsageError where it is no number any more."""
        logs = cast("dict[str, float]", kwargs.get("logs") or {})
        if "loss" in logs:
            if not math.isfinite(logs["loss"]):
                where = f"step {state.global_step} of {state.max_steps}"
                raise UsageError(
                    f"training diverged: the loss of {where} is {logs['loss']} at a learning rate of "
                    f"{args.learning_rate:g}; begin a new run with a lower one"
                )
            self.words = f"loss {logs['loss']:.3f}"
            self.heard(state.global_step, self.words)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Ask for a checkpoint when the last one is long ago."""
        if time.monotonic() - self.saved > EVERY and state.global_step < state.max_steps:
            control.should_save = True
            self.saved = time.monotonic()


class Training:
    """One job, ready to run."""

    def __init__(
        self,
        folder: Path,
        job: Job,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        control: Sequence[int],
        steps: Sequence[Sequence[Row]],
        at_once: int,
    ) -> None:
        self.folder, self.job, self.tokenizer, self.model = folder, job, tokenizer, model
        configs = (model.config, model.generation_config)
        self.pads = [(config, cast("int | None", getattr(config, "pad_token_id", None))) for config in configs]
        self.rows = list(chain.from_iterable(steps))
        self.trainer = self.library(at_once, self.adapters(control) if job.objective.lora else None)
        if job.objective.lora:
            lend_bias(model)

    def library(self, at_once: int, adapters: LoraConfig | None) -> BaseTrainer:
        """TRL's trainer on these rows."""
        rows = {"input_ids": [row.ids for row in self.rows], "labels": [row.labels for row in self.rows]}
        settings = self.settings(SFTConfig, at_once)
        settings.max_length = None
        settings.dataset_kwargs = {"skip_prepare_dataset": True}
        trainer = Trainer(
            model=self.model,
            args=settings,
            train_dataset=Dataset.from_dict(rows),
            processing_class=self.tokenizer,
            peft_config=adapters,
        )
        if self.job.objective.keep_optimizer:
            trainer.moments = Path(self.job.model) / MOMENTS
        return trainer

    def settings(self, kind: type[C], at_once: int) -> C:
        """Our objective in TRL's words. Rows come in the order of training: one epoch, no shuffling, no cutting."""
        goal = self.job.objective
        on = self.model.device
        half = models.dtype(on, goal.precision, training=True)
        processes = int(os.environ.get("WORLD_SIZE", "1"))
        return kind(
            output_dir=str(self.folder / CHECKPOINTS),
            per_device_train_batch_size=at_once,
            gradient_accumulation_steps=max(1, goal.batch_size // (at_once * processes)),
            num_train_epochs=1,
            learning_rate=goal.learning_rate,
            warmup_steps=goal.warmup_steps,
            lr_scheduler_type=SCHEDULES[goal.schedule],
            weight_decay=goal.weight_decay,
            adam_beta1=goal.betas[0],
            adam_beta2=goal.betas[1],
            optim="adamw_torch_fused",
            bf16=half is torch.bfloat16,
            fp16=half is torch.float16,
            activation_checkpointing=sum(weights.numel() for weights in self.model.parameters()) > LARGE,
            use_cpu=on.type == "cpu",
            dataloader_pin_memory=on.type == "cuda",
            train_sampling_strategy="sequential",
            logging_steps=1,
            logging_nan_inf_filter=False,
            save_strategy="no",
            save_total_limit=1,
            report_to="none",
            disable_tqdm=True,
            seed=goal.seed,
        )

    def adapters(self, control: Sequence[int]) -> LoraConfig:
        """Adapters on the linear layers, and the control tokens' rows of embedding and head as they are."""
        goal = self.job.objective
        ends = [self.model.get_input_embeddings()]
        if not self.model.config.tie_word_embeddings:
            ends.append(cast("torch.nn.Module", self.model.get_output_embeddings()))
        names = [name.split(".")[-1] for name, module in self.model.named_modules() if module in ends]
        return LoraConfig(
            task_type="CAUSAL_LM",
            r=goal.lora_rank,
            lora_alpha=goal.lora_alpha,
            target_modules=list(goal.lora_targets) or "all-linear",
            trainable_token_indices={name: list(control) for name in names} if control else None,
        )

    def run(self, heard: Callable[[int, str], None]) -> list[float]:
        """Train, going on from the last whole checkpoint; the loss of each step."""
        self.trainer.add_callback(Watch(heard))
        last = whole_checkpoint(self.folder / CHECKPOINTS)
        self.trainer.train(resume_from_checkpoint=None if last is None else str(last))
        return [round(entry["loss"], 5) for entry in self.trainer.state.log_history if "loss" in entry]

    def save(self) -> None:
        """Leave weights and tokenizer in the folder.

        TRL writes its padding token into the model's config, where Llama takes it for a row of the embedding that is
        never trained; as that is the end-of-text token here, what stood there is put back.
        """
        goal = self.job.objective
        for config, pad in self.pads:
            config.pad_token_id = pad
        trained = self.trainer.accelerator.unwrap_model(self.trainer.model)
        if goal.lora and goal.lora_merge:
            trained = trained.merge_and_unload()
        elif goal.lora:
            trained.save_pretrained(self.folder / "adapter", save_embedding_layers=False)
            trained = trained.unload()
        trained.save_pretrained(self.folder)
        self.tokenizer.save_pretrained(self.folder)
        if goal.keep_optimizer:
            optimizer = cast("torch.optim.Optimizer", self.trainer.optimizer)
            torch.save(optimizer.state_dict()["state"], self.folder / MOMENTS)


def lend_bias(model: PreTrainedModel) -> None:
    """TRL asks the head for its weight and its bias; peft's wrapper around a head with trained rows has no bias.

    It goes in beside torch's registers, so that it is not saved twice.
    """
    head = cast("torch.nn.Module", model.get_output_embeddings())
    if isinstance(head, TrainableTokensWrapper):
        head.__dict__["bias"] = head.original_module.bias


def whole_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end; the trainer's state is written last. Others are removed."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[-1]))
    for path in reversed(found):
        if (path / "trainer_state.json").is_file():
            return path
        shutil.rmtree(path)
    return None
