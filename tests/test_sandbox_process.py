"""What the sandbox holds, a promise a test, in every tier that this machine has."""

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from errata.errors import Fault, UsageError
from errata.sandbox import held, launch, places, tiers
from errata.sandbox.child import Child
from errata.sandbox.limits import Ended, Limits
from errata.sandbox.worker import Worker

RAW = """
import sys, traceback
def serve(channel, job):
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")
    try:
        exec(compile(job, "<program>", "exec"), {"__name__": "__main__", "channel": channel})
    except SystemExit:
        raise
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
def prepared():
    return serve
"""
"""A candidate that runs its job and says nothing: these tests are about processes, not about verdicts."""
UNREHEARSED = "def rehearse(prepared): pass\ndef fill(): pass\ndef join(): pass\n"
ONE_SECOND = Limits(seconds=1)


class Box:
    """A worker whose programs are run bare."""

    def __init__(self, tier: int) -> None:
        self.worker = Worker(tier)

    def run(self, source: str, limits: Limits = ONE_SECOND, stdin: bytes = b"") -> Ended:
        child = self.worker.start(source.encode(), limits, stdin)
        heard(child)
        return child.finish(kill=False)

    def says(self, source: str, limits: Limits = ONE_SECOND) -> str:
        ended = self.run(source, limits)
        assert not ended.stderr, ended
        return ended.stdout.strip()


def heard(child: Child) -> bytes:
    data = b""
    while child.wait() and (more := child.channel.recv(1 << 16)):
        data += more
    return data


@pytest.fixture(scope="module")
def box(tier: int) -> Iterator[Box]:
    texts = {**launch.sources(), "candidate": RAW, "rehearsal": UNREHEARSED}
    root = tempfile.mkdtemp()
    os.chmod(root, 0o755)
    with pytest.MonkeyPatch.context() as patch:
        [patch.setattr(launch, name, lambda: texts) for name in ("codes", "sources")]
        patch.setattr(held, "scratch_root", lambda: root)
        made = Box(tier)
        yield made
        made.worker.close()
    os.rmdir(root)


def refused(body: str) -> str:
    lines = "\n    ".join(body.splitlines())
    return f"try:\n    {lines}\n    print('ESCAPED')\nexcept (OSError, ValueError) as e:\n    print('refused')"


def test_a_program_runs_and_ends(box: Box) -> None:
    ended = box.run("print('hello'); import sys; print('oh', file=sys.stderr)")
    assert (ended.exit_code, ended.stdout, ended.stderr, ended.limit) == (0, "hello\n", "oh\n", "")


def test_standard_input_is_what_was_given(box: Box) -> None:
    text = "a line\n" * 50_000
    assert box.run("import sys; print(len(sys.stdin.read()))", stdin=text.encode()).stdout == f"{len(text)}\n"


def test_standard_input_is_at_its_end_when_nothing_was_given(box: Box) -> None:
    assert "EOFError" in box.run("input()").stderr


def test_a_job_larger_than_a_socket_arrives_whole(box: Box) -> None:
    assert box.says(f"x = '{'y' * 3_000_000}'\nprint(len(x))") == "3000000"


def test_hashes_are_the_same_in_every_process(box: Box, tier: int) -> None:
    source = "print(hash('errata'), list({'a', 'b', 'c', 'd', 'e'}))"
    first = box.says(source)
    other = Box(tier)
    assert other.says(source) == first
    other.worker.close()


def test_a_program_says_the_same_wherever_and_whenever_it_runs(box: Box, tier: int) -> None:
    source = """
import random
class C: pass
channel.sendall(str([C(), {C() for _ in range(5)}, random.random()]).encode())
channel.recv(1)
"""

    def told(worker: Worker) -> bytes:
        child = worker.start(source.encode(), ONE_SECOND)
        assert child.wait()
        answer = child.channel.recv(1 << 16)
        child.finish(kill=True)
        return answer

    one, other = Box(tier).worker, Box(tier).worker
    answers = [told(one), told(one), told(other), told(one), told(other)]
    one.close()
    other.close()
    assert len(set(answers)) == 1, answers


