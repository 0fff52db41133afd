# ruff: noqa: E501 (tables of programs read best a row a line)
"""No program passes that does not do what its tests ask: recorded forgeries, and attacks on our own protocol."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from errata.errors import Fault
from errata.sandbox import Limits, Program
from errata.sandbox.referee import Referee
from errata.sandbox.trial import NOTHING

CORPUS = Path(__file__).parents[2] / "shared" / "attacks.jsonl"
WORDS = {
    "passed": "pass",
    "wrong": "fail",
    "exception": "fail",
    "timeout": "timeout",
    **dict.fromkeys(("syntax", "memory", "output", "early_exit", "crashed", "invalid_check"), "error"),
}
ADD = ("assert add(1, 2) == 3", "assert add(5, 7) == 12", "assert add(-1, 2) == 1")
RAW = """
import json, os, struct
def raw(body, fd=3):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    try: os.write(fd, struct.pack(">I", len(data)) + data)
    except OSError: pass
def everywhere(body):
    for fd in range(3, 40): raw(body, fd)
"""


def corpus(*groups: str) -> list[dict]:
    if not CORPUS.exists():
        if os.environ.get("CI") == "true":
            raise FileNotFoundError(f"{CORPUS}: needed in CI")
        return []
    rows = [json.loads(line) for line in CORPUS.read_text().splitlines()]
    return [row for row in rows if row["group"] in groups]


@pytest.fixture(scope="module")
def referee(tier: int) -> Iterator[Referee]:
    made = Referee(tier=tier)
    yield made
    made.close()


def judged(referee: Referee, program: Program, seconds: float = 1.0, wall: float | None = None):
    return referee.judge(program, Limits(seconds=seconds, wall=wall))


@pytest.mark.skipif(not CORPUS.exists() and os.environ.get("CI") != "true", reason=f"{CORPUS} is not here")
def test_the_corpus_is_read():
    assert len(corpus("forgery", "control")) >= 75


@pytest.mark.parametrize("row", corpus("forgery", "control"), ids=lambda row: row["id"])
def test_a_recorded_program_gets_the_verdict_it_must(row, referee, tmp_path):
    target = tmp_path / "written"
    source = row["program"].replace("{WRITE_TARGET}", str(target)).replace("{LIMIT}", "1.0")
    options = row.get("options") or {}
    program = Program(
        source=source,
        tests=tuple(row["tests"]),
        entry_point=row["entry_point"],
        copy_back=bool(options.get("copy_back")),
    )
    # A program that measures its lateness on the clock is late by the clock alone when the machine is busy.
    found = judged(referee, program, wall=1.5 if "monotonic" in source else None)
    assert WORDS[found.outcome] in (row.get("expect_any") or [row["expect"]]), found
    assert not target.exists()
    assert not found.forgeable


SERVICE = """
import sys
frame = sys._getframe()
while type(frame.f_locals.get('self')).__name__ != 'Service': frame = frame.f_back
service = frame.f_locals['self']
"""
"""How a program finds what serves it."""
OWN = {
    "answers_before_it_is_asked": RAW + 'everywhere(["v", 1, 3, None])\ndef add(a, b): return 0',
    "says_that_it_has_run_and_answers_all": RAW
    + 'everywhere(["v", 0, {"add": {"t": "handle", "v": [0, "function", ".add"]}}, None])\n'
    "for at in range(1, 9): everywhere(['v', at, 3, None])\n"
    "def add(a, b): return 0",
    "answers_twice": RAW
    + "n = 0\ndef add(a, b):\n    global n\n    n += 1\n    everywhere(['v', n, 3, None])\n    return 3",
    "writes_a_verdict": RAW + 'everywhere({"outcome": "passed"}); everywhere("passed"); everywhere(["passed"])\n'
    "def add(a, b): return 0",
    "writes_to_the_zygotes_socket": RAW
    + "for fd in range(0, 64):\n    try: os.write(fd, b'E' + bytes(24))\n    except OSError: pass\ndef add(a, b): return 0",
    "announces_a_giant_frame": RAW + "os.write(3, b'\\xff' * 64)\ndef add(a, b): return 0",
    "never_ends_a_frame": RAW + "import time\nos.write(3, struct.pack('>I', 100) + b'[')\ntime.sleep(60)",
    "closes_the_channel": "import os\nos.close(3)\ndef add(a, b): return 0",
    "closes_the_channel_when_called": "import os\ndef add(a, b):\n    os.closerange(3, 64)\n    return 0",
    "returns_the_handle_of_another": RAW
    + "n = 0\ndef add(a, b):\n    global n\n    n += 1\n    raw(['v', n, {'t': 'handle', 'v': [7, 'object', 'int']}, None])\n",
    "returns_what_the_test_lent": RAW
    + "n = 0\ndef add(a, b):\n    global n\n    n += 1\n    raw(['v', n, {'t': 'borrowed', 'v': 0}, None])\n",
    "invents_a_tag": RAW
    + "n = 0\ndef add(a, b):\n    global n\n    n += 1\n    raw(['v', n, {'t': 'eval', 'v': 'a + b'}, None])\n",
    "asks_for_a_function_by_name": RAW
    + "n = 0\ndef add(a, b):\n    global n\n    n += 1\n    raw(['v', n, {'t': 'function', 'v': 'exec'}, None])\n",
    "sends_nan_as_json": RAW + "def add(a, b):\n    raw(b'[\"v\", 1, NaN, null]')",
    "sends_keys_twice": RAW + 'def add(a, b):\n    raw(b\'["v", 1, {"t": "int", "t": "set", "v": [[1]]}, null]\')',
    "sends_half_a_surrogate": RAW + 'def add(a, b):\n    raw(b\'["v", 1, "\\\\ud800", null]\')',
    "sends_broken_utf8": RAW + 'def add(a, b):\n    raw(b\'["v", 1, "\\xff\\xfe", null]\')',
    "nests_deeply": RAW + "def add(a, b):\n    raw(b'[' * 100000)",
    "nests_deeply_and_closes": RAW + "def add(a, b):\n    raw(b'[\"v\",1,' + b'[' * 90000 + b']' * 90000 + b',null]')",
    "sends_a_huge_shape": RAW
    + "def add(a, b):\n    raw(['v', 1, {'t': 'numpy', 'v': ['<f8', [1 << 60, 1 << 60], '']}, None])",
    "sends_a_structured_dtype": RAW
    + "def add(a, b):\n    raw(['v', 1, {'t': 'numpy', 'v': ['O', [1], 'AAAAAAAAAAA=']}, None])",
    "sends_a_huge_number": "def add(a, b): return 1 << (1 << 26)",
    "sends_an_endless_list": "def add(a, b): return [0] * 10**8",
    "calls_back_what_is_not_lent": RAW + "def add(a, b):\n    raw(['c', 1, 'call', [0, 'x'], {}])\n    return 0",
    "asks_the_test_for_its_globals": RAW
    + "def add(a, b):\n    raw(['c', 1, 'get', [0, '__globals__'], {}])\n    return 0",
    "lies_about_its_class": "class E:\n    __class__ = int\n    def __eq__(self, o): return True\ndef add(a, b): return E()",
    "lies_about_its_class_later": "class E:\n    @property\n    def __class__(self): return int\n"
    "    def __eq__(self, o): return True\n    def __int__(self): return 3\ndef add(a, b): return E()",
    "raises_the_tests_own_error": "def add(a, b): raise AssertionError",
    "raises_from_a_test_like_class": "class AssertionError(Exception): pass\ndef add(a, b): raise AssertionError()",
    "raises_what_has_endless_words": "class X(Exception):\n    def __str__(self):\n        while True: pass\n"
    "def add(a, b): raise X()",
    "raises_what_has_broken_words": "class X(Exception):\n    def __str__(self): raise X()\n    __repr__ = __str__\n"
    "def add(a, b): raise X()",
    "raises_itself_in_a_circle": "def add(a, b):\n    e = ValueError(); f = KeyError(); e.__context__ = f; f.__context__ = e\n"
    "    raise e",
    "changes_its_own_end": SERVICE
    + "service.other = lambda value: True\nservice.report = lambda error: None\ndef add(a, b): return add",
    "takes_the_operations_apart": SERVICE + "class add:\n    def __init__(self, *given): pass\nmade = add()\n"
    "for name in frame.f_globals['OPERATIONS']: frame.f_globals['OPERATIONS'][name] = lambda *given, **named: True\n"
    "frame.f_globals['OPERATIONS']['call'] = lambda *given, **named: made",
    "leaves_a_writer_behind": RAW
    + "if os.fork() == 0:\n    while True: everywhere(['v', 1, 3, None])\ndef add(a, b): return 0",
    "ends_in_a_thread": "import os, threading\ndef add(a, b):\n    t = threading.Thread(target=os._exit, args=(0,)); t.start(); t.join()\n",
    "kills_itself": "import os\ndef add(a, b): os.kill(os.getpid(), 9)",
    "breaks_the_interpreter": "import ctypes\ndef add(a, b): ctypes.string_at(0)",
    "is_a_class_that_equals_all": "class M(type):\n    def __eq__(c, o): return True\n    __hash__ = type.__hash__\n"
    "class add(metaclass=M):\n    def __init__(self, a, b): pass\n    def __eq__(self, o): return True",
    "is_an_object_that_may_be_called": "class A:\n    def __call__(self, a, b): return self\n    def __eq__(self, o): return True\n"
    "add = A()",
    "makes_up_a_builtin": "import builtins\nbuiltins.compile = builtins.exec = lambda *a, **k: None\ndef add(a, b): return 0",
    "makes_up_json": "import json\njson.dumps = lambda *a, **k: '[\"v\", 1, 3, null]'\ndef add(a, b): return 0",
}


@pytest.mark.parametrize("name", OWN)
def test_a_program_that_breaks_the_protocol_does_not_pass(name, referee):
    found = judged(referee, Program(source=OWN[name], tests=ADD, entry_point="add"))
    assert found.outcome not in ("passed", "invalid_check")
    assert sum(part.passed for part in found.parts) < len(ADD)


ASKING = {
    "contains": ("def __contains__(self, item): return True", "assert 3 in add(1, 2) and 4 not in add(1, 2)"),
    "contains_with_items": (
        "def __contains__(self, item): return True\n    def __iter__(self): return iter(())",
        "assert 3 in add(1, 2)",
    ),
    "subtraction": ("def __sub__(self, o): return E()\n    def __abs__(self): return 0.0", "assert abs(add(1, 2) - 3) < 1e-9"),
    "reflected_subtraction": (
        "def __rsub__(self, o): return E()\n    def __abs__(self): return 0.0",
        "assert abs(3 - add(1, 2)) < 1e-9",
    ),
    "same_object": (
        "def __sub__(self, o): return self\n    def __abs__(self): return 0.0\n    __float__ = __abs__",
        "assert abs(add(1, 2) - 3) < 1e-9",
    ),
    "order": ("def __lt__(self, o): return True\n    __gt__ = __le__ = __ge__ = __lt__", "assert 2 < add(1, 2) < 4"),
    "membership_of_itself": ("def __eq__(self, o): return True\n    def __hash__(self): return 3", "assert add(1, 2) in [3]"),
    "key": ("def __eq__(self, o): return True\n    def __hash__(self): return hash(3)", "assert {3: 1}[add(1, 2)]"),
    "in_a_list": ("def __eq__(self, o): return True", "assert [add(1, 2)] == [3]"),
    "isinstance": ("__class__ = int", "assert isinstance(add(1, 2), int)"),
    "difference": ("def __rsub__(self, o): return set()\n    def __iter__(self): return iter([1])", "assert not {1, 3} - set(add(1, 2))"),
    "format": ("def __format__(self, how): return '0'", "assert f'{add(1, 2)}' == '3'"),
    "no_difference": ("def __xor__(self, o): return E()\n    def __bool__(self): return False", "assert not (add(1, 2) ^ {3})"),
    "difference_of_no_length": ("def __xor__(self, o): return E()\n    def __len__(self): return 0", "assert len(add(1, 2) ^ {3}) == 0"),
    "difference_that_is_zero": ("def __sub__(self, o): return E()\n    def __eq__(self, o): return True", "assert add(1, 2) - 3 == 0"),
    "rounded_difference": ("def __sub__(self, o): return E()\n    def __round__(self, n=0): return 0", "assert round(add(1, 2) - 3, 6) == 0"),
    "length": ("def __len__(self): return 1 << 62", "assert list(add(1, 2)) == [3]"),
    "array": ("@property\n    def __array_interface__(self): return {'data': (0, 0), 'shape': (1,), 'typestr': '<i8'}",
              "import numpy\nassert (numpy.asarray(add(1, 2)) == 3).all()"),
    "close": ("def __float__(self): return 3.5", "import math\nassert math.isclose(add(1, 2), 3)"),
    "endless": ("def __iter__(self):\n        while True: yield 0", "assert list(add(1, 2)) == [3]"),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKING)
def test_an_object_cannot_answer_for_the_value_that_is_expected(name, referee):
    body, test = ASKING[name]
    source = f"class E:\n    {body}\ndef add(a, b): return E()\n"
    found = judged(referee, Program(source=source, tests=(test,), entry_point="add"))
    assert found.outcome not in ("passed", "invalid_check"), found


def test_a_caught_exit_is_still_no_pass(referee):
    source = "def add(a, b):\n    raise SystemExit\n"
    found = judged(
        referee, Program(source=source, tests=("try:\n    add(1, 2)\nexcept:\n    pass",), entry_point="add")
    )
    assert found.outcome == "early_exit"


def test_a_caught_end_is_still_no_pass(referee):
    source = "import os\ndef add(a, b): os._exit(0)\n"
    test = "try:\n    assert add(1, 2) == 3\nexcept BaseException:\n    pass"
    assert judged(referee, Program(source=source, tests=(test,), entry_point="add")).outcome == "early_exit"


def test_an_end_of_iteration_does_not_end_the_tests_loop(referee):
    source = "def add(a, b): raise StopIteration\n"
    test = "assert all(map(lambda case: add(*case) == 3, [(1, 2), (2, 1)]))"
    assert judged(referee, Program(source=source, tests=(test,), entry_point="add")).outcome == "exception"


@pytest.mark.parametrize("name", ["helper", "system"])
def test_a_name_of_the_program_does_not_reach_the_judges_own_functions(name, referee, tmp_path):
    target = tmp_path / "written"
    target.parent.chmod(0o777)
    source = f"from os import system as {name}\nimport subprocess as run\ndef add(a, b): return 'touch {target}'\n"
    tests = (f"{name}(add(1, 2))", "run.getoutput(add(1, 2))")
    judged(referee, Program(source=source, tests=tests, entry_point="add"))
    judged(referee, Program(source=source, tests=tests))
    assert not target.exists()


def test_modules_that_act_when_they_are_imported_are_not_imported_for_the_program(referee):
    source = "import types, sys\nrun = types.ModuleType('pip.__main__')\ndef add(a, b): return 3\n"
    found = judged(referee, Program(source=source, tests=("run.main(); assert add(1, 2) == 3",), entry_point="add"))
    assert found.outcome == "exception"


def test_a_programs_assertion_is_not_the_tests(referee):
    source = "def add(a, b): raise AssertionError('no')\n"
    test = "try:\n    add(1, 2)\nexcept AssertionError:\n    pass"
    assert judged(referee, Program(source=source, tests=(test,), entry_point="add")).outcome == "exception"


SPOKEN_FOR = {
    "an_exit_the_test_waits_for_elsewhere": (
        "import sys\ndef add(a, b): sys.exit(0)",
        "add(1, 2)\nassert add(1, 2) == 3\ntry:\n    pass\nexcept SystemExit:\n    pass",
    ),
    "a_context_that_holds_all_back": (
        "class add:\n    def __init__(self, a, b): pass\n    def __enter__(self): return self\n"
        "    def __exit__(self, *_): return True\n    def value(self): raise KeyError",
        "with add(1, 2) as made:\n    assert made.value() == 3",
    ),
    "a_context_that_holds_the_tests_check_back": (
        "class add:\n    def __init__(self, a, b): pass\n    def __enter__(self): return 4\n"
        "    def __exit__(self, *_): return True",
        "with add(1, 2) as made:\n    if made != 3:\n        raise ValueError(made)",
    ),
    "an_end_of_iteration": (
        "def add(a, b): raise StopIteration",
        "pairs = [(1, 2), (3, 4)]\nfor got, want in zip(map(lambda p: add(*p), pairs), (3, 7)):\n    assert got == want",
    ),
    "a_print_that_prints_the_wanted": (
        "def add(a, b): print('4')",
        "import contextlib, io\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    add(1, 2)\nassert out.getvalue() == '3\\n'",
    ),
    "an_enumeration_that_lies": (
        "import enum\nclass E(int, enum.Enum):\n    A = 4\n    __eq__ = lambda s, o: True\n    __hash__ = int.__hash__\ndef add(a, b): return E.A",
        "assert add(1, 2) == 3",
    ),
    "a_coroutine_that_knows_nothing": (
        "class W:\n    def __await__(self):\n        yield\n        return self\n    __eq__ = lambda s, o: True\ndef add(a, b): return W()",
        "import asyncio\nasync def go(): return await add(1, 2)\nassert asyncio.run(go()) == 3",
    ),
    "a_test_that_nobody_calls": ("def add(a, b): return 4", "def test_it(capsys):\n    assert add(1, 2) == 3"),
    "parameters_that_nobody_calls": (
        "def add(a, b): return 4",
        "import pytest\n@pytest.mark.parametrize('a, want', [(1, 3)])\ndef test_it(a, want):\n    assert add(a, 2) == want",
    ),
    "a_class_of_tests_that_nobody_calls": (
        "def add(a, b): return 4",
        "class TestAdd:\n    def test_it(self):\n        assert add(1, 2) == 3",
    ),
}


@pytest.mark.parametrize("name", SPOKEN_FOR)
def test_nothing_that_a_program_raises_prints_or_is_speaks_for_the_test(name, referee):
    source, test = SPOKEN_FOR[name]
    assert judged(referee, Program(source=source, tests=(test,), entry_point="add")).outcome != "passed"


def test_what_the_test_lends_shows_nothing_of_the_test(referee):
    source = (
        "def add(box, f):\n    found = []\n    for name in ('__class__', '__dict__', '__init__', '_hidden', '__globals__'):\n"
        "        for o in (box, f):\n            try: found.append(o._service.ask('get', 0, (name,), {}))\n"
        "            except BaseException: pass\n    return len(found)\n"
    )
    test = "class Box:\n    _hidden = 42\n    seen = 1\nassert add(Box(), lambda: 1) > 0"
    assert judged(referee, Program(source=source, tests=(test,), entry_point="add")).outcome not in ("passed",)


def test_a_test_that_asks_nothing_is_no_proof(referee):
    found = judged(referee, Program(source="def add(a, b): return 0", tests=("def helper(): assert add(1, 2) == 3",)))
    assert (found.outcome, found.detail) == ("invalid_check", NOTHING)


def test_helpers_of_the_task_are_not_the_programs(referee):
    source = "def close(a, b): return True\ndef add(a, b): return 0\n"
    program = Program(
        source=source,
        tests=("assert close(add(1, 2), 3)",),
        entry_point="add",
        prelude="def close(a, b): return abs(a - b) < 1",
    )
    assert judged(referee, program).outcome == "wrong"


def test_functions_of_the_library_are_not_the_programs(referee):
    source = "class math:\n    isclose = staticmethod(lambda a, b: True)\ndef add(a, b): return 0\n"
    program = Program(source=source, tests=("assert math.isclose(add(1, 2), 3)",), entry_point="add")
    assert judged(referee, program).outcome == "wrong"


def test_a_hostile_number_ends_the_judge_and_not_its_owner(referee):
    program = Program(
        source="def add(a, b): return 10**9", tests=("assert 3 ** (3 ** add(1, 2)) == 27",), entry_point="add"
    )
    try:
        assert judged(referee, program).outcome in ("timeout", "memory", "exception")
    except Fault as fault:
        pytest.fail(f"a hostile number is no fault of the machine: {fault}")
    again = Program(source="def add(a, b): return a + b", tests=ADD, entry_point="add")
    assert judged(referee, again, seconds=3).outcome == "passed"
