# ruff: noqa: E501 (tables of programs read best a row a line)
"""A value has one face, and nothing of what a test compares with is the program's: holes that attacks have found."""

import pytest

from errata.sandbox import Limits, Program
from errata.sandbox.limits import Outcome
from errata.sandbox.trial import run_trial
from errata.sandbox.worker import Worker


def judged(worker: Worker, source: str, *tests: str, entry: str = "f", **rest) -> Outcome:
    return run_trial(worker, Program(source=source, tests=tests, entry_point=entry, **rest), Limits(seconds=3))


OWN = """
import sys
frame = sys._getframe()
while "OPERATIONS" not in frame.f_globals:
    frame = frame.f_back
operations = frame.f_globals["OPERATIONS"]
class E:
    pass
def f(x):
    return E()
asked = 0
def base(value):
    global asked
    asked += 1
    return HELD
operations["base"] = base
"""
FACES = {
    "above_and_below": ("9.0 if asked % 2 else -9.0", "assert 1.41 < f(2) < 1.42"),
    "one_bound_after_the_other": ("9.0 if asked % 2 else -9.0", "r = f(2)\nassert r > 1.41\nlen([])\nassert r < 1.42"),
    "two_numbers": ("asked", "r = f(2)\nassert r == 1 and r == 2"),
    "one_of_many": ("asked", "assert f(2) in (9, 2)"),
    "two_lists": ("[asked]", "r = f(2)\nassert r == [1] and r == [2]"),
}


@pytest.mark.parametrize("name", FACES)
def test_a_value_is_one_value_however_often_it_is_compared(name, worker):
    held, test = FACES[name]
    assert judged(worker, OWN.replace("HELD", held), test).outcome == "wrong"


def test_a_list_that_the_test_changes_by_its_methods_is_compared_anew(worker):
    source = "class Stack(list):\n    def push(self, x): self.append(x)\n"
    test = "s = Stack()\nassert s == []\ns.push(1)\nassert s == [1]\ns.push(2)\nassert s == [1, 2]"
    assert judged(worker, source, test, entry="Stack").outcome == "passed"


COMPARING = {
    "np": (
        "class np:\n    isclose = allclose = staticmethod(lambda *given, **named: True)\n",
        "assert np.isclose(f(1), 3)",
    ),
    "numpy": ("import numpy\nnumpy.isclose = lambda *given, **named: True\n", "assert numpy.isclose(f(1), 3)"),
    "pytest": ("class pytest:\n    approx = staticmethod(lambda wanted: 0)\n", "assert f(1) == pytest.approx(3)"),
    "isclose": ("def isclose(*given): return True\n", "assert isclose(f(1), 3)"),
}


@pytest.mark.parametrize("name", COMPARING)
def test_what_a_test_compares_with_is_never_the_programs(name, worker):
    source, test = COMPARING[name]
    assert judged(worker, source + "def f(x): return 0\n", test).outcome == "wrong"
    assert judged(worker, source + "def f(x): return 3\n", test).outcome == "passed"


def test_a_task_may_ask_for_a_function_by_which_others_compare(worker):
    source = "def isclose(a, b): return abs(a - b) < 5\n"
    assert judged(worker, source, "assert isclose(1, 4)", entry="isclose").outcome == "passed"


def test_a_container_is_not_told_what_it_lacks(worker):
    source = """
heard = []
class E:
    def __iter__(self): return iter(())
    def __contains__(self, item):
        heard.append(item)
        return False
def f(x):
    return heard or E()
"""
    assert judged(worker, source, "found = 7 in f(1)\nassert found or 7 in f(1)").outcome == "wrong"


def test_a_class_of_exceptions_in_the_functions_place_does_not_break_the_check(worker):
    assert judged(worker, "class f(Exception): pass\n", "assert f(1) + 0 == 3").outcome == "exception"


