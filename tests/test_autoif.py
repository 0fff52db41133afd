"""AutoIF's data stages on a small recorded supervisor: what is asked, kept, joined, and made into texts and pairs."""

import json
import os
import shutil
from dataclasses import replace

import pytest

import autoif_world as world
from errata.cli import main
from errata.errors import UsageError
from errata.evaluation import decontamination
from errata.evaluation import funnel as shown
from errata.evaluation.decontamination import Decontaminating
from errata.evaluation.report import report
from errata.jsonl import iterate
from errata.policies.recorded import Recorded
from errata.recipes import autoif as recipe
from errata.recipes import autoif_pairs, autoif_sources, autoif_training, presets
from errata.recipes.autoif_funnel import funnel
from errata.recipes.autoif_records import Instruction, Query, Relation, Score, Verified
from errata.recipes.autoif_settings import Autoif, Filters, Supervisor
from errata.recipes.autoif_stages import line, requests
from errata.runs import Run
from errata.types import Functions, Message, Sample, Verdict


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run's folder with all data, its settings and the data; only to be read."""
    folder = tmp_path_factory.mktemp("finished")
    config = world.settings(folder)
    with Run.open(folder / "run", config, {}) as run:
        data = recipe.data(run, config)
    return folder / "run", config, data


def fresh(tmp_path, **changes):
    config = world.settings(tmp_path, **changes)
    with Run.open(tmp_path / "run", config, {}) as run:
        return config, recipe.data(run, config)


# instructions


def test_seeds_come_first_and_no_instruction_stands_twice(finished):
    made = finished[2].instructions
    assert [one.text for one in made] == [*world.SEEDS, *world.MADE]
    assert [one.id for one in made] == [f"autoif/{at}" for at in range(6)]
    assert [one.source for one in made] == ["seed"] * 3 + ["rewritten"] * 3
    assert made[3].of == ("autoif/seed/0#0",)


def test_each_seed_is_rewritten_k_times_in_one_prompt(finished):
    asked = list(iterate(finished[0] / "instructions" / "sample.jsonl", Sample))
    assert [one.id for one in asked] == [f"autoif/seed/{at}#0" for at in range(3)]
    assert world.SEEDS[0] in str(asked[0].prompt)
    assert " 2 " in str(asked[0].prompt)


def test_all_seeds_are_shown_at_once_as_in_the_release(tmp_path, monkeypatch):
    config = replace(world.settings(tmp_path), rewriting="all", calls=2)
    asked = prompts_of(tmp_path, config, monkeypatch)
    assert [one.id for one in asked] == ["autoif/seeds#0", "autoif/seeds#1"]
    assert all(seed in str(asked[0].text) for seed in world.SEEDS)


def test_an_instruction_can_be_written_for_a_query_so_that_the_two_do_not_conflict(tmp_path, monkeypatch):
    config = replace(world.settings(tmp_path), rewriting="query")
    asked = prompts_of(tmp_path, config, monkeypatch)
    assert [one.id for one in asked] == [f"autoif/query/{at}#0" for at in range(3)]
    assert world.QUERIES[1] in str(asked[1].text)


def test_an_instruction_that_was_written_for_a_query_is_joined_to_that_one_alone(tmp_path):
    queries = [Query(id=str(at), text=text) for at, text in enumerate(world.QUERIES)]
    written = [Instruction(id="autoif/0", of=(), text="Name two", source="query", query="2")]
    with Run.open(tmp_path / "run", Autoif(), {}) as run:
        made, _ = requests(run, [verified("autoif/0")], written, queries, Autoif())
    assert [one.id for one in made] == ["autoif/0/query/2"]


def prompts_of(folder, config, monkeypatch):
    """What is asked first; asking stops there."""
    asked = []

    def sample(self, sampling):
        def stage(prompts):
            asked.extend(prompts)
            raise UsageError("asked")

        return stage

    monkeypatch.setattr(Recorded, "sample", sample)
    with Run.open(folder / "run", config, {}) as run, pytest.raises(UsageError, match="asked"):
        recipe.data(run, config)
    return asked


def verified(id, **more):
    return Verified(id=id, of=id, instruction="Name two", **more)


# verifiers and back-translation


def test_a_wrong_function_is_dropped_and_right_ones_stay(finished):
    kept = finished[2].verified[0]
    assert [one.draw for one in kept.functions] == [0, 1]
    assert [one.accuracy for one in kept.functions] == [1.0, 1.0]
    assert [case.output for case in kept.cases] == [True, False, True]


