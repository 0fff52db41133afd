"""Many programs at once: streamed, run once each, and nothing left behind however it ends."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from errata.errors import Fault
from errata.sandbox import Limits, Outcome, Pool, Program, pool, run
from errata.sandbox.pool import LOOK_AHEAD, Job
from errata.sandbox.watch import children

RIGHT = Program(source="def f(x):\n    return x + 1\n", tests=("assert f(1) == 2",))
WRONG = Program(source="def f(x):\n    return x\n", tests=("assert f(1) == 2",))
LIMITS = Limits()


def numbered(number: int) -> Program:
    return Program(source=f"def f(x):\n    return x + {number}\n", tests=(f"assert f(1) == {number + 1}",))


def words(answers: Iterator[tuple[str, Outcome | Fault]]) -> dict[str, str]:
    return {key: answer.outcome if isinstance(answer, Outcome) else "fault" for key, answer in answers}


def family() -> list[int]:
    """The processes below this one."""
    todo, found = children(os.getpid()), list[int]()
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children(pid)
    return found


def gone(pids: list[int]) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.01)
    return False


def test_one_program_is_judged() -> None:
    assert run(RIGHT).outcome == "passed"
    assert run(WRONG, LIMITS).outcome == "wrong"


def test_each_job_gets_its_own_answer() -> None:
    with Pool(2) as made:
        jobs = [(str(n), numbered(n), LIMITS) for n in range(30)]
        jobs[7] = ("7", WRONG, LIMITS)
        assert words(made.map(jobs)) == {str(n): "wrong" if n == 7 else "passed" for n in range(30)}


def test_jobs_are_taken_only_as_fast_as_they_are_answered() -> None:
    taken = 0

    def endless() -> Iterator[Job]:
        nonlocal taken
        while True:
            taken += 1
            yield str(taken), numbered(taken), LIMITS

    with Pool(2) as made:
        answers = made.map(endless())
        for _ in range(10):
            next(answers)
        assert taken <= 10 + 2 * LOOK_AHEAD + 1
        answers.close()


def test_identical_programs_are_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[Program] = []
    real = pool.attempts

    def counted(worker: pool.Referee, jobs: list[tuple[Program, Limits]]) -> Iterator[Outcome | Fault]:
        judged.extend(program for program, _ in jobs)
        return real(worker, jobs)

    monkeypatch.setattr(pool, "attempts", counted)
    with Pool(2) as made:
        answers = words(made.map((str(n), RIGHT if n % 2 else WRONG, LIMITS) for n in range(40)))
    assert len(judged) == 2
    assert answers == {str(n): "passed" if n % 2 else "wrong" for n in range(40)}


def test_other_limits_are_another_run() -> None:
    slow = Program(source="def f(x):\n    while x: pass\n", tests=("assert f(1) is None",))
    short, long = Limits(seconds=0.3), Limits(seconds=0.6)
    with Pool(1) as made:
        answers = dict(made.map([("a", slow, short), ("b", slow, long)]))
    assert [a.outcome for a in answers.values() if isinstance(a, Outcome)] == ["timeout", "timeout"]
    assert answers["a"] != answers["b"]


def test_a_fault_is_tried_again_and_then_told(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    def dying(*_: object) -> Iterator[Outcome]:
        nonlocal tries
        tries += 1
        raise Fault("the machine is on fire")

    monkeypatch.setattr(pool.Referee, "judge_all", dying)
    with Pool(1) as made:
        [(key, answer)] = list(made.map([("a", RIGHT, LIMITS)]))
    assert (key, str(answer), tries) == ("a", "the machine is on fire", 2)


def test_a_judge_that_dies_at_one_program_judges_the_others_of_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    real = pool.Referee.judge_all

    def dying(self: pool.Referee, jobs: Sequence[tuple[Program, Limits]]) -> Iterator[Outcome]:
        for at, (program, _) in enumerate(jobs):
            if program == numbered(3):
                raise Fault("a judge died")
            yield from real(self, jobs[at : at + 1])

    monkeypatch.setattr(pool.Referee, "judge_all", dying)
    with Pool(1) as made:
        answers = words(made.map((str(n), numbered(n), LIMITS) for n in range(20)))
    assert answers == {str(n): "fault" if n == 3 else "passed" for n in range(20)}


def test_what_waits_behind_a_slow_program_is_given_back_and_judged_by_whoever_is_free() -> None:
    slow = [
        Program(source=f"import time\ntime.sleep(0.5)\n{numbered(n).source}", tests=numbered(n).tests) for n in range(3)
    ]
    judge = pool.Referee()
    try:
        assert len(list(judge.judge_all([(program, LIMITS) for program in (slow[0], RIGHT, WRONG)]))) == 1
    finally:
        judge.close()
    many = [*(numbered(n) for n in range(12)), *slow, *(numbered(n) for n in range(20, 40))]
    with Pool(2) as made:
        answers = words(made.map((str(at), program, LIMITS) for at, program in enumerate(many)))
    assert answers == {str(at): "passed" for at in range(len(many))}


def test_an_error_in_the_jobs_ends_the_map_and_nothing_is_left() -> None:
    def broken() -> Iterator[Job]:
        yield "a", RIGHT, LIMITS
        yield "b", numbered(3), LIMITS
        raise LookupError("no more")

    before = set(family())
    with Pool(2) as made, pytest.raises(LookupError, match="no more"):
        list(made.map(broken()))
    assert gone([pid for pid in family() if pid not in before])


def test_closing_in_the_middle_leaves_no_process_and_no_descriptor() -> None:
    list(Pool(1).map([]))
    before, files = set(family()), len(os.listdir("/proc/self/fd"))
    sleeper = Program(source="import time\ntime.sleep(60)\n", tests=("assert True",))
    began = time.monotonic()
    with Pool(2) as made:
        answers = made.map(
            [("a", RIGHT, LIMITS), ("b", sleeper, Limits(seconds=50)), ("c", sleeper, Limits(seconds=51))]
        )
        next(answers)
        mine = [pid for pid in family() if pid not in before]
        answers.close()
    assert mine
    assert gone(mine)
    assert len(os.listdir("/proc/self/fd")) == files
    assert time.monotonic() - began < 40


@pytest.mark.parametrize("tier", [1, 2])
def test_ctrl_c_ends_it_cleanly(tmp_path: Path, tier: int) -> None:
    source = f"""
