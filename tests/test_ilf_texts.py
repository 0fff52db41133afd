"""ILF where no test exists: second tries from recorded replies, a chooser, and a small model that is trained."""

import json
from pathlib import Path

import pytest

from checkpoints import checkpoint
from errata import jsonl, prompts
from errata.errors import UsageError
from errata.evaluation.embedding import similarities
from errata.policies import Sampling
from errata.recipes import texts as recipe
from errata.recipes.texts import Chosen, Note, Texts, chosen, demos
from errata.runs import Run
from errata.training import Objective
from errata.types import Demo, Sample

NOTES = Path(__file__).parent.parent / "docs" / "examples" / "summaries.jsonl"


def sample(note: str, draw: int, text: str) -> Sample:
    return Sample(id=f"{note}#{draw}", of=f"{note}#{draw}", task=note, prompt="", text=text)


def note(id: str = "n/1") -> Note:
    return Note(id=id, prompt="Summarise:\nA cat sat.\n", output="A dog.", feedback="It was a cat.")


@pytest.fixture
def config(tmp_path):
    """Two second tries a note; the judge says yes to draw 1 twice of three times, and to draw 0 once."""
    notes = jsonl.read(NOTES, Note)
    lines = [{"id": f"{one.id}#{draw}", "text": f"try {draw} of {one.id}\n"} for one in notes for draw in range(2)] + [
        {"id": f"{one.id}#{draw}/{turn}", "text": " Yes." if turn <= draw else " No."}
        for one in notes
        for draw in range(2)
        for turn in range(3)
    ]
    (tmp_path / "replies.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    backend = f"recorded:{tmp_path / 'replies.jsonl'}"
    return Texts(
        notes=str(NOTES),
        model=str(checkpoint(tmp_path / "base")),
        refinements=2,
        backend=backend,
        judge_backend=backend,
        sampling=Sampling(max_new_tokens=8),
        objective=Objective(epochs=1, batch_size=4, warmup_steps=0),
    )


def test_the_worked_example_of_the_docs_trains_a_model_on_what_the_judge_kept(tmp_path, config):
    with Run.open(tmp_path / "run", config, recipe.identity(config)) as run:
        model = recipe.texts(config, run)
    assert (Path(model) / "config.json").is_file()
    kept = jsonl.read(tmp_path / "run/chosen.jsonl", Chosen)
    assert [(one.sample, one.grades) for one in kept] == [(f"note/{n}#1", (0.333333, 0.666667)) for n in range(1, 7)]
    demo = jsonl.read(tmp_path / "run/example.jsonl", Demo)[0]
    assert demo.target == "try 1 of note/1"
    assert str(demo.context).startswith("Summarise in one sentence:\nThe bakery")
    assert "First try" not in str(demo.context)


def test_ties_are_drawn_with_the_seed_and_empty_texts_are_never_kept():
    tries = [sample("n/1", draw, text) for draw, text in enumerate(("", "a", "b", "c"))]
    grades = {"n/1#0": 1.0, "n/1#1": 0.5, "n/1#2": 0.5, "n/1#3": 0.25}
    kept = {next(chosen([note()], tries, grades, seed)).sample for seed in range(20)}
    assert kept == {"n/1#1", "n/1#2"}


def test_a_note_whose_tries_are_all_empty_is_left_out():
    assert list(chosen([note()], [sample("n/1", 0, " \n")], {"n/1#0": 1.0}, 0)) == []


def test_the_model_learns_the_text_without_the_words_that_led_to_it():
    kept = Chosen(id="n/1", of="n/1", sample="n/1#0", grades=(1.0,))
    (demo,) = demos([note()], [sample("n/1", 0, "A cat.\n")], [kept])
    assert (demo.context, demo.target) == ("Summarise:\nA cat sat.\n", "A cat.")


def test_a_second_try_is_asked_for_with_the_first_and_what_is_wrong():
    wanted = "Summarise:\nA cat sat.\n\nFirst try:\nA dog.\n\nWhat is wrong with it:\nIt was a cat.\n\nSecond try:\n"
    assert prompts.rewriting(note().prompt, note().output, note().feedback) == wanted


def test_a_text_lies_closest_to_itself(tmp_path):
    model = str(checkpoint(tmp_path / "base"))
    same, other, empty = similarities(
        model, [("def add(a, b):", "def add(a, b):"), ("def add(a, b):", "Traceback"), ("def add(a, b):", "")]
    )
    assert same == pytest.approx(1.0, abs=1e-5)
    assert other < 0.99
    assert empty == 0.0


def test_the_chooser_by_embedding_asks_no_judge(tmp_path, config):
    tries = [sample("n/1", draw, text) for draw, text in enumerate(("It was a cat.", "def add(a, b)"))]
    grades = recipe.embedded(config.model, [note()], tries)
    assert grades["n/1#0"] == pytest.approx(1.0, abs=1e-5)
    assert next(chosen([note()], tries, grades, 0)).sample == "n/1#0"


def test_a_note_without_feedback_is_refused_with_its_line(tmp_path, config):
    path = tmp_path / "notes.jsonl"
    path.write_text('{"id": "n/1", "prompt": "p", "output": "o"}\n')
    with (
        pytest.raises(UsageError, match=r"notes.jsonl:1: feedback: field required"),
        Run.open(tmp_path / "run", config, {}) as run,
    ):
        recipe.texts(Texts(notes=str(path), model=config.model), run)