HONEST = {
    "made_by_the_test": ("class E(Exception):\n    def __init__(self, have, need):\n        self.need = need\n        super().__init__(f'have {have}')\n", "e = E(5, 10)\nassert e.need == 10 and str(e) == 'have 5' and isinstance(e, E)"),
    "raised_by_the_test": ("class E(ValueError): pass\n", "try:\n    raise E('x')\nexcept ValueError as e:\n    assert str(e) == 'x' and type(e) is E"),
    "words_of_its_own": ("class E(Exception):\n    def __init__(self, code): self.code = code\n    def __str__(self): return f'code {self.code}'\ndef f(): raise E(5)\n", "try:\n    f()\n    assert False\nexcept E as e:\n    assert str(e) == 'code 5'"),
    "derived_by_the_test": ("class E(Exception): pass\n", "class Sub(E):\n    def __init__(self, n):\n        super().__init__(f'n={n}')\n        self.n = n\ntry:\n    raise Sub(3)\nexcept E as e:\n    assert str(e) == 'n=3' and e.n == 3"),
    "raised_in_a_callback": ("class E(Exception):\n    def __init__(self, n): self.n = n\ndef f(g):\n    try:\n        g()\n    except E as e:\n        return e.n\n", "def g(): raise E(7)\nassert f(g) == 7"),
    "attributes_of_the_class": ("class E(Exception):\n    code = 3\n    @classmethod\n    def of(cls, n): return cls('of', n)\n", "assert E.code == 3 and E.of(4).args == ('of', 4)"),
    "of_an_operating_system": ("class E(OSError): pass\ndef f(): raise E(2, 'no')\n", "try:\n    f()\n    assert False\nexcept OSError as e:\n    assert e.errno == 2 and e.strerror == 'no'"),
    "a_default_that_is_a_function": ("from collections import defaultdict\ndef f():\n    d = defaultdict(lambda: defaultdict(int))\n    d['a']['b'] += 1\n    return d\n", "d = f()\nassert isinstance(d, dict) and d == {'a': {'b': 1}} and d['z']['q'] == 0"),
    "items_and_membership_without_iteration": ("class Node:\n    def __init__(self): self.out = {'b': 3}\n    def __contains__(self, k): return k in self.out\n    def __getitem__(self, k): return self.out[k]\nclass Graph:\n    def node(self): return Node()\n", "g = Graph()\nassert 'b' in g.node() and 'z' not in g.node() and g.node()['b'] == 3"),
    "a_container_of_more_than_its_items": ("class Interval:\n    def __init__(self, a, b): self.a, self.b = a, b\n    def __iter__(self): return iter(range(self.a, self.b + 1))\n    def __contains__(self, x): return self.a <= x <= self.b\n", "i = Interval(1, 3)\nassert 2 in i and 2.5 in i and 4 not in i and list(i) == [1, 2, 3]"),
    "quotient_and_rest": ("class N:\n    def __init__(self, v): self.v = v\n    def __divmod__(self, o): return divmod(self.v, o.v)\n", "assert divmod(N(7), N(2)) == (3, 1)"),
    "a_sum_of_what_a_function_gave": ("class P:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return P(self.x + getattr(o, 'x', o))\n    __radd__ = __add__\ndef f(n): return [P(i) for i in range(n)]\n", "assert sum(f(4)).x == 6"),
    "a_byte_order_mark": ("\ufeffdef f(): return 3\n", "assert f() == 3"),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_an_unusual_but_honest_program_passes(name, worker):
    source, test = HONEST[name]
    found = judged(worker, source, test, entry="")
    assert found.outcome == "passed", found.detail


def test_an_array_that_is_changed_in_place_is_changed_for_the_test(worker):
    pytest.importorskip("numpy")
    test = "import numpy as np\na = np.array([[1, 2], [3, 4]])\nf(a)\nassert a.tolist() == [[2, 4], [6, 8]]"
    assert judged(worker, "def f(a): a *= 2\n", test, copy_back=True).outcome == "passed"
    assert judged(worker, "def f(a): a *= 3\n", test, copy_back=True).outcome == "wrong"
    assert judged(worker, "def f(a): a *= 2\n", test, copy_back=False).outcome == "wrong"


def test_an_array_of_another_shape_is_not_put_in_the_place_of_the_tests(worker):
    pytest.importorskip("numpy")
    source = "def f(a):\n    a.resize((1, 2), refcheck=False)\n"
    test = "import numpy as np\na = np.array([1, 2, 3])\nf(a)\nassert a.shape == (1, 2)"
    assert judged(worker, source, test, copy_back=True).outcome == "crashed"
