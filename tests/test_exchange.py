"""Answers brought into a run and taken out of it."""

import csv
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asked_run import RIGHT, WRONG, question, task, verdicts
from errata import cli, jsonl
from errata.errors import UsageError
from errata.feedback import exchange, formats, human
from errata.feedback.spreadsheet import quoted, sheet, unquoted
from errata.judges import Judging, judge
from errata.tasks import load
from errata.types import Answer, Feedback, Offer, Question, Verdict

ILF = Path(__file__).parent.parent.parent / "shared/data/feedback_ilf/surge_annotations.jsonl"


@pytest.fixture(scope="module")
def judged() -> list[Verdict]:
    return verdicts(task(0), WRONG)


@pytest.fixture
def run(tmp_path, judged) -> Path:
    step = tmp_path / "run/00/refine"
    step.mkdir(parents=True)
    asked = [question(number, WRONG, judged) for number in range(3)]
    jsonl.write_whole(step / "question.jsonl", map(jsonl.dump, asked))
    return tmp_path / "run"


def answer(number: int = 0, name: str = "Ada", **parts: object) -> Answer:
    made = Answer(
        id=f"toy/{number}@{name}",
        of=f"toy/{number}",
        author=f"human:{name}",
        sample=f"toy/{number}#0",
        text="Starts from 0.",
        refinement=RIGHT,
        category=("logic",),
        seconds=12.5,
    )
    return replace(made, **parts)


def bring(run: Path, path: Path, **settings: object) -> exchange.Imported:
    return exchange.bring(run, path, lambda tasks: judge(tasks, Judging(workers=1)), **settings)


def unjudged(run: Path, path: Path) -> exchange.Imported:
    """Without a sandbox, where only the way in and out is looked at: every refinement passes."""

    def stage(samples):
        for one in samples:
            yield Verdict(id=one.id, of=one.id, task=one.task, passed=True, outcome="passed", score=1.0)

    return exchange.bring(run, path, lambda _: stage)


def stored(run: Path) -> list[Answer]:
    return list(human.answers(run / "00/refine").values())


def lines(path: Path, *records: object) -> Path:
    path.write_text("".join((one if isinstance(one, str) else jsonl.dump(one)) + "\n" for one in records))
    return path


def test_answers_come_in_judged_and_measured(run, tmp_path):
    done = bring(run, lines(tmp_path / "in.jsonl", answer(0), answer(1, skip="too hard", text="", refinement="")))
    assert sum(done.written.values()) == 2
    first, second = stored(run)
    assert (first.passed, first.edit_distance) == (True, round(4 / len(RIGHT), 6))
    assert (second.passed, second.skip) == (None, "too hard")


def test_feedback_records_are_known_by_their_fields(run, tmp_path):
    said = Feedback(id="x", of="toy/1#2", author="critic:gpt", text="Index.", refinement=RIGHT)
    bring(run, lines(tmp_path / "in.jsonl", said))
    (made,) = stored(run)
    assert (made.of, made.sample, made.author, made.text) == ("toy/1", "toy/1#2", "critic:gpt", "Index.")


HOSTILE = [
    "=1+1",
    "'=x",
    "''+x",
    "@SUM(A1)",
    "-1",
    "\tx",
    "\r\n=x",
    'a"b,c;d\ne',
    "x\0y",
    "＝1",
    " lead",
    "é\u2028\u202e",
]


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl"])
@pytest.mark.parametrize("text", HOSTILE)
def test_what_goes_out_comes_in_again_unchanged(run, tmp_path, ending, text):
    unjudged(run, lines(tmp_path / "in.jsonl", answer(0, text=text + "!", category=("logic", "regex"))))
    bring(
        run,
        lines(tmp_path / "in2.jsonl", answer(0, "Bo", text="", refinement="", sample="", category=(), skip=text + "!")),
    )
    before = stored(run)
    out = tmp_path / f"out.{ending}"
    assert exchange.take(run, out) == 2
    (run / "00/refine/answer.jsonl").unlink()
    unjudged(run, out)
    expected = before if ending != "json" else [replace(one, seconds=None) for one in before]
    assert stored(run) == expected


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl"])
def test_what_a_run_has_already_is_not_taken_twice(run, tmp_path, ending):
    unjudged(run, lines(tmp_path / "in.jsonl", answer(0), answer(1)))
    out = tmp_path / f"out.{ending}"
    exchange.take(run, out)
    done = unjudged(run, out)
    assert (done.written, done.there) == ({}, 2)
    assert len((run / "00/refine/answer.jsonl").read_text().splitlines()) == 2


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_cell_is_unquoted_to_what_it_was(cell):
    assert unquoted(quoted(cell)) == cell
    assert quoted(cell)[:1] not in set("=+-@\t\r\n＝＋－＠")


