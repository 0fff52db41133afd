# ruff: noqa: E501 (tables of programs read best a row a line)
"""Checks in the shapes in which people hand them over: what starts a runner, hands over nodes, leaves by `exit()`."""

import pytest

from errata.sandbox import Limits, Program
from errata.sandbox.limits import Outcome
from errata.sandbox.script import run_script
from errata.sandbox.trial import run_trial
from errata.sandbox.worker import Worker


def judged(worker: Worker, source: str, *tests: str, **rest) -> Outcome:
    return run_trial(worker, Program(source=source, tests=tests, **rest), Limits(seconds=5))


SUITE = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.assertEqual(f(2), 4)\n    def test_b(self): self.assertEqual(f(3), 9)\n"
PYTEST = "import pytest, sys\ndef test_a(): assert f(2) == 4\ndef test_b(): assert f(3) == 9\n"
RUNNERS = {
    "unittest_main": SUITE + "if __name__ == '__main__':\n    unittest.main()",
    "unittest_main_at_once": SUITE + "unittest.main()",
    "unittest_main_that_goes_on": SUITE + "unittest.main(argv=['x'], exit=False)",
    "unittest_main_by_its_name": SUITE + "from unittest import main\nmain()",
    "result_of_unittest_main": SUITE + "assert unittest.main(exit=False).result.wasSuccessful()",
    "a_runner": SUITE + "unittest.TextTestRunner().run(unittest.TestLoader().loadTestsFromTestCase(T))",
    "a_runner_of_a_suite": SUITE
    + "s = unittest.TestSuite()\ns.addTest(T('test_a'))\ns.addTest(T('test_b'))\nunittest.TextTestRunner().run(s)",
    "pytest_main": PYTEST + "if __name__ == '__main__':\n    pytest.main([__file__])",
    "an_exit_with_pytests_code": PYTEST + "if __name__ == '__main__':\n    sys.exit(pytest.main(['-v', __file__]))",
    "an_exit_at_the_end": PYTEST + "sys.exit(0)",
}
TOGETHER = [name for name in RUNNERS if "exit_" not in name]
WARNING = "import warnings\nclass Old(UserWarning): pass\ndef f(x):\n    warnings.warn(f'old {x}', Old)\n    return x\n"
LOGGING = "import logging\ndef f(x):\n    logging.getLogger('app').warning('got %d', x)\n    return x\n"
HEARD: dict[str, tuple[str, str]] = {
    "caught_warnings": (WARNING, "import warnings\nwith warnings.catch_warnings(record=True) as w:\n    warnings.simplefilter('always')\n    assert f(1) == 1\nassert [str(one.message) for one in w] == ['old 1'] and issubclass(w[0].category, Old)"),
    "warnings_of_pytest": (WARNING, "import pytest\ndef test_f():\n    with pytest.warns(UserWarning, match='old 2'): f(2)"),
    "warnings_of_unittest": (WARNING, "import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        with self.assertWarns(UserWarning): f(3)"),
    "warnings_that_are_errors": (WARNING, "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('error')\n    try: f(1)\n    except UserWarning: pass\n    else: assert False"),
    "logs_of_unittest": (LOGGING, "import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        with self.assertLogs('app', level='WARNING') as logs: f(3)\n        self.assertEqual(logs.output, ['WARNING:app:got 3'])"),
}  # fmt: skip


@pytest.mark.parametrize("name", HEARD)
def test_what_a_program_warns_of_and_logs_is_heard(name, worker):
    source, test = HEARD[name]
    found = judged(worker, source, test)
    assert found.outcome == "passed", found.detail
    silent = "class Old(UserWarning): pass\ndef f(x): return x\n"
    assert judged(worker, silent, test).outcome in ("wrong", "exception")


WRONG = {
    "wrong": "def f(x): return 0",
    "wrong_later": "def f(x): return 4",
    "leaves": "import sys\ndef f(x): sys.exit(0)",
}


@pytest.mark.parametrize("name", RUNNERS)
def test_a_check_that_starts_its_own_runner_is_run_whole(name, worker):
    assert judged(worker, "def f(x): return x * x", RUNNERS[name], entry_point="f").outcome == "passed"
    for source in WRONG.values():
        found = judged(worker, source, "assert f(2) in (0, 4)", RUNNERS[name], entry_point="f")
        assert found.outcome in ("wrong", "early_exit"), source
        assert not found.parts[1].passed