def test_the_environment_of_the_judge_is_not_seen(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERRATA_SECRET", "x")
    other = Box(box.worker.tier or 0)
    assert "ERRATA_SECRET" not in other.says("import os; print(dict(os.environ))")
    other.worker.close()


def test_only_four_descriptors_are_inherited(box: Box) -> None:
    source = """
import os
found = []
for n in range(256):
    try: os.fstat(n); found.append(n)
    except OSError: pass
print(found)
"""
    assert box.says(source) == "[0, 1, 2, 3]"


def test_there_is_no_network(box: Box) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        source = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 1)"
        assert box.says(refused(source)) == "refused"
    for kind in ("socket.AF_INET", "socket.AF_INET6", "socket.AF_UNIX", "16", "socket.AF_PACKET"):
        assert box.says(refused(f"import socket\nsocket.socket({kind}, socket.SOCK_DGRAM)")) == "refused"


def test_a_datagram_cannot_be_sent_through_a_socket_pair(box: Box, tmp_path: Path) -> None:
    where = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(where)
        Path(where).chmod(0o777)
        source = (
            f"import socket\na, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\na.sendto(b'x', {where!r})"
        )
        assert box.says(refused(source)) == "refused"


def test_nothing_is_written_outside_the_scratch(box: Box, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for folder in (str(tmp_path), "/", "/usr/lib", "/dev", "/var", os.path.dirname(os.__file__)):
        assert box.says(refused(f"open({folder + '/left'!r}, 'w').write('x')")) == "refused"
    assert not list(tmp_path.iterdir())


def test_modes_of_files_outside_cannot_be_changed(box: Box, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("x")
    mine.chmod(0o644)
    for path in (str(mine), os.__file__):
        before = os.stat(path)
        box.run(f"import os\nos.chmod({path!r}, 0o777)")
        box.run(f"import os\nos.utime({path!r}, (1, 1))")
        assert (os.stat(path).st_mode, os.stat(path).st_mtime) == (before.st_mode, before.st_mtime)


def test_the_files_of_this_machine_cannot_be_read(box: Box, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o644)
    for path in (str(secret), "/etc/passwd", "/proc/self/environ", "/proc/1/cmdline", "/sys/kernel/notes", __file__):
        assert box.says(refused(f"open({path!r}, 'rb').read()")) == "refused"


def test_the_processes_of_this_machine_cannot_be_listed(box: Box) -> None:
    assert box.says(refused("import os\nos.listdir('/proc')")) == "refused"


def test_the_standard_library_can_be_imported(box: Box) -> None:
    names = "sqlite3 decimal asyncio multiprocessing zoneinfo ssl lzma ctypes xml.etree.ElementTree concurrent.futures"
    assert box.says(f"for name in {names.split()}: __import__(name)\nprint('all')") == "all"


def test_installed_packages_can_be_imported(box: Box) -> None:
    if not any((Path(folder) / "numpy").is_dir() for folder in places.python().site):
        pytest.skip("numpy is not installed beside this Python")
    source = "import numpy as np; print(int(np.linalg.inv(np.eye(3)).sum()))"
    assert box.says(source, Limits(seconds=20)) == "3"


def test_packages_of_a_named_environment_can_be_imported(box: Box, tier: int, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    tmp_path.chmod(0o755)
    [packages] = (tmp_path / "env").glob("lib/*/site-packages")
    (packages / "alpha.py").write_text("name = 'alpha'")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "beta.py").write_text("name = 'beta'")
    (packages / "mine.pth").write_text(f"{tmp_path / 'mine'}\n")
    other = Box(tier)
    other.worker.environment = str(tmp_path / "env")
    assert other.says("import alpha, beta; print(alpha.name, beta.name)") == "alpha beta"
    assert other.says(refused(f"open({str(tmp_path / 'mine' / 'beta.py')!r}, 'w')")) == "refused"
    other.worker.close()


def test_an_environment_that_is_none_is_said_so() -> None:
    with pytest.raises(UsageError, match="no Python environment"):
        places.python("/nowhere")


def test_threads_work(box: Box) -> None:
    source = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as pool: print(sum(pool.map(lambda n: n, range(100))))
"""
    assert box.says(source) == "4950"


def test_other_programs_cannot_be_started(box: Box) -> None:
    source = f"import subprocess\nsubprocess.run([{sys.executable!r}, '-c', '0'], check=True)"
    assert box.says(refused(source)) == "refused"
    assert box.says(refused(f"import os\nos.execv({sys.executable!r}, ['x', '-c', '0'])")) == "refused"


CALLS = {
    "ptrace": 101,
    "process_vm_readv": 310,
    "unshare": 272,
    "setns": 308,
    "mount": 165,
    "chroot": 161,
    "bpf": 321,
    "io_uring_setup": 425,
    "perf_event_open": 298,
    "userfaultfd": 323,
    "add_key": 248,
    "keyctl": 250,
    "open_by_handle_at": 304,
    "memfd_create": 319,
    "pidfd_getfd": 438,
    "pidfd_send_signal": 424,
    "kexec_load": 246,
    "init_module": 175,
    "setuid": 105,
    "setxattr": 188,
    "mknod": 133,
    "personality": 135,
    "clone3": 435,
    "seccomp": 317,
    "landlock_create_ruleset": 444,
    "sendmsg": 46,
    "shmget": 29,
    "mq_open": 240,
    "inotify_init": 253,
    "execveat": 322,
    "setpriority": 141,
    "syslog": 103,
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
def test_dangerous_system_calls_are_refused_whatever_their_arguments(box: Box) -> None:
    source = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
buffer = ctypes.create_string_buffer(256)
for name, number in {CALLS}.items():
    if libc.syscall(number, 0, buffer, 0, 0, 0, 0) >= 0 or ctypes.get_errno() not in (1, 38): print(name)
"""
    assert box.says(source) == ""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="x32 belongs to x86-64")
def test_another_architectures_calls_kill_the_process(box: Box) -> None:
    assert box.run("import ctypes; ctypes.CDLL(None).syscall(0x40000000 + 39); print('alive')").signal == 31


def test_limits_cannot_be_raised(box: Box) -> None:
    for name in ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CORE"):
        source = f"import resource\nresource.setrlimit(resource.{name}, (-1, -1))"
        assert box.says(refused(source)) == "refused", name


def test_the_zygote_cannot_be_killed_or_changed(box: Box) -> None:
    box.says("print('warm')")
    zygote = box.worker.zygote
    for source in (
        "import os\nos.kill(os.getppid(), 9)",
        "import os, signal\nos.kill(os.getppid(), signal.SIGINT)",
        "import os\nos.kill(-1, 9)",
        "import os\nos.killpg(0, 19)",
        "import os, resource\nresource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0))",
        "import os\nos.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
        "import os\nos.sched_setaffinity(os.getppid(), {0})",
        "import fcntl, os\nfcntl.fcntl(3, fcntl.F_SETOWN, os.getppid())",
    ):
        box.run(source)
        assert box.says("print('next')") == "next"
        assert box.worker.zygote is zygote, source


def test_a_cpu_loop_is_a_timeout(box: Box) -> None:
    ended = box.run("while True: pass")
    assert ended.limit == "timeout"
    assert 0.8 < ended.cpu_seconds < 2.2


def test_a_sleeper_is_a_timeout(box: Box) -> None:
    ended = box.run("import time; time.sleep(60)")
    assert ended.limit == "timeout"
    assert ended.wall_seconds < 8


def test_signals_that_are_ignored_do_not_help(box: Box) -> None:
    source = """
import signal
for n in range(1, 65):
    try: signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass
"""
    assert box.run(source).limit == "timeout"


def test_one_long_c_call_is_a_timeout(box: Box) -> None:
    assert box.run("10 ** (10 ** 9)").limit == "timeout"


def test_a_busy_machine_does_not_shorten_a_program(box: Box) -> None:
    spin = [sys.executable, "-c", "while True: pass"]
    busy = [subprocess.Popen(spin) for _ in range(4 * len(os.sched_getaffinity(0)))]
    try:
        source = "import time\nwhile time.process_time() < 0.5: pass\nprint('done')"
        ended = box.run(source, Limits(seconds=1))
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert ended.stdout == "done\n", ended


def test_memory_is_bounded(box: Box) -> None:
    ended = box.run("bytearray(10**10)")
    assert "MemoryError" in ended.stderr
    ended = box.run("x = []\nwhile True: x.append(bytearray(1 << 20))", Limits(seconds=20, memory_mib=200))
    assert "MemoryError" in ended.stderr
    assert ended.peak_mib < 220


def test_children_share_the_memory_of_their_program(box: Box) -> None:
    source = """
import os, time
for _ in range(20):
    if os.fork() == 0:
        x = b'x' * (60 << 20)
        time.sleep(60)
time.sleep(60)
"""
    ended = box.run(source, Limits(seconds=20, memory_mib=300))
    if box.worker.tier == 1:
        assert ended.limit == "memory", ended
    else:
        assert "PermissionError" in ended.stderr


def test_a_flood_of_output_ends_the_program(box: Box) -> None:
    ended = box.run("while True: print('x' * 10**6)", Limits(seconds=20))
    assert (ended.limit, ended.overflow, len(ended.stdout)) == ("output", True, 1 << 16)


def test_much_output_is_cut_and_is_no_flood(box: Box) -> None:
    ended = box.run("print('line\\n' * 40000)")
    assert (ended.exit_code, ended.limit, len(ended.stdout)) == (0, "", 1 << 16)


def test_a_file_cannot_grow_beyond_its_limit(box: Box) -> None:
    source = "f = open('big', 'wb')\nwhile True: f.write(b'x' * (1 << 20))"
    assert "OSError" in box.run(source, Limits(seconds=20, file_mib=8)).stderr


def test_the_scratch_is_bounded(box: Box) -> None:
    source = "import itertools\nfor n in itertools.count(): open(f'f{n}', 'wb').write(b'x' * (1 << 20))"
    ended = box.run(source, Limits(seconds=30, file_mib=8))
    assert ended.limit == "output" or "OSError" in ended.stderr


def test_a_fork_bomb_is_bounded(box: Box) -> None:
    source = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    ended = box.run(source)
    assert ended.limit in ("timeout", "memory")
    assert box.says("print('next')") == "next"


def test_a_daemon_does_not_outlive_its_program(box: Box) -> None:
    source = """
import os, time
try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for n in range(4): os.close(n)
            time.sleep(60)
        os._exit(0)
except OSError: pass
"""
    box.run(source)
    assert box.says("print('next')") == "next"
    assert family(box.worker) <= 2


def family(worker: Worker) -> int:
    """Processes that run for a worker, the zygote's own included."""
    from errata.sandbox.watch import children

    assert worker.zygote is not None
    todo, count = [worker.zygote.process.pid], 0
    while todo:
        count += 1
        todo += children(todo.pop())
    return count


def test_files_of_one_program_do_not_reach_the_next(box: Box) -> None:
    leave = """
import os
for folder in (".", "/tmp", "/dev/shm", "/var/tmp", os.environ["HOME"]):
    try: open(os.path.join(folder, "left"), "w").write("x")
    except OSError: pass
os.makedirs("d/e/f")
os.symlink("/", "link")
for path in ("d/e", "d", "."):
    try: os.chmod(path, 0)
    except OSError: pass
"""
    find = """
import os
print([f for f in (".", "/tmp", "/dev/shm", "/var/tmp") if os.path.lexists(os.path.join(f, "left"))], os.listdir("."))
"""
    box.run(leave)
    assert box.says(find) == "[] []"


def test_a_scratch_nested_deeper_than_a_path_can_say_is_emptied(box: Box) -> None:
    box.says(
        "import os\nfor _ in range(1500): os.mkdir('d' * 20); os.chdir('d' * 20)\nprint('deep')", Limits(seconds=20)
    )
    assert box.says("import os; print(os.listdir('.'))") == "[]"


def test_flags_of_a_shared_file_do_not_reach_the_next_program(box: Box) -> None:
    flags = "import fcntl\nprint(fcntl.fcntl(0, fcntl.F_GETFL))"
    before = box.says(flags)
    box.run("import fcntl, os\nfcntl.fcntl(0, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND)")
    assert box.says(flags) == before


def test_modules_that_one_program_poisons_are_whole_in_the_next(box: Box) -> None:
    box.run("import math, builtins, json; math.sqrt = builtins.len = json.dumps = None")
    assert box.says("import math, json; print(math.sqrt(4), len('ab'), json.dumps([1]))") == "2.0 2 [1]"


def test_the_source_of_one_program_is_not_in_the_memory_of_the_next(box: Box) -> None:
    box.run("marker = 'one' + 'ness of purpose'\n# onlyinthefirst\n" * 20)
    source = """
import ctypes, gc
found = 0
word = "only" + "inthefirst"
for o in gc.get_objects():
    if isinstance(o, (bytes, str)) and word in str(o): found += 1
print(found)
"""
    assert box.says(source) == "0"


def test_a_killed_zygote_is_a_fault_and_the_worker_goes_on(box: Box) -> None:
    child = box.worker.start(b"import time; time.sleep(60)", Limits())
    assert box.worker.zygote is not None
    box.worker.zygote.process.kill()
    child.wait()
    with pytest.raises(Fault):
        child.finish(kill=True)
    assert box.says("print('next')") == "next"


HOSTILE = (
    "import os\nos._exit(3)",
    "import ctypes; ctypes.string_at(0)",
    "import os\nwhile True:\n    try: os.fork()\n    except OSError: break",
    "fds = [open('/dev/null') for _ in range(500)]",
    "import os\nos.mkdir('x', 0)\nfor n in range(100): open(f'f{n}', 'w')",
    "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    "import os\nos.close(3); os.close(1); os.close(2)",
    "print('x' * 10**5)",
    "import threading, time\nfor _ in range(100): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
    "import socket\npairs = [socket.socketpair() for _ in range(20)]\nchannel.send(b'x' * 1000)",
)


def hostile_programs_leave_nothing(box: Box, count: int) -> None:
    limits = Limits(seconds=0.2, processes=16)
    box.says("print('warm')")
    before = len(os.listdir("/proc/self/fd"))
    for number in range(count):
        child = box.worker.start(HOSTILE[number % len(HOSTILE)].encode(), limits)
        heard(child)
        child.finish(kill=number % 2 == 0)
    assert len(os.listdir("/proc/self/fd")) == before
    assert box.says("import os; print(os.listdir('.'))") == "[]"
    assert family(box.worker) <= 2
    assert len(os.listdir(held.scratch_root())) <= 1


def test_nothing_is_left_behind_after_200_hostile_programs(box: Box) -> None:
    hostile_programs_leave_nothing(box, 200)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nothing_is_left_behind_after_thousands_of_hostile_programs(box: Box) -> None:
    """ERRATA_HOSTILE=10000 runs more of them."""
    hostile_programs_leave_nothing(box, int(os.environ.get("ERRATA_HOSTILE", "2000")))


def test_a_closed_worker_leaves_no_process_and_no_folder(box: Box, tier: int) -> None:
    other = Box(tier)
    other.says("print('here')")
    zygote = other.worker.zygote
    assert zygote is not None
    from errata.sandbox.watch import children

    inner = children(zygote.process.pid)
    other.worker.close()
    assert not os.path.exists(zygote.folder)
    assert not [pid for pid in (zygote.process.pid, *inner) if os.path.exists(f"/proc/{pid}")]


def test_a_zygote_ends_when_its_judge_is_killed(tier: int) -> None:
    source = f"""
import os, sys
from errata.sandbox.held import Zygote
from errata.sandbox.launch import sow
from errata.sandbox.places import python
zygote = Zygote({tier}, sow(python()), 1)
print(zygote.process.pid, zygote.folder, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    pid, folder = done.stdout.split()
    until = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < until:
        time.sleep(0.01)
    assert not os.path.exists(f"/proc/{pid}")
    shutil.rmtree(folder, ignore_errors=True)


def test_nothing_is_run_where_nothing_would_hold_it() -> None:
    with pytest.raises(Fault, match="nothing would hold"):
        Worker(3).start(b"", Limits())


def test_unsafe_runs_programs_that_nothing_holds() -> None:
    texts = {**launch.sources(), "candidate": RAW, "rehearsal": UNREHEARSED}
    with pytest.MonkeyPatch.context() as patch:
        [patch.setattr(launch, name, lambda: texts) for name in ("codes", "sources")]
        made = Box(3)
        made.worker.unsafe = True
        assert made.says("print('loose')") == "loose"
        made.worker.close()


def test_a_refused_tier_is_a_fault_with_reason_and_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = tiers.Missing(tier=1, reason="unshare: Operation not permitted", cure="allow user namespaces")
    monkeypatch.setattr(tiers.Known, "found", tiers.Probe(tier=2, missing=(lacking,), held=()))
    with pytest.raises(Fault, match=r"unshare: Operation not permitted; cure: allow"):
        Worker(1).start(b"", Limits())


def test_the_sandbox_needs_the_standard_library_alone() -> None:
    source = (
        "import sys, errata.sandbox; print(*{m.partition('.')[0] for m in sys.modules} - {*sys.stdlib_module_names})"
    )
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, 'src'); {source}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"errata", "__main__"}


def test_an_unprivileged_user_gets_the_tiers_that_root_gets(tmp_path: Path) -> None:
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or python is None or setpriv is None:
        pytest.skip("needs root, setpriv and a Python that everybody can read")
    source = """
import json, sys
from errata.sandbox import Limits, Program, Pool
answers = []
for tier in (1, 2):
    with Pool(1, tier) as pool:
        program = Program(source="def f(x): return x + 1", tests=("assert f(1) == 2",))
        answers += [(o.outcome, o.tier) for _, o in pool.map([("a", program, Limits())])]
print(json.dumps(answers))
"""
    command = [setpriv, "--reuid", "65534", "--regid", "65534", "--clear-groups", python, "-B", "-c", source]
    environment = {"PYTHONPATH": str(Path("src").resolve()), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/", check=False)
    expected = [[word, tier] for word, tier in (("passed", 1), ("passed", 2))]
    missing = {m.tier for m in tiers.probe().missing}
    if missing:
        pytest.skip(f"this machine refuses tier {missing}")
    assert json.loads(done.stdout or "null") == expected, done.stderr


def test_threads_may_each_have_a_worker(tier: int) -> None:
    texts = {**launch.sources(), "candidate": RAW, "rehearsal": UNREHEARSED}
    answers: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        [patch.setattr(launch, name, lambda: texts) for name in ("codes", "sources")]

        def one(number: int) -> None:
            made = Box(tier)
            answers.append(made.says(f"print({number})"))
            made.worker.close()

        threads = [threading.Thread(target=one, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answers) == ["0", "1", "2", "3"]


def test_the_judge_itself_is_not_confined() -> None:
    assert ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 0
