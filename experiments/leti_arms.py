"""The arms of experiments/leti_claims.py: what each changes, and how much of it a preset does. Loads no model.

Training and held-out tasks are of both tiers: the base solves half of the core tasks at T=0.2, and 1 in 140 of its
samples on hard ones passes, so that neither tier alone has room to move. What the hard one gives is told beside.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from errata.evaluation.measure import Measuring
from errata.policies import Sampling
from errata.recipes.leti import Leti
from errata.recipes.watch import Watching
from errata.training import Objective

TEXT, CORE = "perplexity:primer", "primer[test-core][:60]"
"""What is watched for claims (d) and (f)."""
GOLD = ("supervised", "own-style")
"""Arms that train on given programs and sample none."""
WORDLESS = ("binary", "passing", "weighted", *GOLD)
"""Arms whose texts have no words in them."""
WATCHED = ("on-hard", "mixed")
"""Arms that are trained on hard tasks alone, so that the core ones are skills that were not trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How much is done."""

    arms: Sequence[str]
    seeds: int
    rounds: int = 3
    draws: int = 8
    tasks: str = "primer[train][:80]"
    held_out: str = "primer[test]"
    dev: str = "primer[dev][:40]"
    """What learning rates are chosen on: both tiers, since one round moves the hard one too little to choose by."""
    steps: int = 40
    """Optimiser steps a round, for every arm."""
    rates: Sequence[float] = (2e-4, 5e-4, 1e-3)
    """Learning rates that are searched, one round each, the same for every arm."""


Change = Callable[[Leti, Preset], Leti]
ARMS: Mapping[str, Change] = {
    "textual": lambda config, _: config,
    "values": lambda config, _: replace(config, feedback="values"),
    "after": lambda config, _: replace(config, feedback_at="after"),
    "binary": lambda config, _: replace(config, feedback="none"),
    "shuffled": lambda config, _: replace(config, control="shuffled"),
    "constant": lambda config, _: replace(config, control="constant"),
    "shuffled-same-rate": lambda config, _: replace(config, control="shuffled"),
    "constant-same-rate": lambda config, _: replace(config, control="constant"),
    "program-loss": lambda config, _: replace(config, loss_on="program"),
    "passing": lambda config, _: replace(config, select="passing"),
    "weighted": lambda config, _: replace(config, select="weighted"),
    "supervised": lambda config, _: config,
    "own-style": lambda config, _: config,
    "chosen": lambda config, _: chosen(config),
    "chosen-binary": lambda config, _: replace(chosen(config), feedback="none"),
    "draws-16": lambda config, _: replace(chosen(config), draws=16),
    "draws-64": lambda config, _: replace(chosen(config), draws=64),
    "draws-128": lambda config, _: replace(chosen(config), draws=128),
    "tasks-16": lambda config, preset: replace(chosen(config), tasks=sliced(preset.tasks, 16)),
    "tasks-64": lambda config, preset: replace(chosen(config), tasks=sliced(preset.tasks, 64)),
    "moments": lambda config, _: replace(config, objective=replace(config.objective, keep_optimizer=True)),
    "from-core": lambda config, _: replace(chosen(config), tasks="primer[train-core]"),
    "on-hard": lambda config, _: replace(config, tasks="primer[train-hard]"),
    "mixed": lambda config, _: replace(
        config, tasks="primer[train-hard]", objective=replace(config.objective, pretrain_mix="primer")
    ),
}
"""What each arm changes; `supervised` and `own-style` train on right programs in the place of samples: the tasks'
references, and the same in the layout that the base itself writes. `chosen` is what `errata leti` does with the primer
where nothing is said; numbers of samples and tasks and the way from core to hard are asked of it, since the paper's
form gains next to nothing here, with which nothing could be compared."""
RATES_OF: Mapping[str, str] = {
    **dict.fromkeys(("draws-16", "draws-64", "draws-128", "tasks-16", "tasks-64", "from-core"), "chosen"),
    **dict.fromkeys(("on-hard", "mixed", "shuffled-same-rate", "constant-same-rate"), "textual"),
}
"""Arms that take the learning rate of another, of which they change the data alone; the controls at the words' own
rate tell what they lose by their texts from what they lose by a rate that was searched for them."""
TWINS = ("textual", "chosen")
"""Arms that others may have the same settings as."""
A_AND_B = (
    "textual",
    "binary",
    "after",
    "shuffled",
    "constant",
    "passing",
    "weighted",
    "supervised",
    "own-style",
    "chosen",
    "chosen-binary",
)
PRESETS: Mapping[str, Preset] = {
    "quick": Preset(arms=A_AND_B, seeds=3),
    "full": Preset(arms=tuple(ARMS), seeds=5, rounds=6, draws=16, tasks="primer[train]", dev="primer[dev]", steps=80),
    "smoke": Preset(
        arms=("textual", "binary", "after", "supervised", "on-hard"),
        seeds=2,
        rounds=1,
        draws=2,
        tasks="primer[train][:6]",
        held_out="primer[test][:6]",
        dev="primer[dev][:4]",
        steps=2,
        rates=(5e-4,),
    ),
}


def chosen(config: Leti) -> Leti:
    """The `primer` preset of `errata leti`: three good samples for each bad one, loss on the program."""
    sampling = replace(config.sampling, temperature=0.8)
    return replace(config, select="balanced", good_share=0.75, dedupe=True, loss_on="program", sampling=sampling)


def sliced(source: str, number: int) -> str:
    """A source without its slice, and with another."""
    return f"{source.partition('][')[0].rstrip(']')}][:{number}]"


def settings(name: str, preset: Preset, seed: int, rate: float) -> Leti:
    """The paper's form of the method, at the primer's size, with what the arm changes."""
    config = Leti(
        model="primer",
        tasks=preset.tasks,
        held_out=preset.held_out,
        iterations=preset.rounds,
        draws=preset.draws,
        keep="last",
        seed=seed,
        compare=name == "textual",
        watch=(TEXT, CORE) if name in WATCHED else (),
        watching=Watching(max_new_tokens=160, texts=128),
        sampling=Sampling(temperature=1.0, max_new_tokens=160),
        objective=Objective(
            # As many epochs as the steps need of the fewest texts there can be.
            learning_rate=rate,
            warmup_steps=5,
            schedule="linear",
            batch_size=16,
            epochs=16 * preset.steps,
            max_steps=preset.steps,
        ),
        measuring=Measuring(draws=2, temperature=0.2, max_new_tokens=160, ks=(1,)),
    )
    return ARMS[name](config, preset)


def trial(name: str, preset: Preset, seed: int, rate: float) -> Leti:
    """One round, measured on dev alone, which has fewer tasks and so more draws: what a learning rate is chosen by."""
    config = settings(name, preset, seed, rate)
    measuring = replace(config.measuring, draws=4)
    return replace(config, held_out=preset.dev, iterations=1, watch=(), compare=False, measuring=measuring)


def twin(name: str, preset: Preset) -> str:
    """The arm whose runs are this one's too, since a preset gives both the same settings: 16 draws a task, say."""
    if name in GOLD:
        return name
    mine = replace(settings(name, preset, 0, 1e-3), compare=False)
    same = (one for one in TWINS if replace(settings(one, preset, 0, 1e-3), compare=False) == mine)
    return next(same, name)


def distinct(names: Sequence[str], preset: Preset) -> list[str]:
    """The arms of these that need runs of their own."""
    return [name for name in names if twin(name, preset) == name or twin(name, preset) not in names]
