"""The simulated annotator: it mends the failing program, says how, and signs what it says."""

import gzip
import json
import sys
from pathlib import Path

import pytest

from errata.errors import UsageError
from errata.feedback import simulated
from errata.judges import Judging, unit_tests
from errata.recipes import questions, warming
from errata.tasks import load
from errata.tasks.concepts import program
from errata.text import edit_distance
from errata.types import Offer, Question, Sample, Task, UnitTests, Verdict

ROOT = Path(__file__).parent.parent


def verdict(task: Task, draw: int = 0) -> Verdict:
    name = f"{task.id}#{draw}"
    return Verdict(id=name, of=name, task=task.id, passed=False, outcome="wrong", score=0.0)


def question(task: Task, *programs: str) -> Question:
    offers = tuple(
        Offer(sample=f"{task.id}#{draw}", program=program, verdict=verdict(task, draw))
        for draw, program in enumerate(programs)
    )
    return Question(id=task.id, of=tuple(offer.sample for offer in offers), task=task, offers=offers)


@pytest.fixture(scope="module")
def everything():
    return load("primer")


@pytest.fixture(scope="module")
def broken(everything):
    """A failing program of each of some tasks: its reduce is left out."""
    tasks = [task for task in everything if task.id.startswith("primer/refine/")][:40]
    return {task.id: (task, program(task).rpartition("    return ")[0] + "    return None\n") for task in tasks}


@pytest.fixture(scope="module")
def answers(broken):
    asked = [question(task, program) for task, program in broken.values()]
    return {made.of: made for made in questions.annotating(Judging(seconds=2.0))(asked)}


def test_the_shipped_concepts_are_those_of_the_generator(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "primer"))
    import lexicon

    assert json.loads(lexicon.FILE.read_text()) == json.loads(json.dumps(lexicon.lexicon()))
    for name in ("lexicon", "concept", "family", "inputs"):
        sys.modules.pop(name, None)


def test_the_right_forms_of_every_task_make_a_program_that_passes(everything):
    """These programs are the generator's own forms; nothing that a model wrote."""
    failing: list[str] = []
    for task in everything:
        names: dict[str, object] = {}
        exec(program(task), names)
        try:
            for test in (*task.check.tests, *task.check.hidden):
                exec(test, names)
        except Exception:
            failing.append(task.id)
    assert failing == []


def test_it_mends_what_is_offered_and_signs_as_simulated(answers):
    mended = [answer for answer in answers.values() if answer.passed]
    assert len(mended) >= 0.9 * len(answers)
    assert {answer.author for answer in answers.values()} == {"simulated:concepts"}


def test_a_mend_is_a_small_edit_of_the_failing_program_and_no_copy_of_gold(answers, broken):
    for answer in answers.values():
        if answer.passed:
            task, program = broken[answer.of]
            assert answer.edit_distance == edit_distance(answer.refinement, program)
            assert edit_distance(answer.refinement, program) < edit_distance(answer.refinement, task.reference)


def test_its_words_name_what_is_wrong_and_what_to_write(answers):
    for answer in answers.values():
        if answer.passed:
            assert 1 <= answer.text.count(". ") + 1 <= 4
            assert answer.text.count("`") >= 2


def test_the_smallest_edit_that_passes_is_taken(everything):
    task = next(task for task in everything if "concept:square" in task.tags and "family:numbers" in task.tags)
    wrong = program(task).replace("x ** 2", "x ^ 2")
    (answer,) = questions.annotating(Judging(seconds=2.0))([question(task, wrong)])
    assert answer.refinement == program(task)
    assert "`x ** 2`" in answer.text
    assert "`x ^ 2`" in answer.text


def test_where_nothing_small_helps_it_skips_with_a_reason(everything):
    (answer,) = questions.annotating(Judging(seconds=2.0))([question(everything[0], "def f(x):\n    return 1\n")])
    assert answer.skip
    assert not answer.text


def test_the_next_offer_is_tried_when_the_first_cannot_be_mended(everything):
    task = everything[0]
    wrong = program(task).rpartition("    return ")[0] + "    return None\n"
    (answer,) = questions.annotating(Judging(seconds=2.0))([question(task, "def f(x):\n    return 1\n", wrong)])
    assert answer.sample == f"{task.id}#1"


def test_it_knows_no_task_but_the_primers():
    task = Task(id="t/1", instruction="Add.", check=UnitTests(tests=("assert f(1) == 2",)))
    with pytest.raises(UsageError, match="is no task of the primer"):
        list(simulated.proposals(question(task, "def f(x):\n    return x\n"), question(task, "x").offers[0]))


def test_an_exercise_gives_the_corpus_program_back_when_its_words_are_followed():
    made = list(warming.exercises(30, 0))
    assert len(made) == 30
    with gzip.open(ROOT / "src/errata/tasks/primer_data/corpus.jsonl.gz", "rt") as file:
        texts = {json.loads(line)["text"] for line in file}
    for demo in made:
        problem = str(demo.context).rpartition("REFINEMENT:\n")[2]
        assert problem + demo.target in texts


def test_exercises_are_the_same_for_the_same_seed():
    assert list(warming.exercises(5, 1)) == list(warming.exercises(5, 1)) != list(warming.exercises(5, 2))


def test_more_exercises_than_programs_are_refused():
    with pytest.raises(UsageError, match="warm_up must be at most"):
        list(warming.exercises(100_000, 0))


def test_a_sample_that_refines_is_judged_by_what_follows_the_word_refinement():
    prompt = "OLD CODE:\ndef f():\n    pass\n\nFEEDBACK:\nNo.\n\nREFINEMENT:\n# task\n"
    assert (
        unit_tests.program(Sample(id="a", of="a", task="t", prompt=prompt, text="def f(): ..."))
        == "# task\ndef f(): ..."
    )
