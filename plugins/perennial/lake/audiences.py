"""How evaluations of audiences are recorded, and the people who were uploaded for them."""

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
"""From which definition, and which snapshot of profiles, the members of a day were found, when, and at what
cost: the rows that the rule reads, and the part of the run's seconds that falls to it. Of an audience that
could not be evaluated, the `failure`, and neither size nor cost."""

STANDINGS = pl.Schema(
    {
        "person_id": pl.String(),
        **dict.fromkeys(["audiences", "entered", "exited"], pl.List(pl.String())),
        "at": pl.Datetime("us", "UTC"),
        "step": pl.Int64(),
    }
)
"""In which audiences somebody is since a moment, and which they entered and left then; the highest step of a
person counts."""

LIVE_EVALUATIONS = pl.Schema(
    {
        "audience": pl.String(),
        "definition_hash": pl.String(),
        **dict.fromkeys(["size", "entered", "exited", "profiles"], pl.Int64()),
        "at": pl.Datetime("us", "UTC"),
        "step": pl.Int64(),
    }
)
"""How many people are in an audience since a moment, how many entered and left then, by which definition and
upon which snapshot of daily profiles."""

LISTS = pl.Schema(
    {
        "audience": pl.String(),
        "namespace": pl.String(),
        "value": pl.String(),
        "added_at": pl.Datetime("us", "UTC"),
        "batch": pl.String(),
    }
)
"""Who is on the list of an audience, by an identity; when it was uploaded last, and by which upload."""

UPLOADS = pl.Schema(
    {
        "audience": pl.String(),
        "batch": pl.String(),
        "mode": pl.String(),
        "at": pl.Datetime("us", "UTC"),
        "by": pl.String(),
        "rows": pl.Int64(),
        "accepted": pl.Int64(),
        "repeated": pl.Int64(),
        "refused": pl.Int64(),
        "erased": pl.Int64(),
    }
)
"""What was uploaded to lists, by whom: of its rows, those that were taken, named somebody twice, or nobody,
or were of people who have been erased."""
