"""Signed webhooks in; each post in the log as it was signed, out."""

import logging
import time
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from perennial.collector.providers import PROVIDERS, Provider
from perennial.collector.reception import Reception
from perennial.collector.refusals import Refused
from perennial.collector.signatures import SignatureRefusedError

MAX_BODY = 4 * 1024 * 1024
LOGGER = logging.getLogger(__name__)


class Receiver:
    """The endpoint of one provider's webhook."""

    def __init__(self, provider: Provider, reception: Reception) -> None:
        """`TerminalError` says which setting holds what can be no key."""
        self._provider, self._reception = provider, reception
        # The old key and the new one are both good while they are being exchanged.
        keys = reception.settings.webhook_keys.get(provider.name, ())
        self._verifiers = [provider.verifier(key) for key in keys]
        self._reader = reception.body("a post", MAX_BODY)

    async def answer(self, request: Request) -> Response:
        """What the address says to a post, and to who asks whether it is there."""
        return await self._take(request) if request.method == "POST" else PlainTextResponse("")

    async def _take(self, request: Request) -> Response:
        body = await self._reader.read(request.receive, dict(request.scope["headers"]))
        try:
            now, headers, provider = time.time(), request.headers, self._provider
            if provider.handshake and (told := provider.handshake(headers, body)):
                LOGGER.warning("%s asks who is there; %s", provider.title, told)
                return JSONResponse({"accepted": 0})
            self._check(headers, body, now)
            events, count = provider.events(body)
            await self._reception.keep_webhook(provider.name, _record(events, now))
        finally:
            self._reception.budget.give(len(body))
        return JSONResponse({"accepted": count}, provider.accepted)

    def _check(self, headers: Mapping[str, str], body: bytes, now: float) -> None:
        if not self._verifiers:
            raise Refused(503, "no_key", f"no key to check signatures with: set {self._provider.setting}")
        refused = []
        for verifier in self._verifiers:
            try:
                return verifier.check(headers, body, now)
            except SignatureRefusedError as error:
                refused.append(str(error))
        raise Refused(401, "unauthorized", refused[-1])


def webhook_routes(reception: Reception) -> list[Route]:
    """The addresses that providers post to."""
    return [
        Route(
            f"/webhooks/{provider.name}",
            Receiver(provider, reception).answer,
            methods=["GET", "POST"] if provider.asks else ["POST"],
        )
        for provider in PROVIDERS
    ]


def _record(events: bytes, received_at: float) -> bytes:
    """One post as the log keeps it: when it came, and its events."""
    return b'{"received_at":%d,"events":%b}' % (int(received_at * 1_000_000), events)
