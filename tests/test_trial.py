# ruff: noqa: E501 (tables of programs read best a row a line)
"""What a trial says of honest programs: verdicts, tracebacks, values, and everything that crosses the channel."""

import subprocess
import sys
from pathlib import Path

import pytest

from errata.errors import Fault
from errata.sandbox import Limits, Program
from errata.sandbox.limits import Outcome
from errata.sandbox.referee import Referee
from errata.sandbox.trial import run_trial


@pytest.fixture
def run(worker):
    def run(source: str, *tests: str, seconds: float = 3.0, **rest) -> Outcome:
        return run_trial(worker, Program(source=source, tests=tests, **rest), Limits(seconds=seconds))

    return run


def plain(tmp_path: Path, text: str) -> str:
    """What CPython itself prints for one file, with the file called `<string>` and without its caret lines."""
    path = tmp_path / "program.py"
    path.write_text(text)
    made = subprocess.run([sys.executable, "-I", str(path)], capture_output=True, text=True, timeout=20)
    lines = made.stderr.replace(str(path), "<string>").splitlines(keepends=True)
    return "".join(line for line in lines if line.strip(" ~^\n") or not line.strip())


FAILING = {
    "assertion": ("def f(x):\n    return x\n", ("assert f(1) == 2",)),
    "second_test": ("def f(x):\n    return x", ("assert f(1) == 1", "assert f(2) == 1")),
    "message": ("def f(x):\n    return x\n", ("assert f(1) == 2, f'no: {f(3)}'",)),
    "raised_inside": ("def g(x):\n    return 1 / x\n\ndef f(x):\n    return g(x)\n", ("assert f(0) == 2",)),
    "own_exception": ("class Odd(ValueError):\n    pass\n\ndef f(x):\n    raise Odd('three')\n", ("f(1)",)),
    "missing_name": ("def g(x):\n    return x\n", ("assert f(1) == 2",)),
    "key_error": ("def f(x):\n    return {}[x]\n", ("f('a')",)),
    "context": ("def f(x):\n    try:\n        return {}[x]\n    except KeyError:\n        raise ValueError('no')\n", ("f(1)",)),
    "cause": ("def f(x):\n    try:\n        int('a')\n    except ValueError as e:\n        raise KeyError(x) from e\n", ("f(1)",)),
    "no_context": ("def f(x):\n    try:\n        int('a')\n    except ValueError:\n        raise KeyError(x) from None\n", ("f(1)",)),
    "at_import": ("import math\nx = math.sqrt(-1)\n", ("assert x",)),
    "recursion": ("def f(x):\n    if x:\n        return f(x - 1)\n    raise ValueError('end')\n", ("f(30)",)),
    "own_assert": ("def f(x):\n    assert x > 1, 'small'\n    return x\n", ("f(1)",)),
    "lambda": ("f = lambda x: x + 'a'\n", ("f(1)",)),
    "multiline": ("def f(x):\n    return x\n", ("assert f(\n    1\n) == 2",)),
    "method": ("class A:\n    def go(self):\n        raise IndexError\n", ("A().go()",)),
    "syntax": ("def f(x):\n    return x +\n", ("f(1)",)),
    "indentation": ("def f(x):\nreturn x\n", ("f(1)",)),
    "long_string": ('def f(x):\n    return """a\n  b\nc"""\n', ("assert f(1) == 'a'",)),
    "windows_lines": ("def f(x):\r\n    y = 0\r\n    return 1 / y\r\n", ("f(1)",)),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILING)
def test_a_traceback_is_what_python_prints_for_one_file(name, run, tmp_path):
    source, tests = FAILING[name]
    found = run(source, *tests, entry_point="f")
    printed = plain(tmp_path, source + "\n" + "\n".join(tests) + "\n")
    if name in ("syntax", "indentation"):
        assert "".join(line for line in found.detail.splitlines(keepends=True) if line.strip(" ~^\n")) == printed
    else:
        assert found.detail == printed


def test_setup_stands_between_program_and_tests_in_a_traceback(run):
    setup = "def check(candidate):\n    assert candidate(1) == 2"
    found = run("def f(x):\n    return x\n", "check(f)", setup=setup, entry_point="f")
    assert found.detail == (
        "Traceback (most recent call last):\n"
        '  File "<string>", line 6, in <module>\n    check(f)\n'
        '  File "<string>", line 5, in check\n    assert candidate(1) == 2\n'
        "AssertionError\n"
    )
    assert [(part.call, part.got, part.expected) for part in found.parts] == [("f(1)", "1", "2")]


