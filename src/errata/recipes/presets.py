"""Where the settings of a recipe start from, as Python values."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from errata.evaluation.measure import Measuring
from errata.policies import Sampling
from errata.recipes.autoif_settings import RELEASE, Autoif, Supervisor
from errata.recipes.ilf import Ilf
from errata.recipes.leti import Leti
from errata.recipes.watch import Watching
from errata.training import Objective, Preference

AutoifName: TypeAlias = Literal["auto", "primer", "paper", "release"]
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
    watching=Watching(max_new_tokens=160, texts=128),
)
"""For the small model that ships with the package, on two cores: chosen on its dev and refine splits. Three of four
samples trained on are good and the loss bears on the program alone: nearer to rejection sampling than to the paper."""

LETI: dict[Name, Leti] = {"primer": PRIMER, "standard": STANDARD, "paper": PAPER}


ILF_PAPER = Ilf(
    model="Salesforce/codegen-6B-mono",
    refine="mbpp[ilf-refine]",
    tasks="mbpp[ilf-train]",
    held_out="mbpp[ilf-test]",
    prompt="ilf",
    loss_on="all",
    old_tokens=512,
    sampling=Sampling(temperature=0.8, max_new_tokens=1024),
    refiner=Objective(learning_rate=5e-6, schedule="linear", warmup_steps=0, epochs=2, batch_size=32, max_length=1024),
    objective=Objective(
        learning_rate=5e-6, schedule="linear", warmup_steps=0, epochs=2, batch_size=32, max_length=1024
    ),
    measuring=Measuring(draws=30, temperature=0.8, max_new_tokens=1024, ks=(1, 10), prompt="ilf"),
)
"""The authors' settings for CodeGen-Mono 6.1B on MBPP (papers: ILF 1.1). The Hub's name for that size is 6B."""

ILF_PRIMER = replace(
    Ilf(),
    arms="ilf,gold",
    annotator="simulated",
    sampling=Sampling(temperature=0.8, max_new_tokens=160),
    refiner=Objective(learning_rate=1e-3, warmup_steps=10, schedule="linear", epochs=8, batch_size=16),
    objective=Objective(learning_rate=5e-4, warmup_steps=5, schedule="linear", epochs=8, batch_size=16),
    measuring=Measuring(draws=10, temperature=0.8, max_new_tokens=160, ks=(1, 10)),
    watching=Watching(max_new_tokens=160, texts=128),
)
"""For the small model that ships with the package, on two cores, with a simulated annotator in the place of people."""

ILF: dict[Name, Ilf] = {"primer": ILF_PRIMER, "standard": Ilf(), "paper": ILF_PAPER}


AUTOIF_RELEASE = Autoif(
    rewriting="all",
    rewrites=50,
    query_length=(21, 299),
    responses=16,
    instruction_first=False,
    filters=RELEASE,
    objective=Objective(
        learning_rate=7e-6, schedule="linear", warmup_steps=20, epochs=3, batch_size=128, weight_decay=0.1
    ),
)
"""The rules of the authors' code (papers: AutoIF 3.1)."""

AUTOIF_PRIMER = replace(
    Autoif(),
    held_out="primer-instructions[test]",
    about="primer-instructions[test-about]",
    nli="judge",
    rewrites=12,
    verifiers=4,
    queries_each=6,
    responses=4,
    draws=4,
    chat=False,
    supervisor=Supervisor(backend="recorded:primer", chat=False),
    objective=Objective(learning_rate=2e-4, schedule="linear", warmup_steps=5, epochs=3, batch_size=32),
    sampling=Sampling(temperature=1.0, max_new_tokens=64),
    preference=Preference(
        beta=0.3,
        objective=Objective(learning_rate=2e-4, schedule="cosine", warmup_steps=5, epochs=1, batch_size=32),
    ),
    measuring=Measuring(draws=4, temperature=0.7, max_new_tokens=64, ks=(1,)),
)
"""For the small model that ships with the package, on two cores, with recorded replies in the place of a supervisor."""

AUTOIF: dict[AutoifName, Autoif] = {"primer": AUTOIF_PRIMER, "paper": Autoif(), "release": AUTOIF_RELEASE}


def leti(words: Sequence[str]) -> Leti:
    """The settings of LETI that a command line starts from.

    The primer's dev tasks choose among rounds of practice on the primer; they say nothing of other tasks.
    """
    chosen, tasks = LETI.get(preset(words), STANDARD), flag(words, "--tasks")
    return chosen if not tasks or tasks.partition("[")[0].strip() == "primer" else replace(chosen, dev="")


def ilf(words: Sequence[str]) -> Ilf:
    """The settings of ILF that a command line starts from."""
    return ILF.get(preset(words), Ilf())


def autoif(words: Sequence[str]) -> Autoif:
    """The settings of AutoIF that a command line starts from."""
    asked = flag(words, "--preset")
    if asked in ("", "auto"):
        return AUTOIF_PRIMER if flag(words, "--model") in ("", "primer") else Autoif()
    known: list[AutoifName] = [name for name in AUTOIF if name == asked]
    return AUTOIF[known[0]] if known else Autoif()


def preset(words: Sequence[str]) -> Name:
    """The preset that a command line names, or `primer` unless it names another model."""
    asked = flag(words, "--preset")
    if asked in ("", "auto"):
        return "primer" if flag(words, "--model") in ("", "primer") else "standard"
    known: list[Name] = [name for name in LETI if name == asked]
    return known[0] if known else "standard"


def flag(words: Sequence[str], name: str) -> str:
    """The value of a flag in a command line, written `--flag value` or `--flag=value`; the last one holds."""
    value = ""
    for at, word in enumerate(words):
        if word == name and at + 1 < len(words):
            value = words[at + 1]
        elif word.startswith(name + "="):
            value = word.removeprefix(name + "=")
    return value
