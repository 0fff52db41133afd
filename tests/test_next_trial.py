# ruff: noqa: E501 (tables of programs read best a row a line)
"""What the tests of one task set in their process does not reach the tests of the next."""

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import errata
import test_claims
import test_honest
import test_two_faces
from errata.sandbox import Limits, Program
from errata.sandbox.referee import Referee


@pytest.fixture(scope="module")
def referee() -> Iterator[Referee]:
    made = Referee()
    yield made
    made.close()


SET = {
    "digits_of_decimals": ("import decimal\ndecimal.getcontext().prec = 2", "from decimal import Decimal\nassert str(Decimal(f(1)) / 3) == '0.' + '3' * 28"),
    "warnings_as_errors": ("import warnings\nwarnings.simplefilter('error')", "import warnings\nwarnings.warn('x', DeprecationWarning)\nassert f(1) == 1"),
    "variables": ("import os\nos.environ['ERRATA_X'] = '1'", "import os\nassert 'ERRATA_X' not in os.environ and f(1) == 1"),
    "arguments": ("import sys\nsys.argv = ['p', '3']", "import sys\nassert sys.argv != ['p', '3'] and f(1) == 1"),
    "folder": ("import os\nos.chdir('/usr')", "import os\nassert os.getcwd() != '/usr' and f(1) == 1"),
    "output": ("import sys, io\nsys.stdout = io.StringIO()", "import sys, io\nassert not isinstance(sys.stdout, io.StringIO) and f(1) == 1"),
    "a_function_of_a_module": ("import math\nmath.isclose = lambda *a: True", "import math\nassert not math.isclose(f(1), 2)"),
    "a_function_of_a_module_that_was_not_there": ("import colorsys\nsetattr(colorsys, 'rgb_to_hsv', None)", "import colorsys\nassert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0) and f(1) == 1"),
    "a_module": ("import sys, types\nsys.modules['json'] = types.ModuleType('json')", "import json\nassert json.dumps(f(1)) == '1'"),
    "a_module_of_its_own": ("import sys, types\nsys.modules['requests'] = types.ModuleType('requests')", "import sys\nassert 'requests' not in sys.modules and f(1) == 1"),
    "where_modules_are": ("import sys\nsys.path.insert(0, '/nonsense')", "import sys\nassert '/nonsense' not in sys.path and f(1) == 1"),
    "an_alarm": ("import signal\nsignal.alarm(1)", "import time\ntime.sleep(1.2)\nassert f(1) == 1"),
    "garbage": ("import gc\ngc.disable()", "import gc\nassert gc.isenabled() and f(1) == 1"),
    "tracing": ("import sys\nsys.settrace(lambda *a: None)", "import sys\nassert sys.gettrace() is None and f(1) == 1"),
    "digits_of_numbers": ("import sys\nsys.set_int_max_str_digits(0)", "import sys\nassert sys.get_int_max_str_digits() > 0 and f(1) == 1"),
    "numpy": ("import numpy as np\nnp.seterr(all='raise')\nnp.set_printoptions(precision=1)", "import numpy as np\nassert str(np.array([f(1.0)]) / 3) == '[0.33333333]'\nassert np.geterr()['divide'] == 'warn'"),
}  # fmt: skip


@pytest.mark.parametrize("name", SET)
def test_what_one_tasks_tests_set_is_not_so_for_the_next(name, referee):
    if name == "numpy":
        pytest.importorskip("numpy")
    first, second = SET[name]
    for test in (first + "\nassert f(1) == 1", second):
        program = Program(source="def f(x):\n    return x\n", tests=(test,), entry_point="f")
        found = referee.judge(program, Limits(seconds=3))
        assert found.outcome == "passed", found.detail


def test_a_stand_in_for_pytest_may_stand_in_twice():
    script = "from errata.sandbox.pytests import stand_in; stand_in(); stand_in(); import pytest; print(pytest.raises)"
    environment = {"PYTHONPATH": str(Path(errata.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-S", "-c", script], env=environment, capture_output=True, text=True)
    assert "errata.sandbox.pytests" in done.stdout or "function raises" in done.stdout, done.stderr


BAG = "class Bag:\n    def __init__(self, a): self.a = a\n    def __iter__(self): return iter(self.a)\n    def __len__(self): return len(self.a)\ndef f(a): return Bag(a)\n"
KNOWN = {
    "counted": "from collections import Counter\nassert Counter(f([1, 1])) == {1: 2}",
    "no_mapping": "from collections.abc import Mapping\nassert not isinstance(f([1]), Mapping)",
    "iterable": "import collections.abc\nassert isinstance(Bag([1]), collections.abc.Iterable)",
    "dispatched": "from functools import singledispatch\n@singledispatch\ndef size(x): return len(x)\nassert size(f([1])) == size(Bag([2]))",
}


@pytest.mark.parametrize("name", KNOWN)
def test_what_the_library_remembers_of_a_class_is_not_taken_for_the_next_programs(name, referee):
    for _ in range(3):
        found = referee.judge(Program(source=BAG, tests=(KNOWN[name],), entry_point="f"), Limits(seconds=3))
        assert found.outcome == "passed", found.detail


def test_a_verdict_does_not_depend_on_what_was_judged_before():
    programs: list[Program] = []
    for name, (right, wrong, test) in test_honest.ROWS.items():
        back = "in_place" in name or name == "returned_argument"
        programs += [Program(source=x, tests=(test,), entry_point="f", copy_back=back) for x in (right, wrong)]
    for table in (test_two_faces.HONEST, test_claims.HONEST):
        programs += [Program(source=x, tests=(test,), entry_point="f") for x, test in table.values()]
    programs += [Program(source=BAG, tests=(test,), entry_point="f") for test in KNOWN.values()]
    found: list[set[str]] = [set() for _ in programs]
    order = random.Random(0).sample([*range(len(programs))] * 2, 2 * len(programs))
    with closing(Referee()) as referee:
        for number in order:
            found[number].add(referee.judge(programs[number], Limits(seconds=3)).outcome)
    assert not [program for program, outcomes in zip(programs, found, strict=True) if len(outcomes) > 1]