OUTCOMES = {
    "wrong": "def f(x): return 0",
    "exception": "def f(x): raise ValueError",
    "syntax": "def f(x) return 0",
    "timeout": "def f(x):\n    while True: pass",
    "memory": "def f(x): return len(bytearray(10**11))",
    "output": "import os\ndef f(x):\n    while True: os.write(1, b'x' * 65536)",
    "early_exit": "import os\ndef f(x): os._exit(0)",
    "crashed": "import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGSEGV)",
    "passed": "def f(x): return 1",
}


@pytest.mark.parametrize("word", OUTCOMES)
def test_each_end_has_its_word(word, run):
    seconds = 1.0 if word == "timeout" else 20.0
    assert run(OUTCOMES[word], "assert f(1) == 1", entry_point="f", seconds=seconds).outcome == word


@pytest.mark.parametrize(
    ("test", "setup"),
    [
        ("assert f(1) ==", ""),
        ("assert 1 / 0 == f(1)", "import nothing_of_that_name"),
        ("x = [][1]\nassert f(1) == x", ""),
    ],
)
def test_a_check_that_is_broken_by_itself_is_not_the_programs_fault(test, setup, run):
    assert run("def f(x): return 1", test, setup=setup, entry_point="f").outcome == "invalid_check"


def test_every_test_is_judged_by_itself(run):
    tests = ("assert f(1) == 1", "assert f(2) == 0", "assert f(3) == 3", "assert f(0) == 5")
    found = run("def f(x): return 6 // x if x == 0 else x", *tests, entry_point="f")
    assert [part.passed for part in found.parts] == [True, False, True, False]
    assert found.outcome == "wrong"


def test_a_timeout_ends_the_trial_and_the_rest_has_not_passed(run):
    found = run("def f(x):\n    while x: pass", "assert f(0) is None", "f(1)", "assert f(0) is None", seconds=0.5)
    assert [part.passed for part in found.parts] == [True, False, False]
    assert (found.outcome, found.detail) == ("timeout", "")


def test_hidden_tests_are_named_by_number_and_say_nothing(run):
    found = run("def f(x): return 1", "assert f(1) == 1", hidden=("assert f(2) == 'secret'",), entry_point="f")
    assert [(part.name, part.call, part.got) for part in found.parts][1:] == [("hidden[0]", "", None)]
    assert found.outcome == "wrong"
    assert "secret" not in repr(found)


SHOWN = {
    "assert f([1]) == [2]": ("f([1])", "[1]", "[2]"),
    "assert 3 == f(2)": ("f(2)", "2", "3"),
    "assert not f(True)": ("f(True)", "True", "False"),
    "assert f([])": ("f([])", "[]", "True"),
    "assert f(1) != 1": ("f(1)", "1", "!= 1"),
    "assert f(1) in (2, 3)": ("f(1)", "1", "in (2, 3)"),
    "assert abs(f(1) - 2) < 1e-6": ("f(1)", "1", "2"),
    "import math\nassert math.isclose(f(1.5), 2)": ("f(1.5)", "1.5", "2"),
    "assert set(f([1, 2])) == {3}": ("set(f([1, 2]))", "{1, 2}", "{3}"),
    "assert f({'b', 'a', 'c'}) == 1": ("f({'b', 'a', 'c'})", "{'a', 'b', 'c'}", "1"),
    "assert f(1) == 1 and f(2) == 3": ("f(1) == 1 and f(2) == 3", "False", "True"),
    "assert f(*[1]) is None": ("f(*[1])", "1", "None"),
    "for x in [1, 2]:\n    assert f(x) == 1": ("f(x)", "2", "1"),
    "assert f('a' * 2000) == ''": ("f('a' * 2000)", "'" + "a" * 599 + "...", "''"),
}


@pytest.mark.parametrize("test", SHOWN)
def test_a_failed_comparison_tells_the_call_what_it_gave_and_what_was_wanted(test, run):
    part = run("def f(x): return x", test, entry_point="f").parts[0]
    assert (part.call, (part.got or "")[:603], part.expected) == SHOWN[test]


def test_a_call_that_raised_still_tells_what_was_wanted(run):
    part = run("def f(x): return x[0]", "assert f([]) == 3", entry_point="f").parts[0]
    assert (part.call, part.got, part.expected) == ("f([])", None, "3")


def test_the_same_program_gives_the_same_bytes(run):
    source = "class A: pass\ndef f(x):\n    raise ValueError(f'{A()} {set(x)}')\n"
    details = {run(source, "f('hello world')", entry_point="f").detail for _ in range(3)}
    assert len(details) == 1
    assert "0x0" in details.pop()


