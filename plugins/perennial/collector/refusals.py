"""A reason to refuse a request in; an answer of JSON that says it, out."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

LINGER_BYTES = 256 * 1024 * 1024
LINGER_SECONDS = 10.0


class Refused(Exception):
    """The request is not taken; nothing of it is kept, unless the answer says so."""

    def __init__(
        self, status: int, error: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        """`error` is one word for programs, `detail` a sentence for people."""
        super().__init__(detail)
        self.status, self.error, self.detail = status, error, detail
        self.headers, self.more = dict(headers or {}), more
        self.unread = False
        """Whether the sender may still be sending what nobody will read."""

    def body(self) -> bytes:
        """The JSON of the answer."""
        return msgspec.json.encode({"error": self.error, "detail": self.detail, **self.more})


def too_large(what: str, limit: int, found: int | None, unit: str = "bytes") -> Refused:
    """The request is larger than allowed."""
    has = f"this one has {found:,}" if found is not None else "this one has more"
    return Refused(
        413, "too_large", f"{what} may have at most {limit:,} {unit}; {has}", limit=limit, size=found
    )


def unread(refused: Refused) -> Refused:
    """The same, of a body that was not read to its end: the connection cannot be used again."""
    refused.unread = True
    refused.headers["connection"] = "close"
    return refused


def busy(detail: str, seconds: int) -> Refused:
    """The request may succeed later; nothing is wrong with it."""
    return Refused(503, "busy", detail, {"retry-after": str(seconds)})


class Refusal(Response):
    """The answer to a request that is refused, whether its body was read or not."""

    media_type = "application/json"

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.body(), refused.status, refused.headers)
        self._lingers = refused.unread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; where the sender is still sending, wait a while: closing at once would lose the answer."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": self._lingers})
        if self._lingers:
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_SECONDS):
                    await _drain(receive)
            await send({"type": "http.response.body", "body": b""})


async def _drain(receive: Receive) -> None:
    seen = 0
    while seen < LINGER_BYTES:
        message = await receive()
        seen += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return


async def refuse(_: Request, error: Exception) -> Response:
    """For Starlette: what its own exceptions and ours look like."""
    if isinstance(error, Refused):
        return Refusal(error)
    status, headers = getattr(error, "status_code", 500), getattr(error, "headers", None)
    word = {404: "not_found", 405: "method_not_allowed"}.get(status, "error")
    detail = {404: "there is nothing at this address", 405: "this address does not take this method"}
    return Refusal(Refused(status, word, detail.get(status, "the collector failed; see its log"), headers))
