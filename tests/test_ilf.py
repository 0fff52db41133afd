"""ILF from end to end on small checkpoints, in seconds: questions, waiting, going on, arms, and real annotations."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import ilf_tasks
from checkpoints import checkpoint
from errata import jsonl, prompts, tasks
from errata.cli import main
from errata.errors import UsageError, Waiting
from errata.evaluation.compared import compare
from errata.evaluation.folder import look
from errata.evaluation.report import report
from errata.feedback import human
from errata.recipes import arms, questions
from errata.recipes import ilf as recipe
from errata.recipes.shortening import shortened
from errata.tasks import concepts
from errata.types import Demo, Feedback, Sample, Verdict

DATA = Path(__file__).parent.parent.parent / "shared" / "data"


ARMS = "gold,human,no-feedback,unrelated,model-feedback:2,few-shot:2"


def copied(model, examples, objective):
    """Training that copies the model, which takes no time; what it was given is kept in example.jsonl all the same."""

    def make(path, progress):
        shutil.copytree(model, path, dirs_exist_ok=True)
        told = {"model": model, "examples": len(list(examples)), "tokens": 1, "steps": 1, "left_out": 0}
        (path / "training.json").write_text(json.dumps(told | {"seconds": 1.0, "loss": [1.0]}))

    return make


@pytest.fixture
def real(tmp_path):
    return ilf_tasks.config(tmp_path)


@pytest.fixture
def config(real, monkeypatch):
    monkeypatch.setattr(arms, "fit", copied)
    monkeypatch.setattr(recipe, "fit", copied)
    return real


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A whole run with all arms, and its settings; only to be read."""
    folder = tmp_path_factory.mktemp("finished")
    config = replace(ilf_tasks.config(folder), arms=ARMS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arms, "fit", copied)
        patch.setattr(recipe, "fit", copied)
        answered(config, folder / "run")
    return folder / "run", config


@pytest.fixture
def run(finished):
    return finished[0]


@pytest.fixture
def again(finished, tmp_path, monkeypatch):
    """A copy of the whole run, to be gone on with."""
    monkeypatch.setattr(arms, "fit", copied)
    monkeypatch.setattr(recipe, "fit", copied)
    shutil.copytree(finished[0], tmp_path / "again")
    return tmp_path / "again", finished[1]


def wait(config, run):
    with pytest.raises(Waiting) as stopped:
        ilf_tasks.go(config, run)
    return str(stopped.value)


def answered(config, run):
    wait(config, run)
    ilf_tasks.answer_all(run)
    return ilf_tasks.go(config, run)


def bytes_of(run):
    return {path: path.read_bytes() for path in run.rglob("*.jsonl") if path.name != "timing.jsonl"}


# waiting and going on


def test_a_run_stops_where_people_must_answer_and_says_what_to_do(tmp_path, config):
    assert wait(config, tmp_path / "run") == f"4 of 4 questions are open: errata annotate {tmp_path / 'run'}"


def test_waiting_is_exit_code_three(tmp_path, config, capsys):
    words = ["ilf", str(tmp_path / "run"), "--model", config.model, "--refine", config.refine, "--tasks", config.tasks]
    words += ["--held-out", config.held_out, "--backend", config.backend, "--draws", "2"]
    with pytest.raises(SystemExit) as stopped:
        main([*words, "--measuring.draws", "2", "--measuring.ks", "1", "--judging.workers", "1"])
    assert stopped.value.code == 3
    assert "4 of 4 questions are open: errata annotate" in capsys.readouterr().err


def test_the_same_command_goes_on_when_people_have_answered(tmp_path, config):
    assert answered(config, tmp_path / "run") == str(tmp_path / "run/00/model")


def test_what_is_still_open_is_counted_over_both_sets(tmp_path, config):
    wait(config, tmp_path / "run")
    ilf_tasks.answer(tmp_path / "run/00/refine", "mend", 1)
    assert wait(config, tmp_path / "run").startswith("3 of 4 questions are open")


def test_a_run_can_go_on_with_part_of_the_answers(tmp_path, config):
    wait(config, tmp_path / "run")
    text = f'"""\nAdd 1.\nassert add(1) == 2\n"""\n{ilf_tasks.right(1)}'
    ilf_tasks.answer(tmp_path / "run/00/refine", "mend", 1, refinement=text)
    ilf_tasks.answer(tmp_path / "run/00/tasks", "practice", 1)
    ilf_tasks.go(replace(config, go_on_with=1), tmp_path / "run")
    ilf_tasks.go(config, tmp_path / "run")
    assert [row.id for row in jsonl.read(tmp_path / "run/00/tasks/feedback.jsonl", Feedback)] == ["practice/1@ada"]


