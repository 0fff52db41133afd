# ruff: noqa: E501 (tables of programs read best a row a line)
"""Checks in the shapes in which people hand them over: what starts a runner, hands over nodes, leaves by `exit()`."""

from collections.abc import Iterator

import pytest

from errata.sandbox import Limits, Program
from errata.sandbox.limits import Outcome
from errata.sandbox.script import run_script
from errata.sandbox.trial import run_trial
from errata.sandbox.worker import Worker


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


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
        "assert [c.__name__ for c in D.__mro__] == ['D', 'B', 'C', 'A', 'object']",
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
