"""The front door: contracts of the command line that checks from outside rely on."""

import errno
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from errata import cli, jsonl
from errata.recipes import plan, presets
from errata.recipes.leti import Leti
from errata.types import Task, UnitTests

TASKS = [
    Task(
        id=f"toy/{n}",
        instruction=f"Add {n}.",
        check=UnitTests(tests=(f"assert add(1) == {n + 1}", f"assert add(5) == {n + 5}"), entry_point="add"),
        reference=f"def add(x):\n    return x + {n}\n",
    )
    for n in range(3)
]
RIGHT = [f"def add(x):\n    return x + {n}\n" for n in range(3)]


def write(path: Path, rows: list[object]) -> str:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return str(path)


@pytest.fixture
def tasks(tmp_path: Path) -> str:
    path = tmp_path / "tasks.jsonl"
    path.write_text("".join(jsonl.dump(task) + "\n" for task in TASKS))
    return str(path)


def run(*words: str) -> int:
    """The exit code of a command line."""
    try:
        cli.main(words)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def judged(samples: str, tasks: str, out: Path, *more: str) -> int:
    return run("judge", samples, "--tasks", tasks, "-o", str(out), "--workers", "1", *more)


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_judge_writes_one_line_for_each_input_line_in_input_order(tmp_path, tasks):
    samples = write(
        tmp_path / "samples.jsonl",
        [
            {"task_id": "toy/2", "solution": RIGHT[2]},
            {"task_id": "toy/0", "solution": RIGHT[2]},
            {"task_id": 1, "solution": RIGHT[1]},
        ],
    )
    assert judged(samples, tasks, tmp_path / "out.jsonl") == 0
    made = rows(tmp_path / "out.jsonl")
    assert [row["task_id"] for row in made] == ["toy/2", "toy/0", 1]
    assert [row["passed"] for row in made] == [True, False, True]
    assert {"task_id", "passed", "outcome", "detail", "seconds", "tier", "forgeable"} <= made[0].keys()
    assert not (tmp_path / "out.jsonl.part").exists()


def test_judge_prints_counts_and_pass_at_k_as_a_last_line_of_json(tmp_path, tasks, capsys):
    samples = write(tmp_path / "samples.jsonl", [{"task_id": f"toy/{n}", "solution": RIGHT[0]} for n in range(3)])
    assert judged(samples, tasks, tmp_path / "out.jsonl", "--json") == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last == {"n": 3, "passed": 1, "owed": 0, "pass@1": 33.33}


def test_judge_gives_the_same_answer_again_from_the_file_that_stands(tmp_path, tasks, capsys):
    samples = write(tmp_path / "samples.jsonl", [{"task_id": "toy/0", "solution": RIGHT[0]}])
    judged(samples, tasks, tmp_path / "out.jsonl", "--json")
    first, written = capsys.readouterr().out, (tmp_path / "out.jsonl").read_bytes()
    assert judged(samples, tasks, tmp_path / "out.jsonl", "--json") == 0
    assert (capsys.readouterr().out, (tmp_path / "out.jsonl").read_bytes()) == (first, written)


def test_judge_refuses_a_file_that_was_made_from_other_inputs(tmp_path, tasks, capsys):
    samples = write(tmp_path / "samples.jsonl", [{"task_id": "toy/0", "solution": RIGHT[0]}])
    judged(samples, tasks, tmp_path / "out.jsonl")
    other = write(tmp_path / "other.jsonl", [{"task_id": "toy/0", "solution": RIGHT[1]}])
    assert judged(other, tasks, tmp_path / "out.jsonl") == 2
    assert "was made from other inputs" in capsys.readouterr().err


