"""What visitors did within minutes is what SQL says, day by day; a rule is broken by one event too many."""

import random
from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from perennial.bots.definition import BUCKETS, BotDefinition
from perennial.bots.features import breaks, by_day, over_days

START = datetime(2024, 3, 1, tzinfo=UTC)
AGENTS = [None, "curl/8.1", "Mozilla/5.0 Firefox/121.0"]


def happened(seed: int) -> pl.DataFrame:
    """Events around midnight and the edges of buckets; some lack a visitor, a page or a user agent."""
    dice = random.Random(seed)
    rows = []
    for _ in range(600):
        edge = timedelta(hours=dice.choice([0, 23, 24, 25, 47]), minutes=dice.choice([0, 4, 5, 29, 30, 59]))
        at = START + edge + timedelta(seconds=dice.choice([0, 1, 58, 59, dice.random() * 120]))
        visitor = dice.choice([None, *"abcdef"])
        rows.append((visitor, at, at.date(), dice.choice([None, "p", "q", "r"]), dice.choice(AGENTS)))
    columns = ["visitor", "event_time", "event_date", "page", "agent"]
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        pl.col("event_time").dt.cast_time_unit("us")
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_features_are_what_sql_counts(seed):
    events = happened(seed)
    found = over_days(by_day(events.lazy(), "page", "agent")).sort("visitor").collect()
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("events", events)
    each = [
        f"""SELECT visitor, max(n) AS most_{size}, max(pages) AS pages_{size}, avg(n) AS mean_{size}
            FROM (SELECT visitor, floor(epoch(event_time) / {size}) AS bucket, count(*) AS n,
                         count(DISTINCT page) AS pages
                  FROM events WHERE visitor IS NOT NULL GROUP BY ALL) GROUP BY visitor"""
        for size in BUCKETS
    ]
    query = (
        f"FROM ({each[0]}) JOIN ({each[1]}) USING (visitor) JOIN ({each[2]}) USING (visitor) ORDER BY visitor"
    )
    expected = connection.sql(query).pl()
    assert_frame_equal(found.select(expected.columns), expected, check_dtypes=False)
    days = connection.sql(
        "SELECT visitor, count(*) AS events, min(event_date) AS first_day, max(event_date) AS last_day "
        "FROM events WHERE visitor IS NOT NULL GROUP BY visitor ORDER BY visitor"
    ).pl()
    assert_frame_equal(found.select(days.columns), days, check_dtypes=False)


def test_the_user_agent_is_the_one_used_most_and_never_the_lack_of_one():
    at = [START + timedelta(seconds=n) for n in range(6)]
    agents = [None, None, None, "b", "a", "b"]
    events = pl.DataFrame({"visitor": "v", "event_time": at, "agent": agents}).with_columns(
        event_date=pl.col("event_time").dt.date()
    )
    assert over_days(by_day(events.lazy(), None, "agent")).collect()["user_agent"].to_list() == ["b"]


def test_a_rule_is_broken_by_one_event_more_than_it_allows():
    said = {"name": "it", "title": "It", "dataset": "d", "visitor": "v", "rule": {60: 50, 1800: 300}}
    definition = BotDefinition.model_validate(said)
    rows = pl.LazyFrame({"most_60": [50, 51, 1], "most_300": [50, 51, 90], "most_1800": [300, 51, 301]})
    assert rows.select(breaks(definition)).collect().to_series().to_list() == [False, True, True]
