"""A request's pieces in; its body, within limits of size and time, out."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping

from starlette.types import Message, Receive

from perennial.collector.deadlines import Deadlines
from perennial.collector.pressure import Budget
from perennial.collector.refusals import Refused, too_large, unread

GZIP = 16 + zlib.MAX_WBITS
BLOCK = 16 * 1024
MEMBERS = 1_000
"""Streams in one body: programs that pack in parallel make some, and nobody makes thousands in good faith."""


class Disconnected(Exception):
    """The sender is gone: nobody waits for an answer."""


class Body:
    """The bodies of one kind of request."""

    def __init__(self, what: str, limit: int, budget: Budget, seconds: float) -> None:
        """`what` a body is, for messages; how large it may be, and how long it may take."""
        self._what, self._limit, self._budget = what, limit, budget
        self._deadlines = Deadlines(seconds)

    async def read(self, receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
        """The whole body, unpacked; its bytes are counted into the budget, for the caller to count out.

        Raises `Refused`: 408, 413, 415 or 503, or 400 for a broken gzip stream.
        """
        length = headers.get(b"content-length")
        if length is not None and int(length) > self._limit:
            raise unread(too_large(self._what, self._limit, int(length)))
        encoding = headers.get(b"content-encoding", b"identity").strip().lower()
        if encoding not in (b"identity", b"gzip", b"x-gzip"):
            raise Refused(
                415, "unsupported_encoding", "a body may be sent as it is, or with `Content-Encoding: gzip`"
            )
        try:
            message = await self._deadlines.wait(receive())
            if message["type"] == "http.request" and not message.get("more_body"):
                body: bytes = message["body"]
                self._checked(len(body))
                self._budget.take(len(body))
            else:
                body = await self._deadlines.wait(self._gather(receive, message))
        except TimeoutError:
            raise Refused(
                408, "too_slow", f"the body did not come within {self._deadlines.seconds:g} seconds",
                {"connection": "close"},
            ) from None  # fmt: skip
        if encoding != b"identity":
            packed = len(body)
            try:
                body = await asyncio.to_thread(self._unpacked, body)
                self._budget.take(len(body))
            finally:
                self._budget.give(packed)
        return body

    async def _gather(self, receive: Receive, message: Message) -> bytes:
        """What comes after the first message, with it."""
        body: bytes = message.get("body", b"")
        pieces, size = [body], 0
        try:
            while True:
                if message["type"] == "http.disconnect":
                    raise Disconnected
                self._checked(size + len(body))
                self._budget.take(len(body))
                size += len(body)
                if not message.get("more_body"):
                    return b"".join(pieces)
                message = await receive()
                body = message.get("body", b"")
                pieces.append(body)
        except BaseException:
            self._budget.give(size)
            raise

    def _checked(self, size: int) -> None:
        if size > self._limit:
            raise unread(too_large(self._what, self._limit, None))

    def _unpacked(self, body: bytes) -> bytes:
        pieces, size = [], 0
        unpacker, members = None, 0
        # In blocks: where one stream of many ends, the rest of the block is copied, and not of the body.
        for start in range(0, len(body), BLOCK):
            block = body[start : start + BLOCK]
            while block:
                if unpacker is None:
                    unpacker, members = zlib.decompressobj(GZIP), members + 1
                    if members > MEMBERS:
                        raise Refused(400, "not_gzip", f"the body has more than {MEMBERS:,} gzip streams")
                try:
                    piece = unpacker.decompress(block, self._limit + 1 - size)
                except zlib.error as error:
                    raise Refused(400, "not_gzip", f"the body is not a gzip stream: {error}") from None
                size += len(piece)
                if size > self._limit:
                    raise too_large(f"{self._what}, unpacked,", self._limit, None)
                pieces.append(piece)
                block = unpacker.unused_data
                unpacker = None if unpacker.eof else unpacker
        if unpacker is not None:
            raise Refused(400, "not_gzip", "the gzip stream of the body ends early")
        return b"".join(pieces)


async def pieces(receive: Receive, seconds: float) -> AsyncIterator[bytes]:
    """A body piece by piece; raises `Refused` with 408 where one is late, `Disconnected` if no more comes."""
    while True:
        try:
            async with asyncio.timeout(seconds):
                message = await receive()
        except TimeoutError:
            raise Refused(
                408, "too_slow", f"nothing came for {seconds:g} seconds", {"connection": "close"}
            ) from None
        if message["type"] == "http.disconnect":
            raise Disconnected
        if body := message.get("body"):
            yield body
        if not message.get("more_body"):
            return
