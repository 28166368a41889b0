"""The shapes of the tables that say which days' values are computed, and which are late."""

import polars as pl

VALUE_DAYS = pl.Schema(
    {
        "definition": pl.String(),
        "as_of": pl.Date(),
        "chunk": pl.String(),
        "whole": pl.Boolean(),
        "rows": pl.Int64(),
        "fingerprint": pl.String(),
        "ledger": pl.Int64(),
        "step": pl.Int64(),
    }
)
"""Where the values of each computed day are, and from which ledger; of a day, the highest step counts."""

LATE_DAYS = pl.Schema({"definition": pl.String(), "ledger": pl.Int64(), "day": pl.Date()})
"""Which days' entries each snapshot of a ledger changed."""