def test_words_for_truth_values_make_no_case_twice(finished):
    assert finished[2].verified[0].counts["cases"] == 3


def test_without_cross_validation_every_function_that_runs_is_kept(finished, tmp_path):
    config = world.settings(tmp_path)
    _, data = fresh(tmp_path, filters=replace(config.filters, cross=False))
    assert [one.draw for one in data.verified[0].functions] == [0, 1, 2]


def test_an_instruction_that_its_functions_contradict_has_no_request(finished):
    assert {one.task for one in finished[2].relations if one.label == "contradiction"} == {"autoif/2"}
    assert not any(one.id.startswith("autoif/2/") for one in finished[2].requests)


def test_every_relation_says_who_found_it(finished, tmp_path):
    assert {one.by for one in finished[2].relations} == {"judge"}
    _, data = fresh(tmp_path, nli="lexical")
    assert {one.by for one in data.relations} == {"lexical"}


def test_back_translation_can_be_left_out(tmp_path):
    _, data = fresh(tmp_path, nli="none")
    assert not data.relations
    assert len(data.translated) == 6
    assert not (tmp_path / "run" / "back-translation").exists()


def test_no_more_functions_are_put_into_words_than_is_asked(tmp_path):
    _, data = fresh(tmp_path, filters=Filters(translated=1))
    assert [one.id for one in data.relations] == [f"autoif/{at}/nli#0" for at in range(6)]


@pytest.mark.parametrize(
    ("reply", "said"), [("- Use no commas.\n", "Use no commas."), ('\n"Use no commas"\n\nIt does.', "Use no commas")]
)
def test_the_one_line_that_was_asked_for_is_found(reply, said):
    assert line(reply) == said


def test_a_missing_reply_stops_the_run_and_is_named(tmp_path):
    config = world.settings(tmp_path)
    recorded = tmp_path / "recorded.jsonl"
    kept = [row for row in recorded.read_text().splitlines() if '"autoif/1/back#1"' not in row]
    recorded.write_text("\n".join(kept) + "\n")
    with Run.open(tmp_path / "run", config, {}) as run, pytest.raises(UsageError, match="no reply for autoif/1/back#1"):
        recipe.data(run, config)


# requests and responses


def test_an_instruction_is_joined_to_as_many_queries_as_is_asked(finished):
    joined = [one.id.split("/query/")[0] for one in finished[2].requests]
    assert {joined.count(id) for id in joined} == {2}
    assert len({one.id for one in finished[2].requests}) == 10


def test_queries_are_drawn_by_the_instruction_and_the_seed(tmp_path):
    queries = [Query(id=str(at), text=f"Query {at}?") for at in range(40)]
    drawn = []
    for at, (seed, those) in enumerate([(0, "12"), (0, "21"), (1, "12")]):
        config = replace(Autoif(), seed=seed, queries_each=8)
        with Run.open(tmp_path / str(at), config, {}) as run:
            made, _ = requests(run, [verified(f"autoif/{one}") for one in those], [], queries, config)
        drawn.append({one.id for one in made})
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_task_asks_both_and_is_judged_by_the_kept_functions(finished):
    task = finished[2].tasks[0]
    assert task.instruction.startswith("Write in capital letters only. ")
    assert task.check == Functions(functions=tuple(one.source for one in finished[2].verified[0].functions))


def test_the_supervisor_is_shown_a_function_where_that_is_asked(finished, tmp_path):
    asked = [str(one.prompt) for one in finished[2].samples]
    assert not any("def evaluate" in text for text in asked)
    _, data = fresh(tmp_path, show_function=True)
    assert all("def evaluate" in str(one.prompt) for one in data.samples)


def test_a_supervisor_is_asked_in_chat_turns_or_in_plain_text(finished, tmp_path):
    assert isinstance(finished[2].samples[0].prompt[0], Message)
    config = world.settings(tmp_path)
    _, data = fresh(tmp_path, supervisor=replace(config.supervisor, chat=False))
    assert isinstance(data.samples[0].prompt, str)


def test_scores_are_asked_of_responses_that_pass(finished):
    data = finished[2]
    passed = {verdict.id for verdict in data.verdicts if verdict.passed}
    assert {one.sample for one in data.scores} == passed
    assert all(one.id == one.sample.replace("#", "/quality#") for one in data.scores)


