"""The shapes of the tables about batches: their lives, rows that were set aside, and what was expected."""

import polars as pl

BATCHES = pl.Schema(
    {
        "batch": pl.String(),
        "step": pl.Int64(),
        "dataset": pl.String(),
        "source": pl.String(),
        "day": pl.Date(),
        "status": pl.String(),
        "at": pl.Datetime("us", "UTC"),
        "files": pl.Int64(),
        "bytes": pl.Int64(),
        "read": pl.Int64(),
        "accepted": pl.Int64(),
        "duplicate": pl.Int64(),
        "failed": pl.Int64(),
        "errors": pl.List(pl.Struct({"code": pl.String(), "description": pl.String(), "rows": pl.Int64()})),
    }
)
"""Every step in the life of every batch; the highest step of a batch is what it is now."""

QUARANTINE = pl.Schema(
    {
        "id": pl.String(),
        "file": pl.String(),
        "line": pl.Int64(),
        "raw": pl.String(),
        "reasons": pl.List(pl.String()),
        "batch": pl.String(),
        "quarantined_on": pl.Date(),
    }
)
"""Rows that broke a rule: the raw record as JSON (or as the text that it came as), and every reason."""

CORRECTIONS = pl.Schema(
    {
        "id": pl.String(),
        "dataset": pl.String(),
        "raw": pl.String(),
        "by": pl.String(),
        "at": pl.Datetime("us", "UTC"),
    }
)
"""What people have put in place of a quarantined row's raw record; the newest of a row counts."""

RESOLUTIONS = pl.Schema(
    {
        "id": pl.String(),
        "dataset": pl.String(),
        "outcome": pl.String(),
        "batch": pl.String(),
        "by": pl.String(),
        "at": pl.Datetime("us", "UTC"),
    }
)
"""How quarantined rows ended: `replayed` (taken), `duplicate` (known already) or `discarded`."""

EXPECTATIONS = pl.Schema(
    {
        "dataset": pl.String(),
        "batch": pl.String(),
        "source": pl.String(),
        "day": pl.Date(),
        "at": pl.Datetime("us", "UTC"),
        "expectation": pl.String(),
        "found": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "usual": pl.Float64(),
        "on_breach": pl.String(),
        "outcome": pl.String(),
    }
)
"""Every verdict on what is expected of a batch or a day; of the same batch, the newest counts."""