@pytest.mark.parametrize("name", TOGETHER)
def test_a_runner_in_the_programs_process_neither_ends_it_nor_hides_a_failure(name, worker):
    assert judged(worker, "def f(x): return x * x", RUNNERS[name], together=True).outcome == "passed"
    for source in WRONG.values():
        assert judged(worker, source, RUNNERS[name], together=True).outcome in ("wrong", "early_exit"), source


@pytest.mark.parametrize("together", [False, True], ids=["apart", "together"])
def test_a_runners_failure_is_told_as_any_other(together, worker):
    found = judged(worker, "def f(x): return 1 / 0", RUNNERS["a_runner"], together=together)
    assert (found.outcome, "ZeroDivisionError" in found.detail) == ("exception", True)
    assert "loud" not in found.detail
    assert "/" not in found.detail.replace("1 / 0", "")
    early = judged(worker, "import os\ndef f(x): os._exit(0)", RUNNERS["a_runner"], together=together)
    assert early.outcome == "early_exit"


def test_a_runner_of_one_check_is_whole_again_for_the_next(worker):
    import unittest

    before = (unittest.main, unittest.TextTestRunner.run)
    judged(worker, "def f(x): return x * x", RUNNERS["unittest_main"])
    assert (unittest.main, unittest.TextTestRunner.run) == before


NODE = "class Node:\n    def __init__(self, value, next=None):\n        self.value, self.next = value, next\n"
BOX = "class Box:\n    def __init__(self, *items): self.items = items\n    def __len__(self): return len(self.items)\n    def __iter__(self): return iter(self.items)\n"
LENT: dict[str, tuple[str, str]] = {
    "not_node": ("def f(n): return 0 if not n else 1 + f(n.next)", NODE + "assert f(Node(1, Node(2))) == 2"),
    "node_and_more": ("def f(n):\n    while n and n.next: n = n.next\n    return n.value", NODE + "assert f(Node(1, Node(5))) == 5"),
    "or": ("def f(a, b): return (a or b).value", NODE + "assert f(None, Node(3)) == 3 and f(Node(1), Node(3)) == 1"),
    "empty_one": ("def f(b): return bool(b), len(b)", BOX + "assert f(Box()) == (False, 0) and f(Box(1)) == (True, 1)"),
    "within": ("def f(b, x): return x in b", BOX + "assert f(Box(1, 2), 2) and not f(Box(1), 3)"),
    "says_so_itself": ("def f(b): return 'yes' if b else 'no'", "class B:\n    def __init__(self, x): self.x = x\n    def __bool__(self): return self.x > 1\nassert f(B(2)) == 'yes' and f(B(1)) == 'no'"),
    "no_length": ("def f(n):\n    try: return len(n)\n    except TypeError: return -1", NODE + "assert f(Node(1)) == -1"),
    "entries": ("def f(d):\n    d['a'] = d['a'] + 1\n    return d['a']", "class D:\n    def __init__(self): self.d = {'a': 1}\n    def __getitem__(self, k): return self.d[k]\n    def __setitem__(self, k, v): self.d[k] = v\nd = D()\nassert f(d) == 2 and d.d == {'a': 2}"),
}  # fmt: skip


@pytest.mark.parametrize("name", LENT)
def test_an_object_of_the_tests_own_class_is_true_false_and_full_as_it_is(name, worker):
    source, test = LENT[name]
    found = judged(worker, source, test, entry_point="f")
    assert found.outcome == "passed", found.detail


