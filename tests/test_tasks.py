"""Task sources: how they are named, read and refused."""

import gzip
import json
import os
import sys
from pathlib import Path

import pytest

from errata import jsonl, tasks
from errata.errors import UsageError
from errata.types import Task, UnitTests

MBPP = [
    {
        "task_id": n,
        "text": f"Add {n}.",
        "code": f"def add(x):\n    return x + {n}",
        "test_list": [f"assert add(1) == {n + 1}"],
    }
    for n in (1, 11, 200, 601, 602)
]


@pytest.fixture
def mbpp(tmp_path: Path) -> str:
    path = tmp_path / "mbpp.jsonl"
    path.write_text(
        "".join(json.dumps({**row, "test_setup_code": "", "challenge_test_list": []}) + "\n" for row in MBPP)
    )
    return f"mbpp:{path}"


def ids(spec: str) -> list[str]:
    return [task.id for task in tasks.load(spec)]


def test_mbpp_is_cut_into_its_published_splits(mbpp):
    assert ids(f"{mbpp}[prompt]") == ["mbpp/1"]
    assert ids(f"{mbpp}[test]") == ["mbpp/11", "mbpp/200"]
    assert ids(f"{mbpp}[train]") == ["mbpp/601", "mbpp/602"]


def test_mbpp_is_cut_into_the_splits_of_ilf(mbpp):
    assert ids(f"{mbpp}[ilf-refine]") == ["mbpp/200"]
    assert ids(f"{mbpp}[ilf-train]") == ["mbpp/601", "mbpp/602"]


def test_a_slice_is_taken_of_the_split(mbpp):
    assert ids(f"{mbpp}[train][:1]") == ["mbpp/601"]
    assert ids(f"{mbpp}[1:3]") == ["mbpp/11", "mbpp/200"]


def test_the_entry_point_is_the_name_that_tests_call(mbpp):
    assert tasks.load(mbpp)[0].check.entry_point == "add"


def test_json_lists_and_gzip_read_as_json_lines_do(tmp_path):
    listed = tmp_path / "mbpp.json"
    listed.write_text(json.dumps(MBPP))
    packed = tmp_path / "mbpp.jsonl.gz"
    packed.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in MBPP).encode()))
    assert ids(f"mbpp:{listed}") == ids(f"mbpp:{packed}") == [f"mbpp/{row['task_id']}" for row in MBPP]


def test_humaneval_tasks_continue_their_prompt(tmp_path):
    row = {
        "task_id": "HumanEval/0",
        "prompt": "def one():\n",
        "entry_point": "one",
        "canonical_solution": "    return 1\n",
        "test": "def check(candidate):\n    assert candidate() == 1\n",
    }
    path = tmp_path / "he.jsonl"
    path.write_text(json.dumps(row) + "\n")
    (task,) = tasks.load(f"humaneval:{path}")
    assert (task.prefix, task.reference) == ("def one():\n", "def one():\n    return 1\n")
    assert task.check.tests == ("check(one)",)


def own(tmp_path: Path, *records: Task) -> str:
    path = tmp_path / "tasks.jsonl"
    path.write_text("".join(jsonl.dump(record) + "\n" for record in records))
    return str(path)


TASK = Task(id="a/1", instruction="Say one.", check=UnitTests(tests=("assert one() == 1",)))


def test_own_tasks_are_read_from_their_records(tmp_path):
    assert tasks.load(own(tmp_path, TASK)) == (TASK,)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("nothing", "unknown task source"),
        ("mbpp:absent.jsonl", "absent.jsonl: no such file"),
        ("gsm8k:absent/test", "absent/test: no such file or folder"),
        ("primer[nowhere]", "unknown split"),
        ("primer[test][a]", "at most one split"),
    ],
)
def test_an_unknown_source_is_refused_in_one_line(spec, words):
    with pytest.raises(UsageError, match=words) as caught:
        tasks.load(spec)
    assert "\n" not in str(caught.value)


def test_a_field_that_is_missing_is_named_with_file_and_line(tmp_path):
    path = tmp_path / "tasks.jsonl"
    path.write_text('{"id": "a/1"}\n')
    with pytest.raises(UsageError) as caught:
        tasks.load(str(path))
    assert str(caught.value) == f"{path}:1: instruction: field required"


def test_a_task_without_a_test_is_refused(tmp_path):
    bare = Task(id="a/2", instruction="Say two.", check=UnitTests(tests=()))
    with pytest.raises(UsageError, match=r"tasks\.jsonl:2: check\.tests: a task needs at least one test"):
        tasks.load(own(tmp_path, TASK, bare))


