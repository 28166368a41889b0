"""JSON, CSV and pictures of widgets, for the pages and for whoever else has a token."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask

from perennial.web.auth import EXPORTER
from perennial.web.charts import chart
from perennial.web.images import HEIGHTS, draw
from perennial.web.narrowing import narrowed
from perennial.web.periods import Period
from perennial.web.results import csv_lines, payload, records
from perennial.web.selections import Asked, Selection, chosen
from perennial.web.state import DashboardDep, LibraryDep, StoreDep, WidgetDep
from perennial.web.store import Store, StoreError
from perennial.web.themes import ThemeName

router = APIRouter(prefix="/api")
AskedPeriod = Annotated[Period | None, Query()]


def get_selection(
    request: Request,
    dashboard: DashboardDep,
    store: StoreDep,
    day: date | None = None,
    period: AskedPeriod = None,
) -> Selection:
    """The picked day (the latest by default), period and filters of a request."""
    return chosen(dashboard, store, day, period, asked_of(request))


def asked_of(request: Request) -> Asked:
    """The filters and picks of an address, each with all of its values."""
    query = request.query_params
    return {key: query.getlist(key) for key in query}


SelectionDep = Annotated[Selection, Depends(get_selection)]


@router.get("/dashboards")
def list_dashboards(library: LibraryDep) -> list[dict[str, Any]]:
    """Names, titles and descriptions; first those of `include/`, then those that people have made."""
    boards = [*library.dashboards().values(), *(one.dashboard for one in library.kept() if one.dashboard)]
    return [
        {
            "name": one.name,
            "title": one.title,
            "description": one.description,
            "widgets": len(one.widgets),
            "provisioned": one.name in library.dashboards(),
        }
        for one in boards
    ]


@router.get("/dashboards/{name}")
def get_document(dashboard: DashboardDep) -> dict[str, Any]:
    """The whole document of one dashboard."""
    return dashboard.model_dump(mode="json", exclude_defaults=True)


@router.get("/dashboards/{name}/widgets/{widget_id}")
def get_data(widget: WidgetDep, selection: SelectionDep, store: StoreDep) -> dict[str, Any]:
    """Columns, rows and the Vega-Lite specification of one widget."""
    return payload(widget, selection, store)


@router.get("/dashboards/{name}/widgets/{widget_id}/csv", dependencies=[EXPORTER])
def get_csv(widget: WidgetDep, selection: SelectionDep, store: StoreDep) -> StreamingResponse:
    """All rows of one widget, without a cap."""
    if not widget.sql:
        raise HTTPException(404, "A text has no rows.")
    asked = narrowed(widget, selection, store)
    return csv_response(store, asked.sql, asked.parameters, f"{widget.id}_{selection.day}.csv")


@router.get("/dashboards/{name}/widgets/{widget_id}/{kind}", dependencies=[EXPORTER])
def get_image(
    widget: WidgetDep,
    selection: SelectionDep,
    store: StoreDep,
    kind: Literal["png", "svg"],
    theme: ThemeName = "light",
    width: Annotated[int, Query(ge=100, le=2_400)] = 860,
) -> Response:
    """One chart as a picture; numbers without a trend and tables have none."""
    if not widget.sql:
        raise HTTPException(404, "A text has no picture; the dashboard's has it.")
    asked = narrowed(widget, selection, store)
    result = store.query(asked.sql, asked.parameters)
    spec = chart(widget, result.columns)
    if spec is None:
        raise HTTPException(404, f"A {widget.mark} has no picture; take its data as CSV.")
    content = draw(spec, records(result), kind, theme, (width, HEIGHTS[widget.height]))
    media_type = {"png": "image/png", "svg": "image/svg+xml"}[kind]
    return Response(content, media_type=media_type, headers=download(f"{widget.id}_{selection.day}.{kind}"))


def csv_response(store: Store, sql: str, parameters: Mapping[str, Any], name: str) -> StreamingResponse:
    """Every row of a query as a file.

    :raises StoreError: the store did not answer, or not to its end.
    """
    spool = SpooledTemporaryFile(max_size=4_000_000)  # noqa: SIM115 - closed once it is sent
    try:
        # Read to the end before sending: a slow reader must not keep a connection of the store.
        for line in csv_lines(store.stream(sql, parameters)):
            spool.write(line.encode())
    except StoreError:
        spool.close()
        raise
    spool.seek(0)
    return StreamingResponse(
        iter(partial(spool.read, 65_536), b""),
        media_type="text/csv; charset=utf-8",
        headers=download(name),
        background=BackgroundTask(spool.close),
    )


def download(name: str) -> dict[str, str]:
    """The header by which a browser keeps what it gets as a file."""
    return {"content-disposition": f'attachment; filename="{name}"'}
