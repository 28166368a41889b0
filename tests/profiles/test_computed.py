"""Computed attributes are what SQL gives, or plain Python; documents that make no sense are refused."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pytest
from pydantic import ValidationError

from perennial.documents import DocumentError
from perennial.profiles.build import build
from perennial.profiles.computed import ComputedAttribute
from perennial.profiles.computing import compute
from perennial.value.partials import MetricError

AS_OF = date(2024, 3, 6)  # a Wednesday
MIDNIGHT = datetime(2024, 3, 6, tzinfo=UTC)
SCHEMA = pl.Schema(
    {
        "person_id": pl.String(),
        "event_time": pl.Datetime("us", "UTC"),
        "store": pl.String(),
        "amount": pl.Decimal(18, 2),
        "pieces": pl.Int64(),
    }
)


def attribute(**said: Any) -> ComputedAttribute:
    return ComputedAttribute.model_validate({"name": "it", "title": "It", "dataset": "sales", **said})


def happened(seed: int = 1) -> pl.DataFrame:
    """Many at the edges of windows, and at the same moment; some values missing, some people unknown."""
    dice = random.Random(seed)

    def maybe(value: Any) -> Any:
        return None if dice.random() < 0.15 else value

    rows = [
        (
            maybe(f"p{dice.randrange(12)}"),
            MIDNIGHT
            - timedelta(hours=dice.choice([-5, 0, 1, 11, 12, 13, 24, 72, 168, *range(24, 2200, 24)])),
            maybe(dice.choice("xyz")),
            maybe(Decimal(dice.randint(-200, 900)) / 100),
            dice.randint(0, 4),
        )
        for _ in range(400)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def found(said: ComputedAttribute, events: pl.DataFrame) -> dict[str, Any]:
    rows = compute(said, events.lazy(), AS_OF).collect()
    assert rows["person_id"].is_unique().all()
    return dict(rows.select("person_id", said.name).iter_rows())


WINDOWS = [
    ({}, "TRUE"),
    ({"within_last": "12 hours"}, "event_time >= TIMESTAMP '2024-03-05 12:00:00'"),
    ({"within_last": "7 days"}, "event_time >= TIMESTAMP '2024-02-28'"),
    ({"within_last": "2 weeks", "align": "week"},
     "event_time >= TIMESTAMP '2024-02-18' AND event_time < TIMESTAMP '2024-03-03'"),
    ({"within_last": "2 months", "align": "month"},
     "event_time >= TIMESTAMP '2024-01-01' AND event_time < TIMESTAMP '2024-03-01'"),
]  # fmt: skip
FUNCTIONS = [
    ({"sum": "amount"}, "sum(coalesce(amount, 0))", "TRUE"),
    ({"count": "*"}, "count(*)", "TRUE"),
    ({"count": "amount"}, "count(amount)", "TRUE"),
    ({"count_distinct": "store"}, "count(DISTINCT store)", "TRUE"),
    ({"average": "pieces"}, "avg(pieces)", "TRUE"),
    ({"average": "amount"}, "sum(amount)::DOUBLE / count(amount)", "TRUE"),
    ({"min": "amount"}, "min(amount)", "TRUE"),
    ({"max": "event_time"}, "max(event_time)", "TRUE"),
    ({"sum": "amount * pieces", "where": "store = 'x' and pieces > 1"}, "sum(coalesce(amount * pieces, 0))",
     "store = 'x' AND pieces > 1"),
]  # fmt: skip


@pytest.mark.parametrize(("window", "inside"), WINDOWS)
@pytest.mark.parametrize(("function", "aggregate", "where"), FUNCTIONS)
def test_values_are_those_of_sql(function, aggregate, where, window, inside):
    naive = pl.col("event_time").dt.replace_time_zone(None)
    connection = duckdb.connect().register("events", happened().with_columns(naive).to_arrow())
    rows = connection.sql(
        f"""SELECT person_id, {aggregate} AS it FROM events
        WHERE person_id IS NOT NULL AND event_time < TIMESTAMP '2024-03-06' AND {inside} AND {where}
        GROUP BY person_id HAVING it IS NOT NULL"""
    ).fetchall()
    expected = {
        person: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for person, value in rows
    }
    ours = found(attribute(**function, **window), happened())
    assert ours == (pytest.approx(expected) if "average" in function else expected)
    assert ours


@pytest.mark.parametrize("kind", ["most_recent", "list"])
@pytest.mark.parametrize("column", ["store", "amount", "pieces"])
@pytest.mark.parametrize("seed", range(3))
def test_newest_values_are_those_of_plain_python(kind, column, seed):
    said = attribute(**{kind: column}, within_last="30 days", **({"most": 2} if kind == "list" else {}))
    expected: dict[str, Any] = {}
    rows = [row for row in happened(seed).to_dicts() if row["person_id"] and row[column] is not None]
    inside = [row for row in rows if MIDNIGHT - timedelta(days=30) <= row["event_time"] < MIDNIGHT]
    for person in {row["person_id"] for row in inside}:
        theirs = [(row["event_time"], row[column]) for row in inside if row["person_id"] == person]
        if kind == "most_recent":
            newest = max(at for at, _ in theirs)
            expected[person] = max(value for at, value in theirs if at == newest)
        else:
            last = {value: max(at for at, other in theirs if other == value) for _, value in theirs}
            expected[person] = sorted(sorted(last), key=last.__getitem__, reverse=True)[:2]
    assert found(said, happened(seed)) == expected


@pytest.mark.parametrize(
    "said", [{"sum": "amount"}, {"list": "amount"}, {"count": "*"}, {"average": "pieces"}]
)
def test_types_are_the_same_where_nobody_has_any(said):
    some, none = (compute(attribute(**said), rows.lazy(), AS_OF) for rows in (happened(), happened().clear()))
    assert some.collect().schema == none.collect().schema


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "give exactly one of sum, count"),
        ({"sum": "amount", "list": "store"}, "give exactly one of sum, count"),
        ({"sum": "amount +"}, "amount +"),
        ({"sum": "amount", "most": 3}, "most is for a list"),
        ({"list": "store", "most": 0}, "greater than or equal to 1"),
        ({"sum": "amount", "within_last": "-3 days"}, "without a sign"),
        ({"sum": "amount", "within_last": "999999999 years"}, "longer than there is time"),
        ({"sum": "amount", "align": "week"}, "needs within_last in weeks"),
        ({"sum": "amount", "within_last": "3 days", "align": "month"}, "in months or years"),
        ({"sum": "amount", "name": "email"}, "profiles have an attribute of this name"),
        ({"sum": "amount", "name": "Total"}, "should match pattern"),
    ],
)
def test_documents_that_make_no_sense_are_refused(said, message):
    with pytest.raises(ValidationError, match=message.replace("+", r"\+")):
        attribute(**said)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"sum": "price"}, "it: metric it: sum of price: .*no column price"),
        ({"sum": "store"}, "only whole and decimal"),
    ],
)
def test_an_expression_that_does_not_fit_the_events_says_so(said, message):
    with pytest.raises(MetricError, match=message):
        compute(attribute(**said), happened().lazy(), AS_OF).collect()


def test_profiles_have_them_and_no_two_of_a_name():
    events = happened()
    column = compute(attribute(count="*"), events.lazy(), AS_OF)
    people = build({"sales": events.lazy()}, {}, {}, [], AS_OF, computed={"it": column}).collect()
    assert dict(people.select("person_id", "it").drop_nulls().iter_rows()) == found(
        attribute(count="*"), events
    )
    crm = pl.LazyFrame({"person_id": ["p1"], "it": ["x"]})
    with pytest.raises(DocumentError, match="profiles have an attribute it already"):
        build({"sales": events.lazy()}, {"crm": crm}, {}, [], AS_OF, computed={"it": column})
