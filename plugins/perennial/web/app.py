"""The FastAPI app that Airflow mounts at `/perennial`; every route asks Airflow's auth manager first."""

from http import HTTPStatus

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from perennial.documents import DocumentError
from perennial.errors import PerennialError, TransientError
from perennial.queries.errors import QueryError
from perennial.settings import Settings
from perennial.web import (
    api,
    assets,
    audiences_api,
    audiences_lists,
    audiences_pages,
    audiences_people,
    bots_pages,
    composer_api,
    composer_pages,
    dashboards_api,
    dashboards_pages,
    destinations_pages,
    health_pages,
    matches_pages,
    pages,
    people_pages,
    privacy_pages,
    queries_api,
    queries_pages,
    signals_api,
    signals_days,
    signals_pages,
    signals_writes,
    writes,
)
from perennial.web.auth import READER, login_url
from perennial.web.connection import owner_conninfo, store_conninfo
from perennial.web.dashboards_kept import Shelf
from perennial.web.health_data import LakeSizes
from perennial.web.queries_state import Desk
from perennial.web.security import BodyLimit, SecurityHeaders, without_people
from perennial.web.signals_state import Signals
from perennial.web.state import Library
from perennial.web.store import Store, StoreError

NOT_ALLOWED = (
    "It asks for a right that your account does not have. Whoever administers Airflow can give it to you."
)
_STATUS = {"unreachable": 503, "missing": 503, "denied": 500, "timeout": 504, "query": 500}


def create_app(settings: Settings | None = None, store: Store | None = None) -> FastAPI:
    """Build the app over a deployment's documents and store; both come from the environment by default."""
    settings = settings or Settings.from_env()
    app = FastAPI(title="Perennial", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[READER])
    app.state.settings = settings
    app.state.library = Library(settings.include, Shelf(owner_conninfo))
    app.state.signals = Signals(settings)
    app.state.lake_sizes = LakeSizes(app.state.signals.lake)
    app.state.store = store or Store(store_conninfo)
    app.state.desk = Desk(settings, app.state.store, store_conninfo, owner_conninfo)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(StoreError, _store_failed)
    app.add_exception_handler(writes.Refused, _mistaken)
    app.add_exception_handler(QueryError, _query_failed)
    app.add_exception_handler(DocumentError, _document_failed)
    app.add_exception_handler(PerennialError, _failed)
    for part in (
        dashboards_api,
        api,
        signals_api,
        signals_writes,
        signals_days,
        signals_pages,
        audiences_api,
        audiences_lists,
        audiences_people,
        audiences_pages,
        privacy_pages,
        bots_pages,
        people_pages,
        destinations_pages,
        health_pages,
        matches_pages,
        queries_api,
        queries_pages,
        dashboards_pages,
        composer_api,
        composer_pages,
        pages,
    ):
        app.include_router(part.router)
    app.add_api_route("/static/{version}/{name}", _static)
    app.add_api_route("/icon.svg", _icon)
    app.add_api_route("/{path:path}", _nothing_here)
    assets.warm_up()
    return app


def _static(version: str, name: str) -> Response:
    if (found := assets.asset(name)) is None:
        raise HTTPException(404, "There is no such file.")
    age = "max-age=31536000, immutable" if version == assets.version() else "no-cache"
    return Response(found.content, media_type=found.media_type, headers={"cache-control": f"private, {age}"})


def _icon() -> Response:
    return _static(assets.version(), "icon.svg")


def _nothing_here() -> Response:
    raise HTTPException(404, "There is nothing at this address.")


def _wants_page(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def _refused(request: Request, error: Exception) -> Response:
    status, detail = getattr(error, "status_code", 500), getattr(error, "detail", "")
    if _wants_page(request):
        if status == 401:
            query = f"?{without_people(request.url.query)}" if request.url.query else ""
            return RedirectResponse(login_url(request.url.path + query), 307)
        if status == 404:
            return pages.not_found(request, detail)
        title = "This did not work"
        if status == HTTPStatus.FORBIDDEN and detail == HTTPStatus.FORBIDDEN.phrase:
            # Airflow says no more than that; a person wants to know what to do.
            title, detail = "You may not see this page", NOT_ALLOWED
        return pages.page(request, "message.html", status, section=None, title=title, detail=detail)
    return JSONResponse({"detail": detail}, status)


def _mistaken(_: Request, error: Exception) -> Response:
    found = error.mistakes if isinstance(error, writes.Refused) else []
    return writes.refusal(found)


def _misread(request: Request, error: Exception) -> Response:
    issues = error.errors() if isinstance(error, RequestValidationError) else []
    detail = "; ".join(f"{issue['loc'][-1]}: {issue['msg']}" for issue in issues)
    return _refused(request, HTTPException(422, detail))


def _query_failed(_: Request, error: Exception) -> Response:
    return queries_api.failed(error) if isinstance(error, QueryError) else JSONResponse({}, 500)


def _store_failed(_: Request, error: Exception) -> Response:
    kind, message, hint = (getattr(error, field) for field in ("kind", "message", "hint"))
    return JSONResponse({"detail": message, "kind": kind, "hint": hint}, _STATUS[kind])


def _failed(request: Request, error: Exception) -> Response:
    return _refused(request, HTTPException(503 if isinstance(error, TransientError) else 500, str(error)))


def _document_failed(request: Request, error: Exception) -> Response:
    if _wants_page(request):
        title = "A document cannot be read"
        return pages.page(request, "message.html", 500, section=None, title=title, detail=str(error))
    return JSONResponse({"detail": str(error), "kind": "document"}, 500)
