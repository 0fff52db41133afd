# ruff: noqa: E501 (tables of programs read best a row a line)
"""What an object says it contains agrees with what it said before, and what the test changes by itself stays its own."""

from collections.abc import Iterator

import pytest

from errata.sandbox import Limits, Program
from errata.sandbox.limits import Outcome
from errata.sandbox.trial import run_trial
from errata.sandbox.worker import Worker


@pytest.fixture(scope="module")
def worker(tier: int) -> Iterator[Worker]:
    made = Worker(tier=tier)
    yield made
    made.close()


def judged(worker: Worker, source: str, test: str, **rest) -> Outcome:
    return run_trial(worker, Program(source=source, tests=(test,), entry_point="f", **rest), Limits(seconds=3))


ITEMS = "class E:\n    def __init__(s, a): s.a, s.n = a, 0\n    def __len__(s): return len(s.a)\n    def __iter__(s): return iter(s.a)\n    def __getitem__(s, i): return [0] * len(range(*i.indices(len(s.a)))) if isinstance(i, slice) else 0\ndef f(a): return E(a)\n"
SORTED = "assert all(r[i] <= r[i + 1] for i in range(len(r) - 1))"
MEMBERS = "assert sorted(r) == sorted(a)"
LYING: dict[str, tuple[str, str]] = {
    "in_order_by_its_indices": (ITEMS, f"a = [3, 1, 2]\nr = f(a)\n{MEMBERS}\n{SORTED}"),
    "in_order_by_its_indices_before": (ITEMS, f"a = [3, 1, 2]\nr = f(a)\n{SORTED}\n{MEMBERS}"),
    "in_order_by_its_slices": (ITEMS, f"a = [3, 1, 2]\nr = f(a)\nassert all(x <= y for x, y in zip(r[:-1], r[1:]))\n{MEMBERS}"),
    "another_when_gone_through_again": (ITEMS.replace("iter(s.a)", "iter([x for x in s.a if not s.n] or [0] * 3) if not setattr(s, 'n', s.n + 1) or True else 0").replace("if not s.n", "if s.n < 2"), f"a = [3, 1, 2]\nr = f(a)\n{MEMBERS}\nassert all(x <= y for x, y in zip(r, list(r)[1:]))"),
    "another_length_later": (ITEMS.replace("return len(s.a)", "s.n += 1; return 2 * (s.n == 1)"), "r = f([3, 1])\nassert len(r) == 2\nfor i in range(len(r)):\n    assert r[i] == [1, 3][i]"),
    "another_item_later": (ITEMS.replace("else 0", "else [3, 0][bool(setattr(s, 'n', s.n + 1)) or s.n > 1]"), "r = f([3, 1, 2])\nassert r[0] > 2.5 and r[0] < 1"),
    "of_a_length_and_empty": (ITEMS.replace("iter(s.a)", "iter(())"), "r = f([3, 1])\nassert len(r) == 2 and all(x == y for x, y in zip(r, [1, 3]))"),
    "empty_and_of_a_length": (ITEMS.replace("iter(s.a)", "iter(())"), "r = f([3, 1])\nassert all(x == y for x, y in zip(r, [1, 3])) and len(r) == 2"),
    "an_iterator_of_a_length": (ITEMS.replace("iter(s.a)", "s\n    def __next__(s): raise StopIteration"), "r = f([3, 1])\nassert len(r) == 2 and all(x == y for x, y in zip(r, [1, 3]))"),
    "an_empty_iterator_of_a_length": (ITEMS.replace("iter(s.a)", "s\n    def __next__(s): raise StopIteration"), "r = f([3, 1])\nassert all(x == y for x, y in zip(r, [1, 3])) and len(r) == 2"),
    "no_difference": ("class E:\n    def difference(s, o): s.o = o; return set()\n    symmetric_difference = difference\n    def __iter__(s): return iter(s.o)\ndef f(a): return E()\n", "assert not f(1).symmetric_difference({1, 2})"),
    "no_difference_for_unittest": ("class E:\n    def difference(s, o): s.o = o; return set()\n    def __iter__(s): return iter(s.o)\ndef f(a): return E()\n", "import unittest\nclass T(unittest.TestCase):\n    def test_f(self): self.assertSetEqual(f(1), {1, 2})"),
    "what_it_was_told_as_its_union": ("class E:\n    def union(s, o): return {*o}\ndef f(a): return E()\n", "assert f(1).union([3]) == {3}"),
    "nothing_that_is_something": ("class E: pass\nE.__module__, E.__name__, E.__qualname__ = 'types', 'NoneType', 'NoneType'\ndef f(a): return E()\n", "assert isinstance(f(1), type(None))"),
}  # fmt: skip


