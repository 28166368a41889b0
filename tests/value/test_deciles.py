"""Deciles are SQL's NTILE over exact sums: checked against another engine's answers to the same question.

The definition is one for Polars and for Spark, and so every test runs on both.
"""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from purchases import AS_OF, EVERY_METRIC, PRODUCTS, definition, events, moment, purchases
from value.conftest import Engine

from perennial.documents import DocumentError, load
from perennial.value.deciles import MetricError, deciles
from perennial.value.definition import ValueDefinition
from perennial.value.entries import DimensionError, partials_of
from perennial.value.money import as_money, scales

_running: list[Engine] = []


@pytest.fixture(scope="module", autouse=True)
def _on_every_engine(engine: Engine) -> None:
    _running[:] = [engine]


def ranked(rows: pl.DataFrame, document: ValueDefinition | None = None, as_of: date = AS_OF) -> pl.DataFrame:
    (engine,), document = _running, document or definition()
    found = partials_of(nw.from_native(rows.lazy()), document)
    frame = deciles(engine.frame(rows), document, as_of, {"products": engine.frame(PRODUCTS)})
    return as_money(engine.rows(frame).lazy(), scales(document, found)).collect()


def overall(rows: pl.DataFrame, lookback: str, **changed: Any) -> pl.DataFrame:
    found = ranked(rows, definition(**changed))
    return found.filter(dimension="overall", lookback=lookback).sort("person_id")


def test_the_greatest_are_in_the_first_decile_and_ties_go_by_id():
    rows = events(
        *((f"c{n}", "b", "p1", "5.00" if n < 8 else "9.00", moment(2017, 12, 20)) for n in range(10))
    )
    found = overall(rows, "1m").sort("spend_decile")
    assert found["person_id"].to_list() == ["c8", "c9", *(f"c{n}" for n in range(8))]


def test_windows_are_closed_at_their_start_and_open_at_their_end():
    rows = events(
        ("first", "b1", "p1", "1.00", moment(2017, 12, 1)),
        ("before", "b2", "p1", "2.00", moment(2017, 12, 1) - timedelta(microseconds=1)),
        ("last", "b3", "p1", "4.00", moment(2018, 1, 1) - timedelta(microseconds=1)),
        ("after", "b4", "p1", "8.00", moment(2018, 1, 1)),
    )
    assert set(overall(rows, "lifetime")["person_id"]) == {"first", "before", "last"}
    assert set(overall(rows, "1m")["person_id"]) == {"first", "last"}
    assert overall(rows, "lifetime")["spend"].sum() == Decimal("7.00")


def test_who_bought_nothing_in_a_window_has_no_rank_there():
    rows = events(
        ("old", "b1", "p1", "1.00", moment(2017, 1, 5)), ("new", "b2", "p1", "0.00", moment(2017, 12, 5))
    )
    assert overall(rows, "1m").select("person_id", "spend", "spend_decile").rows() == [("new", Decimal(0), 1)]
    assert overall(rows, "12m").select("person_id", "spend_decile").rows() == [("new", 2), ("old", 1)]


def test_a_basket_of_many_lines_counts_once_and_refunds_are_subtracted():
    rows = events(
        ("c", "b1", "p1", "10.00", moment(2017, 12, 5)),
        ("c", "b1", "p2", "5.00", moment(2017, 12, 5)),
        ("c", "b2", "p1", "-12.50", moment(2017, 12, 6)),
    )
    assert overall(rows, "1m").select("baskets", "spend").row(0) == (2, Decimal("2.50"))


def test_a_basket_of_two_days_counts_once_as_long_as_one_of_them_is_in_the_window():
    rows = events(
        ("c", "b1", "p1", "1.00", moment(2017, 11, 30)),
        ("c", "b1", "p1", "1.00", moment(2017, 12, 5)),
        ("c", "b1", "p1", "1.00", moment(2018, 1, 2)),
    )
    assert overall(rows, "1m")["baskets"].to_list() == [1]
    assert overall(rows, "lifetime")["baskets"].to_list() == [1]


def test_what_is_missing_counts_nothing_and_customers_without_an_id_are_nobody():
    rows = events(
        ("c", None, None, None, moment(2017, 12, 5)),
        ("c", "b1", None, "3.00", moment(2017, 12, 5)),
        (None, "b2", "p1", "9.00", moment(2017, 12, 5)),
    )
    found = overall(rows, "1m").select("person_id", "spend", "baskets", "spend_decile")
    assert found.rows() == [("c", Decimal("3.00"), 1, 1)]


def test_events_without_a_dimension_value_have_a_bucket_of_their_own():
    rows = events(
        ("c", "b1", "p3", "1.00", moment(2017, 12, 5)), ("c", "b1", "p9", "2.00", moment(2017, 12, 5))
    )
    unknown = ranked(rows).filter(dimension="department", lookback="1m").row(0, named=True)
    assert (unknown["dimension_value"], unknown["spend"]) == ("UNKNOWN", Decimal("3.00"))


