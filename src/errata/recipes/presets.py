"""Where the settings of a recipe start from, as Python values."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from errata.evaluation.measure import Measuring
from errata.policies import Sampling
from errata.recipes.leti import Leti
from errata.training import Objective

Name: TypeAlias = Literal["auto", "primer", "standard", "paper"]

STANDARD = Leti()
"""For real models: the paper's method with the deviations that recipes/leti.py lists."""

PAPER = Leti(
    model="Salesforce/codegen-350M-mono",
    tasks="mbpp[train]",
    held_out="mbpp[test]",
    iterations=50,
    draws=128,
    prompt="docstring",
    feedback="traceback",
    loss_on="all",
    select="all",
    keep="all",
    sampling=Sampling(temperature=1.0, top_p=1.0, top_k=0, max_new_tokens=512),
    objective=Objective(
        learning_rate=1e-5,
        schedule="constant",
        warmup_steps=0,
        epochs=3,
        batch_size=128,
        weight_decay=0.01,
        end_token=False,
        shuffle=False,
        keep_optimizer=True,
        max_length=512,
    ),
    measuring=Measuring(draws=16, temperature=0.1, ks=(1, 10)),
)
"""The authors' settings for CodeGen-350M-mono (papers: LETI 2.1; 2B: learning rate 5e-6, 10 iterations). They mix in
50,000 rows of Python from The Stack, one step for each step: give a file of such text as `objective.pretrain_mix`."""

PRIMER = replace(
    STANDARD,
    dev="primer[dev]",
    select="balanced",
    good_share=0.75,
    dedupe=True,
    loss_on="program",
    keep="best,last",
    sampling=Sampling(temperature=0.8, max_new_tokens=160),
    objective=Objective(learning_rate=5e-4, warmup_steps=10, schedule="linear", epochs=2, batch_size=16),
    measuring=Measuring(draws=4, temperature=0.2, max_new_tokens=160, ks=(1,)),
)
"""For the small model that ships with the package, on two cores: chosen on its dev and refine splits. Three of four
samples trained on are good and the loss bears on the program alone: nearer to rejection sampling than to the paper."""

LETI: dict[Name, Leti] = {"primer": PRIMER, "standard": STANDARD, "paper": PAPER}


def leti(words: Sequence[str]) -> Leti:
    """The settings that a command line starts from: its --preset, or `primer` unless it names another model."""
    name = flag(words, "--preset") or "auto"
    if name == "auto":
        name = "primer" if flag(words, "--model") in ("", "primer") else "standard"
    return next((preset for known, preset in LETI.items() if known == name), STANDARD)


def flag(words: Sequence[str], name: str) -> str:
    """The value of a flag in a command line, written `--flag value` or `--flag=value`; the last one holds."""
    value = ""
    for at, word in enumerate(words):
        if word == name and at + 1 < len(words):
            value = words[at + 1]
        elif word.startswith(name + "="):
            value = word.removeprefix(name + "=")
    return value
