"""Touches are those of Adobe's published tables, and of SQL's windows over any history.

Where a published table contradicts the text above it, the text is followed, and the test names the cells.
"""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from value.paths.histories import PATH, by_sql, histories, history
from value.paths.published import PATH as PUBLISHED
from value.paths.published import table, touch

from perennial.value.paths.attribution import (
    first_touch,
    first_touch_until,
    first_touch_within,
    last_touch,
    last_touch_until,
    last_touch_within,
)
from perennial.value.paths.path import PathError
from perennial.value.paths.sessions import session_timeout

WEEK = 86_400 * 7
# Query Service, "Attribution analysis" (and, older, "Adobe-defined functions"):
# experienceleague.adobe.com/docs/experience-platform/query/use-cases/attribution-analysis.html
FIRST = """
 timestamp             | trackingCode | first_touch
-----------------------+--------------+-------------------------------------------------
 2018-12-18 07:06:12.0 | em:946426    | (Paid First,em:946426,2018-12-18 07:06:12.0,1.0)
 2018-12-18 07:07:02.0 | em:946426    | (Paid First,em:946426,2018-12-18 07:06:12.0,1.0)
 2018-12-18 07:07:55.0 |              | (Paid First,em:946426,2018-12-18 07:06:12.0,1.0)
 2018-12-18 07:08:44.0 |              | (Paid First,em:946426,2018-12-18 07:06:12.0,1.0)
 2018-12-23 17:50:10.0 | em:513526    | (Paid First,em:946426,2018-12-18 07:06:12.0,1.0)
 2018-12-23 17:50:43.0 | em:513526    | (Paid First,em:946426,2018-12-18 07:06:12.0,1.0)
 2018-12-23 17:53:02.0 |              | (Paid First,em:946426,2018-12-18 07:06:12.0,1.0)
 2018-12-26 20:37:12.0 | sms:70175    | (Paid First,em:946426,2018-12-18 07:06:12.0,1.0)
 2018-12-26 20:37:57.0 |              | (Paid First,em:946426,2018-12-18 07:06:12.0,1.0)
 2019-01-02 19:41:38.0 | em:526702    | (Paid First,em:946426,2018-12-18 07:06:12.0,1.0)
"""
LAST = """
 timestamp             | trackingCode | last_touch
-----------------------+--------------+-------------------------------------------------
 2017-12-18 07:06:12.0 | em:946426    | (Paid Last,em:946426,2017-12-18 07:06:12.0,1.0)
 2017-12-18 07:07:02.0 | em:946426    | (Paid Last,em:946426,2017-12-18 07:07:02.0,1.0)
 2017-12-18 07:07:55.0 |              | (Paid Last,em:946426,2017-12-18 07:07:02.0,1.0)
 2017-12-18 07:08:44.0 |              | (Paid Last,em:946426,2017-12-18 07:07:02.0,1.0)
 2017-12-23 17:50:10.0 | em:513526    | (Paid Last,em:513526,2017-12-23 17:50:10.0,1.0)
 2017-12-23 17:50:43.0 | em:513526    | (Paid Last,em:513526,2017-12-23 17:50:43.0,1.0)
 2017-12-23 17:53:02.0 |              | (Paid Last,em:513526,2017-12-23 17:50:43.0,1.0)
 2017-12-26 20:37:12.0 | sms:70175    | (Paid Last,sms:70175,2017-12-26 20:37:12.0,1.0)
 2017-12-26 20:37:57.0 |              | (Paid Last,sms:70175,2017-12-26 20:37:12.0,1.0)
 2018-01-02 19:41:38.0 | em:526702    | (Paid Last,em:526702,2018-01-02 19:41:38.0,1.0)
"""
# "A purchase is recorded on each of the four days"; the purchases themselves are not printed.
FIRST_UNTIL = """
 timestamp             | trackingCode | first_touch
-----------------------+--------------+--------------------------------------------------
 2019-07-15 06:04:10.0 | em:1024841   | (Paid First,em:1024841,2019-07-15 06:04:10.0,1.0)
 2019-07-15 06:05:05.0 | em:1024841   | (Paid First,em:1024841,2019-07-15 06:04:10.0,1.0)
 2019-07-15 06:05:35.0 |              | (Paid First,em:1024841,2019-07-15 06:04:10.0,1.0)
 2019-07-15 06:08:30.0 |              | (Paid First,em:1024841,2019-07-15 06:04:10.0,1.0)
 2019-07-21 18:45:10.0 | em:483339    | (Paid First,em:483339,2019-07-21 18:45:10.0,1.0)
 2019-07-21 18:50:22.0 | em:483339    | (Paid First,em:483339,2019-07-21 18:45:10.0,1.0)
 2019-07-21 18:56:56.0 |              | (Paid First,em:483339,2019-07-21 18:45:10.0,1.0)
 2019-07-23 12:25:12.0 | sms:70558    | (Paid First,em:70558,2019-07-23 12:25:12.0,1.0)
 2019-07-23 12:38:51.0 |              | (Paid First,em:70558,2019-07-23 12:25:12.0,1.0)
 2019-07-29 21:33:30.0 | em:884210    | (Paid First,em:884210,2019-07-29 21:33:30.0,1.0)
"""
FIRST_WITHIN = """
 timestamp             | trackingCode | first_touch
-----------------------+--------------+--------------------------------------------------
 2019-07-15 06:04:10.0 | em:1024841   | (Paid First,em:1024841,2019-07-15 06:04:10.0,1.0)
 2019-07-15 06:05:05.0 | em:1024841   | (Paid First,em:1024841,2019-07-15 06:04:10.0,1.0)
 2019-07-15 06:05:35.0 |              | (Paid First,em:1024841,2019-07-15 06:04:10.0,1.0)
 2019-07-15 06:08:30.0 |              | (Paid First,em:1024841,2019-07-15 06:04:10.0,1.0)
 2019-07-21 18:45:10.0 | em:483339    | (Paid First,em:1024841,2019-07-15 06:04:10.0,1.0)
 2019-07-21 18:50:22.0 | em:483339    | (Paid First,em:1024841,2019-07-15 06:04:10.0,1.0)
 2019-07-21 18:56:56.0 |              | (Paid First,em:1024841,2019-07-15 06:04:10.0,1.0)
 2019-07-23 12:25:12.0 | sms:70558    | (Paid First,em:483339,2019-07-23 12:25:12.0,1.0)
 2019-07-23 12:38:51.0 |              | (Paid First,em:483339,2019-07-23 12:25:12.0,1.0)
 2019-07-29 21:33:30.0 | em:884210    | (Paid First,em:884210,2019-07-29 21:33:30.0,1.0)
"""
LAST_UNTIL = """
 timestamp             | trackingCode | last_touch
-----------------------+--------------+------------------------------------------------
 2019-07-15 06:04:10.0 | em:1024841   | (Paid Last,em:550984,2019-07-15 06:08:30.0,1.0)
 2019-07-15 06:05:35.0 | em:1024841   | (Paid Last,em:550984,2019-07-15 06:08:30.0,1.0)
 2019-07-15 06:05:35.0 |              | (Paid Last,em:550984,2019-07-15 06:08:30.0,1.0)
 2019-07-15 06:08:30.0 | em:550984    | (Paid Last,em:550984,2019-07-15 06:08:30.0,1.0)
 2019-07-21 18:45:10.0 | em:483339    | (Paid Last,em:483339,2019-07-21 18:56:56.0,1.0)
 2019-07-21 18:50:22.0 | em:483339    | (Paid Last,em:483339,2019-07-21 18:56:56.0,1.0)
 2019-07-21 18:56:56.0 |              | (Paid Last,em:483339,2019-07-21 18:56:56.0,1.0)
 2019-07-23 12:25:12.0 | sms:70558    | (Paid Last,em:380097,2019-07-23 12:38:51.0,1.0)
 2019-07-23 12:38:51.0 | em:380097    | (Paid Last,em:380097,2019-07-23 12:38:51.0,1.0)
 2019-07-29 21:33:30.0 | em:884210    | (Paid Last,em:884210,2019-07-29 21:33:30.0,1.0)
"""
LAST_WITHIN = """
 timestamp             | trackingCode | last_touch
-----------------------+--------------+------------------------------------------------
 2019-07-15 06:04:10.0 | em:1024841   | (Paid Last,em:483339,2019-07-21 18:56:56.0,1.0)
 2019-07-15 06:05:35.0 | em:1024841   | (Paid Last,em:483339,2019-07-21 18:56:56.0,1.0)
 2019-07-15 06:05:35.0 |              | (Paid Last,em:483339,2019-07-21 18:56:56.0,1.0)
 2019-07-15 06:08:30.0 |              | (Paid Last,em:483339,2019-07-21 18:56:56.0,1.0)
 2019-07-21 18:45:10.0 | em:483339    | (Paid Last,sms:70558,2019-07-23 12:38:51.0,1.0)
 2019-07-21 18:50:22.0 | em:483339    | (Paid Last,sms:70558,2019-07-23 12:38:51.0,1.0)
 2019-07-21 18:56:56.0 |              | (Paid Last,sms:70558,2019-07-23 12:38:51.0,1.0)
 2019-07-23 12:25:12.0 | sms:70558    | (Paid Last,em:884210,2019-07-29 21:33:30.0,1.0)
 2019-07-23 12:38:51.0 |              | (Paid Last,em:884210,2019-07-29 21:33:30.0,1.0)
 2019-07-29 21:33:30.0 | em:884210    | (Paid Last,em:884210,2019-07-29 21:33:30.0,1.0)
"""
CODE = "trackingCode"
LAST_OF_ITS_DAY = pl.col("timestamp").is_in(
    pl.col("timestamp").max().over(pl.col("timestamp").dt.date()).unique().implode()
)


