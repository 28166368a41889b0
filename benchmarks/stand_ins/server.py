"""`python server.py <kind> <port>`: a provider's stand-in behind real HTTP, its documented limits enforced.

`GET /benchmark` tells how many calls were answered, by operation, how many of them carried people, and how
many were too many; `DELETE` lets everything through.
"""

import json
import sys
import tempfile
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any

import requests
import uvicorn

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "plugins"), str(ROOT / "tests")]

from activation.destinations.harness import start  # noqa: E402
from activation.destinations.stand_in import Answer, StandIn, Windows  # noqa: E402


class Now:
    """The clock on the wall, in which nobody sleeps: requests take what they take."""

    @property
    def now(self) -> float:
        return time.monotonic()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Time passes by itself."""


class Limits:
    """Sliding windows; what is refused does not count."""

    def __init__(self, stand_in: StandIn) -> None:
        self._seen: dict[tuple[str, int, float], deque[float]] = {}
        self._stand_in, self.enforced = stand_in, True

    def check(self, name: str, windows: Windows) -> None:
        """Raise what a call gets that is one too many."""
        now = time.monotonic()
        for calls, seconds in windows if self.enforced else ():
            seen = self._seen.setdefault((name, calls, seconds), deque())
            while seen and seen[0] <= now - seconds:
                seen.popleft()
            if len(seen) >= calls:
                self._stand_in.throttled += 1
                raise Answer(429, {}, {"Retry-After": f"{seen[0] + seconds - now:.3f}"})
            seen.append(now)


class Server:
    """A raw ASGI app around a stand-in."""

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in, self.limits, self.calls = stand_in, Limits(stand_in), Counter[str]()
        stand_in.clock = Now()  # type: ignore[assignment]
        stand_in._limit = self.limits.check  # type: ignore[method-assign]
        stand_in.checks = lambda _: None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        path = scope["raw_path"].decode()
        if path == "/benchmark":
            self.limits.enforced = scope["method"] != "DELETE"
            counts = {
                "calls": self.calls, "upserts": self.stand_in.upserts, "throttled": self.stand_in.throttled
            }  # fmt: skip
            response = requests.Response()
            response.status_code, response._content = 200, _json(counts)
        else:
            query = scope["query_string"].decode()
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            asked = requests.PreparedRequest()
            host = headers.get("x-meant-for", "stand-in")
            asked.method, asked.url = scope["method"], f"https://{host}{path}{'?' + query if query else ''}"
            asked.headers = requests.structures.CaseInsensitiveDict(headers)
            asked.body = body
            response = self.stand_in.send(asked)
            if response.status_code != 429:
                self.calls[f"{scope['method']} {path}"] += 1
        content = response.content or b""
        named = [(name.lower().encode(), str(value).encode()) for name, value in response.headers.items()]
        named.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": response.status_code, "headers": named})
        await send({"type": "http.response.body", "body": content})


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, start(sys.argv[1], Path(folder)) as harness:
        app = Server(harness.stand_in)  # type: ignore[attr-defined]
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error", lifespan="off")
