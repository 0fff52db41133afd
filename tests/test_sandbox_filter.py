"""The system-call filters, executed here by a small interpreter of the kernel's filter language, for both machines."""

import re
import struct
from pathlib import Path

import pytest

from errata.sandbox import seccomp
from errata.sandbox.syscalls import ALLOWED, CHANGES, KNOWN, RULED

TABLES = {**ALLOWED, **CHANGES, **RULED, **KNOWN}
X86_64 = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
GENERIC = Path("/usr/include/asm-generic/unistd.h")
VERDICTS = {seccomp.ALLOW: "allow", seccomp.KILL: "kill", seccomp.REFUSE: "refuse", seccomp.MISSING: "missing"}
FORBIDDEN = {
    "ptrace": (101, 117),
    "execve": (59, 221),
    "execveat": (322, 281),
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "sendmsg": (46, 211),
    "mount": (165, 40),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "io_uring_setup": (425, 425),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "process_vm_writev": (311, 271),
    "personality": (135, 92),
    "setxattr": (188, 5),
    "mknodat": (259, 33),
    "fchownat": (260, 54),
    "kexec_load": (246, 104),
    "setuid": (105, 146),
    "seccomp": (317, 277),
    "clone3": (435, 435),
}


def executed(code: bytes, number: int, *arguments: int, arch: int) -> str:
    """The filter's answer to one system call."""
    data = struct.pack("<IIQ", number, arch, 0)
    data += b"".join(struct.pack("<Q", a & (1 << 64) - 1) for a in (*arguments, 0, 0, 0, 0, 0, 0)[:6])
    at = loaded = 0
    while True:
        kind, yes, no, value = struct.unpack_from("<HBBI", code, 8 * at)
        at += 1
        if kind == seccomp.LOAD:
            (loaded,) = struct.unpack_from("<I", data, value)
        elif kind == seccomp.RETURN:
            return VERDICTS[value]
        else:
            holds = {
                seccomp.EQUAL: loaded == value,
                seccomp.ABOVE: loaded >= value,
                seccomp.ANY_BIT: bool(loaded & value),
            }[kind]
            at += yes if holds else no