import os, signal, sys, threading
from errata.sandbox import Limits, Pool, Program
# A command that a script runs in the background is born deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
sleeper = Program(source="import time\\ntime.sleep(60)", tests=("assert True",))
threading.Timer(3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    with Pool(2, {tier}) as pool:
        list(pool.map((str(n), sleeper, Limits(seconds=40 + n)) for n in range(8)))
except KeyboardInterrupt:
    print("stopped", threading.active_count())
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=60, env=environment, check=False
    )
    assert done.stdout.startswith("stopped"), done.stderr
    assert done.stderr == ""
    until = time.monotonic() + 10
    while list(tmp_path.iterdir()) and time.monotonic() < until:
        time.sleep(0.01)
    assert list(tmp_path.iterdir()) == []


def test_a_pool_may_be_used_again_and_not_after_its_end() -> None:
    with Pool(1) as made:
        assert words(made.map([("a", RIGHT, LIMITS)])) == {"a": "passed"}
        assert words(made.map([("b", WRONG, LIMITS)])) == {"b": "wrong"}
    with pytest.raises(RuntimeError, match="closed"):
        list(made.map([("c", RIGHT, LIMITS)]))


def test_the_tier_stands_in_every_outcome() -> None:
    for tier in (1, 2):
        with Pool(1, tier) as made:
            [(_, answer)] = list(made.map([("a", RIGHT, LIMITS)]))
        if isinstance(answer, Fault):
            assert "cannot be had" in str(answer)
        else:
            assert answer.tier == tier


def test_the_judges_of_a_full_machine_and_all_below_them_keep_to_one_core_each() -> None:
    cores, others = os.sched_getaffinity(0), family()
    with Pool(len(cores)) as pool:
        assert len(words(pool.map((str(n), numbered(n), LIMITS) for n in range(64)))) == 64
        judges = {worker.process.pid for worker in pool.workers if worker.process is not None}
        idle = {pid for pid in children(os.getpid()) if pid not in judges}
        kept = [os.sched_getaffinity(pid) for pid in family() if pid not in {*others, *idle}]
    assert len(kept) >= 2 * len(cores)
    assert len(cores) == 1 or all(len(own) == 1 for own in kept)
