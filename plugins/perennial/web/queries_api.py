"""Queries over HTTP: handed in, waited for, read page by page, drawn, downloaded, cancelled, remembered."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import polars as pl
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from perennial.queries.errors import QueryError
from perennial.queries.executions import Remembered
from perennial.queries.jobs import Dialect
from perennial.queries.results import plain
from perennial.queries.service import Asked
from perennial.web.auth import EXPORTER, GetUserDep, may_edit_audiences
from perennial.web.queries_charts import drawing
from perennial.web.queries_state import Desk, DeskDep
from perennial.web.writes import from_our_pages

router = APIRouter(prefix="/api/queries")
STATUS = {
    "missing": 422,
    "parameter": 422,
    "refused": 422,
    "size": 413,
    "snapshot": 422,
    "syntax": 422,
    "busy": 429,
    "unreachable": 503,
    "timeout": 504,
    "memory": 507,
}
LONGEST_WAIT_S = 20
Value = str | int | float | bool | None


class Wanted(BaseModel):
    """A query: its text, or the name of a template; `wait` is how long the answer may take."""

    model_config = ConfigDict(extra="forbid")
    sql: Annotated[str, Field(max_length=1_000_000)] | None = None
    template: Annotated[str, Field(max_length=100)] | None = None
    dialect: Dialect | None = None
    """Of the text: `lake` by default; a template has its own."""
    parameters: dict[str, Value] = {}
    wait: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)] = LONGEST_WAIT_S
    size: Annotated[int, Field(ge=1, le=10_000)] = 100

    @model_validator(mode="after")
    def _one(self) -> "Wanted":
        if (self.sql is None) == (self.template is None):
            raise ValueError("send either sql or template")
        return self


def failed(error: QueryError) -> JSONResponse:
    """An error as the pages read it."""
    content = {"detail": str(error), **error.as_dict()}
    return JSONResponse(content, STATUS.get(error.kind, 500))


@router.post("", dependencies=[Depends(from_our_pages)])
def run(request: Request, wanted: Wanted, desk: DeskDep, user: GetUserDep) -> JSONResponse:
    """Run a query. 200 with the first rows if it ended within `wait`; else 202, to be asked for by its id."""
    owner, asked = owner_of(user), _asked(wanted, desk)
    _guard(request, user, asked.dialect)
    identifier = desk.queries.submit(owner, asked)
    return _answer(desk, owner, identifier, wanted.wait, 1, wanted.size)


@router.get("")
def history(
    desk: DeskDep,
    user: GetUserDep,
    search: Annotated[str, Query(max_length=200)] = "",
    before: datetime | None = None,
    most: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """The caller's own queries, the newest first."""
    found = desk.queries.executions.history(owner_of(user), search.strip(), before, most)
    return {"queries": [_described(each) for each in found]}


@router.get("/schemas")
def schemas(desk: DeskDep, dialect: Dialect = "lake") -> dict[str, Any]:
    """The tables of a dialect, with their columns."""
    return {"dialect": dialect, "tables": desk.tables(dialect)}


@router.get("/functions")
def functions(desk: DeskDep) -> dict[str, Any]:
    """Our own SQL functions, as their files describe them."""
    return {"functions": desk.functions()}


@router.get("/templates")
def templates(desk: DeskDep) -> dict[str, Any]:
    """All saved queries, with their parameters."""
    return {"templates": [each.model_dump(mode="json") for each in desk.templates().values()]}


@router.get("/scheduled")
def scheduled(desk: DeskDep) -> dict[str, Any]:
    """The queries that run by themselves, and how their last runs went."""
    return {"scheduled": desk.scheduled()}


@router.get("/{identifier}")
def one(
    identifier: UUID,
    desk: DeskDep,
    user: GetUserDep,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S)] = 0,
    page: Annotated[int, Query(ge=1)] = 1,
    size: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> JSONResponse:
    """A query with a page of its rows, or as far as it is."""
    return _answer(desk, owner_of(user), identifier, wait, page, size)


@router.delete("/{identifier}", dependencies=[Depends(from_our_pages)])
def remove(identifier: UUID, desk: DeskDep, user: GetUserDep) -> dict[str, Any]:
    """Cancel a query that waits or runs; take one that has ended out of the history."""
    owner = owner_of(user)
    found = _found(desk, owner, identifier)
    if found.state in ("queued", "running") and not found.is_lost:
        desk.queries.cancel(owner, identifier)
        return {"cancelled": True}
    desk.queries.executions.forget(owner, identifier)
    return {"removed": True}