def test_every_function_of_an_expression_with_a_filter():
    rows = events(
        ("c", "b1", "p2", "10.00", moment(2017, 12, 5)),
        ("c", "b1", "p1", "5.00", moment(2017, 12, 7)),
        ("c", "b2", "p1", "-12.50", moment(2017, 12, 6)),
        ("d", "b3", None, "1.00", moment(2017, 12, 6)),
    )
    found = overall(rows, "1m", metrics=EVERY_METRIC)
    values = found.select(*EVERY_METRIC).rows(named=True)
    assert values[0] == {
        "spend": Decimal("2.50"), "doubled": Decimal("3.50"), "lines": 3, "known": 3, "baskets": 2,
        "mean": pytest.approx(0.8333333), "least": Decimal("-12.50"), "most": Decimal("10.00"),
        "last": Decimal("5.00"), "article": "p1", "refunds": Decimal("12.50"), "returns": 1,
    }  # fmt: skip
    assert values[1] == {
        "spend": Decimal("1.00"), "doubled": Decimal("1.50"), "lines": 1, "known": 0, "baskets": 1,
        "mean": 1.0, "least": Decimal("1.00"), "most": Decimal("1.00"),
        "last": Decimal("1.00"), "article": None, "refunds": None, "returns": None,
    }  # fmt: skip
    assert found["refunds_decile"].to_list() == [1, None]
    assert "article_decile" not in found.columns


def test_of_several_at_the_latest_moment_the_greatest_is_the_most_recent():
    rows = events(*(("c", "b", "p1", a, moment(2017, 12, 5)) for a in ("3.00", "9.00", "1.00")))
    assert overall(rows, "1m", metrics={"last": {"most_recent": "amount"}})["last"].to_list() == [Decimal(9)]


def test_days_are_cut_at_the_midnights_of_the_time_zone():
    rows = events(("c", "b", "p1", "1.00", moment(2018, 1, 1, 3)))
    assert ranked(rows, definition(time_zone="UTC")).is_empty()
    assert not ranked(rows, definition(time_zone="America/New_York")).is_empty()


def test_records_without_a_time_have_lifetime_values_only():
    rows = events(("c", "b", "p1", "1.00", moment(2018, 1, 1))).drop("event_time")
    found = ranked(rows).filter(dimension="overall")
    assert found.select("lookback", "spend").rows() == [("lifetime", Decimal("1.00"))]


def test_nobody_bought_anything():
    assert ranked(events()).is_empty()


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (
            {"sum": "price"},
            "metric m: sum of price: at character 1: no column price; there are customer, basket",
        ),
        ({"sum": "product"}, "metric m: sum of product: product is text; only whole and decimal numbers"),
        ({"average": "basket"}, "only whole and decimal numbers can be summed exactly"),
        ({"max": "basket"}, "basket is text; expected a number or a time"),
        ({"sum": "amount", "where": "amount"}, "expected something true or false; 'amount' is whole"),
        ({"sum": "amount", "where": "product > 3"}, "text and whole cannot be compared"),
        ({"sum": "amount / 2"}, "a quotient is not exact"),
        ({"sum": "median(amount)"}, "no function median of 1 here; there are abs"),
    ],
)
def test_a_metric_that_cannot_be_is_explained(metric, message):
    with pytest.raises(MetricError, match=message):
        ranked(events(), definition(metrics={"m": metric}))


def test_an_identity_that_is_not_there_is_explained():
    with pytest.raises(MetricError, match="identity: sales has no column buyer; it has customer"):
        ranked(events(), definition(identity="buyer"))


@pytest.mark.parametrize(
    ("dimension", "message"),
    [
        ({"column": "tier"}, "dimension d: sales has no column tier"),
        (
            {"column": "tier", "lookup": "products", "by": "product"},
            "dimension d: products has no column tier",
        ),
        ({"column": "tier", "lookup": "people", "by": "product"}, "no records 'people'; there are products"),
    ],
)
def test_a_dimension_that_cannot_be_is_explained(dimension, message):
    with pytest.raises(DimensionError, match=message):
        ranked(events(), definition(dimensions={"d": dimension}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metrics: {m: {sum: a, count: b}}", "metrics.m: Value error, give exactly one of sum, count"),
        ("metrics: {m: {sum: 'a +'}}", "expected a field, a text, a number or a function"),
        ("metrics: {m: {sum: a}}\ntime_zone: Mars/Olympus", "time_zone: Value error, unknown time zone"),
        ("metrics: {m: {sum: a}}\nlookbacks: [1, 1]", "a lookback is named twice"),
        ("metrics: {m: {sum: a}}\ndimensions: {m: {column: b}}", "m: names a metric and a dimension"),
        ("metrics: {m__n: {sum: a}}", "m__n: a metric or dimension cannot have this name"),
    ],
)
def test_a_document_that_cannot_be_is_explained(tmp_path, text, message):
    start = "title: T\ndataset: sales\nidentity: customer\n"
    lookbacks = "" if "lookbacks" in text else "\nlookbacks: [1]"
    (tmp_path / "broken.yaml").write_text(start + text + lookbacks)
    with pytest.raises(DocumentError, match=message):
        load(tmp_path / "broken.yaml", ValueDefinition)


