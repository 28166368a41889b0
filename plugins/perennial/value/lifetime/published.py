"""A day's scores in; what profiles get to know of each person, out. Light to import."""

from datetime import date

import polars as pl

from perennial.lake.tables import Table

PUBLISHED = pl.Schema(
    {
        "person_id": pl.String(),
        "predicted_value": pl.Decimal(18, 2),
        "p_alive": pl.Float64(),
        "expected_purchases": pl.Float64(),
        "predicted_value_decile": pl.Int16(),
    }
)
"""One row a person; value is money here, rounded to the cent."""


def published(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The columns `PUBLISHED` of rows of the lake's table of scores, which are of one day."""
    return frame.select(pl.col(name).cast(kind) for name, kind in PUBLISHED.items())


def published_as_of(table: Table, as_of: date) -> pl.LazyFrame:
    """The same of a day in that table; no rows where the day was not scored."""
    if not table.exists():
        return pl.LazyFrame(schema=PUBLISHED)
    return published(table.scan().filter(as_of=as_of))
