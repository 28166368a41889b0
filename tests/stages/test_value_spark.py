"""A document with `engine: spark` gives the rows of its twin on Polars, from the lake and into the lake."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import polars.selectors as cs
import pytest
from polars.testing import assert_frame_equal

from perennial.lake.spark.cluster import SparkError
from perennial.settings import Settings
from perennial.stages.value import Range, compute_days, compute_value, history
from perennial.stages.value_ledgers import refresh_ledgers
from perennial.stages.workspace import Workspace

DATASETS = {
    "sales": """
title: Sales
kind: event
source: {history: sales/*.parquet}
key: [sale_id]
identities: [{column: customer, namespace: customer}]
once: [{per: customer, key: coupon, metrics: [points]}]
columns:
  event_time: {type: timestamp, required: true}
  sale_id: {type: string, required: true}
  customer: {type: string}
  basket: {type: string}
  product: {type: string}
  coupon: {type: string}
  amount: {type: decimal, scale: 2}
  points: {type: integer}
""",
    "products": """
title: Products
kind: record
source: {history: products.parquet}
key: [product]
columns:
  product: {type: string, required: true}
  department: {type: string}
""",
}
VALUE = """
title: Value
dataset: sales
identity: customer
time_zone: Europe/Berlin
metrics:
  spend: {sum: amount}
  baskets: {count_distinct: basket}
  points: {sum: points}
  mean: {average: amount, where: amount > 0}
  latest: {most_recent: product}
  first: {min: event_time}
dimensions:
  department: {lookup: products, by: product, column: department}
lookbacks: [1, 3, lifetime]
"""
AS_OF = date(2017, 7, 1)
KEYS = ["person_id", "dimension", "dimension_value", "lookback"]


def sales(rows: int = 800, seed: int = 5) -> pl.DataFrame:
    chance, start = random.Random(seed), datetime(2017, 1, 1, tzinfo=UTC)
    found = []
    for number in range(rows):
        at = start + timedelta(seconds=chance.uniform(0, 190 * 86_400))
        found.append(
            {
                "event_time": at,
                "sale_id": f"s{seed}.{number}",
                "customer": chance.choice([f"c{n}" for n in range(40)] + [None]),
                "basket": chance.choice([f"b{n}" for n in range(30)] + [None]),
                "product": chance.choice(["p1", "p2", "p9", None]),
                "coupon": chance.choice(["x", "y", "", None]),
                "amount": chance.choice([None, Decimal(chance.randint(-500, 5_000)) / 100]),
                "points": chance.randint(0, 9),
                "event_id": f"e{seed}.{number:05}",
                "event_date": at.date(),
                "batch": "b",
            }
        )
    return pl.DataFrame(found, schema_overrides={"amount": pl.Decimal(18, 2)})


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A lake with sales, and one document for each engine."""
    documents = {f"datasets/{name}": text for name, text in DATASETS.items()}
    for name, text in {**documents, "value/here": VALUE, "value/there": VALUE + "engine: spark\n"}.items():
        file = tmp_path / f"include/{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    made = Workspace(
        Settings(tmp_path / "include", str(tmp_path / "lake"), str(tmp_path), tmp_path / "spool")
    )
    made.lake.events("sales").append(sales())
    made.lake.records("products").replace(pl.DataFrame({"product": ["p1", "p2"], "department": ["A", None]}))
    return made


def rows(workspace: Workspace, name: str, as_of: date) -> pl.DataFrame:
    return history(workspace, name).read(as_of).collect().sort(KEYS)


def assert_twins(workspace: Workspace, as_of: date) -> None:
    """Both engines left the same rows, with the same types, in the lake."""
    mine, theirs = (rows(workspace, name, as_of) for name in ("here", "there"))
    assert mine.height > 100
    assert_frame_equal(theirs, mine, check_column_order=False, check_exact=True)
    lake = workspace.lake
    for table in (lake.value_by_decile, lake.value_movement):
        mine, theirs = (table(name).scan().filter(as_of=as_of).collect() for name in ("here", "there"))
        assert mine.height > 0
        assert theirs.schema == mine.schema
        amounts = cs.decimal()
        keys = mine.select(~amounts).columns
        mine, theirs = mine.sort(keys), theirs.sort(keys)
        assert_frame_equal(theirs.select(keys), mine.select(keys))
        # Sums of averages are rounded to six decimals, in whichever order they were added up.
        for name in mine.select(amounts).columns:
            assert ((theirs[name] - mine[name]).abs() <= Decimal("0.000001")).all()


def test_spark_leaves_the_rows_that_polars_leaves(spark, workspace):
    before = AS_OF.replace(month=6)
    compute_value(workspace, before, lambda: spark)
    counts = compute_value(workspace, AS_OF, lambda: spark)
    assert counts["there"] == rows(workspace, "here", AS_OF).height
    assert_twins(workspace, AS_OF)


def test_late_events_make_days_stale_and_computing_again_mends_them(sail, workspace):
    compute_value(workspace, AS_OF, lambda: sail)
    assert compute_value(workspace, AS_OF, lambda: sail) == {"here": 0, "there": 0}
    workspace.lake.events("sales").append(sales(50, seed=6).filter(pl.col("event_date") < AS_OF))
    assert (refresh_ledgers(workspace)["there"] or 0) > 10
    assert history(workspace, "there").stale() == [AS_OF]
    compute_value(workspace, AS_OF, lambda: sail)
    assert history(workspace, "there").stale() == []
    assert_frame_equal(
        rows(workspace, "there", AS_OF), rows(workspace, "here", AS_OF), check_column_order=False
    )


def test_other_records_make_days_stale(sail, workspace):
    compute_value(workspace, AS_OF, lambda: sail)
    workspace.lake.records("products").replace(pl.DataFrame({"product": ["p1"], "department": ["B"]}))
    refresh_ledgers(workspace)
    assert history(workspace, "there").stale() == [AS_OF]


def test_events_after_the_day_leave_it_as_it_is(sail, workspace):
    compute_value(workspace, AS_OF, lambda: sail)
    later = sales(50, seed=7).with_columns(pl.col("event_time", "event_date").dt.offset_by("1y"))
    later = later.with_columns(coupon=pl.lit(None, pl.String))
    workspace.lake.events("sales").append(later)
    assert compute_value(workspace, AS_OF, lambda: sail)["there"] == 0


def test_days_of_a_range_are_computed_one_by_one(sail, workspace):
    refresh_ledgers(workspace)
    last = AS_OF + timedelta(days=1)
    compute_days(workspace, Range(AS_OF, last), lambda: sail)
    for day in (AS_OF, last):
        mine, theirs = (rows(workspace, name, day) for name in ("here", "there"))
        assert_frame_equal(theirs, mine, check_column_order=False)


def test_before_the_first_event_there_is_nobody(sail, workspace):
    compute_value(workspace, date(2016, 1, 1), lambda: sail)
    assert rows(workspace, "there", date(2016, 1, 1)).is_empty()


def test_another_engine_computes_the_day_anew(sail, workspace, tmp_path):
    compute_value(workspace, AS_OF, lambda: sail)
    (tmp_path / "include/value/there.yaml").write_text(VALUE)
    again = Workspace(workspace.settings)
    assert history(again, "there").stale() == [AS_OF]
    compute_value(again, AS_OF)
    assert_frame_equal(rows(again, "there", AS_OF), rows(again, "here", AS_OF))


def test_without_a_place_to_compute_nothing_is_left_behind(workspace):
    with pytest.raises(SparkError, match="`engine: spark` takes a connection perennial_spark"):
        compute_value(workspace, AS_OF)
    assert history(workspace, "there").computed().is_empty()
