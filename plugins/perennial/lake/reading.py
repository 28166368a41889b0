"""Data files of a table in, referred to by a snapshot or not; their rows as the table has them out."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from perennial.lake.tables import Table

CASTS = pl.ScanCastOptions(
    integer_cast="upcast",
    float_cast=["upcast", "downcast"],
    datetime_cast=["nanosecond-downcast", "convert-timezone"],
    missing_struct_fields="insert",
    extra_struct_fields="ignore",
)
"""Older files may hold narrower types than the table has now."""


def read(table: Table, schema: pl.Schema, partition: str | None, paths: Sequence[str]) -> pl.LazyFrame:
    """The rows of files of one partition, in the shape of `schema`; columns that they lack are null."""
    inside = pl.Schema({name: kind for name, kind in schema.items() if name != table.partition})
    rows = pl.scan_parquet(
        [f"{table.uri}/{path}" for path in paths],
        schema=inside,
        hive_partitioning=False,
        missing_columns="insert",
        extra_columns="ignore",
        cast_options=CASTS,
    )
    if table.partition is not None:
        kind = schema[table.partition]
        value = date.fromisoformat(partition) if partition and kind == pl.Date else partition
        # The data files do not hold the column by which they are laid out.
        rows = rows.with_columns(pl.lit(value).cast(kind).alias(table.partition))
    return rows.select(schema.names())
