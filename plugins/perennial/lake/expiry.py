"""The lake in; quarantined rows, what became of them, and the log of batches out, once they are old.

Quarantined rows are raw records, people's among them: they are kept for a limited time only. The rows leave
the tables at once, and the disk when their snapshots' retention ends.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from perennial.lake.catalog import Lake
from perennial.lake.deletion import delete
from perennial.lake.maintenance import tables
from perennial.lake.tables import Table

QUARANTINE_DAYS = 30
BATCH_DAYS = 365


def expire_quarantine(
    lake: Lake, today: date, days: int = QUARANTINE_DAYS, *, dry_run: bool = False
) -> Mapping[str, int]:
    """Remove rows that were quarantined more than `days` before today, with their corrections and ends.

    Returns the number of rows by table, of those tables that had any.
    """
    quarantines = [lake.named(name) for name in tables(lake.root) if name.startswith("quarantine/")]
    old = pl.col("quarantined_on") < today - timedelta(days=days)
    kept = [table.scan().filter(~old).select("id") for table in quarantines]
    removed = {table.name: _remove(table, old, dry_run) for table in quarantines}
    ids = pl.concat([pl.LazyFrame(schema={"id": pl.String}), *kept]).unique().collect()["id"]
    # What was written today may belong to a row that came after the list of ids was read.
    orphaned = ~pl.col("id").is_in(ids.implode()) & (pl.col("at") < datetime.combine(today, time.min, UTC))
    for table in (lake.corrections, lake.resolutions):
        removed[table.name] = _remove(table, orphaned, dry_run)
    return {name: rows for name, rows in removed.items() if rows}


def expire_batches(
    lake: Lake, today: date, days: int = BATCH_DAYS, *, dry_run: bool = False
) -> Mapping[str, int]:
    """Remove batches from their log to which nothing has happened for `days`; returns the number of steps."""
    if not lake.batches.exists():
        return {}
    cutoff = datetime.combine(today - timedelta(days=days), time.min, UTC)
    last = lake.batches.scan().group_by("batch").agg(pl.col("at").max())
    old = last.filter(pl.col("at") < cutoff).collect()["batch"]
    rows = _remove(lake.batches, pl.col("batch").is_in(old.implode()), dry_run)
    return {lake.batches.name: rows} if rows else {}


def _remove(table: Table, old: pl.Expr, dry_run: bool) -> int:
    if dry_run or not table.exists():
        return int(table.scan().filter(old).select(pl.len()).collect().item())
    return delete(table, old).rows
