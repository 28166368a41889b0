"""Faults on demand: tests ask the stand-in to refuse, fail, or answer too late, and count its calls."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse

from perennial.sandbox.esp.store import Store


@dataclass
class Fault:
    """The next `times` requests of this method and path prefix go wrong."""

    method: str
    path: str
    times: int = 1
    status: int = 0
    """Answer this instead of doing the work; 0: do the work."""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds by which the answer comes late, after the work was done."""


class Faults:
    """The faults that wait, and the count of requests by method and path."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[Fault] = []
        self._seen: Counter[str] = Counter()

    async def middleware(
        self, request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Stand between every request and its answer."""
        if not request.url.path.startswith("/v3/"):
            return await call_next(request)
        self._seen[f"{request.method} {request.url.path}"] += 1
        fault = self._take(request.method, request.url.path)
        if fault is None:
            return await call_next(request)
        if fault.status:
            messages = {400: "not understood", 429: "too many requests"}
            told = {
                # What was wrong with a request has a name; what is wrong with the server has none.
                "field": "contacts" if fault.status == 400 else None,
                "message": messages.get(fault.status, "internal error"),
            }
            return JSONResponse({"errors": [told]}, fault.status, fault.headers)
        response = await call_next(request)
        await asyncio.sleep(fault.delay)
        return response

    def _take(self, method: str, path: str) -> Fault | None:
        for fault in self._waiting:
            if fault.times > 0 and fault.method == method and path.startswith(fault.path):
                fault.times -= 1
                return fault
        return None

    def router(self) -> APIRouter:
        """The routes `/sandbox/faults`, `/sandbox/requests` and `/sandbox/state`."""
        api = APIRouter(prefix="/sandbox")

        @api.post("/faults", status_code=201)
        def add(body: Annotated[dict[str, Any], Body()]) -> dict[str, int]:
            self._waiting = [*(each for each in self._waiting if each.times > 0), Fault(**body)]
            return {"waiting": len(self._waiting)}

        @api.delete("/state", status_code=204)
        def clear() -> None:
            self._waiting = []
            self._seen.clear()
            self._store.clear()

        @api.get("/requests")
        def seen() -> dict[str, int]:
            return dict(self._seen)

        return api
