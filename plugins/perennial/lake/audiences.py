"""How evaluations of audiences are recorded."""

import polars as pl

EVALUATIONS = pl.Schema(
    {
        "audience": pl.String(),
        "definition_hash": pl.String(),
        "size": pl.Int64(),
        "profiles": pl.Int64(),
        "at": pl.Datetime("us", "UTC"),
        "as_of": pl.Date(),
    }
)
"""From which definition, and which snapshot of profiles, the members of a day were found, and when."""
