"""How judges and zygotes begin: from what they share, without getting anything that is not theirs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from errata.sandbox import Limits, Outcome, Pool, Program
from errata.sandbox.carried import MODULES
from errata.sandbox.watch import children

MARK = "expected" + "-of-the-test"
SECRET = "secret" + "-of-the-caller"


@pytest.fixture
def others() -> list[int]:
    """Processes that another test has left to run, say in a generator that nobody read to its end."""
    return children(os.getpid())


@pytest.fixture
def pool(tier: int, others: list[int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    monkeypatch.setenv("ERRATA_SECRET", SECRET)
    with Pool(2, tier) as made:
        judged(made, 40)
        yield made


def judged(pool: Pool, count: int, start: int = 0) -> None:
    """Programs that pass, enough for all workers."""
    jobs = [
        (
            str(at),
            Program(source=f"def f(x): return x[:{at + 99}]", tests=(f"assert f({MARK!r}[:99]) == {MARK!r}",)),
            Limits(),
        )
        for at in range(start, start + count)
    ]
    found = [outcome for _, outcome in pool.map(jobs)]
    assert all(isinstance(item, Outcome) and item.outcome == "passed" for item in found), found


def below(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        found += children(each)
    return found[1:]


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def is_judge(pid: int) -> bool:
    return "errata.sandbox.sitting" in command(pid)


def begun(others: list[int]) -> list[int]:
    """Children of this process but for those that were there before."""
    return [pid for pid in children(os.getpid()) if pid not in others]


def behind(others: list[int]) -> list[int]:
    """The seed of this test's pool, and all that came of it."""
    return [at for pid in begun(others) if not is_judge(pid) for at in below(pid)]


