"""What is known of a server before it is asked: its address, its settings, and where its key is."""

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import cast
from urllib.parse import urlsplit

from errata.errors import UsageError
from errata.jsonl import Json

TELLING = 8
"""From this length on a key is one: shorter ones, such as `EMPTY` for a server that wants none, are words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How a server of `--backend server:URL` is asked."""

    name: str = ""
    """The name that the server knows the model by; empty is the model's own, a folder as its whole path."""
    concurrency: int = 32
    """Requests at once."""
    together: int = 1
    """Draws of one prompt in a request (`n`), for servers that bill or read the prompt once for all of them."""
    timeout: float = 600.0
    """Longest wait for a reply, in seconds."""
    tries: int = 8
    """Times that a reply is asked for before it stays owed, when the server is busy, broken or away."""
    pause: float = 0.5
    """Wait before the second try, in seconds; it doubles from try to try, up to 30 s."""
    seeds: bool = True
    """Send each draw's seed; vLLM samples faster without."""
    body: str = ""
    """A JSON object of further fields for each request: `{"chat_template_kwargs": {"enable_thinking": false}}`."""
    key: str = "OPENAI_API_KEY"
    """The environment variable that holds the server's key; the key itself stands nowhere else."""
    price_in: float = 0.0
    """Price of a million tokens of prompts, for the report."""
    price_out: float = 0.0
    """Price of a million tokens of replies, for the report."""
    cache: str = ""
    """Folder of the replies that are kept, which several runs may share; empty is the run's own."""
    start: str = ""
    """Command that serves `{model}`: started when it is first asked, ended when it need not be asked any more."""
    reload: str = ""
    """Command that makes a server that is there already serve `{model}`; it ends when that is under way."""
    release: str = ""
    """Command that is run when the model need not be asked any more, such as one that frees the device."""
    patience: float = 900.0
    """Longest wait for a server that was started or reloaded, in seconds."""

    def __post_init__(self) -> None:
        counts = {"concurrency": self.concurrency, "together": self.together, "tries": self.tries}
        for name, value in counts.items():
            if value < 1:
                raise UsageError(f"server.{name} must be at least 1, not {value}")
        for name, seconds in {"timeout": self.timeout, "patience": self.patience}.items():
            if not seconds > 0:
                raise UsageError(f"server.{name} must be above 0, not {seconds}")
        for name, least in {"pause": self.pause, "price_in": self.price_in, "price_out": self.price_out}.items():
            if not least >= 0:
                raise UsageError(f"server.{name} must be 0 or more, not {least}")
        if self.start and self.reload:
            raise UsageError("server.start and server.reload: one of them, not both")
        self.further()

    def further(self) -> Mapping[str, Json]:
        """The fields of `body`. UsageError when it is no JSON object."""
        try:
            read = cast("Json", json.loads(self.body or "{}"))
        except ValueError:
            read = None
        if not isinstance(read, Mapping):
            raise UsageError('server.body is no JSON object, such as {"repetition_penalty": 1.1}')
        return read

    def identity(self) -> dict[str, Json]:
        """What of it shapes results, for a run's identity; nothing where no further field is sent."""
        return {"server.body": dict(self.further())} if self.body else {}

    def secret(self) -> str:
        """The key, or nothing. UsageError, which does not tell it, when it cannot be sent."""
        found = os.environ.get(self.key, "").strip()
        if not found.isascii() or not found.isprintable() or " " in found:
            raise UsageError(f"{self.key} holds something that no key can be: a blank or a character beyond ASCII")
        return found

    def price(self, tokens_in: int, tokens_out: int) -> float:
        """What a reply has cost."""
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1e6


def address(url: str) -> str:
    """The URL that `/chat/completions` is put behind, with `/v1` where it has no path.

    Raises UsageError, which repeats nothing of a key or a password, for what is no address or holds a secret.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError("the server's URL cannot be read; such as server:http://127.0.0.1:8000/v1") from None
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            f"the URL of the server at {host} holds a name or a password; put the key into the environment instead"
        )
    if parts.query or parts.fragment:
        raise UsageError(
            f"the URL of the server at {host} has something behind ? or #; keys go into the environment, fields into "
            "server.body"
        )
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"no server {url!r}: a URL begins with http:// or https://, such as http://127.0.0.1:8000/v1")
    path = parts.path.rstrip("/")
    for end in ("/chat/completions", "/completions"):
        path = path.removesuffix(end)
    place = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{place}{'' if port is None else f':{port}'}{path or '/v1'}"


def near(url: str) -> bool:
    """Whether a server is on this machine, where no proxy stands between."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_secrets(url: str, serving: Serving) -> None:
    """Raise UsageError when the key itself stands in a setting, since settings are written to disk."""
    secret = serving.secret()
    if len(secret) < TELLING:
        return
    for part in fields(serving):
        if secret in str(getattr(serving, part.name)):
            raise UsageError(f"server.{part.name} holds the key itself; leave it in {serving.key}")
    if secret in url:
        raise UsageError(f"the server's URL holds the key itself; leave it in {serving.key}")
