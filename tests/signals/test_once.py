"""What is reported twice counts once, as DuckDB's row_number says, and no event gets lost."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from perennial.documents import DocumentError, load
from perennial.signals.dataset import Dataset
from perennial.signals.once import once

DOCUMENT = {
    "name": "hits",
    "title": "Hits",
    "kind": "event",
    "source": {},
    "key": ["hit"],
    "once": [
        {"per": "visitor", "key": "purchase", "metrics": ["revenue", "pieces"]},
        {"per": "visitor", "key": "metric", "metrics": ["points"]},
    ],
    "columns": {
        "event_time": {"type": "timestamp", "required": True},
        "hit": {"type": "string", "required": True},
        "visitor": {"type": "string"},
        "purchase": {"type": "string"},
        "metric": {"type": "integer"},
        "revenue": {"type": "decimal"},
        "pieces": {"type": "integer"},
        "points": {"type": "integer"},
    },
}
HITS = Dataset.model_validate(DOCUMENT)
SCHEMA: dict[str, Any] = {
    "event_time": pl.Datetime("us", "UTC"),
    "event_id": pl.String,
    "visitor": pl.String,
    "purchase": pl.String,
    "metric": pl.Int64,
    "revenue": pl.Int64,
    "pieces": pl.Int64,
    "points": pl.Int64,
}
QUERY = """
SELECT event_time, event_id, visitor, purchase, metric,
    CASE WHEN n = 1 OR coalesce(purchase, '') = '' OR visitor IS NULL THEN revenue END AS revenue,
    CASE WHEN n = 1 OR coalesce(purchase, '') = '' OR visitor IS NULL THEN pieces END AS pieces,
    CASE WHEN m = 1 OR metric IS NULL OR visitor IS NULL THEN points END AS points
FROM (
    SELECT *, row_number() OVER (PARTITION BY visitor, purchase ORDER BY event_time, event_id) AS n,
        row_number() OVER (PARTITION BY visitor, metric ORDER BY event_time, event_id) AS m
    FROM hits
) ORDER BY event_id
"""

START = datetime(2017, 12, 25, tzinfo=UTC)
hit = st.tuples(
    st.integers(0, 3).map(lambda hours: START + timedelta(hours=hours)),
    st.sampled_from(["ann", "bob", None]),
    st.sampled_from(["p1", "p2", "", None]),
    st.sampled_from([1, 2, None]),
    st.none() | st.integers(-9, 9),
)


@settings(max_examples=60)
@given(st.lists(hit, max_size=25), st.randoms(use_true_random=False))
def test_metrics_count_as_row_number_says(found, random):
    rows = [
        (at, f"e{n:02}", who, what, no, value, value, value)
        for n, (at, who, what, no, value) in enumerate(found)
    ]
    random.shuffle(rows)
    hits = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    counted = once(hits.lazy(), HITS).collect()
    assert counted["event_id"].to_list() == hits["event_id"].to_list()
    with duckdb.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        expected = connection.sql(QUERY).pl()
    unzoned = pl.col("event_time").dt.replace_time_zone(None)
    assert counted.sort("event_id").with_columns(unzoned).rows() == expected.with_columns(unzoned).rows()


def test_spark_counts_the_same(spark):
    chance = Random(5)
    days = [START, START + timedelta(hours=1)]
    visitors, keys = ["ann", "bob", None], ["p", "q", "", None]
    rows = [
        (chance.choice(days), f"e{n:03}", chance.choice(visitors), chance.choice(keys),
         chance.choice([1, 2, None]), n, n, n)
        for n in range(300)
    ]  # fmt: skip
    hits = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    with spark.session() as session:
        counted = pl.DataFrame(once(session.createDataFrame(hits.to_arrow()), HITS).toArrow())
    assert_frame_equal(counted.sort("event_id"), once(hits.lazy(), HITS).collect())


def test_a_dataset_without_rules_stays_as_it_is():
    hits = pl.LazyFrame(schema=SCHEMA)
    assert once(hits, HITS.model_copy(update={"once": []})) is hits


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{per: who, key: order_id, metrics: [total]}", "no such column: who"),
        ("{per: visitor, key: order_id, metrics: [sum]}", "no such column: sum"),
        ("{per: visitor, key: order_id, metrics: [order_id]}", "order_id cannot, being required"),
        (
            "{per: visitor, key: total, metrics: [total]}",
            "total cannot, being required, the visitor or the key",
        ),
        ("{per: visitor, key: order_id, metrics: []}", "at least 1 item"),
    ],
)
def test_rules_that_make_no_sense_are_refused(tmp_path, rule, message):
    file = tmp_path / "orders.yaml"
    file.write_text(
        f"""
title: Orders
kind: event
source: {{}}
key: [order_id]
once: [{rule}]
columns:
  event_time: {{type: timestamp}}
  order_id: {{type: string, required: true}}
  visitor: {{type: string}}
  total: {{type: decimal}}
"""
    )
    with pytest.raises(DocumentError, match=message):
        load(file, Dataset)
