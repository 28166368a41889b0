"""Signed webhooks in; each post in the log as it was signed, out."""

import json
import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from perennial.collector.reception import Reception
from perennial.collector.refusals import Refused
from perennial.collector.signatures import SignatureRefusedError, sendgrid_key, verify_sendgrid

MAX_BODY = 4 * 1024 * 1024
SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"


def _record(body: bytes, received_at: float) -> bytes:
    """One post as the log keeps it: when it came, and the events exactly as they were signed."""
    return b'{"received_at":%d,"events":%b}' % (int(received_at * 1_000_000), body)


def sendgrid(reception: Reception) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of SendGrid's event webhook."""
    encoded = reception.settings.sendgrid_key
    key = sendgrid_key(encoded) if encoded else None
    reader = reception.body("a post", MAX_BODY)

    async def endpoint(request: Request) -> Response:
        if key is None:
            raise Refused(503, "no_key", "no verification key: set PERENNIAL_SENDGRID_WEBHOOK_KEY")
        body = await reader.read(request.receive, dict(request.scope["headers"]))
        try:
            now, headers = time.time(), request.headers
            try:
                verify_sendgrid(key, headers.get(SIGNATURE, ""), headers.get(TIMESTAMP, ""), body, now)
            except SignatureRefusedError as error:
                raise Refused(401, "unauthorized", str(error)) from None
            events = _events(body)
            await reception.keep_webhook(_record(body, now))
        finally:
            reception.budget.give(len(body))
        return JSONResponse({"accepted": events}, 202)

    return endpoint


def _events(body: bytes) -> int:
    try:
        events = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise Refused(400, "not_json", "the body is not JSON") from None
    if not isinstance(events, list):
        raise Refused(400, "not_an_array", "the body is not an array of events")
    return len(events)
