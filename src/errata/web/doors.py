"""What stands before every page: who asks, from where, how much at once; and what a browser is told to refuse."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from errata.web.people import People

MOST_BYTES = 1 << 20
"""Of a post: a program of the greatest length, with room for how JSON writes it."""
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Turns away requests that asked for another host, and gives every answer the headers above."""

    def __init__(self, app: ASGIApp, people: People) -> None:
        self.app = app
        self.people = people

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if self.people.welcome(Request(scope).headers.get("host", "")):
            await self.app(scope, receive, guarded)
        else:
            words = "This server is not known by that name. Use the address that it printed when it started.\n"
            await PlainTextResponse(words, status_code=421)(scope, receive, guarded)


class Doors:
    """Who asks, and whether what they post may come in."""

    def __init__(self, people: People) -> None:
        self.people = people

    def name(self, request: Request) -> str:
        """The person whose session it is; empty for none."""
        return self.people.known(request.cookies.get(self.people.cookie))

    def inside(self, request: Request) -> str:
        """The person; HTTPException where nobody is known."""
        name = self.name(request)
        if not name:
            raise HTTPException(401, "You are not signed in here, or no longer. Open this page again.")
        return name

    async def posted(self, request: Request) -> bytes:
        """What was posted, as one line of JSON; HTTPException for what is not from our pages or too large."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if not self.people.ours(host, origin, request.headers.get("x-errata", ""), self.name(request)):
            raise HTTPException(403, "This did not come from a page of this server, or the page is old. Reload it.")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise HTTPException(415, "Only JSON is taken here.")
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                raise HTTPException(413, f"That is too much: at most {MOST_BYTES:,} bytes can be sent at once.")
        return bytes(body)
