"""The collector as an ASGI application: messages, files, webhooks, links in; durable logs and batches out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from perennial.collector.bodies import Disconnected
from perennial.collector.reception import Reception
from perennial.collector.refusals import Refused, refuse
from perennial.collector.settings import CollectorSettings
from perennial.collector.streaming import PATH, Streaming
from perennial.collector.tracking import tracking_routes
from perennial.collector.uploads import upload_routes
from perennial.collector.webhooks import receivers

OPENAPI = Path(__file__).with_name("openapi.yaml")


class Collector:
    """Messages and webhooks go straight to their handlers; all else goes through Starlette."""

    def __init__(self, settings: CollectorSettings) -> None:
        """`TerminalError` says which setting, document or token cannot be understood."""
        self.reception = Reception(settings)
        self._streaming = Streaming(self.reception)
        self.webhooks = receivers(self.reception)
        self._others = _others(self.reception)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection's request, or the server's start and stop."""
        await self._handler(scope)(scope, receive, send)

    def _handler(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self._others
        path: str = scope["path"]
        return self._streaming if path.startswith(PATH) else self.webhooks.get(path, self._others)


def create_app(settings: CollectorSettings) -> Collector:
    """Everything that the collector serves."""
    return Collector(settings)


def from_env() -> Collector:
    """The same, with the settings of the environment: what a server's worker process starts."""
    return create_app(CollectorSettings.from_env())


def _others(reception: Reception) -> ASGIApp:
    document = yaml.safe_load(OPENAPI.read_text(encoding="utf-8"))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await reception.close()

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_: Request) -> Response:
        problems = reception.problems()
        status = {"status": "not ready" if problems else "ready", "problems": problems}
        return JSONResponse(status, 503 if problems else 200)

    async def metrics(_: Request) -> Response:
        return PlainTextResponse(reception.metrics.text(reception.budget.used))

    async def openapi(_: Request) -> Response:
        return JSONResponse(document)

    async def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, Refused):
            reception.metrics.refused[error.error] += 1
        return await refuse(request, error)

    async def gone(_: Request, __: Exception) -> Response:
        return Response(status_code=400)

    return Starlette(
        routes=[
            *tracking_routes(reception),
            *upload_routes(reception),
            Route("/health", health),
            Route("/ready", ready),
            Route("/metrics", metrics),
            Route("/openapi.json", openapi),
        ],
        exception_handlers={Refused: refused, HTTPException: refuse, Disconnected: gone},
        lifespan=lifespan,
    )