def touches(rows: pl.DataFrame, expression: pl.Expr) -> list[dict]:
    return rows.lazy().select(expression).collect().to_series().to_list()


def day_ends(text: str) -> pl.DataFrame:
    """A published table, with the purchase of each day in the day's last line."""
    return table(text).with_columns(bought=LAST_OF_ITS_DAY)


def test_the_published_table_of_first_touches():
    rows = table(FIRST)
    assert touches(rows, first_touch(PUBLISHED, "Paid First", CODE)) == [*map(touch, rows["first_touch"])]


def test_the_published_table_of_last_touches():
    rows = table(LAST)
    assert touches(rows, last_touch(PUBLISHED, "Paid Last", CODE)) == [*map(touch, rows["last_touch"])]


def test_the_published_table_of_first_touches_until_a_purchase():
    rows = day_ends(FIRST_UNTIL)
    found = touches(rows, first_touch_until(PUBLISHED, "Paid First", CODE, "bought"))
    # A misprint: the only 70558 that was ever touched is a text message, not an e-mail.
    expected = [touch(text.replace("em:70558", "sms:70558")) for text in rows["first_touch"]]
    assert found == expected


def test_the_published_table_of_first_touches_within_a_week():
    rows = table(FIRST_WITHIN)
    found = touches(rows, first_touch_within(PUBLISHED, "Paid First", CODE, WEEK))
    expected = [touch(text) for text in rows["first_touch"]]
    assert found[:7] == expected[:7]
    # "The earliest interaction within the previous seven days" of the last three lines is another one than
    # printed: the code of the 21st was touched on the 21st, and that of the 23rd is six days old on the 29th.
    assert [each["value"] for each in found[7:9]] == [each["value"] for each in expected[7:9]]
    assert [str(each["timestamp"])[:19] for each in found[7:9]] == ["2019-07-21 18:45:10"] * 2
    assert found[9]["value"] == "sms:70558"