CARD = "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Card:\n    rank: int\ndef unique(a):\n    a.sort(key=lambda c: c.rank)\n    return set(a)\ndef ranks(a): return {c: c.rank for c in a}\n"
CHANGING: dict[str, tuple[str, str]] = {
    "a_set_of_objects": (CARD, "a = [Card(2), Card(1), Card(2)]\nassert unique(a) == {Card(1), Card(2)} and [c.rank for c in a] == [1, 2, 2]"),
    "objects_as_keys": (CARD, "a = [Card(2), Card(1)]\nassert ranks(a) == {Card(2): 2, Card(1): 1}\nunique(a)\nassert a[0].rank == 1"),
    "a_log_that_an_exception_leaves": ("def f(log):\n    try:\n        log.append('start')\n        raise ValueError\n    finally: log.append('end')\n", "log = []\ntry: f(log)\nexcept ValueError: pass\nassert log == ['start', 'end']"),
    "rows_of_an_object": ("class M:\n    def __init__(s, r): s.r = r\n    def __getitem__(s, i): return s.r[i]\n    def total(s): return sum(map(sum, s.r))\n", "m = M([[1, 2], [3, 4]])\nm[1][1] = 0\nm[0].append(5)\nassert m.total() == 11 and m[1] == [3, 0]"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGING)
def test_what_both_ends_change_may_hold_objects(name, worker):
    source, test = CHANGING[name]
    found = judged(worker, source, test, copy_back=True)
    assert found.outcome == "passed", found.detail


FAMILY = "from enum import Enum\nclass A: pass\nclass B(A): pass\nclass C(A): pass\nclass D(B, C): pass\nclass Day(Enum):\n    MON = 1\n    TUE = 2\n"


def test_a_class_knows_its_family_and_an_enumeration_its_members(worker):
    tests = (
        "assert D.__bases__ == (B, C) and B.__bases__ == (A,) and A.__bases__ == (object,)",
        "assert list(Day.__members__) == ['MON', 'TUE'] and Day.__members__['TUE'] is Day.TUE",
        "class E(D):\n    def own(self): return 3\nassert E().own() == 3 and isinstance(E(), A)",
    )
    found = judged(worker, FAMILY, *tests)
    assert found.outcome == "passed", found.detail


@pytest.mark.parametrize("word", ["exit()", "quit()", "exit(0)", "raise SystemExit"])
def test_a_program_may_leave_as_people_do(word, worker):
    program = Program(
        source=f"if int(input()) == 0:\n    print('none')\n    {word}\nprint('some')\n",
        cases=(("0\n", "none\n"), ("1\n", "some\n")),
    )
    assert run_script(worker, program, Limits(seconds=5)).outcome == "passed"
    assert judged(worker, f"def f(x):\n    {word}\n", "assert f(1) == 2").outcome == "early_exit"


def test_a_program_may_look_for_its_own_folder(worker):
    source = "import os\nHERE = os.path.dirname(os.path.abspath(__file__))\ndef f(): return type(HERE)\n"
    assert judged(worker, source, "assert f() is str").outcome == "passed"


MOCKED: dict[str, tuple[str, str]] = {
    "a_mock_in_place_of_a_part": ("class S:\n    def __init__(s, r): s.r = r\n    def total(s, ids): return sum(s.r.get(i) for i in ids)\n", "from unittest.mock import Mock, call\nr = Mock()\nr.get.side_effect = [1, 2]\nassert S(r).total([7, 8]) == 3\nr.get.assert_called_with(8)\nassert r.get.call_args_list == [call(7), call(8)]"),
    "an_object_that_may_be_called_and_has_more": ("def f(c): return c(2) + c.step", "class C:\n    step = 5\n    def __call__(self, x): return x * 2\nassert f(C()) == 9"),
    "words_of_a_class_of_exceptions": ("class E(Exception):\n    'Words.'\n", "assert E.__doc__ == 'Words.' and issubclass(E, Exception)"),
    "a_table_of_a_data_class_with_a_row": ("from dataclasses import dataclass\nfrom typing import NamedTuple\nclass R(NamedTuple):\n    a: int\n    b: int\n@dataclass\nclass D:\n    r: R\ndef f(): return D(R(1, 2))\n", "from dataclasses import asdict, astuple\nassert asdict(f()) == {'r': (1, 2)} and astuple(f()) == ((1, 2),)"),
    "words_of_an_exception_in_rows": ("def f(p): raise IndexError(p, [1, 'a'])", "try:\n    f((9, 9))\nexcept IndexError as e:\n    assert e.args == ((9, 9), [1, 'a'])\nelse:\n    assert False"),
    "a_table_that_gives_itself_back": ("class Bag(dict):\n    def add(s, k):\n        s[k] = s.get(k, 0) + 1\n        return s\n", "b = Bag().add('a').add('a').add('b')\nassert b == {'a': 2, 'b': 1} and b['a'] == 2 and sorted(b) == ['a', 'b']"),
}  # fmt: skip


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("name", MOCKED)
def test_what_stands_in_and_what_gives_itself_back_is_whole(name, back, worker):
    source, test = MOCKED[name]
    found = judged(worker, source, test, copy_back=back)
    assert found.outcome == "passed", found.detail


def test_a_program_does_not_ask_or_change_a_mock_by_the_tests_own_means(worker):
    source = "def f(m):\n    for name in ('call_count', 'side_effect', 'return_value', 'assert_called_once', '_mock_children'):\n        try: getattr(m, name)\n        except AttributeError: pass\n        else: return name\n    try: m.assert_called_once = lambda: None\n    except AttributeError: return 'none'\n"
    test = "from unittest.mock import Mock\nm = Mock()\nassert f(m) == 'none'\ntry: m.assert_called_once()\nexcept AssertionError: pass\nelse: raise ValueError"
    found = judged(worker, source, test)
    assert found.outcome == "passed", found.detail


IN_PLACE: dict[str, tuple[str, str, str]] = {
    "dropped": ("def f(a): a.sort()", "def f(a): a.reverse()", "a = [3, 1, 2]\nf(a)\nassert a == [1, 2, 3]"),
    "counted": ("def f(a):\n    a[:2] = [1, 2]\n    return 2", "def f(a): return 2", "a = [1, 1, 2]\nk = f(a)\nassert k == 2 and a[:k] == [1, 2]"),
    "of_a_class": ("class Solution:\n    def turn(self, m): m[:] = [list(r) for r in zip(*m[::-1])]", "class Solution:\n    def turn(self, m): return [list(r) for r in zip(*m[::-1])]", "m = [[1, 2], [3, 4]]\nSolution().turn(m)\nassert m == [[3, 1], [4, 2]]"),
    "of_unittest": ("def f(a): a.append(1)", "def f(a): pass", "import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        a = []\n        f(a)\n        self.assertEqual(a, [1])"),
    "a_variable": ("table = {}\ndef f(k): table[k] = 1", "table = {}\ndef f(k): pass", "f('a')\ntable.clear()\nf('b')\nassert table == {'b': 1}"),
    "a_part_of_an_object": ("class B:\n    def __init__(s): s.items = []\n    def total(s): return sum(s.items)", "class B:\n    def __init__(s): s.items = []\n    def total(s): return 0", "b = B()\nb.items.append(3)\nb.items[0] += 1\nassert b.total() == 4"),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_PLACE)
def test_without_a_reference_a_test_that_looks_at_changes_is_told_of_them_and_says_so(name, worker):
    right, wrong, test = IN_PLACE[name]
    found = judged(worker, right, test)
    assert (found.outcome, found.forgeable) == ("passed", True), found.detail
    assert judged(worker, wrong, test).outcome in ("wrong", "exception")
    assert judged(worker, right, test, copy_back=False).outcome in ("wrong", "exception")


LOOKING_AT_NOTHING = (
    "xs = [3, 1, 2]\nassert f(xs) == sorted(xs)",
    "xs = [3, 1]\nout = f(xs)\nassert len(out) == len(xs) and sorted(xs) == out",
    "import random\nxs = [3, 1]\nrandom.shuffle(xs)\nprint(xs)\nassert f(xs) == sorted(xs)",
    "rows = []\nxs = [3, 1]\nrows.append(xs)\nassert f(xs) == sorted(xs)",
    "import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        xs = [3, 1]\n        out = f(xs)\n        self.assertEqual(out, sorted(xs))\n        self.assertEqual(len(out), len(xs))",
)


@pytest.mark.parametrize("test", LOOKING_AT_NOTHING)
def test_a_test_that_does_not_look_at_changes_is_told_of_none(test, worker):
    source = "def f(a):\n    a.clear()\n    return []"
    assert judged(worker, source, test, entry_point="f").outcome in ("wrong", "exception")