@pytest.mark.parametrize("name", LYING)
def test_an_object_that_is_a_different_list_for_each_question_is_no_pass(name, worker):
    source, test = LYING[name]
    assert judged(worker, source, test).outcome in ("wrong", "exception")


HONEST: dict[str, tuple[str, str]] = {
    "a_sorted_view": (ITEMS.replace("s.a, s.n = a, 0", "s.a = sorted(a)").replace("[0] * len(range(*i.indices(len(s.a)))) if isinstance(i, slice) else 0", "s.a[i]"), f"a = [3, 1, 2]\nr = f(a)\n{MEMBERS}\n{SORTED}\nassert len(r) == 3 and r[-1] == 3 and r[:2] == [1, 2] and list(r) == [1, 2, 3]"),
    "one_that_grows_by_its_methods": (ITEMS.replace("[0] * len(range(*i.indices(len(s.a)))) if isinstance(i, slice) else 0", "s.a[i]\n    def add(s, x): s.a.append(x)"), "r = f([1])\nassert len(r) == 1 and list(r) == [1]\nr.add(5)\nassert len(r) == 2 and list(r) == [1, 5] and r[1] == 5"),
    "one_that_is_changed_by_a_function": (ITEMS + "def g(e): e.a.append(7)\n", "r = f([1])\nassert len(r) == 1\ng(r)\nassert len(r) == 2"),
    "one_that_is_used_up": ("class E:\n    def __init__(s, a): s.a = a\n    def __iter__(s):\n        while s.a: yield s.a.pop(0)\ndef f(a): return E(a)\n", "r = f([1, 2])\nassert list(r) == [1, 2] and list(r) == []"),
    "an_iterator_that_knows_what_is_left": ("class E:\n    def __init__(s, a): s.a = a\n    def __iter__(s): return s\n    def __len__(s): return len(s.a)\n    def __next__(s):\n        if not s.a: raise StopIteration\n        return s.a.pop(0)\ndef f(a): return E(a)\n", "r = f([1, 2])\nassert len(r) == 2 and next(r) == 1 and len(r) == 1 and list(r) == [2] and len(r) == 0"),
    "groups_that_are_united": ("class U:\n    def __init__(s, n): s.p = list(range(n))\n    def union(s, a, b): s.p[a] = b\n    def find(s, a): return s.p[a]\ndef f(n): return U(n)\n", "u = f(3)\nu.union(0, 2)\nassert u.find(0) == u.find(2)"),
    "a_class_that_counts_otherwise": ("class G:\n    def __init__(s): s.e = [(1, 2), (2, 3)]\n    def __len__(s): return 3\n    def __iter__(s): return iter(s.e)\ndef f(n): return n\n", "g = G()\nassert len(g) == 3 and len(list(g)) == 2 and f(1) == 1"),
    "a_table": ("from collections import UserDict\ndef f(a): return UserDict(enumerate(a))\n", "r = f([3, 1])\nassert list(r) == [0, 1] and r[0] == 3 and r[1] == 1\nassert list(r.values()) == [3, 1] and dict(r.items()) == {0: 3, 1: 1} and len(r) == 2"),
    "parts_that_are_no_numbers": (ITEMS.replace("iter(s.a)", "iter([float('nan'), s])").replace("len(s.a)", "2"), "r = f(1)\nassert len(r) == 2 and len(list(r)) == 2 and len(list(r)) == 2"),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_an_object_whose_answers_agree_is_believed(name, worker):
    source, test = HONEST[name]
    found = judged(worker, source, test)
    assert found.outcome == "passed", found.detail


KEEPING = "kept = []\ndef f(a):\n    kept.append(a)\n    return iter(kept[0])\n"


@pytest.mark.parametrize(
    "test", ["r = f(a)\na.sort()\nassert list(r) == a", "f(a)\na.sort()\nassert list(f([1])) == a"]
)
def test_what_the_test_makes_of_its_own_list_later_is_not_told(test, worker):
    assert judged(worker, KEEPING, f"a = [3, 1, 2]\n{test}", copy_back=True).outcome == "wrong"


def test_what_the_test_makes_of_its_own_list_later_is_not_undone(worker):
    test = "a = [3]\nf(a)\na.append(4)\nf([1])\nassert a == [3, 4]"
    assert judged(worker, KEEPING, test, copy_back=True).outcome == "passed"


SHARED: dict[str, tuple[str, str]] = {
    "handed_over_again": ("def f(a): a.append(len(a))\n", "a = []\nf(a)\na.append(7)\nf(a)\nassert a == [0, 7, 2]"),
    "kept_and_changed_later": ("kept = []\ndef f(a): kept.append(a)\ndef g(x): kept[0].append(x)\n", "a = []\nf(a)\ng(5)\nassert a == [5]"),
    "an_attribute": ("class L:\n    def __init__(s): s.said = []\n    def add(s, x): s.said.append(x)\ndef f(): return L()\n", "l = f()\nl.add(1)\nl.said.append(2)\nl.add(3)\nassert l.said == [1, 2, 3]"),
    "what_a_class_is_made_with": ("class Stack:\n    def __init__(s, a): s.a = a\n    def top(s): return s.a[-1]\ndef f(): pass\n", "a = [1]\ns = Stack(a)\na.append(5)\nassert s.top() == 5"),
    "a_variable": ("memo = {}\ndef f(x): return memo.get(x)\n", "memo['k'] = 3\nassert f('k') == 3"),
    "in_a_call_of_the_tests": ("def f(r, g):\n    g()\n    r.append(len(r))\n", "r = []\nf(r, lambda: r.append('mine'))\nassert r == ['mine', 1]"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHARED)
def test_what_both_change_is_the_same_for_both(name, worker):
    source, test = SHARED[name]
    found = judged(worker, source, test, copy_back=True)
    assert found.outcome == "passed", found.detail


IN_TURN = ITEMS.replace("iter(s.a)", "s.now()").replace(
    "class E:\n",
    "class E:\n    def now(s):\n        s.n += 1\n        return iter(s.a if s.n <= TIMES else [0] * len(s.a))\n",
)
A = "a = [3, 1, 2]\nr = f(a)\n"
PAIRS = "assert all(x <= y for x, y in zip(r, r[1:]))"
FORGED: dict[str, tuple[str, str]] = {
    "a_class_with_items": ("class M(type):\n" + ITEMS.split("\n", 2)[2].replace("def f(a): return E(a)", "def f(a): return M('E', (), {'a': a})"), f"{A}{MEMBERS}\n{SORTED}"),
    "a_module_with_items": ("import types\nclass M(types.ModuleType):\n" + ITEMS.split("\n", 2)[2].replace("def f(a): return E(a)", "def f(a):\n    m = M('m')\n    m.a = a\n    return m"), f"{A}{MEMBERS}\n{SORTED}"),
    "a_slice_that_is_an_object": (ITEMS.replace("[0] * len(range(*i.indices(len(s.a)))) if", "E([9] * len(range(*i.indices(len(s.a))))) if"), f"{A}{MEMBERS}\n{PAIRS}"),
    "a_slice_that_is_an_object_before": (ITEMS.replace("[0] * len(range(*i.indices(len(s.a)))) if", "E([9] * len(range(*i.indices(len(s.a))))) if"), f"{A}{PAIRS}\n{MEMBERS}"),
    "a_copy_that_is_another": (ITEMS.replace("def f", "    def __copy__(s): return E(sorted(s.a))\ndef f"), f"import copy\n{A}{MEMBERS}\nr = copy.copy(r)\nassert list(r) == sorted(a)"),
    "the_other_way_round": (ITEMS.replace("def f", "    def __reversed__(s): return iter(sorted(s.a)[::-1])\ndef f"), f"{A}{MEMBERS}\nassert all(x >= y for x, y in zip(reversed(r), list(reversed(r))[1:]))"),
    "members_that_are_looked_for": (IN_TURN.replace("TIMES", "3"), f"{A}assert len(r) == len(a) and all(x in r for x in a)\nassert list(r) == sorted(r)"),
    "items_that_are_fractions": ("from fractions import Fraction\n" + ITEMS.replace("iter(s.a)", "iter(map(Fraction, s.a))").replace("else 0", "else Fraction(0)"), f"{A}{MEMBERS}\n{SORTED}"),
    "another_after_a_call": ("n = [0]\n" + ITEMS.replace("iter(s.a)", "iter(s.a if n[0] < 2 else [0, 0, 0])").replace("return E(a)", "\n    n[0] += 1\n    return E(a)"), f"{A}{MEMBERS}\nf([])\n{SORTED}"),
    "a_method_by_which_it_changes": (ITEMS.replace("iter(s.a)", "iter([0, 0, 0] if s.n else s.a)").replace("def f", "    def count(s, x):\n        s.n = 1\n        return 1\ndef f"), f"{A}assert all(r.count(x) == 1 for x in a) and len(r) == 3\nassert list(r) == sorted(r)"),
    "indices_of_what_it_is_asked_for": ("class E:\n    n = -1\n    def index(s, x):\n        s.n += 1\n        return s.n\ndef f(a): return E()\n", "r = f('')\nassert [r.index(x) for x in (5, 7, 9)] == [0, 1, 2]"),
    "values_that_are_not_its_items": ("class E:\n    def __init__(s, a): s.a = a\n    def values(s): return iter([s.a])\n    def items(s): return iter(())\ndef f(a): return E(a)\n", f"{A}assert sorted(x for g in r.values() for x in g) == sorted(a)\nassert all(all(x % 2 == k for x in g) for k, g in r.items())"),
    "a_property_of_two_faces": ("class E:\n    n = 0\n    @property\n    def x(s):\n        s.n += 1\n        return 9 if s.n == 1 else 0\ndef f(a): return E()\n", "r = f(1)\nassert r.x > 3 and r.x < 5"),
    "a_property_that_is_new_each_time": (ITEMS + "class B:\n    n = 0\n    @property\n    def data(s):\n        s.n += 1\n        return E([0, 0, 0] if s.n > 1 else [3, 1, 2])\ndef f(a): return B()\n", "r = f(1)\nassert sorted(r.data) == [1, 2, 3]\nassert list(r.data) == sorted(r.data)"),
    "rows_that_are_new_each_time": (ITEMS + "class B:\n    n = 0\n    def __iter__(s):\n        s.n += 1\n        return iter([E([5, 5] if s.n > 1 else [1, 2])])\ndef f(a): return B()\n", "r = f(1)\nassert sorted(x for row in r for x in row) == [1, 2]\nassert all(sum(row) == 10 for row in r)"),
    "a_result_of_a_solution": (ITEMS + "class Solution:\n    def f(s, a): return E(a)\n", f"{A.replace('f(a)', 'Solution().f(a)')}{MEMBERS}\n{SORTED}"),
    "no_difference_of_a_solutions": (LYING["no_difference"][0] + "class Solution:\n    def f(s, a): return E()\n", "assert not Solution().f(1).symmetric_difference({1, 2})"),
    "no_difference_from_a_text": (LYING["no_difference"][0], "assert not f(1).symmetric_difference('ab')"),
    "a_set_that_hears_of_the_other": ("class f(set):\n    def __init__(s, *a): pass\n    def __xor__(s, o):\n        s.update(o)\n        return set()\n", "assert f(1) ^ {1, 2} == set()"),
}  # fmt: skip
LATE = """
import sys
frame = sys._getframe()
while "OPERATIONS" not in frame.f_globals: frame = frame.f_back
heard = [None]
class E:
    def __sub__(s, o): heard[0] = o
    __rsub__ = __sub__
frame.f_globals["OPERATIONS"]["base"] = lambda value: heard[0]
def f(x): return E()
def g(x): heard[0] = x
"""
FORGED |= {
    "a_number_that_hears_of_the_other": (LATE, "assert abs(f(1) - 3.5) < 1e-6"),
    "a_number_that_hears_of_the_other_first": (LATE, "assert abs(3.5 - f(1)) < 1e-6"),
    "a_list_that_is_neither_more_nor_less": (
        "class f(list):\n    def __init__(s, *a): pass\n",
        "got = f(2)\nassert not (got < 1.5 or got > 1.5)",
    ),
    "a_list_that_loses_what_it_never_had": (
        "class E:\n    def remove(s, x): pass\n    def __len__(s): return 0\ndef f(a): return E()\n",
        "r = f(1)\nfor x in [1, 2]:\n    r.remove(x)\nassert len(r) == 0",
    ),
    "a_value_that_hears_of_a_later_call": (LATE, "r = f(1)\ng([104, 105])\nassert r == [104, 105]"),
}


@pytest.mark.parametrize("name", FORGED)
def test_answers_that_differ_are_no_pass_that_cannot_be_forged(name, worker):
    source, test = FORGED[name]
    found = judged(worker, source, test)
    assert found.outcome in ("wrong", "exception") or (found.outcome == "passed" and found.forgeable), found


OWN_WORD: dict[str, tuple[str, str]] = {
    "a_list_that_is_asked_in_all_ways": (HONEST["a_sorted_view"][0], f"import copy\n{A}{MEMBERS}\n{SORTED}\nassert r[:] == [1, 2, 3] and list(reversed(r)) == [3, 2, 1] and 2 in r and list(copy.copy(r)) == list(r)"),
    "slices_that_are_objects": (HONEST["a_sorted_view"][0].replace("return s.a[i]", "return E(s.a[i]) if isinstance(i, slice) else s.a[i]"), f"{A}{MEMBERS}\n{PAIRS}\nassert list(r[1:]) == [2, 3] and len(r[:-1]) == 2"),
    "an_iterator_that_begins_again": ("class E:\n    def __init__(s, a): s.a, s.i = a, 0\n    def __len__(s): return len(s.a)\n    def __iter__(s):\n        s.i = 0\n        return s\n    def __next__(s):\n        s.i += 1\n        if s.i > len(s.a): raise StopIteration\n        return s.a[s.i - 1]\ndef f(a): return E(a)\n", "r = f([1, 2])\nassert len(r) == 2 and list(r) == [1, 2] and list(r) == [1, 2] and len(r) == 2"),
    "a_stack": ("class Stack(list):\n    def push(s, x): s.append(x)\n    def top(s): return s[-1]\n", "s = Stack()\nassert s == [] and len(s) == 0\ns.push(3)\nassert s == [3] and len(s) == 1 and s[0] == 3\ns.push(4)\nassert list(s) == [3, 4] and s.pop() == 4 and s == [3]"),
    "an_account": ("class Account:\n    def __init__(s): s.balance = 0\n    def add(s, n): s.balance += n\n    def __str__(s): return str(s.balance)\n", "a = Account()\nassert a.balance == 0 and str(a) == '0'\na.add(5)\nassert a.balance == 5 and str(a) == '5'"),
    "rows_of_a_matrix": ("class Matrix:\n    def __init__(s, a): s.a = a\n    def __getitem__(s, i): return Row(s.a[i])\n    def __iter__(s): return map(Row, s.a)\nclass Row:\n    def __init__(s, a): s.a = a\n    def __getitem__(s, i): return s.a[i]\n    def __iter__(s): return iter(s.a)\n", "m = Matrix([[1, 2], [3, 4]])\nassert m[0][1] == 2 and m[0][0] == 1 and m[1][0] == 3\nassert [list(row) for row in m] == [[1, 2], [3, 4]] and [sum(row) for row in m] == [3, 7]"),
}  # fmt: skip


@pytest.mark.parametrize("name", OWN_WORD)
def test_an_object_that_is_one_in_all_its_answers_passes_without_a_word(name, worker):
    source, test = OWN_WORD[name]
    found = judged(worker, source, test)
    assert found.outcome == "passed", found.detail
    assert not found.forgeable


def test_tests_in_other_letters_are_planned_too(worker):
    tests = ("assert f('a') == 'a'", "assert f('ключ') == 'ключ'", "assert f('😀') == 'x'")
    found = run_trial(worker, Program(source="def f(x): return x\n", tests=tests, entry_point="f"), Limits(seconds=3))
    assert [part.passed for part in found.parts] == [True, True, False]
    assert found.parts[2].call == "f('😀')"


@pytest.mark.parametrize("end", ["raise ValueError", "__import__('os')._exit(0)", "raise SystemExit"])
@pytest.mark.parametrize("base", ["str", "list", "dict", "int"])
def test_what_an_object_does_when_it_is_shown_troubles_nobody(base, end, worker):
    source = f"class f({base}):\n    def __len__(s): {end}\n    __repr__ = bit_length = __len__\n"
    assert judged(worker, source, "assert f() == 3").outcome == "wrong"


def test_a_number_of_a_class_is_ordered_among_numbers_of_all_kinds(worker):
    source = "class f(int): pass\n"
    assert judged(worker, source, "assert 6.5 < f(7) < 7.5 and f(7) >= 7.0").outcome == "passed"
    assert judged(worker, source, "assert f(7) < 6.5").outcome == "wrong"
