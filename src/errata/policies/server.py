"""Asking an OpenAI-compatible server: many requests at once, tried again, and no reply paid for twice.

A string goes to `/completions`, chat messages to `/chat/completions`. What the server cannot answer after all tries is
`Owed`, and the others go on; a refused key, an unknown model and a request that the server does not take end the stage
with a UsageError, once the requests that are under way have been heard. Samples come out in the order in which replies
arrive. The event loop lives in a thread of its own; nothing outside is asynchronous.
"""

import asyncio
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from errata.errors import Turn
from errata.policies import Sampling
from errata.policies.asking import Asking, Made, Target
from errata.policies.kept import Replies
from errata.policies.reload import Holder
from errata.policies.serving import Serving
from errata.types import Owed, Prompt, Sample, Stage, Text, Timed

log = logging.getLogger(__name__)

PROMPTS, DRAWS = 16, 6
"""Prompts that are looked at for replies that are all alike, and how many replies that takes."""
LOST = 16
"""After so many draws in a row (or `concurrency`) that stay owed, the server is away, and others are not tried."""


class Server:
    """A policy that a server answers for. `folder` is where replies are kept, unless the settings name another."""

    def __init__(self, model: str, url: str, serving: Serving, folder: Path | None) -> None:
        place = Path(model)
        here = place.is_dir()
        whole = str(place.resolve()) if here else model
        self.target = Target(
            url=url,
            name=serving.name or whole,
            weights=held(place) if here else "",
            serving=serving,
        )
        self._holder = Holder(url, whole, self.target.name, serving, folder)
        self._without: set[str] = set()
        self._folder = Path(serving.cache).expanduser() if serving.cache else folder
        self._replies: Replies | None = None

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._replies is not None:
            self._replies.close()
            self._replies = None
        # What stopped the work is what is told, not what failed after it.
        with suppress(*([Turn] if kind else [])):
            self._holder.let_go()

    def sample(self, sampling: Sampling) -> Stage[Prompt, Sample]:
        """The stage that asks for one sample a prompt.

        Raises UsageError when the server refuses the key, the model or the request; Fault when it cannot be started.
        """

        def stage(prompts: Iterable[Prompt]) -> Iterator[Timed[Sample] | Owed]:
            if self._replies is None and self._folder is not None:
                self._replies = Replies(self._folder)
            with Line(self.target, sampling, self._without, self._replies) as line:
                yield from self._answers(prompts, line)

        return stage

    def _answers(self, prompts: Iterable[Prompt], line: "Line") -> Iterator[Timed[Sample] | Owed]:
        serving, began = self.target.serving, time.monotonic()
        source, again = Source(prompts), deque[Prompt]()
        alike = Alike()
        flying = failed = asked = tokens = 0
        error: BaseException | None = None
        while True:
            while error is None and flying < serving.concurrency:
                together = 1 if "n" in self._without else serving.together
                if not (group := [again.popleft()] if again else source.take(together)):
                    break
                if len(group) == 1 and (found := line.asking.kept(group[0])):
                    yield found
                    continue
                if failed >= max(LOST, serving.concurrency):
                    yield from (Owed(id=prompt.id, reason=f"{self.target.url} does not answer") for prompt in group)
                    continue
                self._holder.bring()
                line.put(group)
                flying += 1
            if not flying:
                break
            made = line.get()
            flying -= 1
            again.extend(made.rest)
            for answer in made.answers:
                failed = failed + 1 if isinstance(answer, Owed) else 0
                asked += 1
                if isinstance(answer, Timed):
                    tokens += int(answer.timing["tokens"])
                    alike.hear(answer.record)
                yield answer
            if made.error is not None and error is None:
                error = made.error
                line.hurry()
        if error is not None:
            raise error
        if line.asking.sampling.temperature > 0 and alike:
            words = "%s: model %r gives one and the same reply to all draws of a prompt; does the server sample?"
            log.warning(words, self.target.url, self.target.name)
        took = time.monotonic() - began
        log.info("%s: %d replies of %d tokens in %.1f s", self.target.url, asked, tokens, took)


class Source:
    """Prompts in their order, several draws of one text at a time."""

    def __init__(self, prompts: Iterable[Prompt]) -> None:
        self._prompts = iter(prompts)
        self._ahead: list[Prompt] = []

    def take(self, most: int) -> list[Prompt]:
        """The next draws of one text, `most` at most; nothing at the end."""
        group = self._ahead or [prompt for prompt in (next(self._prompts, None),) if prompt is not None]
        self._ahead = []
        while group and len(group) < most and (prompt := next(self._prompts, None)):
            if prompt.text != group[0].text:
                self._ahead = [prompt]
                break
            group.append(prompt)
        return group


class Alike:
    """True when several prompts were each answered several times, and never in two ways."""

    def __init__(self) -> None:
        self._heard: dict[Text, list[str]] = {}

    def hear(self, sample: Sample) -> None:
        """Note a reply to one of the first prompts."""
        if sample.text and (sample.prompt in self._heard or len(self._heard) < PROMPTS):
            self._heard.setdefault(sample.prompt, []).append(sample.text)

    def __bool__(self) -> bool:
        several = [texts for texts in self._heard.values() if len(texts) > 1]
        return sum(map(len, several)) >= DRAWS and all(len(set(texts)) == 1 for texts in several)


class Line:
    """The event loop in its thread: requests go in, and what came of each comes out, whichever is first."""

    def __init__(self, target: Target, sampling: Sampling, without: set[str], replies: Replies | None) -> None:
        self.asking = Asking(target, sampling, without, replies)
        self._made: queue.SimpleQueue[Made] = queue.SimpleQueue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="errata-server", daemon=True)

    def __enter__(self) -> "Line":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def put(self, prompts: list[Prompt]) -> None:
        """Begin a request."""
        self._loop.call_soon_threadsafe(self._begin, prompts)

    def get(self) -> Made:
        """Wait for the next request that is done."""
        return self._made.get()

    def hurry(self) -> None:
        """Let nothing be tried again."""
        self._loop.call_soon_threadsafe(self.asking.over.set)

    def _begin(self, prompts: list[Prompt]) -> None:
        task = self._loop.create_task(self._ask(prompts))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, prompts: list[Prompt]) -> None:
        try:
            made = await self.asking.ask(prompts)
        except BaseException as error:
            made = Made(error=error)
        self._made.put(made)

    async def _end(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with self.asking:
            pass


def held(folder: Path) -> str:
    """What files stand in a model's folder, by name, size and time: cheap, and other for weights made anew."""
    found = [(path.name, path.stat()) for path in sorted(folder.iterdir()) if path.is_file()]
    return ";".join(f"{name}:{stat.st_size}:{stat.st_mtime_ns}" for name, stat in found)
