"""Records survive the way to disk and back, and what is no record is refused in one line."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata import jsonl
from errata.errors import UsageError
from errata.types import Demo, Message, Part, Sample, Task, UnitTests, Verdict

GOOD = '{"id": "a", "instruction": "add", "check": {"tests": ["assert 1"]}}'
TEXT = st.text(st.characters(exclude_categories=("Cs",)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    kind: Literal["circle"] = "circle"
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    kind: Literal["square"] = "square"
    side: float
    colour: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    id: str
    shape: Circle | Square


def refusal(line: str | bytes, kind: type = Task) -> str:
    with pytest.raises(UsageError) as refused:
        jsonl.parse(line if isinstance(line, bytes) else line.encode(), kind, "tasks.jsonl:1")
    return str(refused.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "a", "check": {"tests": []}}', "instruction: field required"),
        ('{"id": 3, "instruction": "b", "check": {"tests": []}}', "id: input should be a valid string"),
        ('{"id": "a", "instruction": "b", "check": {"tests": [3]}}', "check.tests[0]: input should be a valid string"),
        ('{"id": "a", "instruction": "b", "check": {"tests": [], "x": 1}}', "check.x: unknown field"),
        ('{"id": "a", "instruction": "b", "check": {"tests": []}, "tag": 1}', "tag: unknown field"),
        ('{"id": "a", "instruction": "b", "check": {"kind": "x", "tests": []}}', "check.kind: unknown kind 'x'"),
        ('{"id": "a", "instruction": "b"}', "check: field required"),
        ("[1]", "not a JSON object"),
        ('"a"', "not a JSON object"),
        (f"{GOOD}, {GOOD}", "not JSON: one object a line"),
        ("{", "not JSON: expecting property name enclosed in double quotes in column 2"),
        ('{"id": \r\n', "not JSON: expecting value in column 8"),
        ('{"id": NaN}', "id: input should be a valid string"),
        (b'{"id": "\xff"}', "not UTF-8: byte 0xff in column 9"),
        ("[" * 5000, "not JSON that can be read: nested too deeply"),
        ('{"id": "\\ud800", "instruction": "b", "check": {"tests": []}}', "not JSON: unexpected end of hex escape"),
    ],
)
def test_what_is_no_task_is_refused_by_file_line_and_field(line: str | bytes, said: str) -> None:
    assert refusal(line) == f"tasks.jsonl:1: {said}"


def test_a_text_that_is_neither_string_nor_chat_is_told_for_the_member_that_is_nearest() -> None:
    line = '{"id": "a", "of": "a", "task": "b", "text": "t", "prompt": %s}'
    assert refusal(line % "5", Sample) == "tasks.jsonl:1: prompt: input should be a valid string"
    wrong = '[{"role": "king", "content": "c"}]'
    assert refusal(line % wrong, Sample).startswith("tasks.jsonl:1: prompt[0].role: input should be 'system'")


def test_a_member_of_a_union_is_told_by_its_kind() -> None:
    read = jsonl.parse(b'{"id": "a", "shape": {"kind": "square", "side": 2}}', Drawing, "")
    assert read.shape == Square(side=2)
    line = '{"id": "a", "shape": {"kind": "%s", "side": "x"}}'
    assert refusal(line % "square", Drawing) == "tasks.jsonl:1: shape.side: input should be a valid number"
    assert refusal(line % "circle", Drawing) == "tasks.jsonl:1: shape.radius: field required"
    assert refusal(line % "star", Drawing) == "tasks.jsonl:1: shape.kind: unknown kind 'star'"


@given(TEXT, TEXT, st.floats(0, 1), st.lists(st.tuples(TEXT, st.none() | TEXT)), st.sampled_from([True, False, None]))
def test_a_verdict_comes_back_as_it_was(name: str, detail: str, score: float, parts: list, passed: bool | None) -> None:
    made = Verdict(
        id=name,
        of=name,
        task="t",
        passed=passed,
        outcome="wrong",
        score=score,
        parts=tuple(Part(name=part, passed=False, got=got) for part, got in parts),
        measures={name: score},
        detail=detail,
    )
    line = jsonl.dump(made)
    assert "\n" not in line
    assert jsonl.parse(line.encode(), Verdict, "") == made


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), TEXT)), TEXT, st.lists(TEXT))
def test_a_chat_and_a_tuple_of_ids_come_back_as_tuples(turns: list, target: str, ids: list[str]) -> None:
    context = tuple(Message(role=role, content=content) for role, content in turns)
    made = Demo(id="a", of=tuple(ids), context=context, target=target)
    assert jsonl.parse(jsonl.dump(made).encode(), Demo, "") == made


def test_fields_stand_in_their_order_and_text_as_it_is() -> None:
    made = Task(id="ä", instruction="x", check=UnitTests(tests=("t",)))
    assert jsonl.dump(made).startswith('{"id": "ä", "instruction": "x", "check": {"kind": "unit_tests", "tests": ["t"]')


def test_a_lone_surrogate_is_replaced_since_utf8_cannot_hold_it() -> None:
    line = jsonl.dump(Part(name="a\ud800b", passed=True))
    assert jsonl.parse(line.encode(), Part, "").name == "a\ufffdb"


def test_a_score_that_is_no_number_is_not_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        jsonl.dump(Circle(radius=float("nan")))


def test_lines_end_at_newline_bytes_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    names = ["a\u2028b", "a\x85b", "a\x0cb", "a\r\nb"]
    jsonl.write_whole(path, (jsonl.dump(Part(name=name, passed=True)) for name in names))
    assert [part.name for part in jsonl.iterate(path, Part)] == names


def test_a_gz_file_reads_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(f"{GOOD}\n".encode()))
    assert [task.id for task in jsonl.read(path, Task)] == ["a"]


@pytest.mark.parametrize("broken", [b"no gzip at all", gzip.compress(GOOD.encode() * 99)[:-9]])
def test_a_broken_gz_file_is_refused(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(broken)
    with pytest.raises(UsageError, match="not a whole gzip file"):
        jsonl.read(path, Task)


def test_blank_lines_carriage_returns_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode() + b"\r\n\n  \n" + GOOD.replace('"a"', '"b"').encode())
    assert [task.id for task in jsonl.read(path, Task)] == ["a", "b"]


def test_an_id_that_comes_twice_is_reported_with_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f"{GOOD}\n\n{GOOD}\n")
    with pytest.raises(UsageError) as refused:
        jsonl.read(path, Task)
    assert str(refused.value) == f"{path}:3: id: 'a' stands already in line 1"


def test_an_empty_file_is_refused_where_records_are_expected(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n")
    assert jsonl.read(path, Task) == []
    with pytest.raises(UsageError) as refused:
        jsonl.read(path, Task, empty=False)
    assert str(refused.value) == f"{path}:1: task: the file is empty"


def test_a_missing_file_and_a_folder_are_one_clear_line_each(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "no.jsonl", "no such file"), (tmp_path, r"cannot be read \(Is a directory\)")):
        with pytest.raises(UsageError, match=said):
            jsonl.read(path, Task)


def test_a_file_is_written_whole_or_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    jsonl.write_whole(path, "before")

    def broken():
        yield "after"
        raise ValueError

    with pytest.raises(ValueError):
        jsonl.write_whole(path, broken())
    assert [(inner.name, inner.read_text()) for inner in tmp_path.iterdir()] == [("a.txt", "before")]


def test_others_fields_pass_where_the_caller_says_so() -> None:
    row = json.dumps({"name": "a", "passed": True, "extra": 1}).encode()
    assert jsonl.parse(row, Part, "", loose=True) == Part(name="a", passed=True)
    assert refusal(row, Part) == "tasks.jsonl:1: extra: unknown field"
