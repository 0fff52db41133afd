"""What goes over the wire to an OpenAI-compatible server and what comes back, as pure functions of both.

A reply without content is an empty text, a refusal is the text of the refusal, and what a content filter took is cut
off like what was too long: all of them are what the model answered, and none is asked for again.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from errata.jsonl import Json
from errata.policies import Sampling
from errata.types import Text

LEAVE = ("seed", "top_k", "stop", "n")
"""Fields that a server may refuse and be asked without."""
NEUTRAL = ("temperature", "top_p")
"""Fields that it may be asked without where they are 1, as they are without being named."""
UNKNOWN = re.compile(r"unsupported|not supported|unknown|unexpected|unrecognized|extra", re.IGNORECASE)
SHOWN = 300
"""Characters of a server's words that are repeated."""


class Broken(Exception):
    """The server's reply is none: not JSON, cut off, or of another shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One reply of those in a response."""

    text: str
    finish: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a server answered to one request."""

    choices: tuple[Choice, ...]
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a server says is wrong."""

    message: str
    code: str = ""
    field: str = ""
    """The field of the request that it names."""


def path(text: Text) -> str:
    """Where a prompt goes: a string is continued, messages are answered."""
    return "/completions" if isinstance(text, str) else "/chat/completions"


def request(text: Text, sampling: Sampling, without: Collection[str]) -> dict[str, Json]:
    """The body of a request for one prompt; `without` are fields that the server has refused."""
    body: dict[str, Json] = {}
    if isinstance(text, str):
        body["prompt"] = text
    else:
        body["messages"] = [{"role": turn.role, "content": turn.content} for turn in text]
    body["max_completion_tokens" if "max_tokens" in without else "max_tokens"] = sampling.max_new_tokens
    body["temperature"] = sampling.temperature
    body["top_p"] = sampling.top_p
    if sampling.top_k:
        body["top_k"] = sampling.top_k
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    return {name: value for name, value in body.items() if name not in without}


def read(body: str) -> Response:
    """The response in the body of an answer. Raises Broken."""
    try:
        whole = cast("Json", json.loads(body))
    except (ValueError, RecursionError):
        raise Broken(f"the reply is no JSON: {one_line(body)!r}") from None
    match whole:
        case {"choices": [_, *_] as listed}:
            pass
        case {"error": _}:
            raise Broken(f"an error in the place of a reply: {words(body).message}")
        case _:
            raise Broken(f"the reply has no choices: {one_line(body)!r}")
    choices = tuple(_choice(each) for each in cast("list[Json]", listed))
    usage = whole.get("usage")
    counts = usage if isinstance(usage, Mapping) else dict[str, Json]()
    model = whole.get("model")
    return Response(
        choices=choices,
        model=model if isinstance(model, str) else "",
        tokens_in=_count(counts.get("prompt_tokens")),
        tokens_out=_count(counts.get("completion_tokens")),
    )


def _choice(choice: Json) -> Choice:
    if not isinstance(choice, Mapping):
        raise Broken("a choice of the reply is no object")
    message = choice.get("message")
    if isinstance(message, Mapping):
        text = _text(message.get("content")) or _text(message.get("refusal"))
    elif "text" in choice:
        text = _text(choice.get("text"))
    else:
        raise Broken("a choice of the reply has neither message nor text")
    finish = choice.get("finish_reason")
    return Choice(text=text, finish=finish if isinstance(finish, str) else "")


def _text(content: Json) -> str:
    """Content is a text, or parts of one, or nothing. Raises Broken for anything else."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, Mapping))
    raise Broken(f"the text of the reply is none: {one_line(json.dumps(content))}")


def _count(found: Json) -> int:
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else 0


def ended(finish: str) -> Literal["stop", "length"]:
    """Whether the model ended a reply or something cut it off: its length, or a content filter."""
    return "length" if finish in ("length", "content_filter", "max_tokens") else "stop"


def words(body: str) -> Words:
    """What an answer that is no reply says; in one line, and not all of it where it is long."""
    try:
        whole = cast("Json", json.loads(body))
    except (ValueError, RecursionError):
        whole = None
    match whole:
        case {"error": {"message": str(message), **rest}} | {"message": str(message), **rest}:
            code, field = rest.get("code"), rest.get("param")
            return Words(
                message=one_line(message),
                code=str(code or rest.get("type") or ""),
                field=field if isinstance(field, str) else "",
            )
        case {"error": str(message)} | {"detail": str(message)}:
            return Words(message=one_line(message))
        case _:
            return Words(message=one_line(body))


def refused(sent: Mapping[str, Json], said: Words) -> str:
    """The field that a server does not take and can be asked without; empty where it means something else."""
    for field in (*LEAVE, *NEUTRAL):
        if field not in sent or (field in NEUTRAL and sent[field] != 1):
            continue
        named = rf"(?<![\w]){field}(?![\w])" if len(field) > 1 else rf"['\"`]{field}['\"`]"
        if said.field == field or re.search(named, said.message):
            return field
    if "max_tokens" in sent and (said.field == "max_tokens" or "max_tokens" in said.message):
        unknown = UNKNOWN.search(said.message) or said.code == "unsupported_parameter"
        return "max_tokens" if unknown and "messages" in sent else ""
    return ""


def one_line(text: str) -> str:
    whole = " ".join(text.split())
    return whole if len(whole) <= SHOWN else whole[:SHOWN] + "..."