def test_a_judge_is_handed_all_modules_that_it_begins_with() -> None:
    code = (
        "import sys, errata.sandbox.sitting, errata.sandbox.kernel; print(*(m for m in sys.modules if 'errata' in m))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) - {m for m in done.stdout.split() if m.startswith("__editable__")} == set(MODULES)


def test_no_test_and_nothing_of_the_caller_is_in_what_programs_are_forked_from(pool: Pool, others: list[int]) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to read the memory of processes that are held")
    seen = behind(others)
    assert len(seen) >= 2
    for pid in seen:
        memory = memory_of(pid)
        assert b"exec" in memory
        assert MARK.encode() not in memory.replace(f"{MARK!r}[:99]".encode(), b""), command(pid)
        assert SECRET.encode() not in memory
        assert SECRET not in Path(f"/proc/{pid}/environ").read_text()


def memory_of(pid: int) -> bytes:
    """What a process has written."""
    found = b""
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            where, rights, *_ = line.split()
            if rights.startswith("rw"):
                first, last = (int(word, 16) for word in where.split("-"))
                memory.seek(first)
                found += memory.read(last - first)
    return found


def test_seed_and_zygotes_hold_their_control_socket_and_nothing_else(pool: Pool, others: list[int]) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to see the descriptors of processes that are held")
    zygotes = behind(others)
    assert zygotes
    for pid in zygotes:
        held = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
        assert sum(item.startswith("socket:") for item in held) <= 1
        assert {item for item in held if not item.startswith("socket:")} <= {"/dev/null"}


def test_each_judge_is_its_owners_child_in_a_session_of_its_own(pool: Pool, others: list[int]) -> None:
    judges = [pid for pid in begun(others) if is_judge(pid)]
    assert sorted(judges) == sorted(worker.process.pid for worker in pool.workers if worker.process is not None)
    assert len({os.getsid(pid) for pid in (*judges, os.getpid())}) == 3


def test_many_workers_come_of_several_seeds(tier: int) -> None:
    before = children(os.getpid())
    with Pool(9, tier) as pool:
        judged(pool, 300)
        made = begun(before)
        assert sum(is_judge(pid) for pid in made) == 9
        assert len(made) == 9 + 3
    assert children(os.getpid()) == before


@pytest.mark.parametrize("which", [0, 1])
def test_a_judge_that_is_killed_takes_no_other_with_it(pool: Pool, which: int) -> None:
    judges = [worker.process.pid for worker in pool.workers if worker.process is not None]
    os.kill(judges[which], signal.SIGKILL)
    judged(pool, 40, 40)
    now = [worker.process.pid for worker in pool.workers if worker.process is not None]
    assert judges[1 - which] in now
    assert judges[which] not in now


def test_judges_go_on_without_their_seed(pool: Pool, others: list[int]) -> None:
    os.kill(next(pid for pid in begun(others) if not is_judge(pid)), signal.SIGKILL)
    judged(pool, 40, 40)


def test_a_seed_that_is_killed_is_replaced(pool: Pool, others: list[int]) -> None:
    seed = next(pid for pid in begun(others) if not is_judge(pid))
    os.kill(seed, signal.SIGKILL)
    while living(str(seed)):
        time.sleep(0.001)
    for worker in pool.workers:
        assert worker.process is not None
        worker.process.kill()
    judged(pool, 40, 40)
    assert seed not in children(os.getpid())


def test_a_closed_pool_leaves_no_process_and_no_descriptor(tier: int) -> None:
    before, open_before = below(os.getpid()), len(os.listdir("/proc/self/fd"))
    with Pool(3, tier) as pool:
        judged(pool, 40)
        assert len(below(os.getpid())) >= len(before) + 7
        held = below(os.getpid())
    assert below(os.getpid()) == before
    assert not [pid for pid in held if pid not in before and os.path.exists(f"/proc/{pid}")]
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_judges_that_nobody_needed_are_not_left(tier: int) -> None:
    before = children(os.getpid())
    with Pool(3, tier) as pool:
        judged(pool, 1)
        assert len(children(os.getpid())) == len(before) + 4
    assert children(os.getpid()) == before


def test_a_folder_of_a_judge_that_was_killed_while_it_made_a_zygote_is_not_left(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    of_others = tmp_path / "errata-0123456789abcdef-01234567"
    with Pool(1, 2) as pool:
        judged(pool, 1)
        [mine] = tmp_path.iterdir()
        Path(f"{str(mine).rpartition('-')[0]}-of-the-killed").mkdir()
        of_others.mkdir()
    assert [*tmp_path.iterdir()] == [of_others]


def test_everything_ends_with_an_owner_that_is_killed(tier: int) -> None:
    source = f"""
import os, signal
from errata.sandbox import Limits, Pool, Program
from errata.sandbox.watch import children
pool = Pool(2, {tier})
list(pool.map([(str(n), Program(source=f"x = {{n}}", tests=("assert x >= 0",)), Limits()) for n in range(30)]))
found = [os.getpid()]
for pid in found:
    found += children(pid)
print(*found, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    found = done.stdout.split()
    assert len(found) >= 6, done.stderr
    until = time.monotonic() + 10
    while (left := [pid for pid in found if living(pid)]) and time.monotonic() < until:
        time.sleep(0.01)
    assert not left


def living(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def test_a_fork_of_the_owner_ends_nothing(tier: int) -> None:
    source = f"""
import os, sys
from errata.sandbox import Limits, Pool, Program
pool = Pool(1, {tier})
def judge(n):
    return [o.outcome for _, o in pool.map([("a", Program(source=f"x = {{n}}", tests=("assert x >= 0",)), Limits())])]
print(*judge(1))
pids = [worker.process.pid for worker in pool.workers]
if os.fork() == 0:
    sys.exit(0)
os.wait()
print(*judge(2), pids == [worker.process.pid for worker in pool.workers])
pool.close()
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["passed", "passed", "True"]


JOINING = """
import math, select, sys
from errata.sandbox.rehearsal import join
def parts():
    lines = [line.split() for line in open("/proc/self/maps")]
    return [(line[5], line[1]) for line in lines if len(line) > 5 and ".so" in line[5]]
before = parts()
join()
after = parts()
import decimal, json
assert json.loads(json.dumps([math.sqrt(2)])) == [math.sqrt(2)] and decimal.Decimal(1) / 8 == decimal.Decimal("0.125")
print(len(before) - len(after), sum("w" in mode and "x" in mode for _, mode in after), len(set(after)) == len(after))
"""


def test_a_library_is_few_mappings_of_which_none_is_written_and_run() -> None:
    done = subprocess.run([sys.executable, "-c", JOINING], capture_output=True, text=True, check=True)
    fewer, both, once = done.stdout.split()
    assert int(fewer) > 10
    assert (both, once) == ("0", "True")
