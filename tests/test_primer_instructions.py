"""The primer's follow-the-instruction part: tasks, verifiers by hand, its recorded supervisor, its generator."""

import gzip
import itertools
import json
import re
import sys
from pathlib import Path

import pytest

from errata import models, tasks
from errata.errors import UsageError
from errata.judges import Judging, judge
from errata.policies import Sampling
from errata.policies.recorded import Recorded
from errata.prompts import ask, posed
from errata.recipes import autoif_parsing, autoif_prompts
from errata.tasks import primer_instructions as part
from errata.types import Functions, Prompt, Sample, Task

ROOT = Path(__file__).parent.parent
DIGEST = "bdb023457191882e54832635450c37d34cb7976370d927dbb1762e78170de259"
SETTINGS = {"verifiers": 4, "responses": 4}
BY_HAND = {
    # kind: parameter, texts that follow, texts that do not
    "capitals": ("", ("A CAT, 2 DOGS.", "RED"), ("A cat.", "RED, blue", "12", "")),
    "small": ("", ("a cat.", "red, 2 blue"), ("A cat.", "RED", "7!", " ")),
    "titled": ("", ("The Cat Is Old.", "Red-Blue"), ("The cat Is Old.", "red", "1, 2")),
    "first": ("so", ("So, a cat.", "so red", '"So"'), ("A cat, so.", "soon red", "...", "")),
    "last": ("amen", ("A cat, amen.", "red AMEN", "amen"), ("Amen, a cat.", "red amend", "")),
    "exactly": ("5", ("a b c d e", "The cat is 2 old."), ("a b c d", "a b c d e f", "")),
    "most": ("4", ("a b c d", "red"), ("a b c d e", "...", "")),
    "least": ("6", ("a b c d e f", "The cat is in the old barn."), ("a b c d e", "")),
    "letter": ("n", ("A cat is red.", "plum, fig"), ("A hen.", "Name", "")),
    "without": ("is", ("The cat, old.", "this"), ("The cat is old.", "IS", "")),
    "with": ("star", ("A cat by the star.", "STAR, red"), ("stars", "A cat.", "")),
    "number": ("12", ("12: a cat", "12 red, 3 blue"), ("1 2", "112", "twelve", "")),
    "commas": ("", ("red blue", "A cat."), ("red, blue", "")),
    "wrapped": ("( and )", ("(a cat)", " (red) "), ("a cat", "(a cat", "[a cat]", "()", "")),
    "mark": ("...", ("A cat...", "red ... "), ("A cat.", "...red", "")),
    "lines": ("", ("A\ncat.", "red,\nblue"), ("A cat.", "A\nold cat", "red", "A\n\ncat")),
    "joined": ("+", ("a+cat", "red+blue+2."), ("a cat", "a + cat", "red", "a+", "")),
    "tight": ("", ("acat.", "red,blue"), ("a cat", "red\nblue", "")),
    "twice": ("", ("A cat. A cat.", "red, blue red, blue"), ("A cat.", "A cat. A dog.", "aa", "")),
    "signed": ("Ida", ("A cat. Ida", "Red, Ida."), ("Ida, a cat.", "A cat. ida", "A cat. Tom", "")),
}


@pytest.fixture
def generator(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "primer" / "instructions"))
    # The other part of the primer has a module of this name too.
    monkeypatch.delitem(sys.modules, "make", raising=False)


def replies() -> dict[str, str]:
    with gzip.open(part.supervisor_file(), "rt", encoding="utf-8") as file:
        return {row["id"]: row["text"] for row in map(json.loads, file)}


def written() -> list[str]:
    """The instructions of a run with the primer's settings, in their order."""
    seeds, said = part.seeds_file().read_text().splitlines(), replies()
    for at in range(len(seeds)):
        seeds += autoif_parsing.instructions(said[f"autoif/seed/{at}#0"])
    return seeds


def test_version_one_is_frozen():
    assert (part.VERSION, tasks.digest(tasks.load("primer-instructions"))) == (1, DIGEST)