def test_the_last_line_of_an_answer_holds(tmp_path, config):
    wait(config, tmp_path / "run")
    ilf_tasks.answer(tmp_path / "run/00/tasks", "practice", 1, text="no, this")
    ilf_tasks.answer_all(tmp_path / "run")
    ilf_tasks.answer(tmp_path / "run/00/tasks", "practice", 1, text="that is it")
    ilf_tasks.go(config, tmp_path / "run")
    assert jsonl.read(tmp_path / "run/00/tasks/feedback.jsonl", Feedback)[0].text == "that is it"


def test_a_skip_closes_a_question(tmp_path, config):
    wait(config, tmp_path / "run")
    ilf_tasks.answer_all(tmp_path / "run")
    place = tmp_path / "run/00/tasks"
    human.add(place, [replace(human.answers(place)["practice/2@ada"], skip="I cannot tell", text="", refinement="")])
    ilf_tasks.go(config, tmp_path / "run")
    assert [row.of for row in jsonl.read(place / "feedback.jsonl", Feedback)] == ["practice/1#1"]


def test_a_question_that_two_shall_answer_is_open_after_one(tmp_path, config):
    config = replace(config, votes=2)
    wait(config, tmp_path / "run")
    ilf_tasks.answer_all(tmp_path / "run")
    assert wait(config, tmp_path / "run").startswith("4 of 4")
    for n in (1, 2):
        ilf_tasks.answer(tmp_path / "run/00/refine", "mend", n, author="human:bob")
        ilf_tasks.answer(tmp_path / "run/00/tasks", "practice", n, author="human:bob")
    ilf_tasks.go(config, tmp_path / "run")
    assert len(jsonl.read(tmp_path / "run/00/refine/feedback.jsonl", Feedback)) == 2


def test_a_torn_answer_is_not_there_and_the_next_one_is_whole(tmp_path):
    path = tmp_path / human.ANSWERS
    path.write_bytes(b'{"id": "mend/1@ada", "of": "me')
    assert human.answers(tmp_path) == {}
    ilf_tasks.answer(tmp_path, "mend", 1)
    assert list(human.answers(tmp_path)) == ["mend/1@ada"]


# the questions


def verdict(sample, parts, passed=False):
    outcome = "passed" if passed else "wrong"
    return Verdict(id=sample.id, of=sample.id, task=sample.task, passed=passed, outcome=outcome, score=parts)


def asked(programs, most=10):
    """The question that a task's (program, score, passed) lead to."""
    task = ilf_tasks.task("mend", 1)
    samples = [
        Sample(id=f"{task.id}#{n}", of=f"{task.id}#{n}", task=task.id, prompt="", text=text)
        for n, (text, _, _) in enumerate(programs)
    ]
    said = [verdict(sample, score, passed) for sample, (_, score, passed) in zip(samples, programs, strict=True)]
    return list(questions.questions([task], samples, said, most))


def test_the_easiest_to_mend_is_offered_first():
    (question,) = asked([("long = 1\n", 0.0, False), ("x\n", 0.0, False), ("longest = 1\n", 0.5, False)])
    assert [offer.program for offer in question.offers] == ["longest = 1\n", "x\n", "long = 1\n"]


def test_equal_programs_are_offered_once():
    (question,) = asked([("x\n", 0.0, False), ("x\n", 0.0, False), ("y\n", 0.0, False)])
    assert question.of == ("mend/1#0", "mend/1#2")


def test_no_more_is_offered_than_was_asked_for():
    (question,) = asked([(f"x = {n}\n", 0.0, False) for n in range(30)])
    assert len(question.offers) == 10


def test_a_task_with_a_passing_sample_is_not_asked_about():
    assert asked([("x\n", 0.0, False), ("y\n", 1.0, True)]) == []


def test_part_of_the_questions_is_chosen_with_the_seed(tmp_path, config):
    said = {seed: wait(replace(config, feedbacks=1, seed=seed), tmp_path / f"{seed}") for seed in range(4)}
    assert all(words.startswith("2 of 2 questions are open") for words in said.values())
    chosen = {human.questions(tmp_path / f"{seed}/00/tasks")[0].id for seed in range(4)}
    assert chosen == {"practice/1", "practice/2"}


