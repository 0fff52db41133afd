"""The annotators' pages: what is shown, and what is taken in."""

import errno
import hashlib
import secrets
from dataclasses import replace
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
from errata.web import lists, sheet
from errata.web.desk import Asked, Desk
from errata.web.doors import Doors, Guard
from errata.web.kept import Draft, Kept
from errata.web.people import People, named
from errata.web.sent import Named, Sent, Tried, answered, checked, draft_of, so_far
from errata.web.trying import Busy, Made, Trier

STATIC = {"annotate.css": "text/css", "annotate.js": "text/javascript", "diff.js": "text/javascript"}


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
            return await self._page("closed", "", 401) if self.people.by_token else await self._page("name", "")
        asked = await run_in_threadpool(self.desk.take, name)
        if asked is None:
            return await self._page("done", name)
        return RedirectResponse(f"/q/{asked.key}", 303)

    async def enter(self, request: Request) -> Response:
        """By the link that was printed for a person."""
        name = self.people.bearer(request.path_params["token"])
        if not name:
            return await self._page("closed", "", 403)
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
            return await self._page("taken", name, 409, asked=asked, others=sorted(others))
        await run_in_threadpool(self.trier.ready, asked.question.task)
        mine = self.desk.answer(asked, name)
        draft = self.kept.draft(name, asked.key) or (draft_of(mine) if mine else None)
        shown = await run_in_threadpool(sheet.sheet, asked)
        data = sheet.data(asked, draft, secrets.token_urlsafe(16))
        return await self._page("question", name, sheet=shown, data=data, mine=mine, settled=self.desk.settled(asked))

    async def draft(self, request: Request) -> Response:
        body, name, asked = await self._work(request)
        draft = jsonl.parse(body, Draft, "draft")
        checked(asked, so_far(draft), whole=False)
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

    async def questions(self, request: Request) -> Response:
        name = self.doors.name(request)
        if not name:
            return RedirectResponse("/", 303)
        rows = await run_in_threadpool(lists.everything, self.desk, self.kept.drafts(name), name)
        return await self._page("questions", name, rows=rows, show=request.query_params.get("show", "all"))

    async def mine(self, request: Request) -> Response:
        name = self.doors.name(request)
        if not name:
            return RedirectResponse("/", 303)
        return await self._page("mine", name, rows=await run_in_threadpool(lists.own, self.desk, name))

    async def agreement(self, request: Request) -> Response:
        name = self.doors.name(request)
        if not name:
            return RedirectResponse("/", 303)
        return await self._page("agreement", name, found=await run_in_threadpool(lists.agreement, self.desk))

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

    async def _page(self, template: str, name: str, status: int = 200, **more: object) -> Response:
        page = self.templates.get_template(f"{template}.html.jinja").render(
            self.everywhere,
            name=name,
            mark=self.people.mark(name),
            progress=await run_in_threadpool(self.desk.progress, name) if name else None,
            **more,
        )
        return HTMLResponse(page, status)

    async def failed(self, request: Request, error: Exception) -> Response:
        """What went wrong, in words: as JSON to a script, as a page to a person."""
        status, words = told(error)
        if request.method == "POST":
            return JSONResponse({"error": words}, status)
        return await self._page("notice", self.doors.name(request), status, words=words)


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
            Route("/questions", pages.questions),
            Route("/mine", pages.mine),
            Route("/agreement", pages.agreement),
            Route("/static/{name}", pages.asset),
        ],
        middleware=[Middleware(Guard, people=people)],
        exception_handlers=dict.fromkeys((HTTPException, UsageError, Busy, Fault, OSError, 500), pages.failed),
    )
