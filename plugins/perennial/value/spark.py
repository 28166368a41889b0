"""Ranks of customers as a Spark frame in; how many each decile has, and who moved between them, out.

It is what `perennial.value.recording` sums up on one machine. What is told stays on the cluster until it is
summed up: a few rows for each metric come back.
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from perennial.lake.spark.types import literal, quoted
from perennial.value.deciles import KEYS
from perennial.value.definition import OVERALL
from perennial.value.money import DIGITS
from perennial.value.recording import MOVEMENT
from perennial.value.standing import SUMMARY

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BY_DECILE = pl.Schema({"as_of": pl.Date(), "dimension": pl.String(), "lookback": pl.String(), **SUMMARY})
AMOUNT = "decimal(38,6)"


def money(scales: dict[str, int], columns: Sequence[str]) -> list[str]:
    """SQL that makes whole numbers of the smallest unit decimals again; other columns stay."""
    return [_decimal(name, scales[name]) if name in scales else quoted(name) for name in columns]


def by_decile(session: Any, rows: "DataFrame", metrics: Sequence[str], as_of: date) -> pl.DataFrame:
    """Per metric, lookback, dimension value and decile: customers, and the metric's total, least and most."""
    rows.createOrReplaceTempView("ranked")
    queries = [
        f"""
        SELECT dimension, lookback, {literal(name)} AS metric, dimension_value, {_rank(name)} AS decile,
            count(*) AS customers, cast(sum({quoted(name)}) AS {AMOUNT}) AS total,
            cast(min({quoted(name)}) AS {AMOUNT}) AS least, cast(max({quoted(name)}) AS {AMOUNT}) AS most
        FROM ranked WHERE {_rank(name)} IS NOT NULL
        GROUP BY dimension, lookback, dimension_value, {_rank(name)}
        """
        for name in metrics
    ]
    return _told(session, queries, BY_DECILE, as_of=as_of)


def movement(
    session: Any, before: "DataFrame", after: "DataFrame", metrics: Sequence[str], since: date, as_of: date
) -> pl.DataFrame:
    """How many customers went from one decile to another, overall; null is no rank.

    `before` may hold rows of several days, of which the newest counts up to `since`.
    """
    before.createOrReplaceTempView("before")
    after.createOrReplaceTempView("ranked")
    queries = [
        f"""
        SELECT lookback, {literal(name)} AS metric, `from` AS from_decile, `to` AS to_decile,
            count(*) AS customers
        FROM (
            SELECT person_id, lookback, {_rank(name)} AS `from`
            FROM (
                SELECT *, row_number() OVER (PARTITION BY {", ".join(KEYS)} ORDER BY as_of DESC) AS nth
                FROM before WHERE as_of <= date '{since}' AND dimension = '{OVERALL}'
            ) WHERE nth = 1 AND {_rank(name)} IS NOT NULL
        ) FULL OUTER JOIN (
            SELECT person_id, lookback, {_rank(name)} AS `to`
            FROM ranked WHERE dimension = '{OVERALL}' AND {_rank(name)} IS NOT NULL
        ) USING (person_id, lookback)
        GROUP BY lookback, `from`, `to`
        """
        for name in metrics
    ]
    return _told(session, queries, MOVEMENT, as_of=as_of, since=since)


def _told(session: Any, queries: Sequence[str], schema: pl.Schema, **labels: date) -> pl.DataFrame:
    if not queries:
        return pl.DataFrame(schema=schema)
    rows = pl.DataFrame(session.sql(" UNION ALL ".join(queries)).toArrow())
    named = rows.with_columns(pl.lit(value).alias(name) for name, value in labels.items())
    return named.select(pl.col(name).cast(kind) for name, kind in schema.items())


def _rank(metric: str) -> str:
    return quoted(f"{metric}_decile")


def _decimal(name: str, scale: int) -> str:
    column, unit = quoted(name), f"cast('{10**-scale:.{scale}f}' as decimal({scale + 1},{scale}))"
    return f"cast(cast({column} as decimal(20,0)) * {unit} as decimal({DIGITS},{scale})) as {column}"
