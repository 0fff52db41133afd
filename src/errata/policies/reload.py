"""The server answers with the weights that are wanted: it is started for them, or told to load them.

What a server holds is known only to this process, and only once it was told: a run that goes on tells it again, since
somebody may have started it with other weights meanwhile. Commands are run without a shell.
"""

import logging
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx2

from errata.errors import Fault, UsageError
from errata.policies.serving import Serving, near

log = logging.getLogger(__name__)

LOOK = 0.25
"""Seconds between looks whether a server is ready."""
NAME = "server.log"


@dataclass(slots=True, kw_only=True)
class Standing:
    """What this process knows of the server at one address."""

    holds: str = ""
    """The model that it was told to serve last, until it was told to let go."""


@cache
def standing(url: str) -> Standing:
    """The one server that there is at an address."""
    return Standing()


class Holder:
    """Sees to it that the server at an address serves one model while that is asked."""

    def __init__(self, url: str, model: str, name: str, serving: Serving, folder: Path | None) -> None:
        self.url = url
        self._model = model
        self._name = name
        self._serving = serving
        self._log = None if folder is None else folder / NAME
        self._child: subprocess.Popen[bytes] | None = None
        self._used = False

    def bring(self) -> None:
        """Have the server ready to be asked; nothing to do where it was seen to already.

        Raises UsageError for a command that cannot be run and for an address that is taken, Fault for one that fails.
        """
        self._used = True
        if self._serving.start and self._child is None:
            if said := self.ready():
                raise UsageError(
                    f"{self.url}: something answers there already ({said}); end it, or use server.reload in the place "
                    "of server.start"
                )
            self._child = self._started()
            self._wait()
        elif self._serving.reload and standing(self.url).holds != self._model:
            standing(self.url).holds = ""
            self._run("reload", self._serving.reload)
            self._wait()
            standing(self.url).holds = self._model

    def let_go(self) -> None:
        """The model need not be asked any more."""
        if self._child is not None:
            child, self._child = self._child, None
            if child.stdin is not None:
                child.stdin.close()
            child.wait()
            log.info("%s: ended", self._serving.start)
        if self._used and self._serving.release:
            standing(self.url).holds = ""
            self._run("release", self._serving.release)
        self._used = False

    def ready(self) -> str:
        """What answers at the address, or nothing where none does or it is still loading."""
        root = self.url.removesuffix("/v1")
        secret = self._serving.secret()
        headers = {"authorization": f"Bearer {secret}"} if secret else {}
        with httpx2.Client(timeout=5.0, trust_env=not near(self.url), headers=headers) as client:
            for place in (f"{root}/health", f"{self.url}/models"):
                try:
                    if client.get(place).status_code == 200:
                        return place
                except httpx2.HTTPError:
                    continue
        return ""

    def words(self, command: str) -> list[str]:
        """The command's words; the model's name may hold blanks and stays one word."""
        try:
            split = shlex.split(command)
        except ValueError as wrong:
            raise UsageError(f"server: {command!r} is no command ({wrong})") from None
        return [word.replace("{model}", self._model).replace("{name}", self._name) for word in split]

    def _started(self) -> "subprocess.Popen[bytes]":
        words = self.words(self._serving.start)
        log.info("%s: begun", shlex.join(words))
        if self._log is None:
            return tethered(words, subprocess.DEVNULL)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as file:
            return tethered(words, file.fileno())

    def _run(self, what: str, command: str) -> None:
        words = self.words(command)
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=self._serving.patience,
                check=False,
            )
        except OSError as refused:
            raise UsageError(f"server.{what}: {words[0]} cannot be run ({refused.strerror})") from None
        except subprocess.TimeoutExpired:
            raise Fault(f"server.{what}: {words[0]} has not ended in {self._serving.patience:g} s") from None
        if done.returncode:
            said = self._last(done.stdout)
            raise Fault(f"server.{what}: {words[0]} failed with {done.returncode}" + (f": {said}" if said else ""))

    def _wait(self) -> None:
        until = time.monotonic() + self._serving.patience
        while not self.ready():
            if self._child is not None and (status := self._child.poll()) is not None:
                said = b"" if self._log is None else self._log.read_bytes()[-4096:]
                if status == 127:
                    raise UsageError(f"server.start: {self._last(said) or 'no such command'}")
                last = self._last(said) or "without a word"
                raise Fault(f"server.start: the server ended with {status}: {last}")
            if time.monotonic() > until:
                raise Fault(f"{self.url}: no server answers after {self._serving.patience:g} s")
            time.sleep(LOOK)

    def _last(self, said: bytes) -> str:
        """The last line that was said, without the key."""
        lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
        last = lines[-1][-300:] if lines else ""
        secret = self._serving.secret()
        return last.replace(secret, "[key]") if secret else last


def tethered(words: list[str], out: int) -> "subprocess.Popen[bytes]":
    """A command that ends when this process does, however that ends."""
    return subprocess.Popen(
        [sys.executable, "-m", "errata.policies.tether", *words],
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=subprocess.STDOUT if out == subprocess.DEVNULL else out,
        start_new_session=True,
    )
