"""Answers from a file, for tests, for replies that another program has made, and for runs that must repeat exactly.

A line is `{"id", "text"}`, which answers the draw of that id; or `{"task_id", "text"}`, of which a task's first line
answers its draw 0, the next one draw 1, and so on; or a `Sample` that a run has stored. Other fields are passed over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from errata import jsonl
from errata.errors import UsageError
from errata.policies import Sampling
from errata.text import cut
from errata.types import Prompt, Sample, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One line of the file."""

    id: str = ""
    task_id: str = ""
    text: str
    finish: Literal["stop", "length"] = "stop"


class Recorded:
    """A policy that knows one reply a draw, the same each time; the file is read when the first draw is asked for."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def sample(self, sampling: Sampling) -> Stage[Prompt, Sample]:
        """Of `sampling` only the stop strings bear on what was recorded.

        UsageError for a draw that the file has no reply for, and for a line that is no reply.
        """

        def stage(prompts: Iterable[Prompt]) -> Iterator[Sample]:
            for prompt in prompts:
                reply = self._reply(prompt)
                text = cut(reply.text, sampling.stop)
                yield Sample(
                    id=prompt.id,
                    of=prompt.id,
                    task=prompt.task,
                    prompt=prompt.text,
                    text=text,
                    finish=reply.finish if text == reply.text else "stop",
                )

        return stage

    def check(self) -> None:
        """Raises UsageError for a file that is not there, holds no reply, or has a line that is none."""
        if not self._replies:
            raise UsageError(f"{self.file}: holds no reply")

    def _reply(self, prompt: Prompt) -> Reply:
        reply = self._replies.get(prompt.id)
        if reply is None:
            raise UsageError(f"{self.file}: no reply for {prompt.id}")
        return reply

    @cached_property
    def _replies(self) -> dict[str, Reply]:
        """By the id of the draw."""
        replies: dict[str, Reply] = {}
        written: dict[str, int] = {}
        draws: dict[str, int] = {}
        for number, line in jsonl.lines(self.file):
            where = f"{self.file}:{number}"
            reply = jsonl.parse(line, Reply, where, loose=True)
            id = reply.id
            if not id:
                if not reply.task_id:
                    raise UsageError(f"{where}: id: field required (or task_id)")
                draw = draws.get(reply.task_id, 0)
                draws[reply.task_id] = draw + 1
                id = f"{reply.task_id}#{draw}"
            if id in replies:
                raise UsageError(f"{where}: id: {id!r} has a reply already in line {written[id]}")
            replies[id], written[id] = reply, number
        return replies
