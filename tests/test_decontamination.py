"""Made instructions beside benchmarks: words in a row, and reworded; the file and the part of the report."""

import json
from pathlib import Path

import pytest

from errata.errors import UsageError
from errata.evaluation import decontamination
from errata.evaluation.decontamination import Contamination, Decontaminating, compare, look, section, told
from errata.evaluation.wording import Wordings, grams, plain, stems
from errata.types import Rule, Rules, Task

BENCHMARK = {
    "bench/1": "Write a letter to a landlord about a broken boiler. In your response, do not use any commas.",
    "bench/2": "Describe three old inventions. Wrap your entire response with double quotation marks.",
    "bench/3": "Compare two rivers. Your answer must contain at least 4 placeholders in square brackets.",
    "bench/4": "Tell a story about a lighthouse keeper. Finish it with the exact phrase 'And the light went out.'",
    "bench/5": "Explain photosynthesis to children. Your whole answer should be in lowercase letters.",
    "bench/6": "Plan a trip to Norway. Give two different itineraries, separated by six asterisks.",
}
PARAPHRASES = {
    "bench/1": "Avoid commas anywhere in the reply.",
    "bench/2": "Enclose the whole output in double quotation marks.",
    "bench/3": "Include a minimum of 7 placeholders within square brackets.",
    "bench/5": "Write the complete reply in lowercase letters.",
}
OTHERS = (
    "Answer in exactly five sentences.",
    "Every line must end with a question.",
    "Use the passive voice throughout.",
    "Begin each sentence with the letter B.",
    "Mention a historical event from the 20th century.",
    "Write it as a sonnet.",
)


def benchmark() -> dict[str, list[Task]]:
    check = Rules(rules=(Rule(id="punctuation:no_comma"),))
    return {"bench": [Task(id=name, instruction=text, check=check) for name, text in BENCHMARK.items()]}


def found(made: dict[str, str], **settings: object) -> Contamination:
    return compare(made, Decontaminating(**settings), benchmark())  # pyright: ignore[reportArgumentType]


def test_stretches_of_words_are_the_texts_own():
    assert grams(plain("One, two; THREE!"), 2) == {("one", "two"), ("two", "three")}
    assert grams(plain("one two"), 5) == {("one", "two")}


def test_a_copied_stretch_is_found_by_its_length():
    copied = "Now write a letter to a landlord about a broken boiler in your response and nothing more."
    assert [hit.measure for hit in found({"a": copied}, likeness=0.99).hits] == ["13 words", "8 words"]
    shorter = "Please write a letter to a landlord about a broken window."
    assert [hit.measure for hit in found({"a": shorter}, likeness=0.99).hits] == ["8 words"]


def test_a_short_text_counts_where_it_stands_in_a_prompt_whole():
    (first, *_) = found({"a": "Do not use any commas!"}).hits
    assert (first.task, first.words) == ("bench/1", "do not use any commas")
    assert not [hit for hit in found({"a": "any commas"}).hits if hit.measure != "reworded"]


@pytest.mark.parametrize(("task", "text"), PARAPHRASES.items())
def test_a_paraphrase_is_found_and_shares_no_stretch(task, text):
    assert [(hit.task, hit.measure) for hit in found({"a": text}).hits] == [(task, "reworded")]


@pytest.mark.parametrize("text", OTHERS)
def test_another_instruction_is_not_found(text):
    assert found({"a": text}).hits == []


def test_the_threshold_is_a_setting():
    text = {"a": PARAPHRASES["bench/3"]}
    (hit,) = found(text).hits
    assert found(text, likeness=hit.likeness + 0.01).hits == []


def test_words_that_say_the_same_are_one():
    assert stems(plain("Refrain from using commas in your reply")) == stems(plain("Do not use a comma in the answer"))


def test_the_nearest_is_what_comparing_with_every_part_would_find():
    wordings = Wordings(BENCHMARK)
    asked = stems(plain(PARAPHRASES["bench/2"]))
    every = max(wordings.likeness(asked, wordings.weigh(asked), place) for place in range(len(wordings.parts)))
    near = wordings.nearest(PARAPHRASES["bench/2"], 0.1)
    assert near is not None
    assert near.likeness == pytest.approx(every, abs=0.001)