@pytest.mark.parametrize("engine", ["polars"], indirect=True)
@settings(max_examples=40)
@given(rows=purchases, buckets=st.sampled_from([4, 10, 100]))
def test_sql_gives_the_same_answers(engine, rows, buckets):
    assert_as_in_sql(rows, buckets)


@pytest.mark.parametrize("engine", ["sail", "java"], indirect=True)
def test_sql_gives_the_same_answers_as_spark(engine):
    assert_as_in_sql(many_purchases(3_000), 10)


@pytest.mark.parametrize("engine", ["sail", "java"], indirect=True)
@pytest.mark.parametrize(
    "changed",
    [
        {"metrics": EVERY_METRIC},
        {"metrics": {"first": {"min": "event_time"}}, "time_zone": "Europe/Berlin", "align": "month"},
        {"metrics": {"share": {"max": "weight"}}, "dimensions": {}, "semantics": "cumulative"},
        {
            "metrics": {"either": {"max": "coalesce(weight, amount)", "where": "amount >= weight"}},
            "semantics": "adjacent",
        },
    ],
)
def test_spark_gives_the_same_answers_as_polars_bit_for_bit(engine, changed):
    rows, document = many_purchases(1_000), definition(**changed)
    mine = deciles(rows.lazy(), document, AS_OF, {"products": PRODUCTS.lazy()}).collect()
    theirs = engine.rows(deciles(engine.frame(rows), document, AS_OF, {"products": engine.frame(PRODUCTS)}))
    assert_frame_equal(theirs, mine, check_row_order=False, check_exact=True)


def many_purchases(rows: int) -> pl.DataFrame:
    """A history with everything in it: refunds, gaps, ties, midnights, and moments to the microsecond."""
    chance = random.Random(5)
    start, seconds = moment(2016, 6, 1), 50_000_000
    found = events(
        *(
            (
                chance.choice([f"c{n}" for n in range(60)] + [None]),
                chance.choice([f"b{n}" for n in range(40)] + [None]),
                chance.choice(["p1", "p2", "p3", "p9", None]),
                chance.choice([None, *(str(Decimal(chance.randint(-5000, 50_000)) / 100) for _ in range(9))]),
                start + chance.choice([timedelta(days=chance.randint(0, 700)),
                                       timedelta(seconds=chance.uniform(0, seconds))]),
            )
            for _ in range(rows)
        )
    )  # fmt: skip
    weights = [chance.choice([None, 0.5, 1.25, -3.5, 1e10, chance.uniform(-500, 500)]) for _ in range(rows)]
    return found.with_columns(weight=pl.Series(weights, dtype=pl.Float64))


def assert_as_in_sql(rows: pl.DataFrame, buckets: int) -> None:
    document = definition(buckets=buckets)
    ours = ranked(rows, document).sort("dimension", "dimension_value", "person_id")
    for window, months in document.windows().items():
        found = ours.filter(lookback=window).select(
            "person_id", "dimension", "dimension_value", "spend", "baskets", "spend_decile", "baskets_decile"
        )
        assert found.rows() == by_sql(rows, months, buckets)


def by_sql(rows: pl.DataFrame, months: int | None, buckets: int) -> list[tuple]:
    """The same question as one would ask it in SQL."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("events", rows.to_arrow())
    connection.register("products", PRODUCTS.to_arrow())
    start = f"AND event_time >= TIMESTAMPTZ '2018-01-01' - INTERVAL {months} MONTH" if months else ""
    return connection.sql(f"""
        WITH seen AS (
            SELECT customer, basket, coalesce(amount, 0) AS amount,
                coalesce(department, 'UNKNOWN') AS department
            FROM events LEFT JOIN products USING (product)
            WHERE customer IS NOT NULL AND event_time < TIMESTAMPTZ '2018-01-01' {start}
        ), sums AS (
            SELECT customer, 'overall' AS d, 'all' AS v,
                sum(amount) AS spend, count(DISTINCT basket) AS baskets
            FROM seen GROUP BY customer
            UNION ALL
            SELECT customer, 'department', department, sum(amount), count(DISTINCT basket)
            FROM seen GROUP BY customer, department
        )
        SELECT customer, d, v, spend, baskets,
            ntile({buckets}) OVER (PARTITION BY d, v ORDER BY spend DESC, customer),
            ntile({buckets}) OVER (PARTITION BY d, v ORDER BY baskets DESC, customer)
        FROM sums ORDER BY d, v, customer
    """).fetchall()
