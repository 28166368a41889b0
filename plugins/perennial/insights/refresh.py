"""The lake in, the star schema out: what changed since each table's checkpoint, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from perennial.insights.engine import Engine, View
from perennial.insights.model import Model, Process
from perennial.insights.store import StoreTransaction, transaction
from perennial.lake.catalog import Lake
from perennial.lake.changes import touched
from perennial.lake.tables import Table

FACTS_PROCESSED = "FACT_TABLES_PROCESSING"


@dataclass
class RefreshReport:
    """Rows written per table, and the most days that a table had to give."""

    rows: dict[str, int] = field(default_factory=dict)
    days: int = 0


def refresh(
    store_url: str,
    lake: Lake,
    models: Mapping[str, Model],
    tables: Mapping[str, Table],
    frames: Mapping[str, pl.DataFrame],
    process: Process,
    as_of: date | None = None,
    views: Mapping[str, View] | None = None,
) -> RefreshReport:
    """Refresh the tables of a process; `as_of` adds its day and leaves out those after it.

    `tables` are the lake's tables and `frames` small relations, by the names that queries use; `views` say
    how the rows of some tables are read. A run that fails leaves the store and the checkpoints as they were.
    """
    taking_part = [model for model in models.values() if process in model.process]
    sources = {model.name: _source(lake, model) for model in taking_part}
    report = RefreshReport()
    with transaction(store_url) as store:
        store.create(list(models.values()))
        # The snapshots to go up to are fixed before anything is read.
        snapshots = {name: source.version() for name, source in sources.items() if source}
        engine = Engine(tables, frames, views)
        try:
            for model in taking_part:
                _refresh(store, engine, model, sources[model.name], as_of, report)
        finally:
            engine.close()
        for name, snapshot in snapshots.items():
            if snapshot != store.checkpoint(name):
                store.set_checkpoint(name, snapshot)
        if as_of is not None:
            store.set_processed(FACTS_PROCESSED, as_of - timedelta(days=1))
    return report


def _refresh(
    store: StoreTransaction,
    engine: Engine,
    model: Model,
    source: Table | None,
    as_of: date | None,
    report: RefreshReport,
) -> None:
    if source is None:
        days = None
    else:
        days = engine.days(model, source, touched(source, store.checkpoint(model.name), fallback=True), as_of)
        if not days:
            return
        report.days = max(report.days, len(days))
    rows = engine.rows(model, days)
    store.put(model, rows, days)
    report.rows[model.name] = rows.height


def _source(lake: Lake, model: Model) -> Table | None:
    return lake.named(model.source) if model.source else None
