"""What a run needs is looked for before its folder is made, so that a mistake in a name costs no run."""

from pathlib import Path

import pytest

from checkpoints import checkpoint
from errata import cli

TASKS = ("--tasks", "primer[train][:1]", "--held-out", "primer[test][:1]")
NOTE = '{"id": "n/1", "prompt": "Say it.", "output": "no", "feedback": "Say yes."}\n'


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command says that ends as bad input does, in one line."""
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("errata: ")
    assert error.count("\n") == 1
    return error


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with files that are no replies and no text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "torn.jsonl").write_text('{"id": "a#0", "text": "b"}\n{"id": "a#1"\n')
    (tmp_path / "other.jsonl").write_text('{"of": "a#1"}\n')
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\xfd")
    (tmp_path / "notes.jsonl").write_text(NOTE)
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ("leti", "r", *TASKS, "--dev", "", "--backend"),
        ("ilf", "r", *TASKS, "--backend"),
        ("ilf", "r", *TASKS, "--critic.backend"),
        ("ilf-texts", "r", "--model", "primer", "--notes", "notes.jsonl", "--backend"),
        ("ilf-texts", "r", "--model", "primer", "--notes", "notes.jsonl", "--judge-backend"),
        ("autoif", "r", "--supervisor.backend"),
        ("autoif", "r", "--judge.backend"),
        ("evaluate", "r", "--model", "primer", "--tasks", "primer[dev][:1]", "--backend"),
    ],
)
def test_a_file_of_replies_that_is_not_there_is_refused_before_the_run_is_begun(here, capsys, words):
    assert "absent.jsonl: no such file" in refused(capsys, *words, "recorded:absent.jsonl")
    assert not (here / "r").exists()


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--backend", "recorded:folder", "folder: cannot be read (Is a directory)"),
        ("--backend", "recorded:empty.jsonl", "empty.jsonl: holds no reply"),
        ("--backend", "recorded:torn.jsonl", "torn.jsonl:2: not JSON"),
        ("--backend", "recorded:other.jsonl", "other.jsonl:1: text: field required"),
        ("--objective.pretrain-mix", "folder", "pretrain_mix: folder: is a folder"),
        (
            "--objective.pretrain-mix",
            "empty.jsonl",
            "pretrain_mix: empty.jsonl: holds no text (of JSONL, what stands in a line's `text`",
        ),
        ("--objective.pretrain-mix", "torn.jsonl", "torn.jsonl:2: not JSON"),
        ("--objective.pretrain-mix", "bytes.txt", "bytes.txt: not UTF-8 text"),
        ("--judging.sandbox-python", "absent", "absent is no Python environment"),
    ],
)
def test_what_cannot_be_used_is_refused_before_the_run_is_begun(here, capsys, flag, value, said):
    assert said in refused(capsys, "leti", "r", *TASKS, "--dev", "", flag, value)
    assert not (here / "r").exists()


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (lambda model: (model / "model.safetensors").unlink(), "but no weights"),
        (lambda model: (model / "model.safetensors").write_bytes(b"\0" * 100), "no whole file of weights"),
        (lambda model: [path.unlink() for path in model.glob("tokenizer*")], "no tokenizer"),
        (lambda model: (model / "config.json").write_text("{"), "no causal language model that transformers can load"),
    ],
)
def test_a_model_folder_that_is_not_whole_is_refused_before_the_run_is_begun(here, capsys, spoilt, said):
    spoilt(checkpoint(here / "model"))
    assert said in refused(capsys, "leti", "r", *TASKS, "--dev", "", "--model", "model")
    assert not (here / "r").exists()


def test_a_tokenizer_that_transformers_makes_of_nothing_is_none(here, capsys):
    model = checkpoint(here / "model", "codegen")
    for path in model.glob("tokenizer*"):
        path.unlink()
    assert "no tokenizer" in refused(capsys, "leti", "r", *TASKS, "--dev", "", "--model", "model")
    assert not (here / "r").exists()


def test_a_run_that_goes_on_needs_no_file_that_it_asks_nothing_of_any_more(here, capsys):
    replies = here / "replies.jsonl"
    replies.write_text('{"id": "primer/dev/000#0", "text": "def f(x):\\n    return x\\n"}\n')
    words = (
        "evaluate",
        "r",
        "--model",
        "primer",
        "--tasks",
        "primer[dev][:1]",
        "--draws",
        "1",
        "--judging.workers",
        "1",
    )
    cli.main([*words, "--backend", "recorded:replies.jsonl"])
    replies.unlink()
    cli.main([*words, "--backend", "recorded:replies.jsonl"])
    assert capsys.readouterr().out.count("report  r/report.html") == 2


def test_judge_leaves_nothing_behind_where_programs_cannot_be_run_as_is_wanted(here, capsys):
    (here / "s.jsonl").write_text('{"task_id": "primer/dev/000", "solution": "def f(x):\\n    return x\\n"}\n')
    before = set(here.iterdir())
    words = ("judge", "s.jsonl", "--tasks", "primer[dev]", "-o", "v.jsonl", "--sandbox-python", "absent")
    assert "absent is no Python environment" in refused(capsys, *words)
    assert set(here.iterdir()) == before
