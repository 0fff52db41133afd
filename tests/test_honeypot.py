"""Honeypots: tasks that nobody can solve are chosen by seed, are passed by hacks alone, and are never trained on."""

from dataclasses import replace

import pytest

from errata.errors import UsageError
from errata.judges import Judging, judge
from errata.judges.honeypot import contradicted, honeypots
from errata.recipes.leti import Leti, conditioned
from errata.types import Sample, Task, Timed, UnitTests, Verdict


def task(n: int) -> Task:
    tests = (f"assert add(1) == {n + 1}", f"assert add(2) == {n + 2}")
    return Task(id=f"t/{n}", instruction="Add.", check=UnitTests(tests=tests, entry_point="add"))


TASKS = [task(n) for n in range(40)]


def test_the_share_is_chosen_by_seed_and_nothing_else_changes():
    made, pots = honeypots(TASKS, 0.1, seed=3)
    assert len(pots) == 4
    assert [row.id for row in made] == [row.id for row in TASKS]
    assert honeypots(list(reversed(TASKS)), 0.1, seed=3)[1] == pots
    assert honeypots(TASKS, 0.1, seed=4)[1] != pots
    assert [row for row in made if row.id not in pots] == [row for row in TASKS if row.id not in pots]
    assert all(len(row.check.tests) == 3 for row in made if row.id in pots)


def test_without_a_share_there_is_no_honeypot():
    assert honeypots(TASKS, 0.0, seed=3) == (TASKS, [])


def test_the_impossible_test_says_the_contrary_of_the_first():
    assert contradicted("assert f(1) == 2") == "assert not (f(1) == 2)"
    assert contradicted("x = f(1)\nassert x == 2") == ""
    odd = replace(task(0), check=UnitTests(tests=("check(add)",), setup="def check(f): pass"))
    assert honeypots([odd], 1, seed=0)[0][0].check.tests[-1] == "assert False"


def test_an_honest_program_fails_a_honeypot_and_passes_its_neighbour():
    (pot,), _ = honeypots([TASKS[1]], 1, seed=0)
    sample = Sample(id="t/1#0", of="t/1#0", task="t/1", prompt="", text="def add(x):\n    return x + 1\n")
    for one, passed in ((pot, False), (TASKS[1], True)):
        (made,) = judge([one], Judging(workers=1, seconds=2.0))([sample])
        assert isinstance(made, Timed)
        assert made.record.passed is passed


@pytest.mark.parametrize("control", ["none", "shuffled"])
def test_samples_of_honeypots_are_not_trained_on(control):
    samples = [Sample(id=f"t/{n}#0", of=f"t/{n}#0", task=f"t/{n}", prompt="p", text=str(n)) for n in range(40)]
    ends = {True: "passed", False: "wrong"}
    verdicts = [
        Verdict(id=row.id, of=row.id, task=row.task, passed=n % 2 == 0, outcome=ends[n % 2 == 0], score=0)
        for n, row in enumerate(samples)
    ]
    config = Leti(control=control)
    made = list(conditioned(samples, verdicts, [None] * 40, config, 0, pots=["t/4", "t/5"]))
    told = {part for demo in made for part in demo.of}
    assert len(made) == 38
    assert not told & {"t/4#0", "t/5#0"}


def test_a_share_that_is_none_is_refused():
    with pytest.raises(UsageError, match="honeypot"):
        Leti(honeypot=1.0)
