"""One stage's requests to a server: sent, tried again where that helps, kept, and read."""

import asyncio
import hashlib
import json
import logging
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType

import httpx2

from errata.errors import UsageError
from errata.jsonl import Json
from errata.policies import Sampling, seed_of, wire
from errata.policies.kept import Kept, Replies
from errata.policies.serving import TELLING, Serving, near
from errata.text import cut
from errata.types import Owed, Prompt, Sample, Timed

log = logging.getLogger(__name__)

AGAIN = frozenset({408, 409, 425, 429})
"""Answers after which another try helps, beside 500 and above."""
FIELDS = (400, 422)
"""Answers with which servers refuse a field."""
FILTERED = ("content_filter", "content_policy_violation")
"""Codes of a prompt that a filter holds back: its reply is empty, and no other is to be had."""
LONGEST = 30.0
"""Seconds between two tries at most, where the server names no time itself."""
OTHERS = 0.1
"""Seconds between looks whether another process has the reply that it asks for."""
EACH = 4
"""Connections of one client: a request looks through all of its client's, which at 256 costs more than all else."""
CONNECT = 15.0
"""Seconds for a connection."""


class Flaw(Exception):
    """One try that failed for a reason that may pass."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after
        """Seconds until the next try, where the server says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who is asked."""

    url: str
    name: str
    """The model as the server knows it."""
    weights: str
    """What stands in the model's folder, so that no reply of other weights is taken for theirs."""
    serving: Serving


@dataclass(slots=True, kw_only=True)
class Made:
    """What came of one request."""

    answers: list[Timed[Sample] | Owed] = field(default_factory=list["Timed[Sample] | Owed"])
    rest: list[Prompt] = field(default_factory=list[Prompt])
    """Draws that the server has passed over; to be asked one by one."""
    error: BaseException | None = None
    """What ends the stage."""