def test_words_are_enough_where_nobody_trains_on_peoples_mends(tmp_path, config):
    wait(config, tmp_path / "words")
    wait(replace(config, arms="human"), tmp_path / "mends")
    wanted = [[one.refinement for one in human.questions(tmp_path / name / "00/tasks")] for name in ("words", "mends")]
    assert wanted == [[False, False], [True, True]]


def test_a_program_is_cut_at_the_end_of_a_line_within_its_tokens(config):
    program = "def add(a, b):\n    c = a + b\n    return c\n"
    assert shortened(program, 0, config.model) == program
    assert shortened(program, 12, config.model) == "def add(a, b):\n"
    assert shortened(program, 500, config.model) == program


# the refiner and the arms


def test_the_refiner_learns_from_mends_that_pass_alone(tmp_path, config):
    run = tmp_path / "run"
    wait(config, run)
    ilf_tasks.answer_all(run)
    ilf_tasks.answer(run / "00/refine", "mend", 2, refinement="def add(x):\n    return x + 99\n")
    ilf_tasks.go(config, run)
    (demo,) = jsonl.read(run / "00/refiner/example.jsonl", Demo)
    assert demo.of == ("mend/1#1", "mend/1@ada")
    assert str(demo.context).startswith('OLD CODE:\n"""\nAdd 1.\n')
    assert str(demo.context).endswith(
        '\n\nFEEDBACK:\nIt must add 1, whatever x is.\n\nREFINEMENT:\n"""\nAdd 1.\nassert add(1) == 2\n"""\n'
    )
    assert demo.target == ilf_tasks.right(1)


def test_a_mend_without_the_problems_text_is_as_one_with_it(tmp_path, config):
    run = tmp_path / "run"
    wait(config, run)
    ilf_tasks.answer_all(run)
    ilf_tasks.answer(run / "00/refine", "mend", 2, refinement=ilf_tasks.right(2))
    ilf_tasks.go(config, run)
    (_, demo) = jsonl.read(run / "00/refiner/example.jsonl", Demo)
    assert str(demo.context).endswith('REFINEMENT:\n"""\nAdd 2.\nassert add(1) == 3\n"""\n')
    assert demo.target == ilf_tasks.right(2)


def test_the_authors_loss_bears_on_the_problem_text_too(tmp_path, config):
    answered(replace(config, loss_on="all"), tmp_path / "run")
    demo = jsonl.read(tmp_path / "run/00/refiner/example.jsonl", Demo)[0]
    assert str(demo.context).endswith("\n\nREFINEMENT:\n")
    assert demo.target.startswith('"""\nAdd 1.')


def test_one_passing_refinement_a_task_is_trained_on(run):
    demos = jsonl.read(run / "00/example.jsonl", Demo)
    assert [(demo.id, demo.target) for demo in demos] == [(f"practice/{n}#2", ilf_tasks.right(n)) for n in (1, 2)]
    assert all(str(demo.context).startswith('"""\nAdd') for demo in demos)


def test_all_arms_share_the_samples_and_the_feedback(run):
    made = [path.relative_to(run / "00") for path in (run / "00").rglob("question.jsonl")]
    assert sorted(map(str, made)) == ["refine/question.jsonl", "tasks/question.jsonl"]
    (found,) = compare(look(run))
    assert [arm.name for arm in found.arms] == [
        "ilf", "gold", "human", "no-feedback", "unrelated", "model-feedback-2", "few-shot-2",
    ]  # fmt: skip
    assert all("pass@1" in arm.held_out.scores and arm.account for arm in found.arms)


def test_the_report_has_every_arm_with_its_account(again):
    run, _ = again
    page = report(run).read_text()
    for words in ("the arms side by side", "refinements without feedback", "why it may work", "few-shot-2"):
        assert words in page
    assert "simulated annotator answered" not in page


def test_an_arm_of_ones_own_stands_last(again):
    run, _ = again
    shutil.copytree(run / "00/arms/gold", run / "00/arms/my-own")
    (found,) = compare(look(run))
    assert found.arms[-1].name == "my-own"


def test_gold_and_people_have_the_tasks_that_ilf_has(run):
    gold = jsonl.read(run / "00/arms/gold/example.jsonl", Demo)
    assert [demo.target for demo in gold] == [ilf_tasks.task("practice", n).reference for n in (1, 2)]
    people = jsonl.read(run / "00/arms/human/example.jsonl", Demo)
    assert [(demo.id, demo.target) for demo in people] == [("practice/1#human", ilf_tasks.right(1))]


def prompts_of(run, arm):
    return [str(sample.prompt) for sample in jsonl.read(run / f"00/arms/{arm}/sample.jsonl", Sample)]