def test_no_cell_of_a_sheet_begins_like_a_formula(judged):
    asked = question(0, WRONG, judged)
    evil = replace(asked, task=replace(asked.task, instruction="=cmd|' /C calc'!A0"))
    text = sheet([(evil, answer(0, text="+1", refinement="@x", skip="-1"))])
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not [cell for cell in row if cell[:1] in set("=+-@\t\r\n")]


def test_a_sheet_with_semicolons_and_decimal_commas_is_read(run, tmp_path):
    (tmp_path / "in.csv").write_text("Question;Author;Sample;Text;Seconds\r\n0;Ada;toy/0#0;words;3,5\r\n", "utf-8")
    bring(run, tmp_path / "in.csv")
    assert [(one.of, one.author, one.seconds) for one in stored(run)] == [("toy/0", "human:Ada", 3.5)]


def test_a_refinement_that_fails_stops_the_import_and_is_named_by_line(run, tmp_path):
    path = lines(tmp_path / "in.jsonl", answer(0), answer(1, refinement=WRONG[1]), answer(2, refinement="def f(:"))
    with pytest.raises(exchange.Refused, match="2 of 3 refinements fail") as refused:
        bring(run, path)
    assert refused.value.reasons[0] == f"{path}:2: refinement: largest([1, 5, 2]) gave 1, expected 5"
    assert refused.value.reasons[1].startswith(f"{path}:3: refinement: SyntaxError")
    assert stored(run) == []


def test_failing_refinements_are_taken_when_asked_for_and_marked(run, tmp_path):
    path = lines(tmp_path / "in.jsonl", answer(0), answer(1, refinement=WRONG[1]))
    done = bring(run, path, failing=True)
    assert len(done.failing) == 1
    assert [one.passed for one in stored(run)] == [True, False]


def test_an_answer_without_a_question_is_kept_out_and_said(run, tmp_path):
    path = lines(tmp_path / "in.jsonl", answer(7), answer(0))
    done = bring(run, path)
    assert done.kept_out == (f"{path}:1: toy/7: no question of this run",)
    assert [one.of for one in stored(run)] == ["toy/0"]


def test_an_answer_about_another_program_is_kept_out(run, tmp_path):
    path = lines(tmp_path / "in.jsonl", answer(0, sample="toy/0#9"))
    assert "its program is none of those" in bring(run, path).kept_out[0]


def test_an_answer_to_a_step_that_was_left_is_kept_out(run, tmp_path):
    (run / "00/refine/feedback.jsonl").touch()
    path = lines(tmp_path / "in.jsonl", answer(0))
    assert "the run has gone on" in bring(run, path).kept_out[0]


def test_another_answer_of_the_same_author_is_replaced_only_when_asked_for(run, tmp_path):
    bring(run, lines(tmp_path / "in.jsonl", answer(0)))
    other = lines(tmp_path / "other.jsonl", answer(0, text="Otherwise."))
    assert "--replace" in bring(run, other).kept_out[0]
    bring(run, other, replacing=True)
    assert [one.text for one in stored(run)] == ["Otherwise."]


def test_of_two_lines_with_one_id_the_last_holds(run, tmp_path):
    bring(run, lines(tmp_path / "in.jsonl", answer(0, text="first"), answer(0, text="last")))
    assert [one.text for one in stored(run)] == ["last"]


GOOD = jsonl.dump(answer(0))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("in.jsonl", GOOD + "\nnot json\n", ":2: not JSON"),
        ("in.jsonl", GOOD + '\n{"id": "x", "of": "toy/1"}\n', ":2: author: field required"),
        ("in.jsonl", GOOD.replace("human:Ada", "Ada"), ":1: author: "),
        ("in.jsonl", GOOD.replace("Starts from 0.", " "), ":1: text: neither words nor"),
        ("in.jsonl", GOOD.replace('"logic"', '"magic"'), ":1: category: unknown 'magic'"),
        ("in.jsonl", GOOD.replace("12.5", '"long"'), ":1: seconds: "),
        ("in.csv", "question,text\n0,x\n", ":1: author: column required"),
        ("in.csv", "question,author,text,magic\n", ":1: magic: unknown column"),
        ("in.csv", "question,author,text\n0,Ada\n", ":2: 2 cells where the header has 3"),
        ("in.csv", 'question,author,text\n0,Ada,"a\nb"\n1,,x\n', ":4: author: "),
        ("in.csv", "question,author,text,seconds\n0,Ada,x,long\n", ":2: seconds: not a number"),
        ("in.csv", 'question,author,text\n0,Ada,"x\n', ": not CSV"),
        ("in.json", '{"records": []}', ":1: not a JSON list"),
        (
            "in.json",
            '[{"id": "toy/0", "responses": {"refinement": [{"value": 3, "user_id": "u"}]}}]',
            ":1: responses.refin",
        ),
        ("in.txt", "", "its ending tells no format"),
    ],
)
def test_a_bad_row_names_file_line_and_field_and_nothing_is_imported(run, tmp_path, name, text, said):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        bring(run, path)
    assert said in str(refused.value)
    assert str(refused.value).startswith(str(path))
    assert stored(run) == []


