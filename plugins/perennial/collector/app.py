"""The collector as an ASGI application: signed webhooks in, records of the durable log out."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from perennial.collector.settings import CollectorSettings
from perennial.collector.signatures import SignatureRefusedError, sendgrid_key, verify_sendgrid
from perennial.signals.log import LogWriter

MAX_BODY = 4 * 1024 * 1024
SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"


class BodyTooLargeError(Exception):
    """The request is larger than `MAX_BODY`."""


async def _body(request: Request) -> bytes:
    """The raw body, without ever holding more than `MAX_BODY` of it."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            raise BodyTooLargeError
        chunks.append(chunk)
    return b"".join(chunks)


def _refuse(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)


def _record(body: bytes, received_at: float) -> bytes:
    """One post as the log keeps it: when it came, and the events exactly as they were signed."""
    return b'{"received_at":%d,"events":%b}' % (int(received_at * 1_000_000), body)


def create_app(settings: CollectorSettings) -> Starlette:
    """Everything that the collector serves; the log under `settings.spool` is opened when it starts."""
    key = sendgrid_key(settings.sendgrid_key) if settings.sendgrid_key else None

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        with LogWriter(settings.spool / "sendgrid") as log:
            app.state.log, app.state.turn = log, asyncio.Lock()
            yield

    async def sendgrid(request: Request) -> JSONResponse:
        if key is None:
            return _refuse(503, "no verification key: set PERENNIAL_SENDGRID_WEBHOOK_KEY")
        try:
            body = await _body(request)
        except BodyTooLargeError:
            return _refuse(413, f"a post may have at most {MAX_BODY} bytes")
        now = time.time()
        headers = request.headers
        try:
            verify_sendgrid(key, headers.get(SIGNATURE, ""), headers.get(TIMESTAMP, ""), body, now)
        except SignatureRefusedError as error:
            return _refuse(401, str(error))
        try:
            events = json.loads(body.decode())
        except ValueError:
            return _refuse(400, "the body is not JSON")
        if not isinstance(events, list):
            return _refuse(400, "the body is not an array of events")
        async with request.app.state.turn:
            await run_in_threadpool(request.app.state.log.append, [_record(body, now)])
        return JSONResponse({"accepted": len(events)}, 202)

    async def health(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    routes = [Route("/webhooks/sendgrid", sendgrid, methods=["POST"]), Route("/health", health)]
    return Starlette(routes=routes, lifespan=lifespan)
