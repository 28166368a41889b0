"""What holds for every request and response of the app.

Responses carry headers: nothing from elsewhere, nothing inline, frames by Airflow alone. Bodies have a
greatest length: they are read before anybody is asked who they are. Whom somebody looks up does not come into
the log of requests, which Airflow writes once a response is sent.
"""

import re
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    ]
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-frame-options": "SAMEORIGIN",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
LARGEST = 32 * 1024 * 1024
"""Bytes of a body."""
_STREAMED = re.compile(r"/api/audiences/[^/]+/list$")
"""Reads its body itself, after it has asked who sends it (`audiences_lists`)."""

ABOUT_PEOPLE = {"q", "person", "search"}
"""Parameters of addresses that may say who somebody is."""


def without_people(query: str) -> str:
    """The query of an address, without what it says of people."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name in ABOUT_PEOPLE for name, _ in pairs):
        return query
    return urlencode([(name, "" if name in ABOUT_PEOPLE else value) for name, value in pairs])


class BodyLimit:
    """ASGI middleware: 413 for what is longer, whether it says so beforehand or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, and its body as far as it may go."""
        if scope["type"] != "http" or _STREAMED.search(scope["path"]):
            await self._app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "")
        if said.isdecimal() and (len(said) > 18 or int(said) > LARGEST):
            await JSONResponse({"detail": _TOO_LONG}, 413)(scope, receive, send)
            return
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LARGEST:
                raise HTTPException(413, _TOO_LONG)
            return message

        await self._app(scope, bounded, send)


_TOO_LONG = f"A request has at most {LARGEST // 1024**2} MB."


class SecurityHeaders:
    """ASGI middleware; what a route has set itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, and add the headers to its response."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "private, no-store")
            await send(message)

        try:
            await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
        finally:
            if scope["type"] == "http":
                # The caller's own: it logs what stands there when we are done.
                scope["query_string"] = without_people(scope["query_string"].decode("latin-1")).encode()
