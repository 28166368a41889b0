"""Facts about bots, and about what people left behind, are in the store as the lake has them."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import psycopg
import pytest

from perennial.lake.bots import BOT_MODELS, BOT_TRAFFIC
from perennial.lake.browsing import LEFT_BEHIND
from perennial.stages.insights import refresh_insights
from perennial.stages.workspace import Workspace

from .conftest import DAY

pytestmark = pytest.mark.store
NEXT = DAY + timedelta(days=1)
NODES = [
    {"feature": "most_300", "threshold": 12.5, "left": 1, "right": 2, "visitors": 30, "bots": 10},
    {"feature": None, "threshold": None, "left": None, "right": None, "visitors": 19, "bots": 1},
    {"feature": None, "threshold": None, "left": None, "right": None, "visitors": 11, "bots": 9},
]


def put(made: Workspace, as_of: date, people: int) -> None:
    traffic = [("app", as_of, why, n, 10 * n) for why, n in (("people", people), ("rule", 2))]
    made.lake.bot_traffic.replace(pl.DataFrame(traffic, schema=BOT_TRAFFIC, orient="row"), as_of)
    left = [("a", "p1", Decimal("3.50")), ("b", "p1", Decimal("4.00")), ("c", "p2", None)]
    rows = [{"person_id": a, "product": p, "price": price, "as_of": as_of} for a, p, price in left[:people]]
    made.lake.left_behind("abandoned_browse").replace(pl.DataFrame(rows, schema=LEFT_BEHIND), as_of)


def test_facts_are_those_of_the_days_and_of_every_fit(filled, store):
    with psycopg.connect(store.url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS insights CASCADE")

    def query(sql: str) -> list[tuple]:
        with psycopg.connect(store.url, options="-c search_path=insights") as connection:
            return connection.execute(sql.encode()).fetchall()

    refresh_insights(filled, store.url, "daily", NEXT)
    for table in ("bot_traffic", "bot_quality", "bot_threshold", "left_behind"):
        assert query(f"SELECT * FROM fact_{table}") == [], "before any Dag has found anything"
    put(filled, NEXT, 2)
    measures = {"visitors": 30, "bots": 10, "found": 9, "mistaken": 2, "precision": 9 / 11, "recall": 0.9}
    nothing = dict.fromkeys(("precision", "recall"))
    fit = {
        "fit_id": f"app-{NEXT}", "definition": "app", "as_of": NEXT, "settings": 1, "status": "in use",
        "reason": "most events in 300 s > 12.5", "families": 7, "bot_families": 4, "nodes": NODES,
        "quality": [{"predictor": "model", **measures},
                    {"predictor": "rule", **measures, **nothing, "found": 0, "mistaken": 0}],
        "held_out": [["a"], ["b"]],
    }  # fmt: skip
    filled.lake.bot_models.append(pl.DataFrame([fit], schema=BOT_MODELS))
    refresh_insights(filled, store.url, "daily", NEXT)
    put(filled, NEXT + timedelta(days=1), 3)
    refresh_insights(filled, store.url, "daily", NEXT + timedelta(days=1))
    assert query("SELECT * FROM fact_bot_traffic ORDER BY date_key, why") == [
        (DAY, "app", "people", 2, 20), (DAY, "app", "rule", 2, 20),
        (NEXT, "app", "people", 3, 30), (NEXT, "app", "rule", 2, 20),
    ]  # fmt: skip
    assert query(
        "SELECT date_key, predictor, precision, recall, reason FROM fact_bot_quality ORDER BY 2"
    ) == [
        (DAY, "model", 9 / 11, 0.9, "most events in 300 s > 12.5"),
        (DAY, "rule", None, None, "most events in 300 s > 12.5"),
    ]
    columns = "node, feature, threshold, visitors, crawlers, if_less, if_more"
    assert query(f"SELECT {columns} FROM fact_bot_threshold ORDER BY node") == [
        (0, "most_300", 12.5, 30, 10, 1, 2),
        (1, None, None, 19, 1, None, None),
        (2, None, None, 11, 9, None, None),
    ]
    assert query("SELECT * FROM fact_left_behind ORDER BY 1, 2") == [
        (DAY, "DELI", 2, 1, Decimal("7.50"), Decimal("4.00")),
        (NEXT, "DELI", 2, 1, Decimal("7.50"), Decimal("4.00")),
        (NEXT, "UNKNOWN", 1, 1, None, None),
    ]
