"""One connection's bytes in, within bounds of size and time; its requests out.

What the application reads, it bounds itself (`bodies`). Here is bounded what it never sees: the lines
before a body and after it, which the parser gathers, a sender who says nothing, and one who does not take
the answer.
"""

import asyncio
from functools import cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from perennial.collector.limits import Limits

TAKEN_S = 60
"""Seconds in which some of an answer that waits must be taken."""
LARGE = b'{"error":"too_large","detail":"the lines before the body are too long"}'
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(LARGE), LARGE)
)


@cache
def _limits() -> Limits:
    return Limits.from_env()


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's own, which waits for a request's first lines as long as they take, and takes all of them."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._unasked = 0
        """Bytes since something of use came."""
        self._is_head = True
        self._late: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers with it."""
        self._come()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and look how long it takes to become a request."""
        self._unasked += len(data)
        super().data_received(data)
        if self._unasked > _limits().head_bytes:
            self._refuse()
        elif self._is_head:
            self._wait()
        elif self._late is not None and not self._is_left():
            self._come()

    def on_message_begin(self) -> None:
        """The first line of a request."""
        super().on_message_begin()
        self._unasked, self._is_head = 0, True

    def on_headers_complete(self) -> None:
        """The last line before its body."""
        self._is_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._unasked = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Its end."""
        self._unasked = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is sent; what is still to come of the request is nobody's."""
        super().on_response_complete()
        if self._is_left():
            self._wait()

    def pause_writing(self) -> None:
        """The sender does not take the answer."""
        super().pause_writing()
        if self._stuck is None:
            self._stuck = self.loop.call_later(TAKEN_S, self._end)

    def resume_writing(self) -> None:
        """The sender goes on taking it."""
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        if self.flow is not None:
            super().resume_writing()

    def _is_left(self) -> bool:
        """Whether a request was answered that has not come to its end."""
        cycle: Any = self.cycle
        return cycle is not None and cycle.response_complete and cycle.more_body

    def _wait(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(_limits().head_seconds, self._end)

    def _come(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self) -> None:
        if self.transport.is_closing():
            return
        if self._is_head and (self.cycle is None or self.cycle.response_complete):
            self.transport.write(TOO_LARGE)
            self.transport.close()
        else:
            self._end()

    def _end(self) -> None:
        # Not closed: that would wait until all that was written is taken.
        self.transport.abort()