def test_an_id_that_stands_twice_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"tasks\.jsonl:2: id"):
        tasks.load(own(tmp_path, TASK, TASK))


def test_a_source_without_a_task_is_refused(mbpp):
    with pytest.raises(UsageError, match="holds no task"):
        tasks.load(f"{mbpp}[validation]")


@pytest.mark.parametrize("written", ["mbpp/11", "Mbpp/11", "MBPP/11", "11", 11])
def test_mbpp_ids_are_found_however_they_are_written(mbpp, written):
    found = tasks.Index(tasks.load(mbpp)).get(written)
    assert found is not None
    assert found.id == "mbpp/11"


def test_a_digest_is_of_the_tasks_and_not_of_their_file(mbpp, tmp_path):
    listed = tmp_path / "again.json"
    listed.write_text(json.dumps(MBPP))
    assert tasks.digest(tasks.load(mbpp)) == tasks.digest(tasks.load(f"mbpp:{listed}"))
    assert tasks.digest(tasks.load(mbpp)) != tasks.digest(tasks.load(f"{mbpp}[:2]"))


SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{SHARED} is missing")
        pytest.skip("the folder of real data is not there")
    return SHARED


def test_the_real_files_are_read_whole(shared):
    assert len(tasks.load(f"mbpp:{shared}/mbpp_google/mbpp.jsonl")) == 974
    assert len(tasks.load(f"mbpp:{shared}/mbpp_google/mbpp.jsonl[train]")) == 374
    assert len(tasks.load(f"mbpp:{shared}/mbpp_google/sanitized-mbpp.json")) == 427
    assert len(tasks.load(f"humaneval:{shared}/humaneval/HumanEval.jsonl.gz")) == 164
    assert len(tasks.load(f"ilf:{shared}/feedback_ilf/surge_annotations.jsonl")) == 195
    assert len(tasks.load(f"mbppplus:{shared}/evalplus/MbppPlus-OriginFmt.jsonl.gz")) == 378
    assert len(tasks.load(f"humanevalplus:{shared}/evalplus/HumanEvalPlus-OriginFmt.jsonl.gz")) == 164


def owned(tmp_path: Path, *rows: dict, blank: int = 0) -> str:
    path = tmp_path / "tasks.jsonl"
    path.write_text("\n" * blank + "".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def task_of(**more: object) -> dict:
    return {
        "id": "my/1",
        "instruction": "Add.",
        "check": {"kind": "unit_tests", "tests": ["assert add(1) == 2"]},
        **more,
    }


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (task_of(check={"tests": ["assert 1", "assert f(1) = 2"]}), "check.tests[1]: is not Python: "),
        (task_of(check={"tests": ["assert 1"], "hidden": ["assert ("]}), "check.hidden[0]: is not Python: "),
        (task_of(check={"tests": ["assert 1"], "setup": "import"}), "check.setup: is not Python: "),
        (task_of(reference="def add(x) return x"), "reference: is not Python: "),
        (task_of(reference="x = 1\ny = = 2\n"), "in its line 2"),
        (task_of(reference="x = '\0'"), "reference: is not Python: "),
        (task_of(id=""), "id: a task needs an id"),
    ],
)
def test_what_is_wrong_with_a_task_is_said_before_anything_is_run(tmp_path, row, said):
    with pytest.raises(UsageError) as refused:
        tasks.load(owned(tmp_path, row))
    assert "tasks.jsonl:1: " in str(refused.value)
    assert said in str(refused.value)


def test_blank_lines_do_not_shift_the_line_that_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"tasks\.jsonl:4: check\.tests: a task needs at least one test"):
        tasks.load(owned(tmp_path, task_of(check={"tests": []}), blank=3))


@pytest.mark.parametrize("part", ["[-1:]", "[3]", "[]", "[1:2:3]"])
def test_a_slice_that_is_none_is_called_so(mbpp, part):
    with pytest.raises(UsageError, match="is no slice; write"):
        tasks.load(mbpp + part)


def test_where_the_hub_cannot_be_reached_its_client_is_told_not_to_try(monkeypatch):
    told: list[str | None] = []

    class Datasets:
        @staticmethod
        def load_dataset(*_: str, split: str) -> list[object]:
            told.append(os.environ.get("HF_HUB_OFFLINE"))
            raise OSError("not here")

    monkeypatch.setitem(sys.modules, "datasets", Datasets)
    monkeypatch.setattr(tasks.benchmarks, "reachable", lambda _: False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with pytest.raises(UsageError, match="mbpp: cannot be loaded from the Hub"):
        tasks.load("mbpp[test]")
    assert told == ["1"]