@pytest.fixture(params=seccomp.MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    return request.param


def ask(machine: str, name: str, *arguments: int, tier: int = 1) -> str:
    code = seccomp.zygote(machine, tier)
    return executed(code, seccomp.number_of(name, machine), *arguments, arch=seccomp.AUDIT[machine])


def numbers(header: Path) -> dict[str, int]:
    found = re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", header.read_text())
    return {name: int(number) for name, number in found}


@pytest.mark.parametrize(("header", "column"), [(X86_64, 0), (GENERIC, 1)], ids=["x86-64", "arm64"])
def test_the_numbers_are_the_kernels(header: Path, column: int) -> None:
    if not header.is_file():
        pytest.skip(f"{header} is not there (linux-libc-dev)")
    known = numbers(header)
    known.setdefault("newfstatat", known.get("fstatat", -1))
    wrong = {name: row[column] for name, row in TABLES.items() if row[column] != known.get(name, -1)}
    assert wrong == {}


def test_a_call_is_listed_once() -> None:
    assert len(TABLES) == len(ALLOWED) + len(CHANGES) + len(RULED) + len(KNOWN)


def test_every_ruled_call_has_its_rule() -> None:
    assert set(seccomp.rules(1)) == set(RULED)


def test_what_is_listed_is_allowed(machine: str) -> None:
    present = [name for name in ALLOWED if seccomp.number_of(name, machine) >= 0]
    assert {ask(machine, name) for name in present} == {"allow"}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_is_dangerous_is_refused(machine: str, name: str) -> None:
    number = FORBIDDEN[name][seccomp.MACHINES.index(machine)]
    for tier in (1, 2):
        answer = executed(seccomp.zygote(machine, tier), number, arch=seccomp.AUDIT[machine])
        assert answer in ("refuse", "missing")


def test_calls_of_another_machine_kill(machine: str) -> None:
    other = {"x86_64": 0x40000003, "aarch64": 0x40000028}[machine]
    assert executed(seccomp.zygote(machine, 1), 0, arch=other) == "kill"


def test_x32_kills() -> None:
    code = seccomp.zygote("x86_64", 1)
    assert executed(code, 0x40000000 + 39, arch=seccomp.AUDIT["x86_64"]) == "kill"


def test_a_number_that_no_kernel_has_yet_is_missing(machine: str) -> None:
    assert executed(seccomp.zygote(machine, 1), 999, arch=seccomp.AUDIT[machine]) == "missing"


def test_processes_and_threads_may_be_made_but_no_namespaces(machine: str) -> None:
    assert ask(machine, "clone", 0x3D0F00) == "allow"
    assert ask(machine, "clone", 17) == "allow"
    for space in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert ask(machine, "clone", space | 17) == "refuse"


def test_only_streams_are_paired(machine: str) -> None:
    assert ask(machine, "socketpair", 1, 1 | 0o2000000) == "allow"
    assert ask(machine, "socketpair", 1, 5) == "allow"
    assert ask(machine, "socketpair", 1, 2) == "refuse"
    assert ask(machine, "socketpair", 1, 3) == "refuse"
    assert ask(machine, "socketpair", 2, 1) == "refuse"


def test_nothing_is_sent_to_an_address(machine: str) -> None:
    assert ask(machine, "sendto", 3, 1, 1, 0, 0, 0) == "allow"
    assert ask(machine, "sendto", 3, 1, 1, 0, 0x1000, 16) == "refuse"
    assert ask(machine, "sendto", 3, 1, 1, 0, 1 << 32, 16) == "refuse"


def test_a_descriptor_cannot_be_given_an_owner_and_a_terminal_cannot_be_typed_into(machine: str) -> None:
    assert ask(machine, "ioctl", 0, 0x5401) == "allow"
    assert ask(machine, "ioctl", 0, 0x5412) == "refuse"
    assert ask(machine, "ioctl", 0, 0x8901) == "refuse"
    assert ask(machine, "fcntl", 0, 1030) == "allow"
    for command in (8, 10, 15, 1024, 1026, 1031, 1033):
        assert ask(machine, "fcntl", 0, command) == "refuse"


def test_limits_of_others_are_not_touched(machine: str) -> None:
    assert ask(machine, "prlimit64", 0, 7) == "allow"
    assert ask(machine, "prlimit64", 1, 7) == "refuse"


def test_death_signals_and_filters_are_for_the_zygote_of_tier_2_alone(machine: str) -> None:
    for option in (1, 22):
        assert ask(machine, "prctl", option, tier=1) == "refuse"
        assert ask(machine, "prctl", option, tier=2) == "allow"


def second(machine: str, name: str, *arguments: int) -> str:
    code = seccomp.program(machine, 4711)
    return executed(code, seccomp.number_of(name, machine), *arguments, arch=seccomp.AUDIT[machine])


def test_a_program_of_tier_2_makes_threads_but_no_processes(machine: str) -> None:
    assert second(machine, "clone", 0x3D0F00) == "allow"
    assert second(machine, "clone", 17) == "refuse"


def test_a_program_of_tier_2_signals_itself_alone(machine: str) -> None:
    assert second(machine, "kill", 4711, 6) == "allow"
    assert second(machine, "tgkill", 4711, 4711, 6) == "allow"
    for target in (0, 1, -1, 4710):
        assert second(machine, "kill", target, 9) == "refuse"
        assert second(machine, "tgkill", target, target, 9) == "refuse"
    assert second(machine, "tkill", 4711, 9) == "refuse"


def test_a_program_of_tier_2_changes_no_modes_and_undoes_nothing(machine: str) -> None:
    for name in CHANGES:
        if seccomp.number_of(name, machine) >= 0:
            assert second(machine, name) == "refuse"
    assert second(machine, "prctl", 1) == "refuse"
    assert second(machine, "prctl", 22) == "refuse"
    assert second(machine, "read") == "allow"