def test_judge_goes_on_with_what_is_owed_after_a_torn_line(tmp_path, tasks):
    samples = write(tmp_path / "samples.jsonl", [{"task_id": f"toy/{n}", "solution": RIGHT[n]} for n in range(3)])
    out = tmp_path / "out.jsonl"
    judged(samples, tasks, out)
    whole = rows(out)
    kept = [json.dumps({"line": n, "verdict": whole[n]}) for n in (0, 2)]
    out.unlink()
    (tmp_path / "out.jsonl.part").write_text(kept[1] + "\n" + kept[0][:40])
    assert judged(samples, tasks, out) == 0
    assert [{**row, "seconds": 0} for row in rows(out)] == [{**row, "seconds": 0} for row in whole]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json", "samples.jsonl:2: not JSON"),
        ('{"task_id": "toy/9", "solution": "x"}', "samples.jsonl:2: task_id: toy/9 is not among the tasks"),
        ('{"solution": "x"}', "samples.jsonl:2: task_id: field required"),
        ('{"task_id": "toy/0"}', "samples.jsonl:2: completion: field required"),
        ('{"task_id": "toy/0", "solution": 3}', "samples.jsonl:2: solution: "),
    ],
)
def test_judge_names_file_line_and_field_of_bad_input(tmp_path, tasks, capsys, line, said):
    samples = write(tmp_path / "samples.jsonl", [{"task_id": "toy/0", "solution": RIGHT[0]}, line])
    assert judged(samples, tasks, tmp_path / "out.jsonl") == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["samples.jsonl", "tasks.jsonl"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("judge", "absent.jsonl", "--tasks", "primer[dev]", "-o", "x.jsonl"), "absent.jsonl: no such file"),
        (("judge", "absent.jsonl", "--tasks", "nothing", "-o", "x.jsonl"), "unknown task source"),
        (("evaluate", "r", "--model", "no-such-model", "--tasks", "primer[dev][:1]"), "no model at no-such-model"),
        (("leti", "r", "--model", "no-such-model"), "no model at no-such-model"),
        (("leti", "r", "--held-out", "primer[train]"), "is among tasks too"),
        (("leti", "r", "--backend", "nothing"), "no backend 'nothing'"),
        (("leti", "r", "--tasks", ""), "tasks: needs tasks"),
        (("ilf", "r", "--held-out", ""), "held_out: needs tasks"),
        (("leti", "r", "--objective.pretrain-mix", "absent.txt"), "pretrain_mix: absent.txt: no such file"),
        (("ilf-texts", "r", "--model", "primer", "--notes", "absent.jsonl"), "absent.jsonl: no such file"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert run(*words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith("errata: ")
    assert error.count("\n") == 1
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_a_flag_that_does_not_exist_is_refused_with_code_2(capsys):
    assert run("leti", "r", "--no-such-flag", "3") == 2


def test_the_help_of_every_command_names_its_flags():
    said = subprocess.run(
        [sys.executable, "-m", "errata.cli", "leti", "--help"], capture_output=True, text=True, check=True
    )
    for flag in ("--model", "--tasks", "--held-out", "--backend", "--draws", "--lora", "--plan", "--keep"):
        assert flag in said.stdout


@pytest.mark.parametrize(
    ("words", "preset"),
    [
        ((), presets.PRIMER),
        (("--model", "primer"), presets.PRIMER),
        (("--model", "other"), replace(presets.STANDARD, model="other")),
        (("--tasks", "primer[refine][:9]"), replace(presets.PRIMER, tasks="primer[refine][:9]")),
        (("--tasks", "own.jsonl"), replace(presets.PRIMER, tasks="own.jsonl", dev="")),
        (("--tasks", "own.jsonl", "--dev", "mine.jsonl"), replace(presets.PRIMER, tasks="own.jsonl", dev="mine.jsonl")),
        (("--preset", "paper"), presets.PAPER),
        (("--preset=paper", "--draws", "8"), replace(presets.PAPER, draws=8)),
    ],
)
def test_settings_start_from_the_preset_that_fits_the_model_or_is_named(monkeypatch, words, preset):
    shown: list[Leti] = []
    monkeypatch.setattr(plan, "show", shown.append)
    assert run("leti", "r", "--plan", *words) == 0
    assert shown == [preset]


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "errata: stopped; the same command goes on from here\n"),
        (
            OSError(errno.ENOSPC, "full"),
            1,
            "errata: no space left on the disk; free some and run the same command again\n",
        ),
        (
            OSError(errno.EFBIG, "File too large", "r/sample.jsonl"),
            1,
            "errata: File too large (r/sample.jsonl); mend that and run the same command again\n",
        ),
    ],
)
def test_ctrl_c_and_a_full_disk_end_in_one_line_and_their_own_codes(monkeypatch, capsys, raised, code, said):
    def stop(settings: Leti) -> None:
        raise raised

    monkeypatch.setattr(plan, "show", stop)
    assert run("leti", "r", "--plan") == code
    assert capsys.readouterr().err == said


def test_judge_says_which_tasks_have_no_sample_and_which_checks_are_broken(tmp_path, capsys):
    broken = replace(TASKS[1], check=UnitTests(tests=("assert add(1) == 2",), setup="1 / 0"))
    path = tmp_path / "tasks.jsonl"
    path.write_text("".join(jsonl.dump(task) + "\n" for task in (TASKS[0], broken, TASKS[2])))
    samples = write(tmp_path / "samples.jsonl", [{"task_id": f"toy/{n}", "solution": RIGHT[n]} for n in range(2)])
    assert judged(samples, str(path), tmp_path / "out.jsonl", "--json") == 0
    told = capsys.readouterr()
    assert "1 of 2 passed; pass@1 100.0 %; 1 not decided" in told.err
    assert "; tasks without a sample: 1" in told.err
    assert json.loads(told.out) == {
        "n": 2, "passed": 1, "owed": 0, "broken_checks": 1, "tasks_without_sample": 1, "pass@1": 100.0
    }  # fmt: skip


