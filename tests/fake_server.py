"""A scripted OpenAI-compatible server in a thread: it counts what it is asked, and fails as it is told to."""

import asyncio
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, object]

    @property
    def text(self) -> str:
        """The prompt, or the last message."""
        prompt = self.body.get("prompt")
        return prompt if isinstance(prompt, str) else self.body["messages"][-1]["content"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """An answer to one call."""

    status: int = 200
    body: object = None
    """A JSON value, or a string that is sent as it is."""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False
    """Reset the connection in the middle of the body."""


def reply(call: Call, *texts: str, finish: str = "stop", **more: object) -> dict[str, object]:
    """A response with a choice for each text."""
    chat = "messages" in call.body
    choices = [
        {
            "index": at,
            "finish_reason": finish,
            **({"message": {"role": "assistant", "content": text}} if chat else {"text": text}),
        }
        for at, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": 7, "completion_tokens": 3 * len(texts), "total_tokens": 7 + 3 * len(texts)}
    return {"id": "r", "model": call.body["model"], "choices": choices, "usage": usage, **more}


def plain(call: Call) -> Say:
    """A text that tells what was asked, once for each of `n`."""
    n = call.body.get("n", 1)
    seed = call.body.get("seed")
    texts = [f"{call.text}/{seed}" + (f"/{at}" if at else "") for at in range(n)]
    return Say(body=reply(call, *texts))


Script = Callable[[Call], Say]


class Fake:
    """`with Fake(script) as fake:` listens on a port of its own at `fake.url`."""

    def __init__(self, script: Script = plain, *, port: int = 0) -> None:
        self.script = script
        self.calls: list[Call] = []
        self.peak = 0
        self._now = 0
        self._wanted = port
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._up.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def asked(self) -> Counter[tuple[str, object]]:
        """How often each (text, seed) was asked."""
        return Counter((call.text, call.body.get("seed")) for call in self.calls)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._client, "127.0.0.1", self._wanted, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        await self._stop.wait()
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                data = await reader.readexactly(int(headers.get("content-length") or 0))
                method, path, _ = first.split(" ")
                if not await self._answer(writer, method, path, headers, data):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, writer: asyncio.StreamWriter, method: str, path: str, headers: dict[str, str], data: bytes
    ) -> bool:
        if method == "GET":
            said = Say(body={"data": []})
        else:
            call = Call(path=path, headers=headers, body=json.loads(data))
            self.calls.append(call)
            self._now += 1
            self.peak = max(self.peak, self._now)
            try:
                said = self.script(call)
                if said.delay:
                    await asyncio.sleep(said.delay)
            finally:
                self._now -= 1
        body = (said.body if isinstance(said.body, str) else json.dumps(said.body)).encode()
        lines = [f"HTTP/1.1 {said.status} Said", f"content-length: {len(body)}", "content-type: application/json"]
        lines += [f"{name}: {value}" for name, value in said.headers.items()]
        whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        if said.cut:
            writer.write(whole[: -len(body) // 2])
            await writer.drain()
            # A reset in the place of an orderly end.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        writer.write(whole)
        await writer.drain()
        return True
