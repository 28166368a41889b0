"""The stand-in as one ASGI application."""

import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse

from perennial.sandbox.esp import campaigns, contacts, jobs, lists, page, suppressions
from perennial.sandbox.esp.errors import ApiError, answer
from perennial.sandbox.esp.faults import Faults
from perennial.sandbox.esp.outbox import Outbox, load_key
from perennial.sandbox.esp.settings import EspSettings
from perennial.sandbox.esp.store import Store

HANDLERS: dict[str, jobs.Apply] = {"upsert": contacts.apply_upsert, "delete": lists.apply_removal}
COUNTS = {
    "contacts": "SELECT count(*) FROM contact",
    "lists": "SELECT count(*) FROM list",
    "campaigns": "SELECT count(*) FROM campaign",
    "pending": "SELECT coalesce(sum(events), 0) FROM outbox WHERE delivered = 0",
    "delivered": "SELECT coalesce(sum(events), 0) FROM outbox WHERE delivered = 1",
    "suppressed": "SELECT count(DISTINCT email) FROM suppression",
}


def create_app(settings: EspSettings) -> FastAPI:
    """Everything that one stand-in serves, on the state in `settings.state`."""
    store = Store(settings.state)
    faults = Faults(store)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        outbox = None
        if settings.webhook_url and settings.private_key:
            outbox = Outbox(store, settings.webhook_url, load_key(settings.private_key))
            outbox.start()
        yield
        if outbox:
            outbox.stop()
        store.close()

    app = FastAPI(title="Sandbox ESP", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.middleware("http")(faults.middleware)
    app.exception_handler(ApiError)(answer)
    app.exception_handler(RequestValidationError)(answer)
    guarded = [Depends(_authorized(settings.api_key)), Depends(_due_jobs(store))]
    for routes in (
        contacts.router(store),
        lists.router(store),
        suppressions.router(store),
        campaigns.router(store),
    ):
        app.include_router(routes, dependencies=guarded)
    app.include_router(faults.router(), dependencies=guarded)
    _add_views(app, store)
    return app


def _authorized(api_key: str) -> Callable[[str], None]:
    def check(authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {api_key}".encode()):
            raise ApiError(401, (None, "authorization required"))

    return check


def _due_jobs(store: Store) -> Callable[[], None]:
    def run() -> None:
        with store.transaction() as db:
            jobs.run_due(db, HANDLERS)

    return run


def _add_views(app: FastAPI, store: Store) -> None:
    """What anyone may read: health, counts, the page, and the error file of a job."""

    def counts() -> dict[str, int]:
        with store.transaction() as db:
            jobs.run_due(db, HANDLERS)
            return {name: db.execute(query).fetchone()[0] for name, query in COUNTS.items()}

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/sandbox/status")
    def status() -> dict[str, int]:
        return counts()

    @app.get("/sandbox/jobs/{job_id}/errors.csv")
    def errors(job_id: str) -> PlainTextResponse:
        with store.transaction() as db:
            row = db.execute("SELECT errors FROM job WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise ApiError(404, ("id", "job not found"))
        return PlainTextResponse("".join(_csv(json.loads(row["errors"]))), media_type="text/csv")

    @app.get("/")
    def home() -> HTMLResponse:
        shown = counts()
        with store.transaction() as db:
            lists_shown = db.execute(
                "SELECT name, count(contact_id) AS contacts FROM list LEFT JOIN list_contact ON list_id = id"
                " GROUP BY id ORDER BY name"
            ).fetchall()
            sent = db.execute(
                "SELECT c.*, l.name AS list FROM campaign c JOIN list l ON l.id = c.list_id"
                " ORDER BY sent_at DESC, c.name LIMIT 200"
            ).fetchall()
        as_dicts: Callable[[list[Any]], list[dict[str, Any]]] = lambda rows: [dict(row) for row in rows]  # noqa: E731
        return HTMLResponse(page.render(shown, as_dicts(lists_shown), as_dicts(sent)))


def _csv(rows: list[list[str]]) -> Iterator[str]:
    yield "email,error\n"
    for email, reason in rows:
        yield f'{email},"{reason}"\n'
