"""Sessions are those of Adobe's published tables, and of SQL's windows over any history."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from value.paths.histories import PATH, by_sql, histories, history
from value.paths.published import PATH as PUBLISHED
from value.paths.published import session, table

from perennial.value.paths.path import PathError
from perennial.value.paths.sessions import session_end_if, session_start_if, session_timeout

# Query Service, "Adobe-defined SQL functions", sections SESS_TIMEOUT, SESS_START_IF and SESS_END_IF:
# experienceleague.adobe.com/docs/experience-platform/query/sql/adobe-defined-functions.html
TIMEOUT = """
 timestamp             | session
-----------------------+--------------------
 2018-01-18 06:55:53.0 | (0,1,true,1)
 2018-01-18 06:56:51.0 | (58,1,false,2)
 2018-01-18 06:57:47.0 | (56,1,false,3)
 2018-01-18 06:58:27.0 | (40,1,false,4)
 2018-01-18 06:59:22.0 | (55,1,false,5)
 2018-02-03 01:16:23.0 | (1361821,2,true,1)
 2018-02-03 01:17:17.0 | (54,2,false,2)
 2018-02-03 01:18:06.0 | (49,2,false,3)
 2018-02-03 01:18:39.0 | (33,2,false,4)
 2018-02-03 01:19:10.0 | (31,2,false,5)
"""
START_IF = """
 timestamp             | isLaunch | session
-----------------------+----------+--------------------
 2018-01-18 06:55:53.0 | true     | (0,1,true,1)
 2018-01-18 06:56:51.0 | false    | (58,1,false,2)
 2018-01-18 06:57:47.0 | false    | (56,1,false,3)
 2018-01-18 06:58:27.0 | true     | (40,2,true,1)
 2018-01-18 06:59:22.0 | false    | (55,2,false,2)
 2018-02-03 01:16:23.0 | false    | (1361821,2,false,3)
 2018-02-03 01:17:17.0 | false    | (54,2,false,4)
 2018-02-03 01:18:06.0 | false    | (49,2,false,5)
 2018-02-03 01:18:39.0 | false    | (33,2,false,6)
 2018-02-03 01:19:10.0 | false    | (31,2,false,7)
"""
END_IF = """
 timestamp             | isExit | session
-----------------------+--------+--------------------
 2018-01-18 06:55:53.0 | false  | (0,1,true,1)
 2018-01-18 06:56:51.0 | false  | (58,1,false,2)
 2018-01-18 06:57:47.0 | true   | (56,1,false,3)
 2018-01-18 06:58:27.0 | false  | (40,2,true,1)
 2018-01-18 06:59:22.0 | false  | (55,2,false,2)
 2018-02-03 01:16:23.0 | false  | (1361821,2,false,3)
 2018-02-03 01:17:17.0 | false  | (54,2,false,4)
 2018-02-03 01:18:06.0 | false  | (49,2,false,5)
 2018-02-03 01:18:39.0 | false  | (33,2,false,6)
 2018-02-03 01:19:10.0 | false  | (31,2,false,7)
"""
BY_SQL = """
    WITH gaps AS (
        SELECT *, event_time - lag(event_time) OVER w AS gap, lag(bought) OVER w AS bought_before
        FROM events WINDOW
    ), starts AS (
        SELECT *, gap IS NULL OR coalesce({starts}, false) AS is_new FROM gaps
    ), numbered AS (
        SELECT *, sum(is_new::INTEGER) OVER w AS num FROM starts WINDOW
    )
    SELECT
        event_id,
        coalesce(epoch_us(gap) // 1000000, 0),
        num,
        is_new,
        row_number() OVER (PARTITION BY person_id, num ORDER BY event_time, event_id)
    FROM numbered
"""


def sessions(events: pl.DataFrame, expression: pl.Expr) -> list[tuple]:
    found = events.lazy().with_columns(session=expression).sort("event_id").collect()
    return found.select("event_id", "session").unnest("session").rows()


def test_the_published_table_of_a_timeout():
    rows = table(TIMEOUT)
    found = rows.select(session_timeout(PUBLISHED, 60 * 30)).to_series().to_list()
    assert found == [session(text) for text in rows["session"]]


def test_the_published_table_of_sessions_that_an_event_starts():
    rows = table(START_IF)
    found = rows.select(session_start_if(PUBLISHED, pl.col("isLaunch") == "true")).to_series().to_list()
    assert found == [session(text) for text in rows["session"]]


def test_the_published_table_of_sessions_that_an_event_ends():
    rows = table(END_IF)
    found = rows.select(session_end_if(PUBLISHED, pl.col("isExit") == "true")).to_series().to_list()
    assert found == [session(text) for text in rows["session"]]


def test_a_gap_of_exactly_the_timeout_does_not_end_a_session():
    events = history(
        ("a", 0, None, None), ("a", 60, None, None), ("a", 120, None, None), ("a", 181, None, None)
    )
    assert [row[2] for row in sessions(events, session_timeout(PATH, 60))] == [1, 1, 1, 2]


def test_less_than_a_second_above_the_timeout_ends_it():
    events = history(("a", 0, None, None), ("a", 60.25, None, None))
    assert [row[1:3] for row in sessions(events, session_timeout(PATH, 60))] == [(0, 1), (60, 2)]


def test_sessions_are_each_persons_own_and_the_frame_keeps_its_order():
    events = history(("b", 0, None, None), ("a", 10, None, None), ("b", 5, None, None), ("a", 1, None, None))
    found = events.with_columns(session=session_timeout(PATH, 60))
    assert found["event_id"].to_list() == events["event_id"].to_list()
    assert found["session"].struct.field("depth").to_list() == [1, 2, 2, 1]


def test_events_of_one_moment_stand_in_the_order_of_their_ids():
    events = history(*(("a", 5, None, n == 2) for n in range(4)))
    for rows in (events, events.reverse()):
        assert [row[4] for row in sessions(rows, session_start_if(PATH, "bought"))] == [1, 2, 1, 2]


def test_without_events_there_are_no_sessions():
    assert history().with_columns(session=session_timeout(PATH, 60)).is_empty()


def test_a_timeout_below_zero_is_refused():
    with pytest.raises(PathError, match="expected seconds, 0 or more; found -1"):
        session_timeout(PATH, -1)


@settings(max_examples=15)
@given(events=histories, seconds=st.sampled_from([0, 0.25, 1, 60, 3599, 86_400]))
def test_sql_finds_the_same_sessions(events, seconds):
    micros = timedelta(seconds=seconds) // timedelta(microseconds=1)
    expected = by_sql(events, BY_SQL.format(starts=f"epoch_us(gap) > {micros}"))
    assert sessions(events, session_timeout(PATH, seconds)) == expected


@settings(max_examples=15)
@given(events=histories)
def test_sql_finds_the_same_sessions_by_a_condition(events):
    assert sessions(events, session_start_if(PATH, "bought")) == by_sql(
        events, BY_SQL.format(starts="bought")
    )
    expected = by_sql(events, BY_SQL.format(starts="bought_before"))
    assert sessions(events, session_end_if(PATH, "bought")) == expected
