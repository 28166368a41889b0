"""How many customers in; documents and files of a shop out: a year of history, and two days.

A customer has an e-mail address and twenty purchases in a year, some of them many more, of a thousand
products.
"""

import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from perennial.documents import load
from perennial.settings import REPOSITORY
from perennial.value.definition import ValueDefinition

FIRST = date(2025, 1, 1)
YEAR = 364
"""Days of history."""
EACH = 20
"""Purchases of a customer within the history, on the average."""
DAYS = [FIRST + timedelta(days=YEAR + n) for n in range(2)]
"""The days that come one after the other."""
TABLES = ("adwh_*", "complete_days", "fact_value_by_decile", "*_rfm_segment")
"""Of the star schema, what every business needs."""

DOCUMENTS = Path(__file__).parent / "include"
WINDOWS = load(DOCUMENTS / "value/customer_value.yaml", ValueDefinition).windows()
"""The lookbacks by their names, in months; None is lifetime."""


def audiences(count: int) -> dict[str, dict[str, Any]]:
    """Rules, most of them on profiles, every third on what people did."""
    found = {}
    for number in range(count):
        window, most = [*WINDOWS][number % len(WINDOWS)], number % 9 + 1
        rule: dict[str, Any] = {
            "attribute": f"spend_{window}_decile",
            "operator": "at_most",
            "value": most,
        }
        if number % 3 == 0:
            did = {"event": "orders", "where": {"field": "amount", "operator": "at_least", "value": most}}
            rule = {"all": [rule, did | {"within_last": f"{15 * (number % 6 + 1)} days"}]}
        found[f"a{number:03}"] = {"title": f"Audience {number}", "rule": rule}
    return found


def written(root: Path, customers: int, rules: int) -> None:
    """Write the documents and the files."""
    include = root / "include"
    shutil.copytree(DOCUMENTS, include)
    (include / "audiences").mkdir()
    for name, content in audiences(rules).items():
        (include / f"audiences/{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    tables = include / "sql/insights"
    tables.mkdir(parents=True)
    for pattern in TABLES:
        for file in (REPOSITORY / "include/sql/insights").glob(f"{pattern}.sql"):
            shutil.copy(file, tables)
    dates = tables / "adwh_dim_date.sql"
    dates.write_text(dates.read_text().replace("FROM transactions", "FROM orders"))
    _deliver(root / "landing", customers)


def _deliver(landing: Path, customers: int) -> None:
    (landing / "orders").mkdir(parents=True)
    number = pl.int_range(customers)
    people = pl.select(
        customer=pl.format("c{}", number),
        email=pl.format("c{}@example.com", number),
        town=pl.format("t{}", number % 500),
    )
    people.write_parquet(landing / "customers.parquet")
    random = np.random.default_rng(11)
    per_day = customers * EACH // YEAR
    _orders(random, customers, per_day * YEAR, 0, FIRST, YEAR).write_parquet(
        landing / "orders/history.parquet"
    )
    for n, day in enumerate(DAYS):
        rows = _orders(random, customers, per_day, per_day * (YEAR + n), day, 1)
        rows.write_parquet(landing / f"orders/{day}.parquet")


def _orders(
    random: np.random.Generator, customers: int, count: int, first: int, day: date, days: int
) -> pl.DataFrame:
    start = datetime(day.year, day.month, day.day)  # noqa: DTZ001
    seconds = np.sort(random.integers(0, days * 86_400, count))
    return pl.DataFrame(
        {
            "at": seconds,
            "order": np.arange(first, first + count),
            "customer": (random.random(count) ** 1.5 * customers).astype(np.int64),
            "product": random.integers(0, 1000, count),
            "amount": np.round(random.lognormal(3, 0.8, count), 2),
        }
    ).with_columns(
        *(pl.format(name[0] + "{}", name).alias(name) for name in ("order", "customer", "product")),
        (pl.lit(start) + pl.duration(seconds="at")).alias("at"),
        pl.col("amount").cast(pl.Decimal(18, 2)),
    )