CROSSING = {
    "atoms": "assert f((None, True, 1, -1.5, 'a', b'b', 1j)) == (None, True, 1, -1.5, 'a', b'b', 1j)",
    "big": "assert f(10 ** 400) == 10 ** 400 and f(-2 ** 63) == -2 ** 63 and f(2 ** 63) == 2 ** 63",
    "kinds": "assert type(f(True)) is bool and type(f(1.0)) is float and type(f([])) is list and type(f(())) is tuple",
    "nan": "assert f(float('nan')) != f(float('nan')) and f(float('-inf')) == float('-inf')",
    "nested": "x = {1: [{'a': ({2, 3}, frozenset([4]))}], (1, 2): {}}\nassert f(x) == x and f(x) is not x",
    "dates": "import datetime as d\nassert f(d.date(2020, 1, 2)) == d.date(2020, 1, 2) and f(d.timedelta(1)).days == 1",
    "collections": "from collections import *\nassert f(deque([1], 3)).maxlen == 3 and f(OrderedDict(a=1)) == {'a': 1}",
    "counter": "from collections import Counter\nassert f(Counter('aab')).most_common(1) == [('a', 2)]",
    "default": "from collections import defaultdict\nd = f(defaultdict(list, {1: [2]}))\nassert d[5] == [] and d[1] == [2]",
    "numbers": "from decimal import *; from fractions import *\nassert f(Decimal('1.10')) + f(Fraction(1, 2)).numerator == 2.1 or True",
    "views": "assert f({1: 2}).keys() == {1}",
    "array": "import array\nassert f(array.array('i', [1, 2]))[1] == 2",
    "types": "assert f(int) is int and f(ValueError) is ValueError and f(type(None)) is type(None)",
    "slice": "assert [1, 2, 3][f(slice(1, None))] == [2, 3]",
    "surrogate": "assert f('\\ud800') == '\\ud800'",
    "literal_set_order": "assert tuple(f({12, 13, 14, 15, 16})) == tuple({12, 13, 14, 15, 16})",
    "callback": "assert f(lambda: 3)() == 3",
    "deep": "x = []\nfor _ in range(80): x = [x]\nassert f(x) == x",
}


@pytest.mark.parametrize("name", CROSSING)
def test_plain_data_crosses_and_comes_back_equal(name, run):
    found = run("def f(x): return x", CROSSING[name], entry_point="f")
    assert found.outcome == "passed", found.detail


