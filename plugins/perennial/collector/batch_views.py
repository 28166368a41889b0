"""Batches of the lake in; what their senders are shown of them, out."""

from typing import Any

import polars as pl

from perennial.lake.catalog import Lake
from perennial.signals.batches import Batch, Batches, BatchUnknown
from perennial.signals.uploads import File, Staging, Upload

SHOWN = ("batch", "dataset", "status", "at", "files", "bytes", "read", "accepted", "duplicate", "failed")


def listed(batches: Batches, own: list[str], dataset: str | None, status: str | None) -> pl.DataFrame:
    """The batches of those names, the newest first."""
    wanted = [pl.col("batch").is_in(own)]
    if dataset is not None:
        wanted.append(pl.col("dataset") == dataset)
    if status is not None:
        wanted.append(pl.col("status") == status)
    found = batches.current().filter(*wanted).select(SHOWN).collect()
    # What a batch is called ends in its time.
    return found.sort(pl.col("batch").str.tail(32), descending=True).rename({"batch": "id"})


def brief(row: dict[str, Any]) -> dict[str, Any]:
    """One of `listed`, as JSON can hold it."""
    return {**row, "at": row["at"].isoformat()}


def detailed(upload: Upload, staging: Staging, batches: Batches) -> dict[str, Any]:
    """All that is known of one batch: state, metrics, errors, steps, and its files while they are there."""
    steps = batches.steps(upload.batch)
    if not steps:
        raise BatchUnknown(f"batch {upload.batch} was never begun: make another")
    now = steps[-1]
    return {
        "id": upload.batch,
        "dataset": upload.dataset,
        "format": upload.format,
        "note": upload.note,
        "created_at": upload.created_at,
        "status": str(now.status),
        "at": now.at.isoformat(),
        "metrics": _metrics(now),
        "errors": [
            {"code": error.code, "description": error.description, "rows": error.rows} for error in now.errors
        ],
        "steps": [{"status": str(step.status), "at": step.at.isoformat()} for step in steps],
        "files": [file(each) for each in staging.listing(upload.batch)],
    }


def file(found: File) -> dict[str, Any]:
    """One file, as far as it is there."""
    return {"name": found.name, "size": found.size, "complete": found.complete}


def set_aside(lake: Lake, upload: Upload, offset: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """A page of the rows that were set aside in the quarantine, and how many there are."""
    rows = lake.quarantine(upload.dataset).scan().filter(batch=upload.batch)
    total = rows.select(pl.len()).collect().item()
    name = pl.col("file").str.split("/").list.last()
    page = rows.sort("file", "line").slice(offset, limit).select("id", name, "line", "reasons", "raw")
    return page.collect().to_dicts(), total


def _metrics(now: Batch) -> dict[str, int]:
    return {
        "files": now.files,
        "bytes": now.bytes,
        "read": now.read,
        "accepted": now.accepted,
        "duplicate": now.duplicate,
        "failed": now.failed,
    }