def test_a_judge_model_of_its_own_gives_the_scores(tmp_path):
    config = world.settings(tmp_path)
    lines = [json.dumps({"id": id, "text": "Score: 9"}) for id in world.replies() if "/quality#" in id]
    (tmp_path / "judge.jsonl").write_text("\n".join(lines) + "\n")
    judge = Supervisor(model="other", backend=f"recorded:{tmp_path / 'judge.jsonl'}")
    _, data = fresh(tmp_path, judge=judge, filters=config.filters)
    assert {one.value for one in data.scores} == {9.0}


# benchmarks


def benchmark(folder):
    task = {"id": "b/0", "instruction": "What is it? Write in lower case letters only.", "check": {"kind": "functions"}}
    task["check"]["functions"] = ["def evaluate(response):\n    return True"]
    (folder / "bench.jsonl").write_text(json.dumps(task) + "\n")
    return f"{folder / 'bench.jsonl'}"


def test_instructions_are_compared_with_benchmarks_and_those_found_there_can_be_left_out(tmp_path):
    for drop, left in ((False, 6), (True, 5)):
        folder = tmp_path / str(drop)
        folder.mkdir()
        _, data = fresh(folder, decontamination=Decontaminating(against=(benchmark(folder),), drop=drop))
        found = decontamination.look(folder / "run")
        assert found is not None
        assert found.unclean() == {"autoif/3"}
        assert len(data.instructions) == 6
        assert len(data.verified) == left


def test_without_benchmarks_the_report_says_that_nothing_was_compared(finished):
    found = decontamination.look(finished[0])
    assert found is not None
    assert not found.benchmarks


# texts and pairs


def test_texts_pass_their_functions_and_the_judges_score(finished):
    _, config, data = finished
    demos = list(autoif_pairs.demos(data, config))
    scores = {one.sample: one.value for one in data.scores}
    passed = {verdict.id: verdict.passed for verdict in data.verdicts}
    assert demos
    assert all(passed[demo.id] and scores[demo.id] >= 8 for demo in demos)
    assert all(demo.target == demo.target.strip() for demo in demos)


def test_without_quality_scores_all_that_pass_are_texts(finished):
    _, config, data = finished
    config = replace(config, filters=replace(config.filters, quality=""))
    demos = list(autoif_pairs.demos(data, config))
    assert len(demos) == len({(one.task, one.sample) for one in data.scores})


def test_the_instruction_stands_before_the_query_or_behind_it(finished, tmp_path):
    assert finished[2].tasks[0].instruction.startswith("Write in capital")
    _, data = fresh(tmp_path, instruction_first=False)
    assert data.tasks[0].instruction.endswith(" Write in capital letters only.")


def test_a_pair_has_a_text_that_is_right_and_one_that_all_functions_turn_down(finished):
    _, config, data = finished
    scores = {verdict.id: verdict.score for verdict in data.verdicts}
    texts = {sample.id: sample.text.strip() for sample in data.samples}
    made = [pair for pair in autoif_pairs.pairs(data, config) if "/case#" not in pair.id]
    assert made
    for pair in made:
        better, worse = pair.of
        assert (scores[better], scores[worse]) == (1.0, 0.0)
        assert (pair.chosen, pair.rejected) == (texts[better], texts[worse])


def test_cases_make_pairs_of_the_instruction_alone(finished):
    _, config, data = finished
    made = [pair for pair in autoif_pairs.pairs(data, config) if pair.id.startswith("autoif/0/case#")]
    assert {(pair.chosen, pair.rejected) for pair in made} == {("COWS", "Cows"), ("NO", "Cows")}
    assert made[0].context == "Write in capital letters only.\n\n"


def test_a_text_that_was_cut_off_is_in_no_text_and_no_pair(finished):
    _, config, data = finished
    cut = [replace(sample, finish="length") for sample in data.samples]
    data = replace(data, samples=cut)
    assert not list(autoif_pairs.demos(data, config))
    assert not [pair for pair in autoif_pairs.pairs(data, config) if "/case#" not in pair.id]


def test_online_pairs_are_strict_and_never_ties(finished):
    _, config, data = finished
    scores = {verdict.id: verdict.score for verdict in data.verdicts}
    made = list(autoif_pairs.strict(data.tasks, data.samples, data.verdicts, config))
    assert made
    assert all(scores[pair.of[0]] > scores[pair.of[1]] for pair in made)
    level = [replace(verdict, score=0.5) for verdict in data.verdicts]
    assert not list(autoif_pairs.strict(data.tasks, data.samples, level, config))


