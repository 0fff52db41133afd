"""`errata annotate RUN`: the pages served until Ctrl-C."""

import json
import os
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from errata.errors import UsageError
from errata.feedback import human
from errata.jsonl import Json
from errata.web.desk import Desk, checked
from errata.web.kept import Kept
from errata.web.people import People, is_loopback, local_hosts, named
from errata.web.trying import Trier


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotate:
    """How questions are put to people."""

    host: str = "127.0.0.1"
    """Address to listen at; any but loopback needs --name for each annotator and gives each a link of their own."""
    port: int = 8321
    """Port to listen at; 0: any that is free."""
    votes: int = 0
    """People that each question is put to; 0: as many as the run asks for."""
    name: tuple[str, ...] = ()
    """Annotators, each of whom then comes by a link with a token; without names, people say theirs (loopback only)."""
    lease: float = 15.0
    """Minutes for which a question stays with a person who is idle."""
    workers: int = 2
    """Refinements that are run at once."""


def annotate(run: Path, settings: Annotate) -> None:
    """Serve a run's questions until Ctrl-C. UsageError when that cannot be done as asked."""
    local = is_loopback(settings.host)
    if not local and not settings.name:
        raise UsageError(f"--host {settings.host}: others can reach it, so --name each annotator, who gets a link")
    if settings.votes < 0:
        raise UsageError("--votes: at least 1, or 0 for as many as the run asks for")
    names = tuple(dict.fromkeys(named(name) for name in settings.name))
    kept = Kept(checked(run))
    listening = _listen(settings.host, settings.port)
    try:
        port: int = listening.getsockname()[1]
        desk = Desk(run, kept, votes=settings.votes or _votes(run), lease=60 * settings.lease)
        tokens = kept.tokens(names) if names else None
        people = People(kept.secret, tokens, local_hosts(settings.host, port) if local else None)
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        print(_welcome(desk, f"http://{shown}:{port}", tokens), flush=True)
        with Trier(max(1, min(settings.workers, len(os.sched_getaffinity(0)))), None) as trier:
            threading.Thread(target=trier.warm, daemon=True).start()
            _serve(desk, kept, people, trier, listening)
    finally:
        listening.close()
        kept.close()


def _votes(run: Path) -> int:
    """How many people the run was begun to ask."""
    path = run / human.CONFIG
    begun = cast("Json", json.loads(path.read_bytes())) if path.exists() else None
    settings = begun.get("settings") if isinstance(begun, Mapping) else None
    votes = settings.get("votes") if isinstance(settings, Mapping) else None
    return votes if isinstance(votes, int) and votes > 0 else 1


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, reuse_port=False)
    except OSError as refused:
        words = refused.strerror or str(refused)
        raise UsageError(
            f"--host {host} --port {port}: cannot listen there ({words}); --port 0 takes a free one"
        ) from None


def _welcome(desk: Desk, address: str, tokens: dict[str, str] | None) -> str:
    asked = desk.all()
    left = sum(not desk.closed(one) for one in asked)
    lines = [f"{left} of {len(asked)} questions are open"]
    if tokens is None:
        lines.append(f"annotate  {address}")
    else:
        width = max(map(len, tokens))
        lines += [f"{name:{width}}  {address}/in/{token}" for name, token in tokens.items()]
    return "\n".join([*lines, "Ctrl-C ends it; every answer is on the disk as it is given"])


def _serve(desk: Desk, kept: Kept, people: People, trier: Trier, listening: socket.socket) -> None:
    import uvicorn

    from errata.web.app import build

    config = uvicorn.Config(
        build(desk, kept, people, trier),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        limit_concurrency=256,
        h11_max_incomplete_event_size=1 << 16,
    )
    uvicorn.Server(config).run([listening])
