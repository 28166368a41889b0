"""Signed webhooks in; each post in the log as it was signed, out."""

import logging
import time
from collections.abc import Mapping

from starlette.types import Receive, Scope

from perennial.collector.direct import Direct
from perennial.collector.providers import PROVIDERS, Provider
from perennial.collector.reception import Reception
from perennial.collector.refusals import Refused
from perennial.collector.signatures import SignatureRefusedError

MAX_BODY = 4 * 1024 * 1024
MOST_TOLD = 10
"""Unsigned requests that the log tells of, a minute."""
THERE = b'{"accepted":0}'
LOGGER = logging.getLogger(__name__)


class Receiver(Direct):
    """The endpoint of one provider's webhook."""

    def __init__(self, provider: Provider, reception: Reception) -> None:
        """`TerminalError` says which setting holds what can be no key."""
        super().__init__(reception)
        self._provider = provider
        # The old key and the new one are both good while they are being exchanged.
        keys = reception.settings.webhook_keys.get(provider.name, ())
        self._verifiers = [provider.verifier(key) for key in keys]
        self._minute = self._told = 0
        self._reader = reception.body("a post", MAX_BODY)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        """Answer a post when it is on disk."""
        method, provider = scope["method"], self._provider
        if provider.asks and method in ("GET", "HEAD"):
            return 200, THERE
        if method != "POST":
            allowed = "GET, POST" if provider.asks else "POST"
            raise Refused(405, "method_not_allowed", f"this address takes {allowed} only", {"allow": allowed})
        body = await self._reader.read(receive, dict(scope["headers"]))
        try:
            now = time.time()
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            if provider.handshake and (told := provider.handshake(headers, body)):
                self._tell(told, now)
                return 200, THERE
            self._check(headers, body, now)
            events, count = provider.events(body)
            await self._reception.keep_webhook(provider.name, _record(events, now))
        finally:
            self._reception.budget.give(len(body))
        return provider.accepted, b'{"accepted":%d}' % count

    def _tell(self, told: str, now: float) -> None:
        """Into the log; nobody has signed this, and who sends many of them must not fill the disk."""
        minute = int(now) // 60
        if minute != self._minute:
            self._minute, self._told = minute, 0
        if self._told < MOST_TOLD:
            self._told += 1
            LOGGER.warning("%s asks who is there; %s", self._provider.title, told)

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


def receivers(reception: Reception) -> dict[str, Receiver]:
    """By the addresses that providers post to."""
    return {f"/webhooks/{provider.name}": Receiver(provider, reception) for provider in PROVIDERS}


def _record(events: bytes, received_at: float) -> bytes:
    """One post as the log keeps it: when it came, and its events."""
    return b'{"received_at":%d,"events":%b}' % (int(received_at * 1_000_000), events)
