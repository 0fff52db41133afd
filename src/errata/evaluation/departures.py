"""What a run did otherwise than the paper, in words: the settings that change what its result may claim."""

from collections.abc import Iterator, Mapping

from errata.jsonl import Json

LETI: tuple[tuple[str, Json, str], ...] = (
    ("loss_on", "all", "The loss bore on the program alone; the paper's bears on all of the text."),
    ("feedback_at", "before", "Words stood behind the program; the paper puts them before the problem."),
    ("honeypot", 0.0, "A share of {} of the training tasks got an impossible test and was not trained on."),
    ("trim", "none", "Training samples were post-processed ({}), which the paper does as an ablation."),
    ("lora", False, "Low-rank adapters were trained in place of all weights."),
    ("objective.lora", False, "Low-rank adapters were trained in place of all weights."),
    ("objective.end_token", False, "The end-of-text token was trained; the authors strip it."),
    ("objective.shuffle", False, "Examples were shuffled; the authors sort them by length and problem."),
    ("objective.keep_optimizer", True, "The optimiser started afresh in each round; the authors keep its moments."),
    ("objective.schedule", "constant", "The learning rate was scheduled ({}); the authors hold it constant."),
)
"""Setting, its value in the paper, what to say where it is another. `{}` is the value."""

ILF: tuple[tuple[str, Json, str], ...] = (
    (
        "annotator",
        "people",
        "The annotator was simulated: a program that knows the tasks wrote the feedback and the mends.",
    ),
    ("loss_on", "all", "The refiner's loss bore on the program alone; the paper's on the problem before it too."),
    ("warm_up", 0, "The refiner was taught to do what feedback says before people's feedback; the paper's was not."),
    ("lora", False, "Low-rank adapters were trained in place of all weights."),
    ("annotations", "", "Programs and answers were the authors' own annotation rows."),
)
"""Setting, its value in the paper, what to say where it is another."""

AUTOIF: tuple[tuple[str, Json, str], ...] = (
    ("filters.cross", True, "Functions and cases were not cross-validated."),
    (
        "filters.cases",
        ">0.5",
        "A case was kept where a share of {} of the functions agreed; the paper's bound is >0.5.",
    ),
    ("filters.functions", ">0.5", "A function had to get a share of {} of the cases right; the paper's bound is >0.5."),
    ("filters.responses", ">0.5", "A response passed by a share of {} of the functions; the paper's bound is >0.5."),
    ("filters.quality", ">=8", "Responses were kept by a score of {}; the paper's bound is >=8."),
    ("filters.running", False, "Functions that run the text they look at were kept; a response could fool them."),
    ("filters.instruction_pairs", True, "No pairs were made of instructions' own cases."),
    ("instruction_first", True, "The instruction stood behind the query; the paper puts it before."),
    ("lora", False, "Low-rank adapters were trained in place of all weights."),
)
"""Setting, its value in the paper, what to say where it is another. `{}` is the value."""

COMPARED: dict[str, str] = {
    "none": "Functions were not put back into words and compared with their instruction.",
    "lexical": "Instructions were compared by words in common alone; the paper has a model for NLI.",
    "judge": "The supervisor compared instructions; the paper has a model for NLI.",
}
"""What to say of AutoIF's `nli`, where it is no model."""

WORDS: dict[tuple[str, Json], str] = {
    ("select", "balanced"): "Good and bad samples were trained on in a fixed ratio, {share:.0f} % good. That is "
    "part of the way to rejection sampling, which trains on the good alone and on the primer gains more from the same "
    "samples (README has the figures); the paper takes the ratio as it falls.",
    ("dedupe", True): "Identical texts were trained on once; the paper trains on each as often as it was sampled.",
    (
        "select",
        "passing",
    ): "Only passing samples were trained on: rejection sampling, the baseline that words compete with.",
    ("select", "weighted"): "Samples were drawn by their share of passed tests, without words: reward-weighted "
    "regression, a baseline that words compete with.",
    ("control", "shuffled"): "This is a control run: verdicts and words were given to the wrong samples. It should not "
    "gain.",
    (
        "control",
        "constant",
    ): "This is a control run: every failure was told the same empty phrase, as long as its words were.",
    ("feedback", "none"): "Failed programs got the reward token alone, without words (the paper's binary feedback).",
    (
        "feedback",
        "values",
    ): "The words give the failed call, its value and the value wanted; the paper gives the traceback.",
}


def departures(recipe: str, settings: Mapping[str, Json]) -> Iterator[str]:
    """One sentence for each setting that departs from the paper's; a recipe that is no paper's has none."""
    if recipe.lower() == "ilf":
        yield from (words for name, paper, words in ILF if settings.get(name, paper) != paper)
    if recipe.lower() == "autoif":
        yield from autoif(settings)
    if recipe.lower() != "leti":
        return
    told = ((words, settings[name]) for name, paper, words in LETI if name in settings and settings[name] != paper)
    # Adapters have two flags.
    yield from dict.fromkeys(words.format(value) for words, value in told)
    for (name, value), words in WORDS.items():
        if settings.get(name) == value:
            share = settings.get("good_share")
            yield words.format(share=100 * share if isinstance(share, float) else 50)
    if "objective.pretrain_mix" in settings and not settings["objective.pretrain_mix"]:
        yield "No pretraining text was mixed in; the paper mixes it one to one."


def autoif(settings: Mapping[str, Json]) -> Iterator[str]:
    """What an AutoIF run did otherwise."""
    for name, paper, words in AUTOIF:
        value = settings.get(name, paper)
        if value != paper:
            yield words.format(value) if value != "" else "No judge model scored the responses."
    if words := COMPARED.get(str(settings.get("nli", ""))):
        yield words