def test_a_full_disk_leaves_none_of_the_answers(run, tmp_path, monkeypatch):
    bring(run, lines(tmp_path / "one.jsonl", answer(0)))
    before = (run / "00/refine/answer.jsonl").read_bytes()
    real, written = os.write, []

    def full(file: int, data: bytes) -> int:
        if written:
            raise OSError(28, "full")
        written.append(1)
        return real(file, data[: len(data) // 2])

    with monkeypatch.context() as broken:
        broken.setattr(os, "write", full)
        with pytest.raises(OSError, match="full"):
            human.add(run / "00/refine", [answer(1), answer(2)])
    assert (run / "00/refine/answer.jsonl").read_bytes() == before


def test_argillas_own_export_is_read(run, tmp_path):
    record = {
        "id": "toy/0#0",
        "fields": {"task": "t", "program": WRONG[0]},
        "metadata": {"question": "toy/0"},
        "suggestions": {"feedback": {"value": "maybe", "score": None, "agent": "m"}},
        "responses": {
            "feedback": [{"value": "words", "user_id": "11112222-0000"}, {"value": "more", "user_id": "33334444-0000"}],
            "refinement": [{"value": RIGHT, "user_id": "11112222-0000"}],
            "rating": [{"value": 3, "user_id": "11112222-0000"}],
        },
        "vectors": {},
        "_server_id": "y",
    }
    (tmp_path / "in.json").write_text(json.dumps([record]))
    bring(run, tmp_path / "in.json")
    assert [(one.author, one.text, one.passed) for one in stored(run)] == [
        ("human:11112222", "words", True),
        ("human:33334444", "more", None),
    ]


def test_the_command_says_what_it_did(run, tmp_path, capsys):
    path = lines(tmp_path / "in.jsonl", answer(0), answer(7))
    cli.main(["answers", "import", str(run), str(path)])
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "1 imported, 0 were there, 1 kept out"
    assert said.err == f"{path}:2: toy/7: no question of this run\n"
    cli.main(["answers", "export", str(run), "-o", str(tmp_path / "out.csv")])
    assert "1 answers written" in capsys.readouterr().out


def test_the_command_refuses_failing_refinements_line_by_line(run, tmp_path, capsys):
    path = lines(tmp_path / "in.jsonl", answer(0, refinement=WRONG[1]))
    with pytest.raises(SystemExit) as ended:
        cli.main(["answers", "import", str(run), str(path)])
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[0].startswith(f"{path}:1: refinement: ")


@pytest.mark.skipif(not ILF.exists() and os.environ.get("CI") != "true", reason=f"{ILF} is not here")
def test_the_ilf_authors_file_comes_in_as_it_is(tmp_path):
    rows = formats.read(ILF)
    assert len(rows) == 195
    numbers = [int(row.answer.of) for row in rows]
    refine, train = ([n for n in numbers if n in part] for part in (range(111, 311), range(311, 975)))
    assert (len(refine), len(train)) == (44, 128)
    tasks = {one.id: one for one in load(f"ilf:{ILF}")}
    programs = {row.answer.of: row.program for row in rows}
    for step, part in (("refine", refine), ("train", train)):
        (tmp_path / "run" / step).mkdir(parents=True)
        asked = [asked_of(tasks[f"ilf/{n}"], programs[str(n)]) for n in part]
        jsonl.write_whole(tmp_path / "run" / step / "question.jsonl", map(jsonl.dump, asked))
    done = exchange.bring(tmp_path / "run", ILF, lambda tasks: judge(tasks, Judging(workers=2)))
    assert {folder.name: count for folder, count in done.written.items()} == {"refine": 44, "train": 128}
    assert len(done.kept_out) == 195 - 44 - 128
    assert all(one.passed for step in ("refine", "train") for one in human.answers(tmp_path / "run" / step).values())


def asked_of(one, program: str) -> Question:
    verdict = Verdict(id=f"{one.id}#0", of=f"{one.id}#0", task=one.id, passed=False, outcome="wrong", score=0.0)
    return Question(
        id=one.id, of=(verdict.id,), task=one, offers=(Offer(sample=verdict.id, program=program, verdict=verdict),)
    )