@pytest.mark.parametrize(
    ("text", "expression", "with_code"),
    [
        (LAST_UNTIL, last_touch_until(PUBLISHED, "Paid Last", CODE, "bought"), ["2019-07-21 18:56:56"]),
        (
            LAST_WITHIN,
            last_touch_within(PUBLISHED, "Paid Last", CODE, WEEK),
            ["2019-07-21 18:56:56", "2019-07-23 12:38:51"],
        ),
    ],
    ids=["until a purchase", "within a week"],
)
def test_the_published_tables_of_last_touches_that_look_ahead(text, expression, with_code):
    rows = day_ends(text)
    expected = [touch(each) for each in rows["last_touch"]]
    found = touches(rows, expression)
    assert [each["value"] for each in found] == [each["value"] for each in expected]
    # Some are printed with the time of a line whose code is blank. Had it the code of the line before, the
    # tables would be right to the last cell; as printed, the touch was where the code is.
    moments = pl.col("timestamp").dt.strftime("%Y-%m-%d %H:%M:%S")
    filled = rows.with_columns(
        pl.when(moments.is_in(with_code)).then(pl.col(CODE).forward_fill()).otherwise(CODE).alias(CODE)
    )
    assert touches(filled, expression) == expected


def test_before_a_condition_means_that_its_own_event_begins_anew():
    events = history(
        ("a", 0, "mail", None), ("a", 1, "search", True), ("a", 2, "shop", None), ("a", 3, None, True)
    )

    def values(expression: pl.Expr) -> list:
        return [each and each["value"] for each in touches(events, expression)]

    assert values(first_touch_until(PATH, "F", "channel", "bought")) == ["mail", "mail", "shop", "shop"]
    assert values(last_touch_until(PATH, "L", "channel", "bought")) == ["search", "search", "shop", "shop"]
    before = pl.col("bought")
    assert values(first_touch_until(PATH, "F", "channel", before, before=True)) == [
        "mail", "search", "search", None,
    ]  # fmt: skip
    assert values(last_touch_until(PATH, "L", "channel", before, before=True)) == [
        "mail", "shop", "shop", None,
    ]  # fmt: skip


