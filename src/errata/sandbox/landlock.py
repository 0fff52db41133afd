"""Landlock: which files a process and its descendants may open, whoever owns them. Kernel 5.13 and later."""

import os

from errata.sandbox.kernel import syscall

CREATE, ADD, RESTRICT = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG, MAKE_SYM, REFER, TRUNCATE = 1 << 7, 1 << 8, 1 << 12, 1 << 13, 1 << 14
READ = READ_FILE | READ_DIR
SCRATCH = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER | TRUNCATE
HANDLED = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""File rights that are refused unless a rule gives them, by the version that brought them."""
NET, SCOPES = 3, 3
"""TCP bind and connect (version 4); abstract sockets and signals to outside (version 6)."""


def version() -> int:
    """Landlock's version on this kernel. Raises OSError where there is none."""
    return syscall("landlock", CREATE, None, 0, 1)


def restrict(readable: list[str], writable: list[str], devices: list[str], known: int) -> None:
    """From now on: read below `readable`, anything but special files below `writable`, read and write `devices`."""
    handled = HANDLED[max(v for v in HANDLED if v <= known)]
    fields = [handled]
    if known >= 4:
        fields.append(NET)
    if known >= 6:
        fields.append(SCOPES)
    request = b"".join(field.to_bytes(8, "little") for field in fields)
    rules = syscall("landlock_create_ruleset", CREATE, request, len(request), 0)
    try:
        for paths, rights in ((readable, READ), (writable, SCRATCH), (devices, READ_FILE | WRITE_FILE)):
            for path in paths:
                allow(rules, path, rights & handled)
        syscall("landlock_restrict_self", RESTRICT, rules, 0)
    finally:
        os.close(rules)


def allow(rules: int, path: str, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            rights &= READ_FILE | WRITE_FILE | TRUNCATE
        rule = rights.to_bytes(8, "little") + beneath.to_bytes(4, "little")
        syscall(f"landlock_add_rule {path}", ADD, rules, 1, rule, 0)
    finally:
        os.close(beneath)
