"""What people left behind is what SQL finds; documents that make no sense are refused."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from perennial.profiles.browsing import AbandonedBrowse
from perennial.profiles.left_behind import left_behind, where_true
from perennial.signals.expressions import ExpressionError

END = datetime(2024, 3, 6, tzinfo=UTC)
BEGIN = END - timedelta(days=4)
LOOKS = pl.Schema(
    {
        "person_id": pl.String(),
        "event_time": pl.Datetime("us", "UTC"),
        "product": pl.String(),
        "price": pl.Decimal(18, 2),
    }
)
SQL = """
    WITH looked AS (
        SELECT person_id, product, max_by((price, event_time), (event_time, coalesce(price, -1))) AS newest
        FROM looks
        WHERE event_time >= $begin AND event_time < $end AND person_id IS NOT NULL AND product IS NOT NULL
        GROUP BY ALL
    ), lately AS (FROM purchases WHERE event_time >= $begin AND event_time < $end), left_ AS (
        SELECT person_id, product, newest[1] AS price, newest[2] AS moment FROM looked WHERE NOT EXISTS (
            FROM lately WHERE lately.person_id = looked.person_id {same}
        )
    )
    SELECT person_id, product, price, moment FROM left_
    QUALIFY row_number() OVER (
        PARTITION BY person_id ORDER BY price DESC NULLS LAST, moment DESC, product
    ) = 1
    ORDER BY person_id
"""
SAME = "AND lately.product = looked.product AND lately.event_time >= looked.newest[2]"


def happened(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Looks and purchases at the edges of the window, at one moment, at one price; some things missing."""
    dice = random.Random(seed)

    def maybe(value: Any) -> Any:
        return None if dice.random() < 0.1 else value

    def at() -> datetime:
        edge = dice.choice([BEGIN, END, BEGIN + timedelta(days=dice.randrange(4))])
        return edge + timedelta(seconds=dice.choice([-1, 0, 0, 1, 5, dice.randrange(90_000)]))

    looks = [
        (
            maybe(f"p{dice.randrange(40)}"),
            at(),
            maybe(dice.choice("xyzuvw")),
            maybe(Decimal(dice.randrange(4))),
        )
        for _ in range(110)
    ]
    bought = [(maybe(f"p{dice.randrange(60)}"), at(), maybe(dice.choice("xyzuvw"))) for _ in range(90)]
    purchases = pl.DataFrame(bought, schema=[*LOOKS.items()][:3], orient="row")
    return pl.DataFrame(looks, schema=LOOKS, orient="row"), purchases


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("unless", "same"), [("anything", ""), ("product", SAME)], ids=["anything", "product"]
)
def test_it_is_what_sql_finds(seed, unless, same):
    looks, purchases = happened(seed)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("looks", looks)
    connection.register("purchases", purchases)
    moments = {"begin": BEGIN, "end": END}
    expected = connection.sql(SQL.format(same=same), params=moments).pl().rename({"moment": "at"})
    found = left_behind(looks.lazy(), purchases.lazy(), BEGIN, END, unless).sort("person_id").collect()
    assert found["person_id"].is_unique().all()
    assert 5 < found.height < 38
    assert_frame_equal(found, expected, check_dtypes=False)


def test_expressions_choose_events_and_leave_money_as_it_is():
    rows = pl.LazyFrame({"action": ["view", "list", "view"], "price": ["1.50", "9.00", "0.99"]}).with_columns(
        pl.col("price").cast(pl.Decimal(18, 2))
    )
    found = where_true(rows, "action = 'view' and price > 1").collect()
    assert found.rows() == [("view", Decimal("1.50"))]
    assert found.schema == rows.collect_schema()
    assert where_true(rows, None).collect().height == 3
    with pytest.raises(ExpressionError, match="colour"):
        where_true(rows, "colour = 'red'").collect()


SAID: dict[str, Any] = {
    "name": "it",
    "title": "It",
    "looks": {"dataset": "app", "product": "product_id", "price": "price"},
    "purchases": {"dataset": "shop"},
}


def test_four_days_unless_said_otherwise():
    assert AbandonedBrowse.model_validate(SAID).window(date(2024, 3, 6)) == (BEGIN, END)
    longer = AbandonedBrowse.model_validate(SAID | {"within_last": "1 month"})
    assert longer.window(date(2024, 3, 31))[0] == datetime(2024, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unless_bought": "product"}, "needs purchases.product"),
        ({"prices": {"dataset": "products", "price": "list_price"}}, "say where prices are"),
        ({"looks": {"dataset": "app", "product": "product_id"}}, "say where prices are"),
        ({"looks": {"dataset": "app", "product": "p", "price": "c", "where": "action = "}}, "action ="),
        ({"within_last": "-4 days"}, "without a sign"),
        ({"within_last": "four days"}, "such as 90 days"),
        ({"name": "Left Behind"}, "should match pattern"),
    ],
)
def test_documents_that_make_no_sense_are_refused(change, said):
    with pytest.raises(ValidationError, match=said):
        AbandonedBrowse.model_validate(SAID | change)