def test_an_answer_that_no_function_knows_anything_of_is_in_no_pair(finished):
    _, config, data = finished
    unknown = [replace(verdict, passed=None, score=0.0) for verdict in data.verdicts]
    assert not list(autoif_pairs.strict(data.tasks, data.samples, unknown, config))
    assert not list(autoif_pairs.demos(replace(data, verdicts=unknown), config))


# a run as a whole


def test_every_stage_has_a_folder_of_its_own(finished):
    files = {str(path.relative_to(finished[0])) for path in finished[0].rglob("*.jsonl")} - {"timing.jsonl"}
    assert files == {
        "instructions/sample.jsonl",
        "instructions/instruction.jsonl",
        "verifiers/sample.jsonl",
        "cross-validation/verified.jsonl",
        "back-translation/sample.jsonl",
        "nli/sample.jsonl",
        "nli/relation.jsonl",
        "requests/request.jsonl",
        "requests/task.jsonl",
        "responses/sample.jsonl",
        "responses/verdict.jsonl",
        "quality/sample.jsonl",
        "quality/score.jsonl",
    }


def test_a_run_that_was_stopped_anywhere_ends_as_one_that_was_not(finished, tmp_path):
    whole, config = finished[0], finished[1]
    shutil.copytree(whole, tmp_path / "run")
    for file in ("verifiers/sample", "cross-validation/verified", "responses/verdict", "quality/score"):
        path = tmp_path / "run" / f"{file}.jsonl"
        os.truncate(path, path.stat().st_size // 2)
    with Run.open(tmp_path / "run", config, {}) as run:
        assert list(recipe.data(run, config).scores) == list(finished[2].scores)
    kinds = {"verified": Verified, "relation": Relation, "verdict": Verdict, "score": Score}
    for path in whole.rglob("*.jsonl"):
        if path.stem in kinds:
            kind = kinds[path.stem]
            before, after = (
                list(iterate(place / path.relative_to(whole), kind)) for place in (whole, tmp_path / "run")
            )
            assert sorted(before, key=lambda one: one.id) == sorted(after, key=lambda one: one.id)


def test_the_funnel_counts_what_each_stage_left(finished):
    _, config, data = finished
    demos, pairs = list(autoif_pairs.demos(data, config)), list(autoif_pairs.pairs(data, config))
    rows = {(row.stage, row.what): (row.n, row.of) for row in funnel(data, demos, pairs, config)}
    assert rows["instructions", "seeds"] == (3, 6)
    assert rows["verifiers", "read"] == (18, 18)
    assert rows["cross-validation", "calls of functions with cases"] == (54, None)
    assert rows["cross-validation", "functions kept"] == (12, 18)
    assert rows["back-translation", "contradicted (the supervisor)"] == (1, 6)
    assert rows["responses", "responses"] == (40, None)
    assert rows["sft", "texts to imitate"] == (len(demos), 40)
    assert rows["dpo", "pairs of responses"][0] + rows["dpo", "pairs of cases"][0] == len(pairs)


def test_errata_autoif_prints_the_funnel_and_puts_it_into_the_report(tmp_path, monkeypatch, capsys):
    world.settings(tmp_path)
    monkeypatch.setattr(autoif_training, "trained", lambda run, config, made, demos, pairs: "the model")
    monkeypatch.setattr(recipe, "identity", lambda config: {})
    main(["autoif", str(tmp_path / "run"), *flags(tmp_path)])
    printed = capsys.readouterr().out
    assert "what each stage left" in printed
    assert "contradicted (lexical)" in printed
    page = report(tmp_path / "run").read_text()
    assert "What each stage left" in page
    assert "instructions joined to queries" in page


def test_a_run_of_which_nothing_is_left_says_where_it_went(tmp_path, monkeypatch):
    config = world.settings(tmp_path, filters=Filters(quality=">=10"))
    with (
        Run.open(tmp_path / "run", config, {}) as run,
        pytest.raises(UsageError, match="no response is left to train on"),
    ):
        recipe.autoif(config, run)
    assert shown.look(tmp_path / "run")


def test_replies_without_any_verifier_leave_nothing_and_are_counted(tmp_path):
    config = world.settings(tmp_path)
    lines = [json.dumps({"id": id, "text": "I would rather not."}) for id in world.replies()]
    (tmp_path / "recorded.jsonl").write_text("\n".join(lines) + "\n")
    with (
        Run.open(tmp_path / "run", config, {}) as run,
        pytest.raises(UsageError, match="no response is left to train on"),
    ):
        recipe.autoif(config, run)
    rows = {(row.stage, row.what): row.n for row in shown.look(tmp_path / "run")}
    assert rows["verifiers", "read"] == 0
    assert rows["cross-validation", "dropped: too few functions"] == 3


def flags(folder):
    return [
        *("--model", "a-base", "--seeds", str(folder / "seeds.txt"), "--queries", str(folder / "queries.jsonl")),
        *("--supervisor.backend", f"recorded:{folder / 'recorded.jsonl'}", "--nli", "lexical", "--held-out", ""),
        *("--verifiers", "3", "--queries-each", "2", "--responses", "4", "--rewrites", "2"),
    ]


# files of people, and settings


@pytest.mark.parametrize(
    "row",
    [
        {"query": "What is it?"},
        {"text": "What is it?", "other": 1},
        {"messages": [{"role": "system", "content": "Be short"}, {"role": "user", "content": "What is it?"}]},
        {"conversations": [{"from": "human", "value": "What is it?"}, {"from": "gpt", "value": "A cow."}]},
    ],
)
def test_queries_are_read_from_plain_rows_and_from_chats(tmp_path, row):
    (tmp_path / "q.jsonl").write_text(json.dumps(row) + "\n")
    assert [one.text for one in autoif_sources.queries(str(tmp_path / "q.jsonl"), (1, 100))] == ["What is it?"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"query": "a"}\n{"ask": "b"}\n', "q.jsonl:2: query: field required"),
        ('{"query": 3}\n', "q.jsonl:1: query: "),
        ("nonsense\n", "q.jsonl:1: not JSON"),
        ("", "q.jsonl:1: query: the file is empty"),
    ],
)
def test_a_bad_file_of_queries_is_one_line_that_names_it(tmp_path, capsys, text, words):
    world.settings(tmp_path)
    (tmp_path / "q.jsonl").write_text(text)
    given = [str(tmp_path / "q.jsonl") if word.endswith("queries.jsonl") else word for word in flags(tmp_path)]
    with pytest.raises(SystemExit) as ended:
        main(["autoif", str(tmp_path / "run"), *given])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_queries_of_another_length_are_left_out_and_keep_their_numbers(tmp_path):
    (tmp_path / "q.txt").write_text("ab\nabcdef\nabcdefgh\nabcdef\n")
    assert autoif_sources.queries(str(tmp_path / "q.txt"), (3, 7)) == [Query(id="1", text="abcdef")]
    with pytest.raises(UsageError, match="no query of 100 to 200 characters"):
        autoif_sources.queries(str(tmp_path / "q.txt"), (100, 200))


