"""What the composer asks for: tables, some of their rows and values, and a widget as it would be."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, ValidationError

from perennial.documents import Mistake
from perennial.insights.catalogue import Catalogue, Column, Table
from perennial.insights.guided import ROLES
from perennial.insights.guided_scope import is_day, is_number, quoted
from perennial.insights.model import Kind
from perennial.web import dashboards_text as text
from perennial.web.api import csv_response
from perennial.web.auth import DASHBOARD_EDITOR, EXPORTER
from perennial.web.dashboards import Dashboard
from perennial.web.dashboards_api import ShelfDep, mistakes
from perennial.web.dashboards_kept import Shelf
from perennial.web.filters import Name
from perennial.web.guiding import catalogue_of
from perennial.web.narrowing import narrowed
from perennial.web.periods import Period
from perennial.web.results import payload, plain
from perennial.web.selections import Selection, chosen
from perennial.web.state import StoreDep
from perennial.web.store import Store, StoreRefused
from perennial.web.widgets import Widget
from perennial.web.writes import Refused, from_our_pages

router = APIRouter(prefix="/api/composer", dependencies=[DASHBOARD_EDITOR])
MOST_ROWS = 5_000
NO_CHOICE = {"value": "", "label": ""}


class Draft(BaseModel):
    """A widget as it is being composed, and what is selected above it."""

    model_config = ConfigDict(extra="forbid")
    widget: dict[str, Any]
    day: date | None = None
    period: Period | None = None
    filters: dict[Name, str | list[str]] = {}
    """The dashboard's filters with their values; a list where several can be chosen."""
    known: tuple[dict[str, Any], ...] = ()
    """Those of them that the dashboard's document has."""


def get_catalogue(request: Request) -> Catalogue:
    """What this deployment declares of its store."""
    return catalogue_of(request.app.state.settings.include)()


CatalogueDep = Annotated[Catalogue, Depends(get_catalogue)]


def get_table(name: str, catalogue: CatalogueDep) -> Table:
    """The table that the address names, or 404."""
    if (found := catalogue.tables.get(name)) is None:
        raise HTTPException(404, "There is no such table.")
    return found


TableDep = Annotated[Table, Depends(get_table)]


@router.get("/catalogue")
def catalogue(known: CatalogueDep) -> dict[str, Any]:
    """Every table with its columns, and what can be joined to it; facts first."""
    kinds: tuple[Kind, ...] = ("fact", "dimension", "lookup")
    ordered = [table for kind in kinds for table in known.of_kind(kind)]
    return {"tables": [_described(table, known) for table in ordered]}