def test_unrelated_feedback_is_another_tasks(run):
    for prompt in prompts_of(run, "unrelated"):
        mine = 1 if "Add 1." in prompt else 2
        assert f"It must add {3 - mine}, whatever" in prompt


def test_without_feedback_neither_training_nor_sampling_has_any(run):
    taught = jsonl.read(run / "00/arms/no-feedback/refiner/example.jsonl", Demo)
    for text in (*prompts_of(run, "no-feedback"), *(str(demo.context) for demo in taught)):
        assert "FEEDBACK" not in text
        assert "REFINEMENT" in text


def test_a_model_writes_feedback_after_as_many_examples_as_asked_for(run):
    (first, _) = jsonl.read(run / "00/arms/model-feedback-2/critic/sample.jsonl", Sample)
    assert str(first.prompt).count("REFINEMENT:") == 2
    assert str(first.prompt).endswith("\n\nFEEDBACK:\n")
    said = jsonl.read(run / "00/arms/model-feedback-2/critic/feedback.jsonl", Feedback)
    assert [row.text for row in said] == ["It must add 1.", "It must add 2."]
    assert said[0].author.startswith("critic:")
    assert "FEEDBACK:\nIt must add 1.\n\nREFINEMENT" in prompts_of(run, "model-feedback-2")[0]


def test_a_refiner_that_is_shown_examples_is_not_trained(run):
    assert prompts_of(run, "few-shot-2")[0].count("OLD CODE:") == 3
    assert not (run / "00/arms/few-shot-2/refiner").exists()


def test_an_arm_can_be_added_to_a_finished_run_without_sampling_again(again):
    run, config = again
    shutil.rmtree(run / "00/arms")
    before = bytes_of(run)
    ilf_tasks.go(replace(config, arms="ilf,gold"), run)
    after = bytes_of(run)
    assert {path: after[path] for path in before} == before
    assert {path.parent.name for path in set(after) - set(before)} == {"gold", "held-out"}


@pytest.mark.parametrize("name", ["golden", "gold:2", "few-shot:3"])
def test_an_arm_that_there_is_not_is_refused_by_name(config, name):
    with pytest.raises(UsageError, match=f"there is no '{name}'"):
        replace(config, arms=name)


def test_a_second_round_begins_with_the_model_of_the_first(tmp_path, config):
    answered(config, tmp_path / "run")
    wait(replace(config, rounds=2), tmp_path / "run")
    run = tmp_path / "run"
    for n in (1, 2):
        ilf_tasks.answer(run / "01/refine", "mend", n, refinement=ilf_tasks.right(n))
        ilf_tasks.answer(run / "01/tasks", "practice", n)
    assert ilf_tasks.go(replace(config, rounds=2), run) == str(run / "01/model")
    told = json.loads((run / "01/training.json").read_text())
    assert told["model"] == str(run / "00/model")
    assert json.loads((run / "01/refiner/training.json").read_text())["model"] == str(run / "00/refiner/model")


# going on after a stop


STAGES = [
    "base/held-out/verdict.jsonl", "00/refine/sample.jsonl", "00/tasks/verdict.jsonl", "00/refine/feedback.jsonl",
    "00/refine/mended/verdict.jsonl", "00/refiner/example.jsonl", "00/sample.jsonl", "00/verdict.jsonl",
    "00/refined.json", "00/example.jsonl", "00/held-out/sample.jsonl", "00/account.json",
    "00/arms/gold/example.jsonl", "00/arms/gold/held-out/verdict.jsonl",
]  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_that_is_stopped_at_a_stage_ends_with_the_same_records(finished, again, stage):
    """The stage's file is taken away, or its last line left torn; and the texts that are made when it is whole."""
    run, config = again
    path = run / stage
    data = path.read_bytes()
    path.unlink()
    if stage.endswith(("sample.jsonl", "verdict.jsonl")):
        path.write_bytes(data[: len(data) - 20])
        (path.parent / "example.jsonl").unlink(missing_ok=True)
    ilf_tasks.go(config, run)
    assert lines_of(run) == lines_of(finished[0])


def lines_of(run):
    return {path.relative_to(run): sorted(data.splitlines()) for path, data in bytes_of(run).items()}


def test_running_it_again_asks_and_trains_nothing(again):
    run, config = again
    before = bytes_of(run)
    weights = (run / "00/model/config.json").stat().st_mtime_ns
    ilf_tasks.go(replace(config, backend="recorded:/nowhere"), run)
    assert bytes_of(run) == before
    assert (run / "00/model/config.json").stat().st_mtime_ns == weights


