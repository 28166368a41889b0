"""Deciles are SQL's NTILE over exact sums: checked against published sizes and another engine's answers."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.value.deciles import MetricError, deciles, ntile
from perennial.value.definition import ValueDefinition

AS_OF = date(2018, 1, 1)
DEFINITION = ValueDefinition.model_validate(
    {
        "name": "value",
        "title": "Value",
        "dataset": "sales",
        "identity": "customer",
        "metrics": {"spend": {"sum": "amount"}, "baskets": {"count_distinct": "basket"}},
        "dimensions": {"department": {"lookup": "products", "by": "product", "column": "department"}},
        "lookbacks": [1, 3, 12, "lifetime"],
        "buckets": 10,
    }
)
PRODUCTS = pl.DataFrame({"product": ["p1", "p2", "p3"], "department": ["A", "B", None]})


def events(*rows: tuple[str, str, str, str, datetime]) -> pl.DataFrame:
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "customer": pl.String,
        "basket": pl.String,
        "product": pl.String,
        "amount": pl.Decimal(18, 2),
        "event_time": pl.Datetime("us", "UTC"),
    }
    return pl.DataFrame(
        [(c, b, p, Decimal(a), t) for c, b, p, a, t in rows], schema=schema, orient="row", strict=False
    )


def ranked(rows: pl.DataFrame, definition: ValueDefinition = DEFINITION) -> pl.DataFrame:
    return deciles(rows.lazy(), definition, AS_OF, {"products": PRODUCTS.lazy()}).collect()


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("customers", "sizes"),
    [
        (7, [1] * 7),
        (10, [1] * 10),
        (23, [3, 3, 3] + [2] * 7),
        (103, [11, 11, 11] + [10] * 7),
        (1, [1]),
    ],
)
def test_sizes_are_those_of_the_standard(customers, sizes):
    rank = pl.int_range(1, customers + 1)
    buckets = pl.select(ntile(rank, pl.lit(customers), 10)).to_series().to_list()
    assert buckets == sorted(buckets)
    assert [Counter(buckets)[b] for b in sorted(set(buckets))] == sizes


def test_the_greatest_are_in_the_first_decile_and_ties_go_by_id():
    rows = events(*((f"c{n}", "b", "p1", "5.00" if n < 8 else "9.00", day(2017, 12, 20)) for n in range(10)))
    overall = ranked(rows).filter(dimension="overall").sort("spend_1m_decile")
    assert overall["person_id"].to_list() == ["c8", "c9", *(f"c{n}" for n in range(8))]


def test_windows_are_closed_at_their_start_and_open_at_their_end():
    rows = events(
        ("first", "b1", "p1", "1.00", day(2017, 12, 1)),
        ("before", "b2", "p1", "2.00", day(2017, 12, 1) - timedelta(microseconds=1)),
        ("last", "b3", "p1", "4.00", day(2018, 1, 1) - timedelta(microseconds=1)),
        ("after", "b4", "p1", "8.00", day(2018, 1, 1)),
    )
    overall = ranked(rows).filter(dimension="overall")
    assert set(overall["person_id"]) == {"first", "before", "last"}
    assert set(overall.drop_nulls("spend_1m")["person_id"]) == {"first", "last"}
    assert overall["spend_lifetime"].sum() == Decimal("7.00")


def test_who_bought_nothing_in_a_window_has_no_rank_there():
    rows = events(("old", "b1", "p1", "1.00", day(2017, 1, 5)), ("new", "b2", "p1", "0.00", day(2017, 12, 5)))
    overall = ranked(rows).filter(dimension="overall").sort("person_id")
    assert overall["spend_1m_decile"].to_list() == [1, None]
    assert overall["spend_1m"].to_list() == [Decimal("0.00"), None]
    assert overall["spend_12m_decile"].to_list() == [2, 1]


def test_a_basket_of_many_lines_counts_once_and_refunds_are_subtracted():
    rows = events(
        ("c", "b1", "p1", "10.00", day(2017, 12, 5)),
        ("c", "b1", "p2", "5.00", day(2017, 12, 5)),
        ("c", "b2", "p1", "-12.50", day(2017, 12, 6)),
    )
    overall = ranked(rows).filter(dimension="overall").row(0, named=True)
    assert (overall["baskets_1m"], overall["spend_1m"]) == (2, Decimal("2.50"))


def test_events_without_a_dimension_value_have_a_bucket_of_their_own():
    rows = events(("c", "b1", "p3", "1.00", day(2017, 12, 5)), ("c", "b1", "p9", "2.00", day(2017, 12, 5)))
    unknown = ranked(rows).filter(dimension="department").row(0, named=True)
    assert (unknown["dimension_value"], unknown["spend_1m"]) == ("UNKNOWN", Decimal("3.00"))


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ({"sum": "price"}, "metric m: sales has no column price; it has customer, basket"),
        ({"sum": "product"}, "metric m: product is String; only integers and decimals"),
    ],
)
def test_a_metric_that_cannot_be_is_explained(metric, message):
    definition = DEFINITION.model_copy(
        update={
            "metrics": ValueDefinition.model_validate(
                {**DEFINITION.model_dump(), "metrics": {"m": metric}}
            ).metrics
        }
    )
    with pytest.raises(MetricError, match=message):
        ranked(events(), definition)


def test_an_identity_that_is_not_there_is_explained():
    definition = DEFINITION.model_copy(update={"identity": "buyer"})
    with pytest.raises(MetricError, match="identity: sales has no column buyer; it has customer"):
        ranked(events(), definition)


histories = st.lists(
    st.tuples(
        st.sampled_from([f"c{n}" for n in range(25)]),
        st.sampled_from([f"b{n}" for n in range(8)]),
        st.sampled_from(["p1", "p2", "p3", "p9"]),
        st.decimals(min_value=-50, max_value=500, places=2).map(str),
        st.datetimes(datetime(2016, 6, 1), datetime(2018, 2, 1)).map(lambda t: t.replace(tzinfo=UTC)),  # noqa: DTZ001
    ),
    min_size=1,
    max_size=120,
)


@settings(max_examples=40, deadline=None)
@given(history=histories, buckets=st.sampled_from([4, 10, 100]))
def test_another_engine_gives_the_same_answers(history, buckets):
    rows = events(*history)
    definition = DEFINITION.model_copy(update={"buckets": buckets})
    ours = ranked(rows, definition)
    for window, months in definition.windows().items():
        columns = [f"{metric}_{window}" for metric in definition.metrics]
        found = ours.select(
            "person_id", "dimension", "dimension_value", *columns, *(f"{c}_decile" for c in columns)
        )
        found = found.drop_nulls().sort("dimension", "dimension_value", "person_id")
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
            SELECT customer, basket, amount, coalesce(department, 'UNKNOWN') AS department
            FROM events LEFT JOIN products USING (product)
            WHERE event_time < TIMESTAMPTZ '2018-01-01' {start}
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
