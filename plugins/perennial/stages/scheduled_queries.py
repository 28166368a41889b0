"""A scheduled query and the interval of its run in; the rows of that run, in the query's table, out."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from perennial.errors import TransientError
from perennial.lake.changes import HEAD
from perennial.lake.checkpoints import IncrementalReader
from perennial.queries.catalog import LakeTables
from perennial.queries.errors import QueryError
from perennial.queries.jobs import Job
from perennial.queries.lake_statement import Named
from perennial.queries.limits import WHOLE
from perennial.queries.outputs import write
from perennial.queries.process import Workers
from perennial.queries.scheduled import ScheduledQuery, find
from perennial.queries.templates import values_for
from perennial.stages.uploads import Mode, put_found
from perennial.stages.workspace import Workspace

PASSING = ("unreachable", "busy")
"""Errors that may pass by themselves."""


class QueryDelayed(TransientError):
    """The store, or the process that runs queries, was not there; the same run may succeed later."""


@dataclass(frozen=True)
class Run:
    """What one run of a query is about."""

    start: datetime
    end: datetime
    """The interval, [start, end)."""
    now: datetime
    """When the run began."""
    given: Mapping[str, Any]
    """Values of the query's parameters that differ from its defaults."""

    @property
    def key(self) -> str:
        return f"{self.start.isoformat()}/{self.end.isoformat()}"


def run_scheduled(workspace: Workspace, name: str, run: Run, reader: Callable[[], str]) -> dict[str, Any]:
    """Run a query, and put its rows into its table, or on an audience's list.

    Raises `QueryError`, `OutputRefused`, `UploadRefused`, `DocumentError`.

    :param reader: the connection string of the store's role that reads
    """
    query = find(workspace.settings.include, name)
    values = values_for(query.parameters, run.given)
    values |= {"interval_start": run.start, "interval_end": run.end}
    if query.source is None:
        return _run(workspace, query, values, run, run.key, reader)
    if _came_nothing(workspace, query.source):
        return {"table": query.table, "run": f"nothing of {query.source} has come yet", "rows": 0}
    tables = LakeTables(workspace.settings.lake)
    source = tables.table(tables.find(Named(tuple(query.source.split("/")), None)))
    following = IncrementalReader(f"queries/{name}", source)
    with following.delta(run.now, fallback=query.or_earliest) as delta:
        start = "HEAD" if delta.start == HEAD else delta.start
        values |= {"since": start, "until": delta.end}
        return _run(workspace, query, values, run, f"after snapshot {start}", reader)


def _came_nothing(workspace: Workspace, source: str) -> bool:
    """Whether a table is a declared dataset's to which nothing was ever added: it has no increment yet."""
    area, _, dataset = source.partition("/")
    declared = area in ("events", "records") and dataset in workspace.datasets
    return declared and not workspace.lake.named(source).exists()


def _run(
    workspace: Workspace,
    query: ScheduledQuery,
    values: dict[str, Any],
    run: Run,
    key: str,
    reader: Callable[[], str],
) -> dict[str, Any]:
    settings = workspace.settings
    job = Job(
        sql=query.sql,
        dialect=query.dialect,
        parameters=values,
        limits=replace(WHOLE, seconds=query.minutes * 60, megabytes=query.megabytes),
        output="parquet",
        lake=settings.lake,
        macros=str(settings.include / "sql" / "macros"),
        conninfo=reader() if query.dialect == "store" else "",
    )
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        counts = _fetched(job, file)
        rows = pl.read_parquet(file.name)
    if query.audience is not None:
        mode: Mode = "replace" if query.mode == "overwrite" else "append"
        by = f"query {query.name}"
        taken = put_found(workspace, query.audience, rows, mode, by, min(run.end, run.now))
        return {"audience": query.audience, "run": key, **counts, **asdict(taken)}
    snapshot = write(settings.lake, query.table, rows, query.mode, query.key, key)
    return {"table": query.table, "snapshot": snapshot, "run": key, **counts}


def _fetched(job: Job, file: Any) -> dict[str, Any]:
    """Run a job in a process of its own; its rows go to the file."""
    workers = Workers(ready=0)
    counts: dict[str, Any] = {}
    try:
        for frame in workers.start(job).frames():
            if frame.kind == "D":
                file.write(frame.content)
            elif frame.kind == "Z":
                counts = frame.values
    except QueryError as error:
        if error.kind in PASSING:
            raise QueryDelayed(str(error)) from error
        raise
    file.flush()
    if not Path(file.name).stat().st_size:
        raise QueryError("failed", "The query gave no columns.", "Let it end with a SELECT.")
    return {name: counts.get(name) for name in ("rows", "snapshots", "peak_megabytes")}
