"""What the documentation shows of a shop's year runs as it stands there, and another engine says the same.

The data is not part of the project: `PERENNIAL_ONLINE_RETAIL` says where it lies.
"""

import doctest
import os
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from perennial.settings import REPOSITORY, Settings
from perennial.signals.ingest import TooManyBadRows
from perennial.stages.signals import ingest_batch
from perennial.stages.value import history
from perennial.stages.workspace import Workspace

FILE = Path(
    os.environ.get("PERENNIAL_ONLINE_RETAIL", REPOSITORY.parent / "shared/data/online_retail.parquet")
)
pytestmark = pytest.mark.skipif(
    not FILE.exists(),
    reason=f"the data is not at {FILE}: say with PERENNIAL_ONLINE_RETAIL where it is",
)
EXAMPLE = REPOSITORY / "docs/examples/online_retail"
FIRST, AS_OF = date(2011, 12, 1), date(2011, 12, 10)
NOBODYS = 135_080
MEASURES = ["revenue", "returned", "orders", "last_order"]


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> tuple[doctest.TestResults, Workspace]:
    """The documentation's examples, run, and what they leave."""
    folder = tmp_path_factory.mktemp("online_retail")
    results = doctest.testfile(
        str(REPOSITORY / "docs/online_retail.md"),
        module_relative=False,
        globs={"online_retail": FILE, "folder": folder},
        optionflags=doctest.ELLIPSIS,
    )
    return results, Workspace(Settings(EXAMPLE, str(folder / "lake"), str(folder / "landing"), folder))


@pytest.fixture(scope="module")
def shop(documented: tuple[doctest.TestResults, Workspace]) -> Workspace:
    return documented[1]


def sql(query: str) -> list[tuple[Any, ...]]:
    """What DuckDB answers over the file, as `lines`: amounts are exact, to a tenth of a penny."""
    return duckdb.execute(f"""
        WITH lines AS (
            SELECT CustomerID::BIGINT::VARCHAR AS person, Country AS country, InvoiceNo AS invoice,
                InvoiceDate AS sold, Quantity::BIGINT AS quantity, InvoiceNo LIKE 'C%' AS cancelled,
                Quantity::BIGINT * UnitPrice::DECIMAL(12, 3) AS amount
            FROM '{FILE}'
        ) {query}
    """).fetchall()


def test_every_example_of_the_documentation_gives_what_it_says(documented):
    assert documented[0].attempted > 30
    assert documented[0].failed == 0
    (shown,) = re.findall(r"```yaml\n(.*?)```", (REPOSITORY / "docs/online_retail.md").read_text(), re.DOTALL)
    assert shown in (EXAMPLE / "value/revenue.yaml").read_text()


def test_every_line_is_in_the_lake_to_the_penny_those_of_nobody_among_them(shop):
    amount = pl.col("quantity") * pl.col("unit_price")
    lines = shop.rows("invoice_lines").group_by(pl.col("customer_id").is_null()).agg(pl.len(), amount.sum())
    expected = sql("SELECT person IS NULL, count(*), sum(amount) FROM lines GROUP BY ALL ORDER BY 1")
    assert lines.sort("customer_id").collect().rows() == expected
    assert expected[1][1] == NOBODYS


def test_whoever_is_ranked_has_all_the_revenue_that_has_a_customer(shop):
    value = history(shop, "revenue").read(AS_OF).filter(lookback="lifetime")
    sums = value.group_by("dimension").agg(pl.col("revenue", "returned").sum()).sort("dimension").collect()
    expected = sql(
        "SELECT sum(amount), sum(-amount) FILTER (quantity < 0) FROM lines WHERE person IS NOT NULL"
    )
    assert sums.rows() == [("country", *expected[0]), ("overall", *expected[0])]
    assert expected[0][0] == Decimal("8300065.814")


@pytest.mark.parametrize(
    ("lookback", "months"), [("1m", 1), ("3m", 3), ("6m", 6), ("12m", 12), ("lifetime", None)]
)
@pytest.mark.parametrize("as_of", [FIRST, AS_OF])
def test_values_and_ranks_equal_sums_and_ntile(shop, as_of, lookback, months):
    columns = ["dimension", "dimension_value", "person_id", "revenue", "returned", "orders"]
    ours = history(shop, "revenue").read(as_of).filter(lookback=lookback).sort(columns[:3])
    found = ours.select(*columns, *(f"{name}_decile" for name in MEASURES)).collect()
    assert found.rows() == ranked(as_of, months)