def test_help_that_nobody_reads_on_ends_without_a_word():
    piped = f"{sys.executable} -m errata.cli leti --help | true"
    said = subprocess.run(["bash", "-c", f"{piped}; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True)
    assert (said.stdout, said.stderr) == ("141\n", "")


def test_the_version_is_told(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out.startswith("errata ")


def test_a_task_counts_once_however_its_id_is_written(tmp_path, tasks, capsys):
    written = ["toy/0", "TOY/0", 0, "toy/1"]
    samples = write(tmp_path / "samples.jsonl", [{"task_id": id, "solution": RIGHT[0]} for id in written])
    assert judged(samples, tasks, tmp_path / "out.jsonl", "--json") == 0
    assert json.loads(capsys.readouterr().out)["pass@1"] == 50.0


def test_a_fenced_completion_is_the_code_in_its_fence(tmp_path, capsys):
    task = replace(TASKS[0], prefix='def add(x):\n    """Add 0."""\n', reference="")
    path = tmp_path / "tasks.jsonl"
    path.write_text(jsonl.dump(task) + "\n")
    fenced = ["```python\n    return x\n```", "\n```\ndef add(x):\n    return x\n```\nDone.", "    return x\n```\n"]
    samples = write(tmp_path / "samples.jsonl", [{"task_id": "toy/0", "completion": text} for text in fenced])
    assert judged(samples, str(path), tmp_path / "out.jsonl") == 0
    assert [row["passed"] for row in rows(tmp_path / "out.jsonl")] == [True, True, False]


def test_a_samples_file_without_a_sample_is_refused(tmp_path, tasks, capsys):
    assert judged(write(tmp_path / "samples.jsonl", []), tasks, tmp_path / "out.jsonl") == 2
    assert "samples.jsonl: holds no sample" in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


def test_an_output_that_cannot_be_written_is_one_clear_line(tmp_path, tasks, capsys):
    samples = write(tmp_path / "samples.jsonl", [{"task_id": "toy/0", "solution": RIGHT[0]}])
    assert judged(samples, tasks, Path("/proc/out.jsonl")) == 2
    assert capsys.readouterr().err.startswith("errata: /proc/out.jsonl.part: cannot be written")
    assert judged(samples, tasks, Path(samples)) == 2
    assert "samples.jsonl: stands already and holds no verdicts" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("judge", "SAMPLES", "--tasks", "TASKS", "-o", "OUT", "--workers", "-1"),
        ("judge", "SAMPLES", "--tasks", "TASKS", "-o", "OUT", "--timeout", "0"),
        ("judge", "SAMPLES", "--tasks", "TASKS", "-o", "OUT", "--tier", "7"),
        ("leti", "OUT", "--judging.seconds", "-2"),
        ("ilf", "OUT", "--judging.workers", "-2"),
        ("evaluate", "OUT", "--model", "primer", "--tasks", "primer[dev][:1]", "--judging.memory-mib", "0"),
        ("judge", "SAMPLES", "--tasks", "TASKS", "-o", "OUT", "--tier", "3"),
        ("evaluate", "OUT", "--model", "primer", "--tasks", "primer[dev][:1]", "--draws", "-1"),
        ("evaluate", "OUT", "--model", "primer", "--tasks", "primer[dev][:1]", "--temperature", "-1"),
        ("leti", "OUT", "--measuring.draws", "0"),
        ("leti", "OUT", "--measuring.ks", "0"),
        ("leti", "OUT", "--measuring.temperature", "-1"),
        ("leti", "OUT", "--watching.draws", "0"),
        ("leti", "OUT", "--watching.texts", "-1"),
        ("ilf", "OUT", "--feedbacks", "-1"),
        ("ilf", "OUT", "--go-on-with", "-1"),
    ],
)
def test_limits_that_there_cannot_be_are_refused_before_anything_is_begun(tmp_path, tasks, capsys, words):
    samples = write(tmp_path / "samples.jsonl", [{"task_id": "toy/0", "solution": RIGHT[0]}])
    places = {"SAMPLES": samples, "TASKS": tasks, "OUT": str(tmp_path / "out")}
    assert run(*(places.get(word, word) for word in words)) == 2
    assert "not -" in (said := capsys.readouterr().err) or "not 0" in said or "no sandbox tier" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["leti", "ilf", "autoif"])
def test_the_help_of_a_flag_flows_whatever_the_lines_of_its_source(command):
    words = [sys.executable, "-m", "errata", command, "--help"]
    wide = os.environ | {"COLUMNS": "120", "PYTHONIOENCODING": "utf-8"}
    said = subprocess.run(words, capture_output=True, encoding="utf-8", env=wide, check=True).stdout
    lines = [line.strip("│").strip() for line in said.splitlines() if line.startswith("│")]
    assert "--model STR" in lines
    # A short word alone, with no default behind it, stands where the source breaks a line.
    assert not [line for line in lines if re.fullmatch(r"[a-z`,]{1,12}", line)]


def test_ctrl_c_while_the_command_is_still_loading_is_one_line_and_no_traceback():
    loading = """
import sys
class Stop:
    def find_spec(self, name, *_):
        if name == "errata.recipes":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Stop())
from errata.__main__ import main
main()
"""
    ended = subprocess.run([sys.executable, "-c", loading], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr == "errata: stopped before anything was begun\n"


def test_python_m_errata_is_the_command():
    ended = subprocess.run([sys.executable, "-m", "errata", "--version"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout.startswith("errata ")) == (0, True)
