"""How it is recorded which days runs have computed, from which rows, and which rows came for them later."""

import polars as pl

ARRIVALS = pl.Schema(
    {
        "dataset": pl.String(),
        "snapshot": pl.Int64(),
        "day": pl.Date(),
        "came": pl.Int64(),
        "went": pl.Int64(),
    }
)
"""How many events of a day came and went up to a snapshot of their table, since the one noted before."""

SEEN = pl.Schema(
    {
        "run": pl.String(),
        "as_of": pl.Date(),
        "complete": pl.Boolean(),
        "at": pl.Datetime("us", "UTC"),
        "snapshots": pl.List(pl.Struct({"dataset": pl.String(), "snapshot": pl.Int64()})),
    }
)
"""Up to which snapshots of the events a day is computed (not `complete`), or was."""

STEPS = pl.Schema(
    {
        "run": pl.String(),
        "step": pl.String(),
        "day": pl.Date(),
        "done": pl.Boolean(),
        "by": pl.String(),
        "at": pl.Datetime("us", "UTC"),
    }
)
"""What a recomputation is to do, each step of each day, and what of it is done."""