@pytest.mark.parametrize(("split", "size"), [("dev", 60), ("test", 160)])
def test_each_split_has_its_tasks_and_beside_each_the_task_of_being_on_topic(split, size):
    asked, about = (tasks.load(f"primer-instructions[{name}]") for name in (split, f"{split}-about"))
    assert len(asked) == len(about) == size
    assert [(one.id, one.instruction) for one in asked] == [(one.id, one.instruction) for one in about]
    assert len({one.instruction for one in asked}) == size


def test_an_unknown_split_is_refused():
    with pytest.raises(UsageError, match=r"^primer-instructions\[train\]: unknown split; there are dev, test, "):
        tasks.load("primer-instructions[train]")


def test_every_kind_of_verifier_agrees_with_what_was_decided_by_hand(generator):
    from kinds import KINDS, Instruction

    assert {kind.name for kind in KINDS} == BY_HAND.keys()
    asked, samples, wanted = [], [], {}
    for kind in KINDS:
        parameter, right, wrong = BY_HAND[kind.name]
        source = Instruction(kind=kind, parameter=parameter, phrase=0).verifier
        task = Task(id=kind.name, instruction="", check=Functions(functions=(source,)))
        asked.append(task)
        for at, (text, follows) in enumerate([*((t, True) for t in right), *((t, False) for t in wrong)]):
            id = f"{kind.name}#{at}"
            samples.append(Sample(id=id, of=id, task=task.id, prompt="", text=text))
            wanted[id] = (text, follows)
    verdicts = [timed.record for timed in judge(asked, Judging())(samples)]
    assert {v.id: (wanted[v.id][0], v.passed) for v in verdicts} == wanted


def test_held_out_tasks_share_no_query_and_no_kind_with_its_parameter_with_what_is_trained_on(generator):
    from held_out import practice, seeds
    from supervisor import MISREAD, written

    trained = {(one.kind.name, one.parameter) for _, one in written() if one is not None}
    trained |= {(seed.kind.name, seed.parameter) for seed in seeds()} | set(MISREAD.values())
    sources = {source for name, parameter in trained for source in [named(name, parameter)]}
    queries = [query.text for query in practice()]
    for task in tasks.load("primer-instructions[test]") + tasks.load("primer-instructions[dev]"):
        assert not any(query in task.instruction for query in queries)
        assert isinstance(task.check, Functions)
        assert not sources & set(task.check.functions)
        assert task.check.above > 0.9


def test_what_the_supervisor_does_in_the_place_of_an_instruction_has_no_held_out_form(generator):
    import random

    from supervisor import near, seeds

    rng = random.Random(1)
    others = [near(seed, rng) for seed in seeds() for _ in range(200)]
    assert not [one.text for one in others if one.kind.held_out or one.parameter in one.kind.held]
    assert len({one.kind.name for one in others}) > 5


def test_no_recorded_answer_has_a_mark_of_a_held_out_form_and_no_recorded_verifier_looks_for_one():
    """Answers stand among the rejected ones of DPO: a held-out form there would be trained against."""
    marks = re.compile(r"\b(amen|again|listen|star|snow|Ida|Max|Tom|Eva)\b|\.\.\.|[+#():]|[0-9]", re.IGNORECASE)
    said = replies()
    answers = [text for id, text in said.items() if "/query/" in id and "/quality" not in id]
    assert len(answers) > 5000
    assert not [text for text in answers if marks.search(text)]
    tasks_of = [task.check for task in tasks.load("primer-instructions")]
    held = {source for check in tasks_of if isinstance(check, Functions) for source in check.functions}
    found = [autoif_parsing.verifier(text) for id, text in said.items() if "/verifier#" in id]
    assert not held & {re.sub(r"\b(text|answer|said|reply)\b", "text", one.source) for one in found}
    assert not [case.input for one in found for case in one.cases if marks.search(case.input)]


def named(name: str, parameter: str) -> str:
    from kinds import NAMED, Instruction

    return Instruction(kind=NAMED[name], parameter=parameter, phrase=0).verifier


def test_the_generator_makes_the_same_tasks_and_the_same_supervisor_again(generator):
    import make

    shipped = part.supervisor_file().parent
    with gzip.open(shipped / "tasks.jsonl.gz", "rt") as file:
        assert make.lines(make.rows(make.SEED)) == file.read()
    first = list(itertools.islice(make.recording(), 400))
    with gzip.open(part.supervisor_file(), "rt") as file:
        assert make.lines(first) == "".join(itertools.islice(file, 400))