@router.get("/tables/{name}/records")
def records(
    table: TableDep, store: StoreDep, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> dict[str, Any]:
    """Some rows of a table, the newest day first."""
    newest = next((column for column in table.columns if is_day(column)), None)
    order = f" ORDER BY {quoted(newest.name)} DESC" if newest else ""
    sql = f"SELECT * FROM {quoted(table.name)}{order} LIMIT {limit}"  # noqa: S608 - names of the catalogue
    found = store.query(sql)
    columns = [
        {
            "name": column.name,
            "title": column.name,
            "kind": column.kind,
            "numeric": column.kind == "quantitative",
        }
        for column in found.columns
    ]
    return {"columns": columns, "rows": [[plain(value) for value in row] for row in found.rows]}


@router.get("/tables/{name}/values")
def values(
    table: TableDep,
    store: StoreDep,
    column: str,
    search: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """The values of a column with how many rows have each: the newest days, the most frequent of others."""
    known = next((each for each in table.columns if each.name == column), None)
    if known is None:
        raise HTTPException(404, f"{table.name} has no such column.")
    name, order = quoted(column), "1 DESC" if is_day(known) else "2 DESC, 1"
    sql = (
        f"SELECT {name} AS value, count(*) AS rows FROM {quoted(table.name)} "  # noqa: S608 - the same
        f"WHERE $search = '' OR position(lower($search) IN lower(CAST({name} AS text))) > 0 "
        f"GROUP BY 1 ORDER BY {order} LIMIT {limit + 1}"
    )
    rows = store.query(sql, {"search": search.strip()}).rows
    found = [{"value": plain(value), "count": count} for value, count in rows[:limit]]
    return {"values": found, "more": len(rows) > limit}


@router.post("/preview", dependencies=[Depends(from_our_pages)])
def preview(draft: Draft, store: StoreDep, shelf: ShelfDep) -> dict[str, Any]:
    """What the widget would show: columns, rows and drawing, with its SQL and its document as it is kept."""
    widget, selection = _read(draft, store, shelf)
    with _said_of_sql(widget):
        shown = payload(_capped(widget), selection, store)
    columns = {role: getattr(widget, role) for role in ROLES}
    return {
        **shown,
        "sql": widget.sql,
        "roles": {role: each.column for role, each in columns.items() if each is not None},
        "document": text.plain_widget(widget),
        "day": str(selection.day),
    }


@router.post("/csv", dependencies=[EXPORTER, Depends(from_our_pages)])
def download(draft: Draft, store: StoreDep, shelf: ShelfDep) -> StreamingResponse:
    """All rows that the widget would have, as a file."""
    widget, selection = _read(draft, store, shelf)
    with _said_of_sql(widget):
        asked = narrowed(widget, selection, store)
        return csv_response(store, asked.sql, asked.parameters, f"explored_{selection.day}.csv")


def _read(draft: Draft, store: Store, shelf: Shelf) -> tuple[Widget, Selection]:
    board = _checked(draft)
    widget = board.widgets[0]
    if widget.query is None:
        with mistakes():
            shelf.refuse_acts(text.calls_of(board))
    return widget, chosen(board, store, draft.day, draft.period, draft.filters)


def _checked(draft: Draft) -> Dashboard:
    filters = [
        {"name": name, "title": name, "multiple": isinstance(value, list), "choices": [NO_CHOICE]}
        for name, value in draft.filters.items()
        if name not in {one.get("name") for one in draft.known}
    ]
    document = {
        "title": "Draft",
        "filters": [*draft.known, *filters],
        "widgets": [{"id": "draft", "title": " ", **draft.widget}],
    }
    try:
        Widget.model_validate(document["widgets"][0])
    except ValidationError as error:
        raise Refused([_mistake(issue) for issue in error.errors()]) from None
    with mistakes():
        return text.checked("draft", document)


def _mistake(issue: Any) -> Mistake:
    """A mistake with its place below the widget."""
    context = issue.get("ctx", {})
    place = ".".join(str(part) for part in issue["loc"])
    if issue["type"] == "query":
        return Mistake(context["path"], context["said"])
    return Mistake(place, str(issue["msg"]).removeprefix("Value error, "))


def _capped(widget: Widget) -> Widget:
    """As many rows as are shown: a question for bare rows does not read a whole table for that."""
    query = widget.query
    if query is None or query.top or any(part.aggregate for part in query.parts.values()):
        return widget
    return widget.model_copy(update={"sql": f"{widget.sql}\nLIMIT {MOST_ROWS + 1}"})


@contextmanager
def _said_of_sql(widget: Widget) -> Iterator[None]:
    try:
        yield
    except StoreRefused as error:
        if error.kind != "query" or widget.query is not None:
            raise
        raise Refused([Mistake("sql", error.message)]) from None


def _described(table: Table, known: Catalogue) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": table.title,
        "kind": table.kind,
        "grain": table.grain,
        "columns": [_column(column, table) for column in table.columns],
        "joins": [
            {"alias": join.alias, "table": join.table, "left": join.left, "on": join.on, "many": join.many}
            for join in known.joins(table.name)
        ],
    }


def _column(column: Column, table: Table) -> dict[str, Any]:
    keys = {name for key in table.foreign_keys for name in key.columns} | set(table.primary_key)
    kind = "number" if is_number(column) else "day" if is_day(column) else "text"
    if column.type.lower().startswith("bool"):
        kind = "truth"
    return {
        "name": column.name,
        "type": column.type,
        "kind": kind,
        "comment": column.comment,
        "key": column.name in keys,
    }
