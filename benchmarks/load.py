"""A load generator in a process of its own: connections that send, wait for the answer, and send again.

`python load.py <JSON of Load>` prints JSON of what it saw. It does little for each request, so that it is not
what is measured; how much of a core it used is among what it says.
"""

import asyncio
import json
import resource
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvloop

WARM = 0.5
"""Seconds at the beginning whose latencies do not count."""


@dataclass(frozen=True)
class Load:
    """What to send."""

    port: int
    path: str
    token: str
    connections: int
    seconds: float
    batch: int = 0
    """Messages of a request; 0 for one, as itself."""
    per_second: float = 0
    """Requests of all connections together; 0 for as many as can be."""
    acknowledged: str = ""
    """A file for what was acknowledged: a line a request, with first receipt, first number, how many."""
    first: int = 0
    """The first message's number."""


def message(number: int) -> bytes:
    """About 200 bytes, as an order is; each is different."""
    return (
        b'{"event_time":"2026-01-01T10:00:00Z","order_id":"o-%010d","customer":"c-%06d","amount":%d.50,'
        b'"items":[{"sku":"A-1001","quantity":2},{"sku":"B-2002","quantity":1}],"channel":"web","note":"gift"}'
        % (number, number % 100_000, number % 90 + 10)
    )


class Sender(asyncio.Protocol):
    """One connection."""

    def __init__(self, load: Load, first: int, step: int, until: float) -> None:
        self._head = (
            f"POST {load.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {load.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._batch, self._number, self._step, self._until = load.batch, first, step, until
        self._pause = load.connections / load.per_second if load.per_second else 0.0
        self._received, self._sent_at, self._due = b"", 0.0, 0.0
        self.begun = time.perf_counter()
        self.latencies: list[float] = []
        self.acknowledged: list[tuple[bytes, int]] = []
        self.failed = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        # Paced connections do not send all at the same moment.
        delay = self._pause * (self._number % self._step) / self._step
        asyncio.get_running_loop().call_later(delay, self._send)

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self._received.find(b"content-length: ") + 16
        if len(self._received) < end + 4 + int(self._received[at : self._received.index(b"\r", at)]):
            return
        now = time.perf_counter()
        if self._received[9:12] in (b"200", b"202"):
            found = self._received.find(b'"id', end)
            receipt = self._received[found : found + 60].partition(b'":')[2].strip(b'["')[:36]
            self.acknowledged.append((receipt, self._number))
            if now - self.begun > WARM:
                self.latencies.append(now - self._sent_at)
        else:
            self.failed += 1
        self._received = b""
        self._number += self._step * (self._batch or 1)
        if now >= self._until:
            self._transport.close()
        elif self._pause:
            self._due = max(self._due + self._pause, now)
            asyncio.get_running_loop().call_later(self._due - now, self._send)
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        if self._batch:
            numbers = range(self._number, self._number + self._batch)
            body = b'{"messages":[' + b",".join(map(message, numbers)) + b"]}"
        else:
            body = message(self._number)
        self._sent_at = time.perf_counter()
        self._due = self._due or self._sent_at
        self._transport.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))  # type: ignore[attr-defined]


async def run(load: Load) -> dict[str, object]:
    """Send until the time is up, and wait for the last answers."""
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    cpu = time.process_time()
    until = begun + load.seconds
    senders = []
    for connection in range(load.connections):
        first = load.first + connection * (load.batch or 1)
        make = partial(Sender, load, first, load.connections, until)
        _, sender = await loop.create_connection(make, "127.0.0.1", load.port)
        senders.append(sender)
    await asyncio.gather(*(sender.done for sender in senders))
    seconds = time.perf_counter() - begun
    answered = [each for sender in senders for each in sender.acknowledged]
    if load.acknowledged:
        lines = b"".join(b"%b %d %d\n" % (receipt, number, load.batch or 1) for receipt, number in answered)
        Path(load.acknowledged).write_bytes(lines)
    latencies = sorted(each for sender in senders for each in sender.latencies)
    return {
        "requests": len(answered),
        "failed": sum(sender.failed for sender in senders),
        "seconds": seconds,
        "per_s": len(answered) / seconds,
        "latencies_ms": {
            f"p{q}": 1000 * latencies[min(len(latencies) - 1, len(latencies) * q // 100)]
            if latencies
            else None
            for q in (50, 95, 99)
        },
        "busy": (time.process_time() - cpu) / seconds,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
        "next": max((number for _, number in answered), default=load.first) + (load.batch or 1),
    }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(Load(**json.loads(sys.argv[1]))))))
