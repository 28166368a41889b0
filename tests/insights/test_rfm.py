"""RFM segments, and who moved between them, are in the store day by day, as the lake has them."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import psycopg
import pytest

from perennial.lake.rfm import RFM_SCORES
from perennial.stages.insights import refresh_insights
from perennial.stages.workspace import Workspace

from .conftest import DAY

pytestmark = pytest.mark.store
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def url(store) -> str:
    with psycopg.connect(store.url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS insights CASCADE")
    return str(store.url)


def query(url: str, sql: str) -> list[tuple]:
    with psycopg.connect(url, options="-c search_path=insights") as connection:
        return connection.execute(sql.encode()).fetchall()


def put(made: Workspace, day: date, **segments: str) -> None:
    """The segments at the end of a day; days, orders and money follow from the place of each person."""
    as_of = day + timedelta(days=1)
    rows = [
        {
            "person_id": person,
            "recency_days": n,
            "orders": 2 * n,
            "revenue": Decimal("10.25") * n,
            "recency": 1,
            "frequency": 2,
            "monetary": 3,
            "score": "123",
            "segment": segment,
            "as_of": as_of,
        }
        for n, (person, segment) in enumerate(segments.items(), start=1)
    ]
    made.lake.rfm("rfm").replace(pl.DataFrame(rows, schema=RFM_SCORES), as_of)


def test_segments_add_up_customers_money_orders_and_days(filled, url):
    put(filled, DAY, a="Core", b="Core", c="Slipping")
    refresh_insights(filled, url, "daily", NEXT)
    assert query(url, "SELECT * FROM fact_rfm_segment ORDER BY segment") == [
        (DAY, "Core", 1, 2, 3, 2, Decimal("30.75"), 6, 3, 1.5, 3.0),
        (DAY, "Slipping", 1, 2, 3, 1, Decimal("30.75"), 6, 3, 3.0, 6.0),
    ]


def test_segments_are_described_in_the_order_of_their_rules(filled, url):
    refresh_insights(filled, url, "daily", NEXT)
    found = query(url, "SELECT segment, description FROM dim_rfm_segment ORDER BY position")
    assert [segment for segment, _ in found] == [
        "Core",
        "Loyal",
        "Whales",
        "Promising",
        "Rookies",
        "Slipping",
    ]
    assert all(description for _, description in found)


def test_where_customers_of_four_weeks_ago_are_now(filled, url):
    then = DAY - timedelta(days=28)
    put(filled, then, a="Core", b="Loyal", c="Loyal", gone="Slipping", stays="Whales")
    put(filled, DAY, a="Core", b="Promising", c="Promising", new="Rookies", stays="Whales")
    refresh_insights(filled, url, "daily", NEXT)
    assert query(url, "SELECT * FROM fact_rfm_movement ORDER BY from_segment, to_segment") == [
        (DAY, then, "", "Rookies", 1),
        (DAY, then, "Core", "Core", 1),
        (DAY, then, "Loyal", "Promising", 2),
        (DAY, then, "Slipping", "", 1),
        (DAY, then, "Whales", "Whales", 1),
    ]


def test_a_day_that_is_computed_again_also_changes_the_one_four_weeks_later(filled, url):
    then = DAY - timedelta(days=28)
    put(filled, then, a="Core")
    put(filled, DAY, a="Loyal")
    refresh_insights(filled, url, "daily", NEXT)
    put(filled, then, a="Whales")
    refresh_insights(filled, url, "daily", NEXT)
    assert query(url, "SELECT * FROM fact_rfm_movement") == [(DAY, then, "Whales", "Loyal", 1)]


def test_before_the_first_scores_the_tables_are_empty(filled, url):
    refresh_insights(filled, url, "daily", NEXT)
    assert query(url, "SELECT count(*) FROM fact_rfm_segment") == [(0,)]
    assert query(url, "SELECT count(*) FROM fact_rfm_movement") == [(0,)]