def ranked(as_of: date, months: int | None) -> list[tuple[Any, ...]]:
    """Sums, and ranks among those who have any, overall and by country."""
    start = f"AND sold >= TIMESTAMP '{as_of}' - INTERVAL {months} MONTH" if months else ""
    ranks = ", ".join(
        f"""CASE WHEN {name} IS NOT NULL THEN ntile(10) OVER (
            PARTITION BY dimension, value, {name} IS NULL ORDER BY {name} DESC, person) END"""
        for name in MEASURES
    )
    return sql(f"""
        , seen AS (
            SELECT *, unnest(['country', 'overall']) AS dimension, unnest([country, 'all']) AS value
            FROM lines WHERE person IS NOT NULL AND sold < TIMESTAMP '{as_of}' {start}
        ), sums AS (
            SELECT dimension, value, person, sum(amount) AS revenue,
                sum(-amount) FILTER (quantity < 0) AS returned,
                nullif(count(DISTINCT invoice) FILTER (NOT cancelled), 0) AS orders,
                max(sold) FILTER (NOT cancelled) AS last_order
            FROM seen GROUP BY ALL
        )
        SELECT dimension, value, person, revenue, returned, orders, {ranks} FROM sums ORDER BY ALL
    """)


@pytest.mark.parametrize(("lookback", "months"), [("1m", 1), ("3m", 3), ("lifetime", None)])
def test_movement_is_that_between_the_ranks_of_both_days(shop, lookback, months):
    def deciles(as_of: date) -> dict[str, int]:
        return {row[2]: row[6] for row in ranked(as_of, months) if row[0] == "overall"}

    before, after = deciles(FIRST), deciles(AS_OF)
    went = [(before.get(person), after.get(person)) for person in {*before, *after}]
    moved = (
        shop.lake.value_movement("revenue").scan().filter(as_of=AS_OF, metric="revenue", lookback=lookback)
    )
    found = moved.select("from_decile", "to_decile", "customers").collect().rows()
    assert {(a, b): n for a, b, n in found} == {pair: went.count(pair) for pair in went}


def test_segments_have_the_revenue_of_those_who_ordered(shop):
    scores = shop.lake.rfm("segments").scan().filter(as_of=AS_OF).collect()
    customers, revenue = sql("""
        SELECT count(*), sum(amount) FROM (
            SELECT person, sum(amount) AS amount FROM lines WHERE person IS NOT NULL
            GROUP BY person HAVING bool_or(amount >= 0)
        )
    """)[0]
    assert (scores.height, scores["revenue"].sum()) == (customers, revenue)


def test_what_came_of_the_prediction_is_what_was_sold(shop):
    outcome = shop.lake.lifetime_actuals("prediction").scan().filter(as_of=AS_OF).collect()
    expected = sql("""
        SELECT sum(round(amount, 2)) FILTER (sold >= DATE '2011-09-10') FROM lines
        WHERE person IN (SELECT person FROM lines WHERE sold < DATE '2011-09-10' AND amount > 0)
    """)
    assert [(outcome["actual_spend"].sum(),)] == expected


def test_where_a_customer_is_required_lines_without_one_are_set_aside_and_counted(shop, tmp_path):
    text = (EXAMPLE / "datasets/invoice_lines.yaml").read_text()
    strict = text.replace("'text(round(CustomerID))'", "'text(round(CustomerID))', required: true")
    assert strict != text
    file = tmp_path / "include/datasets/invoice_lines.yaml"
    file.parent.mkdir(parents=True)
    settings = Settings(
        tmp_path / "include", str(tmp_path / "lake"), shop.settings.landing, tmp_path / "spool"
    )
    now = datetime(2011, 12, 10, 3, tzinfo=UTC)
    file.write_text(strict)
    with pytest.raises(TooManyBadRows, match="135080 of 541909 rows are bad"):
        ingest_batch(Workspace(settings), "invoice_lines", None, now)
    file.write_text(strict.replace("tolerance: 0 ", "tolerance: 0.25 "))
    report = ingest_batch(Workspace(settings), "invoice_lines", None, now)
    assert (report.accepted, report.failed) == (541_909 - NOBODYS, NOBODYS)
    aside = Workspace(settings).lake.quarantine("invoice_lines").scan()
    assert aside.select(pl.len()).collect().item() == NOBODYS
