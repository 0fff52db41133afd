# ruff: noqa: E501 (tables of programs read best a row a line)
"""Tasks whose programs read standard input and print: how they are written, run, compared and told."""

import json
from pathlib import Path

import pytest

from errata import cli, jsonl
from errata.errors import UsageError
from errata.feedback.execution import words
from errata.judges import Judging, judge
from errata.prompts import render
from errata.sandbox.script import difference
from errata.tasks import load
from errata.types import Case, Sample, StdinTests, Task, Timed, Verdict

ADD = Task(
    id="io/1",
    instruction="Read two numbers and print their sum.",
    check=StdinTests(
        cases=(Case(stdin="1 2\n", stdout="3\n"), Case(stdin="-5 5\n", stdout="0\n")),
        hidden=(Case(stdin="10 20\n", stdout="30\n"),),
    ),
    reference="a, b = map(int, input().split())\nprint(a + b)\n",
)


def verdict(program: str, task: Task = ADD, **judging) -> Verdict:
    sample = Sample(id="io/1#0", of="io/1#0", task=task.id, prompt="", text=program)
    (made,) = judge([task], Judging(workers=1, **judging))([sample])
    assert isinstance(made, Timed)
    return made.record


RIGHT = {
    "input": ADD.reference,
    "sys.stdin": "import sys\nprint(sum(map(int, sys.stdin.read().split())))",
    "lines": "import sys\nfor line in sys.stdin:\n    print(sum(int(x) for x in line.split()))",
    "readline": "import sys\ninput = sys.stdin.readline\nprint(eval(input().replace(' ', '+')))",
    "bytes": "import sys\nsys.stdout.buffer.write(b'%d' % sum(map(int, sys.stdin.buffer.read().split())))",
    "descriptor": "import os\nos.write(1, str(sum(map(int, os.read(0, 99).split()))).encode())",
    "main": "def main():\n    a, b = map(int, input().split())\n    print(a + b)\nif __name__ == '__main__':\n    main()",
    "exit": "import sys\nprint(sum(map(int, input().split())))\nsys.exit(0)",
    "exit without flushing": "import os, sys\nsys.stdout.write(str(sum(map(int, input().split()))))\nsys.stdout.flush()\nos._exit(0)",
    "at exit": "import atexit\natexit.register(lambda: print(sum(map(int, input().split()))))",
    "thread": "import threading\nthreading.Thread(target=lambda: print(sum(map(int, input().split())))).start()",
    "blanks": "print(str(sum(map(int, input().split()))) + '   ')\nprint()",
    "prompt to stderr": "import sys\nprint('numbers?', file=sys.stderr)\nprint(sum(map(int, input().split())))",
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_program_passes_however_it_reads_and_prints(name):
    made = verdict(RIGHT[name], hidden=True)
    assert (made.passed, made.score, made.measures) == (True, 1.0, {"public": 1.0, "hidden": 1.0}), made


WRONG = {
    "wrong": ("a, b = map(int, input().split())\nprint(a - b)", "wrong"),
    "nothing": ("input()", "wrong"),
    "more": ("print(sum(map(int, input().split())))\nprint('done')", "wrong"),
    "prompt": ("print(sum(map(int, input('numbers? ').split())))", "wrong"),
    "raises": ("print(3)\nraise ValueError('oh')", "exception"),
    "reads on": ("print(3, input(), input())", "exception"),
    "syntax": ("print(3", "syntax"),
    "loop": ("while True: pass", "timeout"),
    "flood": ("while True: print('x' * 9999)", "output"),
    "status": ("import sys\nprint(sum(map(int, input().split())))\nsys.exit(1)", "exception"),
    "ends": ("import os\nprint(3, flush=True)\nos._exit(7)", "early_exit"),
    "dies": ("import os, signal\nprint(3, flush=True)\nos.kill(os.getpid(), signal.SIGSEGV)", "crashed"),
    "forged": ("import os\nos.write(3, b'\\0\\0\\0\\x0d[\"v\",0,{},1]')\nos._exit(0)", "wrong"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_program_gets_the_word_for_what_it_did(name):
    program, word = WRONG[name]
    made = verdict(program, seconds=20.0 if name == "flood" else 1.0)
    assert (made.passed, made.outcome) == (False, word), made


def test_each_case_is_told_with_what_was_read_printed_and_wanted():
    made = verdict("a, b = map(int, input().split())\nprint(abs(a) + b)", hidden=True)
    assert [(part.name, part.passed, part.call, part.got, part.expected) for part in made.parts] == [
        ("case[0]", True, "stdin '1 2\\n'", "'3\\n'", "'3\\n'"),
        ("case[1]", False, "stdin '-5 5\\n'", "'10\\n'", "'0\\n'"),
        ("hidden[0]", True, "", None, None),
    ]
    assert made.detail == "line 1: printed '10', expected '0'\n"
    assert words(made, "values") == "stdin '-5 5\\n' gave '10\\n', expected '0\\n'\n"


def test_hidden_cases_are_told_by_number_alone():
    made = verdict("a, b = map(int, input().split())\nprint(a + b if a < 9 else 0)", hidden=True)
    assert (made.passed, made.measures, made.detail) == (False, {"public": 1.0, "hidden": 0.0}, "")
    assert "30" not in repr(made)


def test_a_traceback_is_that_of_the_program():
    made = verdict("def f(x):\n    return 1 // x\nprint(f(int(input().split()[0]) - 1))")
    assert made.detail == (
        'Traceback (most recent call last):\n  File "<string>", line 3, in <module>\n'
        "    print(f(int(input().split()[0]) - 1))\n"
        '  File "<string>", line 2, in f\n    return 1 // x\n'
        "ZeroDivisionError: integer division or modulo by zero\n"
    )


@pytest.mark.parametrize(
    ("printed", "wanted", "compare", "tolerance", "same"),
    [
        ("1 2\n", "1 2", "lines", 0, True),
        ("1 2  \r\n\n\n", "1 2\n", "lines", 0, True),
        ("1  2\n", "1 2\n", "lines", 0, False),
        ("1\n\n2\n", "1\n2\n", "lines", 0, False),
        ("1\n2", "1 2", "tokens", 0, True),
        ("1 2 3", "1 2", "tokens", 0, False),
        ("1 2\n", "1 2", "exact", 0, False),
        ("1 2\n", "1 2\n", "exact", 0, True),
        ("0.3333334 x", "0.3333333 x", "lines", 1e-6, True),
        ("0.34 x", "0.33 x", "lines", 1e-6, False),
        ("nan", "1", "lines", 1e-6, False),
        ("inf", "1e9", "lines", 1e-6, False),
        ("1000000.5", "1000000", "tokens", 1e-6, True),
        ("", "", "lines", 0, True),
    ],
)
def test_whitespace_and_numbers_are_compared_as_the_task_says(printed, wanted, compare, tolerance, same):
    assert (difference(printed, wanted, compare, tolerance) == "") is same


def test_a_program_that_prints_much_is_compared_whole():
    count = 40_000
    task = Task(
        id="io/1",
        instruction="",
        check=StdinTests(cases=(Case(stdout="".join(f"{n}\n" for n in range(count))),)),
    )
    assert verdict(f"for n in range({count}): print(n)", task).passed
    assert not verdict(f"for n in range({count} - 1): print(n)", task).passed


def test_cases_share_nothing():
    seen = "import os\nprint(os.path.exists('left'), input())\nopen('left', 'w')"
    task = Task(
        id="io/1",
        instruction="",
        check=StdinTests(cases=(Case(stdin="a", stdout="False a"), Case(stdin="b", stdout="False b"))),
    )
    assert verdict(seen, task).passed


def test_no_case_is_run_after_one_that_ran_out_of_time():
    cases = tuple(Case(stdin=f"{n}", stdout=f"{n}") for n in range(30))
    made = verdict("while True: pass", Task(id="io/1", instruction="", check=StdinTests(cases=cases)), seconds=0.5)
    assert [part.passed for part in made.parts] == [False] * 30


@pytest.fixture
def tasks(tmp_path: Path) -> str:
    path = tmp_path / "tasks.jsonl"
    path.write_text(jsonl.dump(ADD) + "\n")
    return str(path)


def test_a_users_own_task_is_one_line_of_json(tmp_path, tasks):
    line = {
        "id": "io/1",
        "instruction": ADD.instruction,
        "check": {"kind": "stdin_tests", "cases": [{"stdin": "1 2\n", "stdout": "3\n"}], "compare": "tokens"},
    }
    (tmp_path / "own.jsonl").write_text(json.dumps(line) + "\n")
    (task,) = load(str(tmp_path / "own.jsonl"))
    assert task.check == StdinTests(cases=(Case(stdin="1 2\n", stdout="3\n"),), compare="tokens")
    assert load(tasks) == (ADD,)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ({"kind": "stdin_tests"}, "check.cases: a task needs at least one case"),
        ({"kind": "stdin_tests", "cases": [{"stdin": "1"}]}, "check.cases[0].stdout: field required"),
        ({"kind": "stdin_tests", "tests": ["x"]}, "check.tests: unknown field"),
        ({"kind": "stdin"}, "check.kind: unknown kind 'stdin'"),
    ],
)
def test_a_bad_task_is_named_with_file_line_and_field(tmp_path, check, said):
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps({"id": "io/1", "instruction": "", "check": check}) + "\n")
    with pytest.raises(UsageError) as caught:
        load(str(path))
    assert str(caught.value) == f"{path}:1: {said}"


def test_errata_judge_takes_them(tmp_path, tasks, capsys):
    rows = [{"task_id": "io/1", "solution": text} for text in (ADD.reference, "print(3)")]
    (tmp_path / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "out.jsonl"
    cli.main(["judge", str(tmp_path / "samples.jsonl"), "--tasks", tasks, "-o", str(out), "--workers", "1"])
    assert [json.loads(line)["passed"] for line in out.read_text().splitlines()] == [True, False]


def test_a_prompt_shows_public_cases():
    assert render(ADD) == ('"""\nRead two numbers and print their sum.\nInput:\n1 2\nOutput:\n3\n"""\n')
    assert "30" not in str(render(ADD, "chat"))
