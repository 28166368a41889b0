"""`POST /collection/...` in; messages in the log, and the receipt that says so, out.

This is the collector's hot path: plain ASGI, without the layers of a web framework. A message is checked for
being a JSON object and kept byte for byte; what its values mean is for the landing to judge.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
from starlette.types import Receive, Scope

from perennial.collector.checking import violations
from perennial.collector.direct import Direct
from perennial.collector.parsing import many, one
from perennial.collector.reception import Reception
from perennial.collector.refusals import Refused
from perennial.collector.tokens import Token
from perennial.ids import uuid7s
from perennial.signals.log import pack

PATH = "/collection/"
BATCH = "batch/"
SYNC = {b"": False, b"sync=true": True, b"sync=false": False}
CHECKS_AT_ONCE = 2
"""Of messages whose senders wait for the verdict: the others must not wait for them."""


class Streaming(Direct):
    """The two addresses that take messages."""

    def __init__(self, reception: Reception) -> None:
        super().__init__(reception)
        limits = reception.limits
        self._single = reception.body("a message", limits.message_bytes)
        self._batch = reception.body("a request with many messages", limits.batch_bytes)
        self._checks = asyncio.Semaphore(CHECKS_AT_ONCE)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        if scope["method"] != "POST":
            raise Refused(405, "method_not_allowed", "this address takes POST only", {"allow": "POST"})
        headers = dict(scope["headers"])
        reception, name = self._reception, scope["path"][len(PATH) :]
        sender = reception.tokens.sender(headers.get(b"authorization"))
        batch = name.startswith(BATCH)
        if batch:
            name = name[len(BATCH) :]
        reception.dataset(name, sender, reception.streams)
        sync = SYNC.get(scope["query_string"])
        if sync is None or (sync and batch):
            raise Refused(
                400, "bad_query", "the only parameter is sync, for a single message; it is true or false"
            )
        body = await (self._batch if batch else self._single).read(receive, headers)
        try:
            if batch:
                return await self._take_many(name, sender, headers, body)
            return await self._take_one(name, sender, headers, body, sync)
        finally:
            reception.budget.give(len(body))

    async def _take_one(
        self, name: str, sender: Token, headers: Mapping[bytes, bytes], body: bytes, sync: bool
    ) -> tuple[int, bytes]:
        one(body, headers)
        now = time.time_ns() // 1000
        (receipt,) = uuid7s(1, now // 1000)
        await self._reception.keep(name, [pack(receipt, now, sender.name, body)])
        self._reception.metrics.messages[name] += 1
        facts = b'"id":"%b","dataset":"%b","received_at":"%b"' % (
            receipt.encode(), name.encode(), _iso(now)
        )  # fmt: skip
        if sync:
            return await self._checked(name, body, facts)
        return 202, b'{%b,"status":"accepted"}' % facts

    async def _take_many(
        self, name: str, sender: Token, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[int, bytes]:
        messages = many(body, headers, self._reception.limits)
        now = time.time_ns() // 1000
        receipts = uuid7s(len(messages), now // 1000)
        packed = [pack(id, now, sender.name, text) for id, text in zip(receipts, messages, strict=True)]
        await self._reception.keep(name, packed)
        self._reception.metrics.messages[name] += len(messages)
        return 202, b'{"dataset":"%b","received_at":"%b","status":"accepted","messages":%d,"ids":%b}' % (
            name.encode(), _iso(now), len(messages), msgspec.json.encode(receipts)
        )  # fmt: skip

    async def _checked(self, name: str, body: bytes, facts: bytes) -> tuple[int, bytes]:
        async with self._checks:
            found = await asyncio.to_thread(violations, body, self._reception.datasets[name])
        if not found:
            return 200, b'{%b,"status":"accepted"}' % facts
        detail = "the message is kept, and will be set aside when it lands, to be corrected there"
        return 400, b'{"error":"invalid","detail":"%b","kept":true,%b,"violations":%b}' % (
            detail.encode(), facts, msgspec.json.encode(found)
        )  # fmt: skip


def _iso(microseconds: int) -> bytes:
    whole, part = divmod(microseconds, 1_000_000)
    return b"%b.%06dZ" % (_second(whole), part)


@lru_cache(8)
def _second(seconds: int) -> bytes:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