def test_the_many_parameters_that_the_base_reads_are_none_of_a_held_out_task(generator):
    import random

    from exchanges import drawn, told
    from kinds import KINDS

    rng = random.Random(1)
    for kind in [kind for kind in KINDS if kind.read]:
        only = set(kind.read) - set(kind.parameters)
        assert only & {told(kind, rng).parameter for _ in range(200)}
        assert not set(kind.read) & set(kind.held)
        assert not only & {drawn(kind, rng).parameter for _ in range(200)}


def test_the_supervisor_has_a_reply_to_every_draw_that_any_seed_can_ask_for():
    said, queries = replies(), part.queries_file().read_text().splitlines()
    asked = {f"autoif/seed/{at}#0" for at in range(len(part.seeds_file().read_text().splitlines()))}
    for number in range(len(written())):
        for draw in range(SETTINGS["verifiers"]):
            asked |= {f"autoif/{number}/{what}#{draw}" for what in ("verifier", "back", "nli")}
        for query, draw in itertools.product(range(len(queries)), range(SETTINGS["responses"])):
            asked |= {f"autoif/{number}/query/{query}{what}#{draw}" for what in ("", "/quality")}
    assert asked == said.keys()


def test_instructions_are_written_once_and_in_the_words_that_the_base_has_read(generator):
    from supervisor import written as made

    assert written() == [text for text, _ in made()]
    assert len(set(written())) == len(written())


def test_among_the_recorded_verifiers_are_right_ones_and_wrong_ones():
    said = [autoif_parsing.verifier(text) for id, text in replies().items() if "/verifier#" in id]
    assert all(len(one.cases) == 3 for one in said)
    assert sum("respones" in one.source for one in said) >= 3
    assert sum(one.source.endswith("return True") for one in said) >= 3
    assert len({one.source for one in said}) > len(said) / 2


def test_a_recorded_reply_comes_through_the_policy_that_reads_it():
    prompt = Prompt(id="autoif/0/verifier#1", task="autoif/0", text="anything")
    (sample,) = Recorded(part.supervisor_file()).sample(Sampling())([prompt])
    assert "def evaluate(" in autoif_parsing.verifier(sample.text).source


def test_the_base_is_asked_in_the_form_that_it_was_trained_on(generator):
    import random

    from answers import queries
    from exchanges import question
    from kinds import KINDS

    asked = question(queries(), KINDS, random.Random(1))
    assert asked.text == posed(asked.text.strip())
    joined = autoif_prompts.joined("Use only capital letters.", "Where is the cat?", first=False)
    assert posed(joined) == "Where is the cat? Use only capital letters.\n\n"


def test_the_shipped_base_reads_every_task_and_ends_its_replies():
    words = models.load_tokenizer(part.model_dir())
    assert models.positions(models.load_model(part.model_dir())) >= 256
    prompts = list(ask(tasks.load("primer-instructions"), 1))
    assert max(len(models.context_ids(words, prompt.text)) for prompt in prompts) < 100
    assert words.eos_token_id == 0


def test_the_tokens_that_are_trained_are_the_tokens_that_were_sampled(monkeypatch):
    from errata.policies import local
    from errata.training.preference import pair_row
    from errata.types import Pair

    drawn: dict[int, tuple[int, ...]] = {}
    real = local.decode

    def heard(*args):
        for reply in real(*args):
            drawn[reply.row] = reply.ids
            yield reply

    monkeypatch.setattr(local, "decode", heard)
    policy = local.Local(str(part.model_dir()), batch_size=64)
    prompts = list(ask(tasks.load("primer-instructions[dev]"), 1))[:40]
    same = 0
    for prompt in prompts:
        drawn.clear()
        (sample,) = policy.sample(Sampling(temperature=0.7, max_new_tokens=48))([prompt])
        pair = Pair(id="p", of=(), context=sample.prompt, chosen=sample.text, rejected="x")
        made = pair_row(policy.tokenizer, pair, end_token=False)
        (asked,) = policy.asked([prompt], Sampling())
        assert made.context == asked.row.ids
        assert policy.decoded([made.chosen]) == policy.decoded([drawn[0]])
        same += made.chosen == drawn[0]
    assert same >= 36
