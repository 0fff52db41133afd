# ruff: noqa: E501 (tables of programs read best a row a line)
"""Tests in the shapes of pytest and unittest mean what these mean by them, also where pytest is not installed."""

import importlib.util
import sys

import pytest

from errata.sandbox import Limits, Program
from errata.sandbox.trial import run_trial
from errata.sandbox.worker import Worker


def found(worker: Worker, source: str, test: str, together: bool = False) -> str:
    program = Program(source=source, tests=(test,), together=together)
    return run_trial(worker, program, Limits(seconds=5)).outcome


RIGHT, WRONG = (
    "def f(x): return x * x\nasync def g(x): return x * x\n",
    "def f(x): return 4\nasync def g(x): return 4\n",
)
SHAPES = {
    "fixture_with_parameters": "import pytest\n@pytest.fixture(params=[2, 3])\ndef n(request): return request.param\ndef test_f(n): assert f(n) == n ** 2",
    "fixture_of_a_fixture_is_one_thing": "import pytest\n@pytest.fixture\ndef box(): return []\n@pytest.fixture\ndef full(box):\n    box.append(f(3))\n    return box\ndef test_f(full, box): assert full is box and box == [9]",
    "fixture_that_nobody_names": "import pytest\nseen = []\n@pytest.fixture(autouse=True)\ndef before():\n    seen.append(f(3))\n    yield\n    seen.clear()\ndef test_f(): assert seen == [9]",
    "fixture_in_a_class": "import pytest\nclass TestF:\n    @pytest.fixture(autouse=True)\n    def before(self): self.n = f(3)\n    @pytest.fixture\n    def three(self): return 3\n    def test_f(self, three): assert self.n == three ** 2",
    "set_up_of_a_class": "class Base:\n    @classmethod\n    def setup_class(cls): cls.n = 3\n    def setup_method(self, method): self.m = f(self.n)\nclass TestF(Base):\n    def test_f(self): assert self.m == 9",
    "inherited_tests": "class Base:\n    n = 2\n    def test_f(self): assert f(self.n) == self.n ** 2\nclass TestTwo(Base): pass\nclass TestThree(Base): n = 3",
    "parameters_of_a_class": "import pytest\n@pytest.mark.parametrize('n', [2, 3])\nclass TestF:\n    def test_f(self, n): assert f(n) == n ** 2",
    "test_that_waits": "async def test_g(): assert await g(3) == 9",
    "case_that_waits": "import unittest\nclass T(unittest.IsolatedAsyncioTestCase):\n    async def test_g(self): self.assertEqual(await g(3), 9)",
    "skips_after_a_look": "import pytest\ndef test_f():\n    if f(3) == 9: pytest.skip('seen')\n    assert False",
    "skips_some": "import pytest\n@pytest.mark.skipif(True, reason='no')\ndef test_no(): assert False\n@pytest.mark.skipif(False, reason='yes')\ndef test_f(): assert f(3) == 9",
    "case_that_skips": "import unittest\nclass T(unittest.TestCase):\n    @unittest.skip('later')\n    def test_no(self): self.fail()\n    def test_or(self): self.skipTest('now')\n    def test_f(self): self.assertEqual(f(3), 9)",
    "case_that_is_to_fail": "import unittest\nclass T(unittest.TestCase):\n    @unittest.expectedFailure\n    def test_f(self): self.assertEqual(f(3), 4)",
    "set_up_of_a_module": "import unittest\nmade = []\ndef setUpModule(): made.append(f(3))\nclass T(unittest.TestCase):\n    def test_f(self): self.assertEqual(made, [9])",
}  # fmt: skip


@pytest.mark.parametrize("together", [False, True], ids=["apart", "together"])
@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_of_tests_passes_the_right_program_and_no_wrong_one(name, together, worker):
    assert found(worker, RIGHT, SHAPES[name], together) == "passed"
    assert found(worker, WRONG, SHAPES[name], together) in ("wrong", "exception")


@pytest.mark.parametrize("name", [name for name in SHAPES if "pytest" in SHAPES[name]])
def test_it_does_so_where_pytest_is_not_installed(name, worker, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda word, *rest: None if word == "pytest" else find(word, *rest)
    )
    for word in [word for word in sys.modules if word == "pytest"]:
        monkeypatch.delitem(sys.modules, word)
    assert found(worker, RIGHT, SHAPES[name]) == "passed"
    assert found(worker, WRONG, SHAPES[name]) in ("wrong", "exception")


SKIPPING = {
    "unittests": "import unittest\ndef f(x): raise unittest.SkipTest('no')",
    "by_its_name": "class SkipTest(Exception): pass\nSkipTest.__module__ = 'unittest.case'\ndef f(x): raise SkipTest('no')",
    "pytests": "class Skipped(BaseException): pass\nSkipped.__module__ = '_pytest.outcomes'\ndef f(x): raise Skipped('no')",
}


@pytest.mark.parametrize("name", SKIPPING)
@pytest.mark.parametrize("shape", ["case_that_skips", "skips_some", "skips_after_a_look"])
def test_a_program_skips_no_test(name, shape, worker):
    assert found(worker, SKIPPING[name], SHAPES[shape]) in ("wrong", "exception", "crashed")
