"""JSON, CSV and pictures of widgets, for the pages and for whoever else has a token."""

from collections.abc import Iterator
from datetime import date
from itertools import chain
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse

from perennial.web.charts import chart
from perennial.web.days import days_of
from perennial.web.images import HEIGHTS, draw
from perennial.web.results import Selection, csv_lines, payload, records, select
from perennial.web.state import DashboardDep, LibraryDep, StoreDep, WidgetDep
from perennial.web.themes import ThemeName

router = APIRouter(prefix="/api")
Period = Annotated[int | None, Query(ge=0, le=36_600)]


def get_selection(
    request: Request, dashboard: DashboardDep, store: StoreDep, day: date | None = None, period: Period = None
) -> Selection:
    """The picked day (the latest by default), period and filters of a request."""
    shown = day or days_of(dashboard, store, None).shown
    return select(dashboard, shown, period, dict(request.query_params))


SelectionDep = Annotated[Selection, Depends(get_selection)]


@router.get("/dashboards")
def list_dashboards(library: LibraryDep) -> list[dict[str, Any]]:
    """Names, titles and descriptions."""
    return [
        {"name": one.name, "title": one.title, "description": one.description, "widgets": len(one.widgets)}
        for one in library.dashboards().values()
    ]


@router.get("/dashboards/{name}")
def get_document(dashboard: DashboardDep) -> dict[str, Any]:
    """The whole document of one dashboard."""
    return dashboard.model_dump(mode="json", exclude_defaults=True)


@router.get("/dashboards/{name}/widgets/{widget_id}")
def get_data(widget: WidgetDep, selection: SelectionDep, store: StoreDep) -> dict[str, Any]:
    """Columns, rows and the Vega-Lite specification of one widget."""
    return payload(widget, selection, store)


@router.get("/dashboards/{name}/widgets/{widget_id}/csv")
def get_csv(widget: WidgetDep, selection: SelectionDep, store: StoreDep) -> StreamingResponse:
    """All rows of one widget, without a cap."""
    rows = store.stream(widget.sql, selection.parameters)
    first = next(rows)  # a query that fails must do so before the response has begun
    lines: Iterator[str] = csv_lines(chain([first], rows))
    name = f"{widget.id}_{selection.day}.csv"
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=_download(name))


@router.get("/dashboards/{name}/widgets/{widget_id}/{kind}")
def get_image(
    widget: WidgetDep,
    selection: SelectionDep,
    store: StoreDep,
    kind: Literal["png", "svg"],
    theme: ThemeName = "light",
    width: Annotated[int, Query(ge=100, le=2_400)] = 860,
) -> Response:
    """One chart as a picture; numbers without a trend and tables have none."""
    result = store.query(widget.sql, selection.parameters)
    spec = chart(widget, result.columns)
    if spec is None:
        raise HTTPException(404, f"A {widget.mark} has no picture; take its data as CSV.")
    content = draw(spec, records(result), kind, theme, (width, HEIGHTS[widget.height]))
    media_type = {"png": "image/png", "svg": "image/svg+xml"}[kind]
    return Response(content, media_type=media_type, headers=_download(f"{widget.id}_{selection.day}.{kind}"))


def _download(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}