HONEST = {
    "class": (
        "class S:\n    def __init__(s): s.d = []\n    def push(s, x): s.d.append(x)\n    def __len__(s): return len(s.d)\n"
        "    def __eq__(s, o): return s.d == o.d\n    def __repr__(s): return 'S%r' % s.d\n    def __getitem__(s, i): return s.d[i]\n",
        "s, t = S(), S()\ns.push(1); t.push(1)\nassert s == t and len(s) == 1 and repr(s) == 'S[1]' and s[0] == 1 and s.d == [1]",
    ),
    "attributes": ("class A: pass\n", "a = A()\na.x = [1]\nassert a.x == [1]\ndel a.x\nassert not hasattr(a, 'x')"),
    "class_argument": ("class P:\n    def __init__(s, v): s.v = v\ndef f(ps): return sum(p.v for p in ps)\n", "assert f([P(1), P(2)]) == 3"),
    "isinstance": ("class A: pass\nclass B(A): pass\n", "assert isinstance(B(), A) and issubclass(B, A) and not isinstance(A(), B)"),
    "generator": ("def f(n):\n    yield from range(n)\n", "g = f(100)\nassert next(g) == 0 and list(g) == list(range(1, 100))"),
    "endless_generator": ("def f():\n    n = 0\n    while True:\n        yield n\n        n += 1\n", "from itertools import islice\nassert list(islice(f(), 9)) == list(range(9))"),
    "generator_that_raises": ("def f():\n    yield 1\n    raise ValueError('late')\n", "g = f()\nassert next(g) == 1\ntry:\n    next(g)\n    assert False\nexcept ValueError as e:\n    assert str(e) == 'late'"),
    "closure": ("def f(n): return lambda x: x + n\n", "assert f(2)(3) == 5"),
    "decorator": ("def twice(g): return lambda x: g(g(x))\n", "@twice\ndef h(x): return x * 3\nassert h(2) == 18"),
    "callback": ("def f(g, xs): return sorted(xs, key=g)\n", "assert f(lambda x: -x, [1, 3, 2]) == [3, 2, 1] and f(len, ['aa', 'b']) == ['b', 'aa']"),
    "callback_that_raises": ("def f(g):\n    try: g()\n    except KeyError as e: return str(e)\n", "def g(): raise KeyError('k')\nassert f(g) == \"'k'\""),
    "callback_that_calls": ("def f(n, g): return g(n - 1) if n else 0\n", "def g(n): return 1 + f(n, g)\nassert f(5, g) == 5"),
    "iterator_argument": ("def f(it): return [x * 2 for x in it]\n", "assert f(iter([1, 2])) == [2, 4] and f(x for x in (3,)) == [6]"),
    "own_exception": ("class E(ValueError):\n    pass\ndef f(x): raise E('bad', 3)\n", "try:\n    f(1)\n    assert False\nexcept E as e:\n    assert e.args == ('bad', 3)\ntry:\n    f(1)\nexcept ValueError as e:\n    pass"),
    "raises": ("def f(x): raise KeyError(x)\n", "import pytest\nwith pytest.raises(KeyError):\n    f(1)"),
    "approx": ("def f(x): return x / 3\n", "from pytest import approx\nassert f(1) == approx(0.333333333)"),
    "named_tuple": ("from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(): return P(1, 2)\n", "p = f()\nassert p == (1, 2) and p.x == 1 and p[1] == 2"),
    "subclass": ("class L(list):\n    def total(s): return sum(s)\n", "l = L([1, 2])\nl.append(3)\nassert l.total() == 6 and l == [1, 2, 3] and len(l) == 3"),
    "enum": ("from enum import Enum\nclass C(Enum):\n    RED = 1\ndef f(): return C.RED\n", "assert f() == C.RED and f() is C.RED and f().value == 1"),
    "dataclass": ("from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int\n", "assert D(1) == D(1) and D(2) != D(1) and D(3).x == 3"),
    "operators": ("class V:\n    def __init__(s, x): s.x = x\n    def __add__(s, o): return V(s.x + o.x)\n    def __mul__(s, k): return V(s.x * k)\n    def __eq__(s, o): return s.x == o.x\n    def __lt__(s, o): return s.x < o.x\n    def __abs__(s): return abs(s.x)\n", "assert V(1) + V(2) == V(3) and V(2) * 3 == V(6) and V(1) < V(2) and abs(V(-2)) == 2 and max(V(1), V(5)).x == 5"),
    "contains": ("class T:\n    def __init__(s, w): s.w = w\n    def __contains__(s, x): return x in s.w\n", "assert 'a' in T('abc') and 'z' not in T('abc')"),
    "context_manager": ("class M:\n    def __enter__(s): return 5\n    def __exit__(s, *a): pass\n", "with M() as m:\n    assert m == 5"),
    "state": ("n = 0\ndef f():\n    global n\n    n += 1\n    return n\n", "assert [f(), f()] == [1, 2] and f() == 3"),
    "data": ("TABLE = {'a': 1}\n", "assert TABLE['a'] == 1"),
    "main_guard": ("def f(): return 1\nif __name__ == '__main__':\n    print(f())\n", "assert f() == 1"),
    "threads": ("import threading\ndef f():\n    out = []\n    t = [threading.Thread(target=out.append, args=(i,)) for i in range(9)]\n    [x.start() for x in t]; [x.join() for x in t]\n    return sorted(out)\n", "assert f() == list(range(9))"),
    "tests_import_for_the_program": ("def f(x): return math.floor(x)\n", "import math\nassert f(1.5) == 1"),
    "test_class": ("def f(node): return node.value + node.next.value\n", "class Node:\n    def __init__(self, value, next=None):\n        self.value, self.next = value, next\nassert f(Node(1, Node(2))) == 3"),
    "regular_expression": ("import re\ndef f(s): return re.match('a(b)', s)\n", "assert f('ab') and f('ab').group(1) == 'b' and not f('x')"),
    "coroutine_free_async": ("import asyncio\nasync def g(): return 4\ndef f(): return asyncio.run(g())\n", "assert f() == 4"),
    "imported_class": ("from datetime import datetime\ndef f(): return datetime(2020, 1, 2)\n", "assert f() == datetime(2020, 1, 2) and f() == datetime.strptime('2020-01-02', '%Y-%m-%d')"),
    "imported_function": ("from math import sqrt, isclose\ndef f(): return 2\n", "assert f() == sqrt(4) and isclose(f(), 2.0)"),
    "imported_module": ("import sys, math as m\ndef f(x): return sys.getsizeof(x)\n", "assert f(1) == sys.getsizeof(1) and m.floor(1.5) == 1"),
    "copies": ("class A:\n    def __init__(s): s.d = [1]\n", "from copy import deepcopy, copy\na = A()\nb, c = deepcopy(a), copy(a)\na.d.append(2)\na.d = [3]\nassert b.d == [1] and c is not a"),
    "operators_in_a_row": ("class V:\n    def __init__(s, *x): s.x = x\n    def __mul__(s, k): return V(*[i * k for i in s.x])\n    def __iter__(s): return iter(s.x)\n    def __str__(s): return str(s.x)\n", "w = V(1, 2) * 3\nassert tuple(w) == (3, 6) and str(w) == '(3, 6)' and w.x == (3, 6)"),
    "pytest_functions": ("def f(x): return x\n", "def test_it():\n    assert f(1) == 1"),
    "unittest_cases": ("def f(x): return x\n", "import unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(f(1), 1)\n        with self.assertRaises(TypeError): f()"),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_program_passes(name, run):
    source, test = HONEST[name]
    found = run(source, test)
    assert found.outcome == "passed", found.detail


def test_functions_that_only_a_test_runner_would_call_are_called(run):
    assert run("def f(x): return 0", "def test_it():\n    assert f(1) == 1").outcome == "wrong"


def test_unittest_cases_that_fail_are_wrong(run):
    test = "import unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(f(1), 1)"
    assert run("def f(x): return 0", test).outcome == "wrong"


def test_arrays_cross_where_numpy_is_there(run):
    pytest.importorskip("numpy")
    source = "import numpy as np\ndef f(x): return np.array(x) * 2\n"
    found = run(source, "import numpy as np\nassert (f([1, 2]) == np.array([2, 4])).all() and f(3) == 6", seconds=20)
    if "ModuleNotFoundError" in found.detail:
        pytest.skip("programs see no numpy here")
    assert found.outcome == "passed", found.detail


def test_changes_in_place_are_seen_only_where_that_is_asked_for(run):
    source, test = "def f(x): x.sort()\n", "x = [3, 1, 2]\nf(x)\nassert x == [1, 2, 3]"
    assert run(source, test, copy_back=False).outcome == "wrong"
    told, tried = run(source, test, copy_back=True), run(source, test)
    assert [(one.outcome, one.forgeable) for one in (told, tried)] == [("passed", False), ("passed", True)]


def test_tests_together_with_the_program_say_that_they_could_be_forged(run):
    source = "import json\ndef f(x): return json.dumps(x)\n"
    test = "from unittest import mock\nwith mock.patch('json.dumps', return_value='no'):\n    assert f(1) == 'no'"
    together = run(source, test, together=True)
    assert (together.outcome, together.forgeable) == ("passed", True)
    apart = run(source, test)
    assert (apart.outcome, apart.forgeable) == ("wrong", False)


def test_a_traceback_is_the_same_where_tests_run_together(run):
    source, setup = "def f(x):\n    return 1 / x\n", "def check(g):\n    assert g(0) == 2"
    apart, together = (run(source, "check(f)", setup=setup, together=how) for how in (False, True))
    assert apart.detail == together.detail


def test_output_of_the_program_is_kept(run):
    found = run("import sys\nprint('héllo')\ndef f(): print('err', file=sys.stderr)\n", "f()")
    assert (found.stdout, found.stderr) == ("héllo\n", "err\n")


def test_a_judge_that_is_killed_is_a_fault_and_the_next_one_goes_on():
    judge = Referee()
    program = Program(source="def f(): return 1", tests=("assert f() == 1",), entry_point="f")
    try:
        assert judge.judge(program, Limits()).outcome == "passed"
        assert judge.process is not None
        judge.process.kill()
        with pytest.raises(Fault):
            judge.judge(program, Limits())
        assert judge.judge(program, Limits()).outcome == "passed"
    finally:
        judge.close()


def test_a_judge_that_is_closed_judges_no_more():
    judge = Referee()
    judge.retire()
    with pytest.raises(Fault):
        judge.judge(Program(source=""), Limits())


def test_what_a_test_does_to_the_interpreter_does_not_reach_the_next_trial(run):
    spoilt = "import builtins, sys\nbuiltins.input = lambda: '3'\nbuiltins.more = 1\nsys.setrecursionlimit(150)\nassert f([]) == []"
    assert run("def f(x): return x", spoilt).outcome == "passed"
    assert run("def f(x): return x", "assert input() == str(f(3))").outcome == "invalid_check"
    assert run("def f(x): return x", "assert f(1) == more").outcome == "exception"


def test_a_judge_prints_nothing_of_the_tests(capfd):
    judge = Referee()
    try:
        assert judge.judge(Program(source="x = 1", tests=("print(x)",)), Limits()).outcome == "passed"
    finally:
        judge.close()
    assert capfd.readouterr() == ("", "")