def test_seeds_are_read_from_lines_and_from_records(tmp_path):
    (tmp_path / "s.txt").write_text("One\n\n Two \nOne\n")
    (tmp_path / "s.jsonl").write_text('{"instruction": "One"}\n{"instruction": "Two"}\n')
    assert autoif_sources.seeds(str(tmp_path / "s.txt")) == ["One", "Two"]
    assert autoif_sources.seeds(str(tmp_path / "s.jsonl")) == ["One", "Two"]
    with pytest.raises(UsageError, match=r"nothing\.txt: no such file"):
        autoif_sources.seeds(str(tmp_path / "nothing.txt"))


@pytest.mark.parametrize("bound", ["0.5", ">", ">=a", "=>0.5", ""])
def test_a_bound_that_is_none_is_refused(bound):
    with pytest.raises(UsageError, match="is no bound"):
        Filters(cases=bound)


def test_the_presets_differ_where_the_paper_and_the_code_do():
    paper, release = (presets.autoif(["autoif", "x", "--preset", name]) for name in ("paper", "release"))
    assert paper == Autoif()
    assert (paper.filters.functions, release.filters.functions) == (">0.5", ">=0.8")
    assert (paper.filters.cases, release.filters.cases) == (">0.5", ">0")
    assert (paper.filters.least_functions, release.filters.least_functions) == (1, 3)
    assert (paper.filters.responses, release.filters.responses) == (">0.5", ">0")
    assert (paper.filters.quality, release.filters.quality) == (">=8", ">8")
    assert (paper.instruction_first, release.instruction_first) == (True, False)
    assert (paper.filters.instruction_pairs, release.filters.instruction_pairs) == (True, False)
    assert (paper.rewriting, release.rewriting) == ("each", "all")
