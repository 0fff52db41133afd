"""The annotators' pages: what is shown, and what is taken in."""

import errno
import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from errata import jsonl
from errata.errors import Fault, UsageError
from errata.evaluation.report import styles
from errata.evaluation.typeset import excerpt, plain
from errata.feedback.kinds import KINDS
from errata.text import edit_distance
from errata.types import Answer
from errata.web import sheet
from errata.web.desk import AUTHOR, Asked, Desk
from errata.web.doors import Doors, Guard
from errata.web.kept import Draft, Kept
from errata.web.people import People, named
from errata.web.trying import Busy, Made, Trier

MOST_WORDS = 10_000
MOST_REASON = 1_000
MOST_SECONDS = 7 * 86_400.0
TOKEN = re.compile(r"[\w-]{8,80}", re.ASCII)
STATIC = {"annotate.css": "text/css", "annotate.js": "text/javascript", "diff.js": "text/javascript"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An answer as its page sends it."""

    token: str
    """One press of the button; the same again when the reply was lost."""
    sample: str = ""
    text: str = ""
    refinement: str = ""
    skip: str = ""
    category: tuple[str, ...] = ()
    seconds: float = 0.0
    sure: bool = False
    """The writer knows that the refinement does not pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A program to be run."""

    refinement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What somebody wants to be called."""

    name: str


class Pages:
    """Every page and every post of one run."""

    def __init__(self, desk: Desk, kept: Kept, people: People, trier: Trier) -> None:
        self.desk = desk
        self.kept = kept
        self.people = people
        self.trier = trier
        self.doors = Doors(people)
        self.static = {name: files("errata.web").joinpath("static", name).read_bytes() for name in STATIC}
        self.static["house.css"] = "\n".join(styles()).encode()
        version = hashlib.sha256(b"".join(self.static.values())).hexdigest()[:12]
        self.templates = Environment(
            loader=PackageLoader("errata.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters.update(plain=plain, value=sheet.value)
        self.everywhere: dict[str, object] = {
            "run": desk.run.resolve().name,
            "votes": desk.votes,
            "version": version,
            "by_token": people.by_token,
            "kinds": KINDS,
            "said": sheet.SAID,
        }

    async def front(self, request: Request) -> Response:
        name = self.doors.name(request)
        if not name:
            return self._page("closed", "", 401) if self.people.by_token else self._page("name", "")
        asked = await run_in_threadpool(self.desk.take, name)
        if asked is None:
            return self._page("done", name)
        return RedirectResponse(f"/q/{asked.key}", 303)

    async def enter(self, request: Request) -> Response:
        """By the link that was printed for a person."""
        name = self.people.bearer(request.path_params["token"])
        if not name:
            return self._page("closed", "", 403)
        return self._signed(RedirectResponse("/", 303), request, name)

    async def name(self, request: Request) -> Response:
        """By a name, on this machine alone."""
        body = await self.doors.posted(request)
        if self.people.by_token:
            raise HTTPException(403, "Open the link that was made for you.")
        return self._signed(JSONResponse({"next": "/"}), request, named(jsonl.parse(body, Named, "name").name))

    async def leave(self, request: Request) -> Response:
        await self.doors.posted(request)
        left = JSONResponse({"next": "/"})
        left.delete_cookie(self.people.cookie)
        return left

    async def question(self, request: Request) -> Response:
        name = self.doors.name(request)
        if not name:
            return RedirectResponse("/", 303)
        asked = self._asked(request)
        others = await run_in_threadpool(self.desk.hold, name, asked)
        if others:
            return self._page("taken", name, 409, asked=asked, others=sorted(others))
        await run_in_threadpool(self.trier.ready, asked.question.task)
        mine = self.desk.answer(asked, name)
        draft = self.kept.draft(name, asked.key) or (draft_of(mine) if mine else None)
        shown = await run_in_threadpool(sheet.sheet, asked)
        data = sheet.data(asked, draft, secrets.token_urlsafe(16))
        return self._page("question", name, sheet=shown, data=data, mine=mine)

    async def draft(self, request: Request) -> Response:
        body, name, asked = await self._work(request)
        draft = jsonl.parse(body, Draft, "draft")
        checked(asked, Sent(**{part: getattr(draft, part) for part in DRAFTED}), whole=False)
        await run_in_threadpool(self.kept.save, name, asked.key, draft)
        return JSONResponse({"saved": draft.saved})

    async def run(self, request: Request) -> Response:
        body, name, asked = await self._work(request)
        source = jsonl.parse(body, Tried, "run").refinement
        if len(source) > sheet.EDITABLE:
            raise UsageError(f"refinement: at most {sheet.EDITABLE:,} characters")
        made = await run_in_threadpool(self.trier.run, asked.question.task, source, name)
        return JSONResponse(self._result(made))

    async def renew(self, request: Request) -> Response:
        _, name, asked = await self._work(request)
        return JSONResponse({"others": await run_in_threadpool(self.desk.renew, name, asked)})

    async def later(self, request: Request) -> Response:
        _, name, asked = await self._work(request)
        await run_in_threadpool(self.desk.later, name, asked)
        return JSONResponse({"next": "/"})

    async def submit(self, request: Request) -> Response:
        body, name, asked = await self._work(request)
        sent = jsonl.parse(body, Sent, "answer")
        checked(asked, sent, whole=True)
        answer = answered(asked, name, sent)
        if await run_in_threadpool(self.desk.seen, asked, answer, sent.token):
            return JSONResponse({"next": "/"})
        if answer.refinement:
            made, answer = await run_in_threadpool(self._measured, asked, answer, name)
            if made is not None and made.passed is False and not sent.sure:
                return JSONResponse({"fails": self._result(made)})
        await run_in_threadpool(self.desk.submit, asked, answer, sent.token)
        return JSONResponse({"next": "/"})

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self.static:
            raise HTTPException(404)
        kind = STATIC.get(name, "text/css")
        return Response(self.static[name], media_type=kind, headers={"Cache-Control": "max-age=3600"})

    def _measured(self, asked: Asked, answer: Answer, name: str) -> tuple[Made | None, Answer]:
        """What the tests say of an answer's refinement, and the answer with that and with how far it is edited."""
        try:
            made = self.trier.run(asked.question.task, answer.refinement, name)
        except (Busy, Fault):
            # An answer is taken also where the machine cannot try it; it is tried again when it is used.
            made = None
        program = next(offer.program for offer in asked.question.offers if offer.sample == answer.sample)
        distance = round(edit_distance(program, answer.refinement), 6)
        return made, replace(answer, passed=made.passed if made else None, edit_distance=distance)

    def _result(self, made: Made) -> jsonl.Json:
        found = made.outcome
        parts = sheet.public(found.parts)
        detail = excerpt(found.detail.strip(), lines=sheet.WORDS, columns=1000)
        template = self.templates.get_template("result.html.jinja")
        html = template.render(self.everywhere, found=found, parts=parts, detail=detail)
        words = f"{sum(part.passed for part in parts)} of {len(parts)} tests pass"
        return {"html": html, "passed": made.passed, "words": words, "seconds": round(found.seconds, 3)}

    async def _work(self, request: Request) -> tuple[bytes, str, Asked]:
        name = self.doors.inside(request)
        body = await self.doors.posted(request)
        return body, name, self._asked(request)

    def _asked(self, request: Request) -> Asked:
        asked = self.desk.get(request.path_params["key"])
        if asked is None:
            raise HTTPException(404, "There is no such question in this run.")
        return asked

    def _signed(self, response: Response, request: Request, name: str) -> Response:
        response.set_cookie(
            self.people.cookie,
            self.people.session(name),
            max_age=90 * 86_400,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict" if not self.people.by_token else "lax",
        )
        return response

    def _page(self, template: str, name: str, status: int = 200, **more: object) -> Response:
        page = self.templates.get_template(f"{template}.html.jinja").render(
            self.everywhere,
            name=name,
            mark=self.people.mark(name),
            progress=self.desk.progress(name) if name else None,
            **more,
        )
        return HTMLResponse(page, status)

    async def failed(self, request: Request, error: Exception) -> Response:
        """What went wrong, in words: as JSON to a script, as a page to a person."""
        status, words = told(error)
        if request.method == "POST":
            return JSONResponse({"error": words}, status)
        return self._page("notice", self.doors.name(request), status, words=words)


DRAFTED = ("sample", "text", "refinement", "category", "seconds", "token")


def told(error: Exception) -> tuple[int, str]:
    match error:
        case HTTPException():
            return error.status_code, error.detail
        case UsageError():
            return 400, str(error)
        case Busy():
            return 429, str(error)
        case Fault():
            return 503, f"The tests cannot be run here now: {error}"
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return 507, "The server's disk is full. Nothing is lost: keep this page open and try again."
        case _:
            return 500, "Something failed in the server; its terminal says what. Your draft is kept."


def checked(asked: Asked, sent: Sent, *, whole: bool) -> None:
    """UsageError where an answer, or a draft of one (not `whole`), is not what the page could have sent."""
    where = asked.question.id
    if not TOKEN.fullmatch(sent.token):
        raise UsageError(f"{where}: token: not one of ours")
    if sent.sample not in {offer.sample for offer in asked.question.offers} and (whole and not sent.skip):
        raise UsageError(f"{where}: sample: none of the programs that are offered")
    for part, text, most in (
        ("text", sent.text, MOST_WORDS),
        ("refinement", sent.refinement, sheet.EDITABLE),
        ("skip", sent.skip, MOST_REASON),
    ):
        if len(text) > most:
            raise UsageError(f"{where}: {part}: {len(text):,} characters, at most {most:,}")
    if unknown := [kind for kind in sent.category if kind not in KINDS]:
        raise UsageError(f"{where}: category: unknown {unknown[0]!r}")
    if not 0 <= sent.seconds <= MOST_SECONDS:
        raise UsageError(f"{where}: seconds: out of range")
    if whole and not sent.skip.strip() and not sent.text.strip():
        raise UsageError(f"{where}: text: say what is wrong and how to fix it, or skip with a reason")


def answered(asked: Asked, name: str, sent: Sent) -> Answer:
    """The record of what was sent. A refinement that changes nothing is none."""
    question = asked.question
    if sent.skip.strip():
        return Answer(
            id=f"{question.id}@{name}",
            of=question.id,
            author=AUTHOR + name,
            skip=sent.skip.strip(),
            seconds=round(sent.seconds, 1),
        )
    program = next(offer.program for offer in question.offers if offer.sample == sent.sample)
    same = sent.refinement.strip() in ("", sheet.settled(program).strip())
    return Answer(
        id=f"{question.id}@{name}",
        of=question.id,
        author=AUTHOR + name,
        sample=sent.sample,
        text=sent.text.strip(),
        refinement="" if same else sent.refinement,
        category=tuple(dict.fromkeys(sent.category)),
        seconds=round(sent.seconds, 1),
    )


def draft_of(answer: Answer) -> Draft:
    """An answer that stands, to be edited."""
    return Draft(
        sample=answer.sample,
        text=answer.text,
        refinement=answer.refinement,
        category=answer.category,
        seconds=answer.seconds or 0.0,
    )


def build(desk: Desk, kept: Kept, people: People, trier: Trier) -> Starlette:
    pages = Pages(desk, kept, people, trier)
    return Starlette(
        routes=[
            Route("/", pages.front),
            Route("/in/{token}", pages.enter),
            Route("/name", pages.name, methods=["POST"]),
            Route("/leave", pages.leave, methods=["POST"]),
            Route("/q/{key}", pages.question),
            Route("/q/{key}/draft", pages.draft, methods=["POST"]),
            Route("/q/{key}/run", pages.run, methods=["POST"]),
            Route("/q/{key}/renew", pages.renew, methods=["POST"]),
            Route("/q/{key}/later", pages.later, methods=["POST"]),
            Route("/q/{key}/submit", pages.submit, methods=["POST"]),
            Route("/static/{name}", pages.asset),
        ],
        middleware=[Middleware(Guard, people=people)],
        exception_handlers=dict.fromkeys((HTTPException, UsageError, Busy, Fault, OSError, 500), pages.failed),
    )