@router.get("/{identifier}/chart")
def chart(
    identifier: UUID,
    desk: DeskDep,
    user: GetUserDep,
    mark: Literal["bar", "line", "area", "point"],
    x: Annotated[int, Query(ge=0)],
    y: Annotated[int, Query(ge=0)],
    color: Annotated[int | None, Query(ge=0)] = None,
) -> dict[str, Any]:
    """The rows that were shown as a chart of columns, which are given by their places."""
    owner = owner_of(user)
    found = _found(desk, owner, identifier)
    rows = _rows(desk, owner, found)
    columns = found.columns or []
    if rows is None or max(x, y, color or 0) >= len(columns):
        raise HTTPException(404, "There are no such columns, or the rows are not kept any more.")
    return drawing(columns, rows, mark, x, y, color)


@router.get("/{identifier}/{output}", dependencies=[EXPORTER])
def download(
    request: Request, identifier: UUID, output: Literal["csv", "parquet"], desk: DeskDep, user: GetUserDep
) -> StreamingResponse:
    """All rows, as a file: the query is run again, on the snapshots that it read, without a cap."""
    found = _found(desk, owner_of(user), identifier)
    _guard(request, user, found.dialect)
    template = desk.templates().get(found.template) if found.template else None
    if template is not None and template.sql != found.sql:
        template = None
    asked = Asked(found.sql, found.dialect, found.parameters, template)
    parts = _begun(desk.queries.download(found, asked, output))
    name = f"{found.template or 'query'}_{found.submitted_at:%Y-%m-%d_%H%M}.{output}"
    kind = "text/csv; charset=utf-8" if output == "csv" else "application/vnd.apache.parquet"
    return StreamingResponse(
        parts, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'}
    )


def owner_of(user: Any) -> str:
    """By which name somebody's queries are remembered."""
    return str(user.get_id())


def _guard(request: Request, user: GetUserDep, dialect: Dialect) -> None:
    """The lake has rows of people: it is for those who may look people up."""
    if dialect == "lake" and not may_edit_audiences(request, user):
        raise HTTPException(
            403,
            "The lake holds rows of people: only who may evaluate audiences may query it. The store is open "
            "to you.",
        )


def _asked(wanted: Wanted, desk: Desk) -> Asked:
    if wanted.template is None:
        return Asked(wanted.sql or "", wanted.dialect or "lake", wanted.parameters)
    template = desk.templates().get(wanted.template)
    if template is None:
        known = ", ".join(desk.templates()) or "none"
        raise QueryError("missing", f"There is no template {wanted.template}.", f"There are: {known}.")
    return Asked(template.sql, template.dialect, wanted.parameters, template)


def _found(desk: Desk, owner: str, identifier: UUID) -> Remembered:
    if (found := desk.queries.executions.find(owner, identifier)) is None:
        raise HTTPException(404, "There is no such query among yours.")
    return found


def _answer(desk: Desk, owner: str, identifier: UUID, wait: float, page: int, size: int) -> JSONResponse:
    found = desk.queries.wait(owner, identifier, wait)
    if found is None:
        raise HTTPException(404, "There is no such query among yours.")
    described = _described(found)
    if found.state in ("queued", "running") and not found.is_lost:
        return JSONResponse(described, 202)
    if described["error"] is not None:
        return JSONResponse(described, 200)
    rows = _rows(desk, owner, found)
    if rows is None:
        return JSONResponse({**described, "page": None})
    last = max((rows.height - 1) // size + 1, 1)
    shown = rows.slice((min(page, last) - 1) * size, size)
    values = [[plain(value) for value in row] for row in shown.rows()]
    return JSONResponse(
        {**described, "page": {"number": min(page, last), "size": size, "of": last, "rows": values}}
    )


def _rows(desk: Desk, owner: str, found: Remembered) -> pl.DataFrame | None:
    content = desk.queries.executions.result(owner, found.id) if found.has_result else None
    return None if content is None else pl.read_ipc_stream(content)


def _described(found: Remembered) -> dict[str, Any]:
    error = found.error
    if found.is_lost:
        lost = QueryError("failed", "The server that ran this query has ended.", "Run it again.")
        error = lost.as_dict()
    values = asdict(found)
    milliseconds = None
    if found.started_at is not None and found.ended_at is not None:
        milliseconds = round((found.ended_at - found.started_at).total_seconds() * 1000)
    for name in ("submitted_at", "started_at", "ended_at"):
        values[name] = None if values[name] is None else values[name].isoformat()
    del values["owner"], values["is_lost"]
    state = "failed" if found.is_lost else found.state
    return {**values, "id": str(found.id), "state": state, "error": error, "milliseconds": milliseconds}


def _begun(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The parts of a file, of which the first is there: what fails before it is an answer of its own."""
    first = next(parts, b"")

    def whole() -> Iterator[bytes]:
        yield first
        yield from parts

    return whole()