def test_a_session_does_not_inherit_the_touch_of_the_one_before():
    events = history(("a", 0, "mail", None), ("a", 10, None, None), ("a", 9000, None, None))
    visits = events.with_columns(visit=session_timeout(PATH, 1800))
    begins = pl.col("visit").struct.field("depth") == 1
    found = touches(visits, first_touch_until(PATH, "F", "channel", begins, before=True))
    assert [each and each["value"] for each in found] == ["mail", "mail", None]


def test_a_touch_exactly_as_old_as_the_timeout_still_counts():
    events = history(("a", 0, "mail", None), ("a", 60, None, None), ("a", 60.25, None, None))
    found = touches(events, first_touch_within(PATH, "F", "channel", 60))
    assert [each and each["value"] for each in found] == ["mail", "mail", None]
    ahead = history(("a", 0, None, None), ("a", 0.25, None, None), ("a", 60.25, "mail", None))
    found = touches(ahead, last_touch_within(PATH, "L", "channel", 60))
    assert [each and each["value"] for each in found] == [None, "mail", "mail"]


def test_before_the_first_touch_there_is_nothing_to_credit():
    events = history(("a", 0, None, None), ("a", 1, "mail", None))
    assert touches(events, first_touch(PATH, "F", "channel"))[0] is None
    assert touches(events, last_touch(PATH, "L", "channel"))[0] is None


def test_a_timeout_below_zero_is_refused():
    with pytest.raises(PathError, match="the timeout of a last touch: expected seconds, 0 or more"):
        last_touch_within(PATH, "L", "channel", -1)


def flat(events: pl.DataFrame, expression: pl.Expr) -> list[tuple]:
    """Value and time of each event's touch, by event_id."""
    found = events.lazy().with_columns(touch=expression).sort("event_id").collect()
    field = pl.col("touch").struct.field
    return found.select("event_id", field("value"), field("timestamp").dt.epoch("us")).rows()


NUMBERED = """
    WITH marked AS (
        SELECT *, coalesce({begins}, false) AS begins FROM events WINDOW
    ), numbered AS (
        SELECT *, sum(begins::INTEGER) OVER w AS part FROM marked WINDOW
    )
"""
TOUCHED = """
    SELECT
        event_id,
        {which}(channel IGNORE NULLS) OVER part,
        {which}(CASE WHEN channel IS NOT NULL THEN epoch_us(event_time) END IGNORE NULLS) OVER part
    FROM numbered
    WINDOW, part AS (PARTITION BY person_id, part ORDER BY event_time, event_id {frame})
"""
SO_FAR = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
WHOLE = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"


@settings(max_examples=15)
@given(events=histories)
def test_sql_finds_the_same_first_and_last_touches(events):
    start = NUMBERED.format(begins="false")
    for expression, which in (
        (first_touch(PATH, "F", "channel"), "first_value"),
        (last_touch(PATH, "L", "channel"), "last_value"),
    ):
        assert flat(events, expression) == by_sql(events, start + TOUCHED.format(which=which, frame=SO_FAR))


@settings(max_examples=15)
@given(events=histories, before=st.booleans())
def test_sql_finds_the_same_touches_until_a_condition(events, before):
    start = NUMBERED.format(begins="bought" if before else "lag(bought) OVER w")
    first = first_touch_until(PATH, "F", "channel", "bought", before)
    assert flat(events, first) == by_sql(events, start + TOUCHED.format(which="first_value", frame=SO_FAR))
    last = last_touch_until(PATH, "L", "channel", "bought", before)
    assert flat(events, last) == by_sql(events, start + TOUCHED.format(which="last_value", frame=WHOLE))


WITHIN = """
    SELECT
        event_id,
        (SELECT {best}(t.channel, (t.event_time, t.event_id)) FROM events t WHERE {there}),
        (SELECT {best}(epoch_us(t.event_time), (t.event_time, t.event_id)) FROM events t WHERE {there})
    FROM events e
"""
THERE = """t.person_id = e.person_id AND t.channel IS NOT NULL
    AND (t.event_time, t.event_id) {side} (e.event_time, e.event_id)
    AND abs(epoch_us(t.event_time) - epoch_us(e.event_time)) <= {micros}"""


@settings(max_examples=15)
@given(events=histories, seconds=st.sampled_from([0, 1, 60, 3600, 90_000]))
def test_sql_finds_the_same_touches_within_a_time(events, seconds):
    micros = seconds * 1_000_000
    first = WITHIN.format(best="arg_min", there=THERE.format(side="<=", micros=micros))
    assert flat(events, first_touch_within(PATH, "F", "channel", seconds)) == by_sql(events, first)
    last = WITHIN.format(best="arg_max", there=THERE.format(side=">=", micros=micros))
    assert flat(events, last_touch_within(PATH, "L", "channel", seconds)) == by_sql(events, last)
