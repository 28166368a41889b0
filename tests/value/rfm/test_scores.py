"""Scores are SQL's NTILE over days, orders and exact money: checked against SQL, on every engine."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from purchases import AS_OF, events, moment, purchases
from value.conftest import Engine
from value.rfm.documents import definition

from perennial.value.entries import MetricError
from perennial.value.rfm.definition import RfmDefinition
from perennial.value.rfm.scores import ordinal, rfm, scale

CORE = ("person_id", "recency_days", "orders", "revenue")
SCORES = ("recency", "frequency", "monetary")


def scored(rows: pl.DataFrame, document: RfmDefinition | None = None, as_of: date = AS_OF) -> pl.DataFrame:
    found: pl.DataFrame = rfm(rows.lazy(), document or definition(), as_of).collect()
    return found.sort("person_id")


def test_recency_frequency_and_money_of_a_customer():
    rows = events(
        ("c", "b1", "p1", "10.00", moment(2017, 12, 5)),
        ("c", "b1", "p2", "5.50", moment(2017, 12, 5)),
        ("c", "b2", "p1", "2.00", moment(2017, 12, 30, 23)),
    )
    assert scored(rows).select(CORE).rows() == [("c", 2, 2, 1750)]
    assert scale(rows.lazy(), definition()) == 2


def test_an_order_of_yesterday_is_one_day_old_and_one_of_today_is_not_seen():
    rows = events(
        ("c", "b1", "p1", "1.00", moment(2018, 1, 1) - timedelta(microseconds=1)),
        ("c", "b2", "p1", "1.00", moment(2018, 1, 1)),
    )
    assert scored(rows).select(CORE).rows() == [("c", 1, 1, 100)]


def test_a_refund_lowers_what_was_spent_and_is_neither_an_order_nor_a_sign_of_life():
    rows = events(
        ("c", "b1", "p1", "10.00", moment(2017, 12, 5)),
        ("c", "b1", "p1", "-4.00", moment(2017, 12, 20)),
        ("c", "r1", "p1", "-12.50", moment(2017, 12, 30)),
    )
    assert scored(rows).select(CORE).rows() == [("c", 27, 1, -650)]


def test_who_only_gave_back_is_no_customer():
    assert scored(events(("c", "r1", "p1", "-12.50", moment(2017, 12, 30)))).is_empty()


def test_what_is_missing():
    rows = events(
        ("c", "b1", "p1", None, moment(2017, 12, 5)),
        ("c", None, "p1", "3.00", moment(2017, 12, 6)),
        (None, "b2", "p1", "9.00", moment(2017, 12, 6)),
        ("d", None, "p1", "3.00", moment(2017, 12, 6)),
    )
    # An order without an amount is an order; an amount without an order is money; nobody's order is nobody's.
    assert scored(rows).select(CORE).rows() == [("c", 27, 1, 300)]


def test_who_did_not_order_within_the_lookback_has_no_scores():
    rows = events(
        ("old", "b1", "p1", "1.00", moment(2017, 10, 31)), ("new", "b2", "p1", "1.00", moment(2017, 12, 1))
    )
    assert scored(rows, definition(lookback=1))["person_id"].to_list() == ["new"]
    assert scored(rows, definition(lookback=3))["person_id"].to_list() == ["new", "old"]


def test_rows_that_repeat_an_orders_total_count_once():
    rows = events(
        ("c", "b1", "p1", "10.00", moment(2017, 12, 5, 9)),
        ("c", "b1", "p2", "10.00", moment(2017, 12, 5, 17)),
        ("c", "b2", "p1", "10.00", moment(2017, 12, 6)),
    )
    assert scored(rows, definition(amount_of="order")).select(CORE).rows() == [("c", 26, 2, 2000)]
    assert scored(rows).select(CORE).rows() == [("c", 26, 2, 3000)]


def test_only_some_rows_take_part_and_amounts_are_computed():
    rows = events(
        ("c", "b1", "p1", "10.00", moment(2017, 12, 5)), ("c", "b2", "p9", "7.00", moment(2017, 12, 6))
    )
    document = definition(amount="2 * amount - 0.125", where='product != "p9"')
    assert scored(rows, document).select(CORE).rows() == [("c", 27, 1, 19_875)]
    assert scale(rows.lazy(), document) == 3


def test_days_are_cut_at_the_midnights_of_the_time_zone(engine):
    rows = events(("c", "b", "p1", "1.00", moment(2018, 1, 1, 3)))
    for zone, found in (("UTC", []), ("America/New_York", [("c", 1)])):
        frame = rfm(engine.frame(rows), definition(time_zone=zone), AS_OF)
        assert engine.rows(frame).select("person_id", "recency_days").rows() == found


def test_ties_go_by_id_and_the_first_groups_take_the_surplus():
    rows = events(*((f"c{n}", f"b{n}", "p1", "5.00", moment(2017, 12, 20)) for n in range(7)))
    found = scored(rows)
    for axis in SCORES:
        assert found[axis].to_list() == [1, 1, 2, 2, 3, 3, 4]
    assert found["score"].to_list() == ["111", "111", "222", "222", "333", "333", "444"]
    assert found["segment"].to_list() == ["Core", "Core", *["Promising"] * 4, "Slipping"]


def test_sums_are_exact_where_floats_are_not():
    rows = events(*(("c", f"b{n}", "p1", "0.10", moment(2017, 12, 20)) for n in range(3)))
    assert scored(rows)["revenue"].to_list() == [30]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"amount": "price"}, "rfm: metric amount: sum of price: .*no column price; there are customer"),
        ({"amount": "product"}, "product is text; only whole and decimal numbers can be summed exactly"),
        ({"order": "invoice"}, "no column invoice"),
        ({"identity": "buyer"}, "rfm: identity: sales has no column buyer; it has customer"),
    ],
)
def test_a_definition_that_does_not_fit_its_dataset_is_explained(changed, message):
    with pytest.raises(MetricError, match=message):
        scored(events(), definition(**changed))


def test_amounts_as_floats_are_refused():
    rows = events().with_columns(pl.col("amount").cast(pl.Float64))
    with pytest.raises(MetricError, match="amount is float; only whole and decimal numbers can be summed"):
        scored(rows)


def test_records_have_no_recency():
    with pytest.raises(MetricError, match="rfm: sales has no event_time: give a dataset of events"):
        scored(events().drop("event_time"))


def test_nobody_bought_anything():
    assert scored(events()).is_empty()


def test_days_are_numbered_as_python_numbers_them(engine):
    days = [date(1, 1, 1), date(1899, 12, 31), date(1900, 3, 1), date(2000, 2, 29), date(2100, 12, 31)]
    days += [date(2016, 12, 28) + timedelta(days=n) for n in range(8)]
    rows = pl.DataFrame({"day": days})
    import narwhals as nw

    frame = nw.from_native(engine.frame(rows)).select("day", number=ordinal(nw.col("day")))
    found = engine.rows(nw.to_native(frame))
    assert dict(found.rows()) == {day: day.toordinal() for day in days}


@settings(max_examples=60)
@given(
    rows=purchases,
    buckets=st.sampled_from([4, 5]),
    lookback=st.sampled_from([1, 3, "lifetime"]),
    amount_of=st.sampled_from(["line", "order"]),
)
def test_another_engine_gives_the_same_scores(rows, buckets, lookback, amount_of):
    document = definition(buckets=buckets, lookback=lookback, amount_of=amount_of)
    found = scored(rows, document).select(*CORE, *SCORES)
    assert found.rows() == by_sql(rows, buckets, lookback, amount_of)


def by_sql(
    rows: pl.DataFrame, buckets: int = 4, lookback: Any = "lifetime", amount_of: str = "line"
) -> list[tuple]:
    """The same question as one would ask it in SQL."""
    months = "" if lookback == "lifetime" else f"AND day >= DATE '2018-01-01' - INTERVAL {lookback} MONTH"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("events", rows.to_arrow())
        return connection.sql(f"""
            WITH lines AS (
                SELECT {"DISTINCT" if amount_of == "order" else ""}
                    customer, basket, coalesce(amount, 0) AS amount, event_time::DATE AS day
                FROM events WHERE customer IS NOT NULL
            ), sums AS (
                SELECT
                    customer,
                    DATE '2018-01-01' - max(day) FILTER (basket IS NOT NULL AND amount >= 0) AS recency_days,
                    count(DISTINCT basket) FILTER (amount >= 0) AS orders,
                    (sum(amount) * 100)::BIGINT AS revenue
                FROM lines WHERE day < DATE '2018-01-01' {months}
                GROUP BY customer
                HAVING orders > 0
            )
            SELECT
                *,
                ntile({buckets}) OVER (ORDER BY recency_days, customer),
                ntile({buckets}) OVER (ORDER BY orders DESC, customer),
                ntile({buckets}) OVER (ORDER BY revenue DESC, customer)
            FROM sums ORDER BY customer
        """).fetchall()


def test_every_engine_gives_the_same_scores_and_segments(engine: Engine):
    rows = many()
    top = [{"label": "Top", "monetary": 1}]
    for changed in ({}, {"lookback": 3, "buckets": 9, "segments": top}, {"amount_of": "order"}):
        document = definition(**changed)
        found = engine.rows(rfm(engine.frame(rows), document, AS_OF)).sort("person_id")
        assert found.select(*CORE, *SCORES).rows() == by_sql(
            rows, document.buckets, document.lookback, document.amount_of
        )
        labels = [document.label(scores) for scores in found.select(SCORES).rows()]
        assert found["segment"].to_list() == labels
        assert found["score"].to_list() == ["".join(map(str, each)) for each in found.select(SCORES).rows()]


def many() -> pl.DataFrame:
    """Purchases of 300 customers over a year, with refunds, gaps and ties."""
    lines = []
    for n in range(3000):
        day = moment(2017, 1, 3) + timedelta(days=n * 7919 % 360, hours=n % 24)
        cents = Decimal(n * 104_729 % 9_001 - 900) / 100
        amount = None if n % 97 == 0 else str(cents)
        basket = None if n % 89 == 0 else f"b{n // 3}"
        customer = None if n % 101 == 0 else f"c{n * n % 303}"
        lines.append((customer, basket, f"p{n % 5}", amount, day))
    return events(*lines)
