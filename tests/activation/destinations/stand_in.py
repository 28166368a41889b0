"""A provider in this process: real requests are prepared, answered from its state, and never leave."""

import json
import re
from collections import deque
from collections.abc import Callable
from math import ceil
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter

SECRET = "key-of-tests-4711"
TICK = 0.02
"""Seconds that a request takes."""


class Clock:
    """Time that passes only in sleep and in requests."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class Answer(Exception):
    """An answer that ends a request early, such as a refusal."""

    def __init__(self, status: int, content: Any = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.content, self.headers = status, content, headers or {}


Windows = tuple[tuple[int, float], ...]
"""So many calls in so many seconds."""


def route(
    method: str, path: str, upsert: bool = False, windows: Windows = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Marks what answers to a method and a path.

    `upsert`: it carries people, and faults strike it; `windows`: limits of its own.
    """

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
        function.route = (method, pattern, upsert, windows)  # type: ignore[attr-defined]
        return function

    return mark


class StandIn(BaseAdapter):
    """Base of all stand-ins. A handler gets the request's body, its query, and what its path names.

    It returns the answer's content, or `(status, content)`, or raises an `Answer`.
    """

    windows: Windows = ()
    """The provider's documented limits of all calls; more are answered with 429."""

    def __init__(self) -> None:
        super().__init__()
        names = [name for name in dir(type(self)) if hasattr(getattr(type(self), name), "route")]
        self._routes = [(*getattr(type(self), name).route, name) for name in names]
        self.clock = Clock()
        self.checks: Callable[[requests.Response], None] = lambda response: None
        self.clear()

    def clear(self) -> None:
        """Forget everything; a provider's own state is emptied by `empty`."""
        self.upserts, self.throttled = 0, 0
        self._calls: dict[str, deque[float]] = {}
        self._faults: list[dict[str, Any]] = []
        self.empty()

    def empty(self) -> None:
        """Forget the provider's state."""

    def fault(self, status: int = 0, headers: dict[str, str] | None = None, times: int = 1, delay: float = 0):
        """Let the next upserts fail; with a `delay`, one is taken and its answer is lost."""
        self._faults += [{"status": status, "headers": headers or {}, "delay": delay}] * times

    def authorised(self, request: requests.PreparedRequest) -> bool:
        """Whether the request has the secret."""
        return any(SECRET in str(value) for value in request.headers.values())

    def unauthorised(self) -> Answer:
        """What a request without the secret gets."""
        return Answer(401, {})

    def failed(self, status: int, headers: dict[str, str]) -> Answer:
        """What a fault looks like."""
        return Answer(status, {}, headers)

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:  # type: ignore[override]
        """Answer a request."""
        self.clock.sleep(TICK)
        url = urlsplit(str(request.url))
        found = [
            (name, match.groupdict(), upsert, windows)
            for method, pattern, upsert, windows, name in self._routes
            if method == request.method and (match := pattern.fullmatch(url.path))
        ]
        assert found, f"no such route: {request.method} {url.path}"
        name, named, upsert, windows = found[0]
        self.upserts += upsert
        fault = self._faults.pop(0) if upsert and self._faults else None
        try:
            self._limit("", self.windows)
            self._limit(name, windows)
            if not self.authorised(request):
                raise self.unauthorised()
            if fault and fault["status"]:
                raise self.failed(fault["status"], fault["headers"])
            body = _body(request)
            said = getattr(self, name)(body, dict(parse_qsl(url.query)), **named)
            status, content = said if isinstance(said, tuple) else (200, said)
            response = _response(request, status, content, {})
        except Answer as answer:
            response = _response(request, answer.status, answer.content, answer.headers)
        self.checks(response)
        if fault and fault["delay"]:
            raise requests.ReadTimeout("the answer is lost", request=request)
        return response

    def _limit(self, name: str, windows: Windows) -> None:
        seen = self._calls.setdefault(name, deque())
        seen.append(self.clock.now)
        for calls, seconds in windows:
            if sum(at > self.clock.now - seconds + 1e-6 for at in seen) > calls:
                self.throttled += 1
                wait = seen[-calls] + seconds - self.clock.now
                raise Answer(429, {}, {"Retry-After": str(ceil(wait))})

    def close(self) -> None:
        """Nothing is open."""


def _body(request: requests.PreparedRequest) -> Any:
    if not request.body:
        return None
    if request.headers.get("Content-Type") == "application/x-www-form-urlencoded":
        return dict(parse_qsl(str(request.body)))
    if request.headers.get("Content-Type", "").startswith("text/xml"):
        return request.body
    return json.loads(request.body)


def _response(
    request: requests.PreparedRequest, status: int, content: Any, headers: dict[str, str]
) -> requests.Response:
    response = requests.Response()
    response.status_code, response.reason, response.request = status, "", request
    response.url = str(request.url)
    response.headers.update(headers)
    raw = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
    response._content, response._content_consumed = raw, True  # type: ignore[attr-defined]
    return response
