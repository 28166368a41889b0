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
        "rows": pl.Int64(),
        "seconds": pl.Float64(),
        "failure": pl.String(),
    }
)
"""From which definition, and which snapshot of profiles, the members of a day were found, when, and at what cost:
the rows that the rule reads, and the part of the run's seconds that falls to it. Of an audience that could not be
evaluated, the `failure`, and neither size nor cost."""

CHANGES = pl.Schema(
    {
        "audience": pl.String(),
        "person_id": pl.String(),
        "status": pl.String(),
        "at": pl.Datetime("us", "UTC"),
        "definition_hash": pl.String(),
        "step": pl.Int64(),
    }
)
"""Who `entered` or `exited` an audience, when, and by which definition; the highest step of a person counts."""