def test_a_small_model_is_trained_for_real_in_both_places(tmp_path, real):
    answered(real, tmp_path / "run")
    for place in ("00/refiner", "00"):
        told = json.loads((tmp_path / "run" / place / "training.json").read_text())
        assert (told["examples"], told["steps"]) == (2, 1)


# the primer, with the simulated annotator


def test_the_primer_needs_no_people_and_says_so_everywhere(tmp_path, config):
    """Draw 0 of each task returns nothing; the annotator mends it, and draw 1, its refinement, is right."""
    lines: list[dict[str, str]] = []
    for split in ("refine", "train", "test"):
        for task in tasks.load(f"primer[{split}][:2]"):
            program = concepts.program(task)
            lines.append({"id": f"{task.id}#0", "text": program.rpartition("    return ")[0] + "    return None\n"})
            lines.append({"id": f"{task.id}#1", "text": program})
    (tmp_path / "primer.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    sets = {"refine": "primer[refine][:2]", "tasks": "primer[train][:2]", "held_out": "primer[test][:2]"}
    small = replace(config, **sets, annotator="simulated", draws=1, refinements=2, arms="ilf,human,gold")
    ilf_tasks.go(replace(small, backend=f"recorded:{tmp_path / 'primer.jsonl'}"), tmp_path / "run")
    for name in ("refine", "tasks"):
        said = jsonl.read(tmp_path / f"run/00/{name}/feedback.jsonl", Feedback)
        assert [row.author for row in said] == ["simulated:concepts"] * 2
        assert all("simulated" in row.id for row in said)
    assert len(jsonl.read(tmp_path / "run/00/example.jsonl", Demo)) == 2
    page = report(tmp_path / "run").read_text()
    assert "A simulated annotator answered, no person." in page
    assert "The annotator was simulated" in page


# real annotations


@pytest.fixture(scope="module")
def rows():
    path = DATA / "feedback_ilf" / "surge_annotations.jsonl"
    if not path.exists():
        assert not os.environ.get("CI"), f"{path} is missing"
        pytest.skip(f"{path} is not here")
    return path


def test_the_authors_rows_train_a_refiner_end_to_end(tmp_path, real, rows):
    """All 44 of the refine range; a random model's refinements of three of the others cannot pass, and that is said."""
    real = replace(
        real,
        model=str(checkpoint(tmp_path / "small", positions=2048)),
        backend="local",
        annotations=str(rows),
        refine=f"ilf:{rows}[ilf-refine]",
        tasks=f"ilf:{rows}[ilf-train][:3]",
        refinements=1,
    )
    with pytest.raises(UsageError, match="the arm ilf has no passing program to train on; begin a new run with more"):
        ilf_tasks.go(real, tmp_path / "run")
    told = json.loads((tmp_path / "run/00/refiner/training.json").read_text())
    assert told["examples"] + told["left_out"] == 44
    assert told["examples"] >= 40
    assert (tmp_path / "run/00/refiner/model/config.json").is_file()
    assert len(jsonl.read(tmp_path / "run/00/sample.jsonl", Sample)) == 3


def test_the_authors_rows_are_44_to_refine_and_128_to_train(rows):
    assert [len(tasks.load(f"ilf:{rows}[{name}]")) for name in ("ilf-refine", "ilf-train")] == [44, 128]


def test_prompts_are_the_authors_in_193_of_195_rows(rows):
    mbpp = {task.id: task for task in tasks.load(f"mbpp:{DATA / 'mbpp_google/mbpp.jsonl'}")}
    other = [
        row["task_id"]
        for row in map(json.loads, rows.read_text().splitlines())
        if prompts.ilf(mbpp[f"mbpp/{row['task_id']}"]) != row["prompt"].replace("\r\n", "\n")
    ]
    assert sorted(other) == [260, 679]


def test_every_task_of_mbpp_has_an_ilf_prompt_also_the_60_that_the_authors_pass_over(rows):
    made = [prompts.ilf(task) for task in tasks.load(f"mbpp:{DATA / 'mbpp_google/mbpp.jsonl'}")]
    assert len(made) == 974
    assert all(text.rstrip().splitlines()[-1].startswith("def ") for text in made)


@pytest.mark.parametrize("name", ["refiner", "objective"])
def test_moments_that_do_not_go_with_adapters_are_refused_before_anything_runs(real, name):
    with pytest.raises(UsageError, match="keep_optimizer goes with full weights"):
        replace(real, lora=True, **{name: replace(getattr(real, name), keep_optimizer=True)})
