"""What ways out aim at: files, sockets and an environment that are not the program's. Standard library only."""

import os
import secrets
import socket
from pathlib import Path
from typing import Self

ENV = "ERRATA_REDTEAM_KEY"
FILES = ("secret.txt", "spare")


class Stage:
    """A folder for each program, a service on the loopback, an abstract socket; a context manager.

    Nothing of it should ever be reached, so whatever is found changed was.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.secret = secrets.token_hex(12)
        self.abstract = f"errata-redteam-{secrets.token_hex(6)}"
        self.sockets = [socket.create_server(("127.0.0.1", 0)), listening(f"\0{self.abstract}")]
        self.port = int(self.sockets[0].getsockname()[1])

    def __enter__(self) -> Self:
        os.environ[ENV] = self.secret
        return self

    def __exit__(self, *_: object) -> None:
        os.environ.pop(ENV, None)
        for each in self.sockets:
            each.close()

    def filled(self, id: str, program: str, seconds: float) -> str:
        """A program with its places filled in; makes its folder where it names one. `seconds`: its time limit."""
        folder = self.root / id
        if "{OUTSIDE}" in program:
            folder.mkdir(exist_ok=True)
            folder.chmod(0o777)
            for name in FILES:
                (folder / name).write_text(self.secret)
                (folder / name).chmod(0o666)
            if "{OUTSIDE}/socket" in program:
                self.sockets.append(listening(str(folder / "socket")))
        for name, value in {
            "OUTSIDE": str(folder),
            "SECRET": self.secret,
            "ENV": ENV,
            "PORT": str(self.port),
            "ABSTRACT": self.abstract,
            "LATE": f"{seconds + 0.8:.1f}",
        }.items():
            program = program.replace("{" + name + "}", value)
        return program

    def changed(self, id: str) -> list[str]:
        """Files of a program's folder that are new, gone or other than they were."""
        folder = self.root / id
        if not folder.is_dir():
            return []
        there = {path.name for path in folder.iterdir()} - {"socket"}
        other = [name for name in FILES if name in there and (folder / name).read_text() != self.secret]
        return sorted((there ^ set(FILES)) | set(other))


def listening(address: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.bind(address)
    made.listen()
    return made
