"""The shape of the table of what matches came to."""

import polars as pl

MATCHING_RUNS = pl.Schema(
    {
        "match": pl.String(),
        "at": pl.Datetime("us", "UTC"),
        "inputs": pl.String(),
        "left_rows": pl.Int64(),
        "right_rows": pl.Int64(),
        "matched": pl.Int64(),
        "unsure": pl.Int64(),
        "threshold": pl.Float64(),
        "learned": pl.String(),
    }
)
"""One row a run that computed something.

`inputs` says what it read: the document's fingerprint and the snapshots. `learned` is what a model of people
has learned, as JSON.
"""