def test_shares_are_of_the_made_texts():
    some = found({"a": PARAPHRASES["bench/1"], "b": OTHERS[0], "c": OTHERS[1], "d": OTHERS[2]})
    assert (some.texts, some.benchmarks) == (4, {"bench": 6})
    assert some.share("bench", "reworded") == 25.0
    assert some.share("bench", "13 words") == 0.0


def test_what_is_left_out_is_copied_at_length_or_reworded():
    made = {"copied": BENCHMARK["bench/4"], "eight": "Write a letter to a landlord about cats.", "own": OTHERS[0]}
    assert found(made | {"reworded": PARAPHRASES["bench/2"]}).unclean() == {"copied", "reworded"}


def test_what_was_found_is_read_back_from_its_file(tmp_path):
    some = found({"a": PARAPHRASES["bench/1"]})
    (tmp_path / decontamination.FILE).write_text(json.dumps(told(some)))
    read = look(tmp_path)
    assert read is not None
    assert told(read) == told(some)
    assert look(tmp_path / "elsewhere") is None


def test_the_report_shows_shares_and_what_was_found_near(tmp_path):
    assert section(tmp_path) == ""
    (tmp_path / decontamination.FILE).write_text(json.dumps(told(found({"a": PARAPHRASES["bench/1"], "b": OTHERS[0]}))))
    page = section(tmp_path)
    assert "50.00" in page
    assert "bench/1" in page
    assert "Avoid commas" in page


def test_the_report_says_when_nothing_was_compared(tmp_path):
    (tmp_path / decontamination.FILE).write_text(json.dumps(told(compare({"a": "b"}, Decontaminating()))))
    assert "compared with nothing" in section(tmp_path)


def test_a_made_text_cannot_write_into_the_report(tmp_path):
    made = {"a": "<script>x</script> Avoid commas anywhere in the reply."}
    (tmp_path / decontamination.FILE).write_text(json.dumps(told(found(made, likeness=0.2))))
    assert "<script>" not in section(tmp_path)


def test_benchmarks_are_loaded_by_their_source(tmp_path):
    row = {"key": 1, "prompt": BENCHMARK["bench/1"], "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
    path = tmp_path / "input_data.jsonl"
    path.write_text(json.dumps(row) + "\n")
    source = f"ifeval:{path}"
    hits = compare({"a": "Do not use any commas."}, Decontaminating(against=(source,))).hits
    assert {(hit.benchmark, hit.task) for hit in hits} == {("ifeval", "ifeval/1")}
    with pytest.raises(UsageError, match="against: ifeval stands there twice"):
        compare({}, Decontaminating(against=(source, source)))


def test_the_held_out_tasks_are_compared_with_in_any_case(tmp_path):
    row = {"key": 1, "prompt": BENCHMARK["bench/1"], "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
    path = tmp_path / "input_data.jsonl"
    path.write_text(json.dumps(row) + "\n")
    source = f"ifeval:{path}"
    assert list(decontamination.all_known(Decontaminating(), source)) == ["held out"]
    assert list(decontamination.all_known(Decontaminating(against=(source,)), source)) == ["ifeval"]
    assert decontamination.all_known(Decontaminating(), "") == {}


def test_the_real_benchmarks_find_themselves():
    shared = Path(__file__).parents[2] / "shared" / "data"
    if not shared.is_dir():
        pytest.skip("the folder of real data is not there")
    against = (f"ifeval:{shared}/ifeval/input_data.jsonl",)
    loaded = decontamination.benchmarks(Decontaminating(against=against))
    made = {task.id: task.instruction for task in list(loaded["ifeval"])[:40]}
    some = compare(made, Decontaminating(against=against), loaded)
    assert [some.share("ifeval", measure) for measure in some.measures] == [100.0, 100.0, 100.0]