class Asking:
    """The requests of one stage; everything here happens in one event loop, but for `kept`."""

    def __init__(self, target: Target, sampling: Sampling, without: set[str], replies: Replies | None) -> None:
        self.target = target
        self.serving = target.serving
        self.sampling = sampling
        self.without = without
        self.further = self.serving.further()
        self.over = asyncio.Event()
        """Set when no further try is wanted."""
        self._replies = replies
        self._secret = self.serving.secret()
        self._free_at = 0.0
        self._chance = random.Random()
        asked = [target.url, target.name, target.weights, asdict(sampling), self.serving.body]
        # Reading all certificates takes a tenth of a second or more, which a server on this machine does not need.
        self._trusted = not (near(target.url) and target.url.startswith("http:")) and httpx2.create_ssl_context()
        self._digest = hashlib.blake2b(json.dumps(asked).encode(), digest_size=16)
        self._clients = [self._client(target.url) for _ in range(-(-self.serving.concurrency // EACH))]
        self._free = [client for client in self._clients for _ in range(EACH)]

    def _client(self, url: str) -> httpx2.AsyncClient:
        secret = {"authorization": f"Bearer {self._secret}"} if self._secret else dict[str, str]()
        return httpx2.AsyncClient(
            limits=httpx2.Limits(max_connections=EACH, max_keepalive_connections=EACH),
            timeout=httpx2.Timeout(self.serving.timeout, connect=min(CONNECT, self.serving.timeout), pool=None),
            headers={"content-type": "application/json", **secret},
            trust_env=not near(url),
            follow_redirects=False,
            verify=self._trusted,
        )

    async def __aenter__(self) -> "Asking":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, where: TracebackType | None) -> None:
        for client in self._clients:
            await client.aclose()

    def key(self, prompt: Prompt) -> str:
        """A digest of everything that is asked for with a prompt, its draw's seed included."""
        turns = prompt.text if isinstance(prompt.text, str) else [[turn.role, turn.content] for turn in prompt.text]
        whole = self._digest.copy()
        whole.update(json.dumps([turns, seed_of(self.sampling, prompt.id)]).encode())
        return whole.hexdigest()

    def kept(self, prompt: Prompt) -> Timed[Sample] | None:
        """The sample of a prompt that was answered before."""
        found = self._replies.get(self.key(prompt)) if self._replies else None
        return None if found is None else self.timed(prompt, found, {"kept": 1})

    def timed(self, prompt: Prompt, reply: Kept, more: Mapping[str, int]) -> Timed[Sample]:
        """The sample that a reply makes, with what it took."""
        text = cut(reply.text, self.sampling.stop)
        sample = Sample(
            id=prompt.id,
            of=prompt.id,
            task=prompt.task,
            prompt=prompt.text,
            text=text,
            finish="stop" if len(text) < len(reply.text) else wire.ended(reply.finish),
        )
        timing: dict[str, float | int | str] = {
            "seconds": reply.seconds,
            "tokens": reply.tokens_out,
            "tokens_in": reply.tokens_in,
            **more,
        }
        if price := self.serving.price(reply.tokens_in, reply.tokens_out):
            timing["cost"] = round(price, 9)
        return Timed(record=sample, timing=timing)

    async def ask(self, prompts: Sequence[Prompt]) -> Made:
        """The answers to draws of one prompt, of which another process may be asking for some."""
        made = Made()
        keys = {self.key(prompt): prompt for prompt in prompts}
        claimed: list[str] = []
        try:
            # In one order for everybody, so that no two processes wait for each other.
            for key in sorted(keys):
                while self._replies is not None and not self._replies.claim(key):
                    await asyncio.sleep(OTHERS)
                claimed.append(key)
            open_ones: list[Prompt] = []
            for prompt in prompts:
                if found := self.kept(prompt):
                    made.answers.append(found)
                else:
                    open_ones.append(prompt)
            if open_ones:
                await self._ask(open_ones, made)
        finally:
            for key in claimed:
                if self._replies is not None:
                    self._replies.unclaim(key)
        return made

    async def _ask(self, prompts: Sequence[Prompt], made: Made) -> None:
        """Try until there is an answer; what has none in the end is owed."""
        began = time.monotonic()
        tries = 0
        while True:
            tries += 1
            try:
                response, seed = await self._once(prompts)
            except Flaw as flaw:
                longest = self.serving.patience
                if tries >= self.serving.tries or self.over.is_set() or (flaw.after or 0.0) > longest:
                    reason = f"{self.target.url}: {flaw}" + (f" ({tries} tries)" if tries > 1 else "")
                    made.answers += [Owed(id=prompt.id, reason=reason) for prompt in prompts]
                    return
                await self._wait(flaw, tries)
            else:
                self._read(prompts, made, response, seed, (time.monotonic() - began, tries))
                return

    def _read(
        self, prompts: Sequence[Prompt], made: Made, response: wire.Response, seed: int | None, took: tuple[float, int]
    ) -> None:
        """Keep the replies of a response, then tell of them."""
        pairs = list(zip(prompts, response.choices, strict=False))
        each, more = divmod(response.tokens_out, len(pairs))
        seconds, tries = took
        replies = [
            Kept(
                key=self.key(prompt),
                id=prompt.id,
                model=response.model,
                text=choice.text,
                finish=choice.finish,
                seed=seed,
                tokens_in=0 if at else response.tokens_in,
                tokens_out=each + (at < more),
                seconds=round(seconds, 4),
            )
            for at, (prompt, choice) in enumerate(pairs)
        ]
        if self._replies:
            self._replies.add(replies)
        told = {"tries": tries} if tries > 1 else {}
        made.answers += [self.timed(prompt, reply, told) for prompt, reply in zip(prompts, replies, strict=False)]
        made.rest = list(prompts[len(pairs) :])
        if made.rest:
            self._drop("n", "several draws in one request")

    async def _once(self, prompts: Sequence[Prompt]) -> tuple[wire.Response, int | None]:
        """One try, without the fields that the server does not take; the response and the seed that was sent.

        Raises Flaw for what may pass and UsageError for what will not.
        """
        while True:
            body = {"model": self.target.name, **wire.request(prompts[0].text, self.sampling, self.without)}
            if self.serving.seeds and "seed" not in self.without:
                # Not negative and below 2^31, which every server takes.
                body["seed"] = seed_of(self.sampling, prompts[0].id) & 0x7FFFFFFF
            if len(prompts) > 1 and "n" not in self.without:
                body["n"] = len(prompts)
            body |= self.further
            status, said, after = await self._post(wire.path(prompts[0].text), body)
            if status == 200:
                try:
                    seed = body.get("seed")
                    return wire.read(said), seed if isinstance(seed, int) else None
                except wire.Broken as broken:
                    raise Flaw(str(broken)) from None
            words = wire.words(said)
            if status in FIELDS:
                if words.code in FILTERED:
                    return wire.Response(choices=(wire.Choice(text="", finish="content_filter"),) * len(prompts)), None
                if (refused := wire.refused(body, words)) and refused not in self.further:
                    self._drop(refused, words.message)
                    continue
            self._refuse(status, words, after, prompts[0])

    async def _post(self, path: str, body: Mapping[str, Json]) -> tuple[int, str, float | None]:
        """Status, text without the key, and the seconds that the server wants to be left alone for."""
        while (seconds := self._free_at - time.monotonic()) > 0 and not self.over.is_set():
            await self._sleep(seconds)
        # The one that came back last has a connection that is open.
        client = self._free.pop()
        try:
            async with asyncio.timeout(self.serving.timeout):
                answer = await client.post(self.target.url + path, content=json.dumps(body).encode())
        except (TimeoutError, httpx2.TimeoutException):
            raise Flaw(f"no reply in {self.serving.timeout:g} s") from None
        except httpx2.ConnectError as error:
            raise Flaw(self._hidden(f"cannot be reached ({str(error) or type(error).__name__})")) from None
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise Flaw(self._hidden(f"the connection broke ({str(error) or type(error).__name__})")) from None
        finally:
            self._free.append(client)
        said = self._hidden(answer.content.decode("utf-8", "replace"))
        return answer.status_code, said, wanted(answer.headers)

    def _refuse(self, status: int, words: wire.Words, after: float | None, prompt: Prompt) -> None:
        """Raises Flaw or UsageError for an answer that is no reply."""
        said = f"{status}: {words.message}" if words.message else f"{status}"
        if (status in AGAIN and words.code != "insufficient_quota") or status >= 500:
            if after is not None and after <= self.serving.patience:
                # All are held, not this request alone: the limit is the server's, not the request's.
                self._free_at = max(self._free_at, time.monotonic() + after)
            raise Flaw(said, after)
        hint = ""
        if status in (401, 403):
            hint = f" ({self.serving.key} is not set)" if not self._secret else f" (with the key in {self.serving.key})"
        elif status in (*FIELDS, 413):
            hint = f" (asked for {prompt.id})"
        elif status == 404 and isinstance(prompt.text, str):
            hint = " (a chat model is asked with messages: --prompt chat, or --style chat of evaluate)"
        elif 300 <= status < 400:
            hint = " (it points elsewhere: name that URL)"
        raise UsageError(f"{self.target.url}: model {self.target.name!r}: {said}{hint}")

    async def _wait(self, flaw: Flaw, tries: int) -> None:
        """Twice as long from try to try, and never all at once."""
        if flaw.after is None:
            await self._sleep(min(LONGEST, self.serving.pause * 2.0 ** (tries - 1)) * self._chance.uniform(0.5, 1.0))
        else:
            await self._sleep(flaw.after + self.serving.pause * self._chance.random())

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.over.wait()
        except TimeoutError:
            return

    def _drop(self, name: str, why: str) -> None:
        if name not in self.without:
            self.without.add(name)
            log.warning("%s does not take %r and is asked without it: %s", self.target.url, name, why)

    def _hidden(self, text: str) -> str:
        """Text without the key, should a server repeat it."""
        return text.replace(self._secret, "[key]") if len(self._secret) >= TELLING else text


def wanted(headers: httpx2.Headers) -> float | None:
    """Seconds of a Retry-After header: a number or a date."""
    said = headers.get("retry-after", "").strip()
    if not said:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
