"""The SQL functions of paths: Adobe's published tables, and the Polars functions over random histories."""

import random
from datetime import timedelta

import polars as pl
import pytest
from value.paths import test_attribution as published_touches
from value.paths import test_neighbours as published_pages
from value.paths import test_sessions as published_sessions
from value.paths.histories import PATH, history
from value.paths.published import session, table, touch

from perennial.queries.errors import QueryError
from perennial.value.paths import attribution, neighbours, sessions

WEEK = 7 * 86_400
PUBLISHED = "id, timestamp, row"
HISTORY = "person_id, event_time, event_id"


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    """900 events of 15 people: equal times, gaps of exactly the timeouts, and nulls everywhere."""
    dice = random.Random(20171231)
    gaps = [0, 0, 0.25, 1, 59, 60, 60.25, 1800, 3600, 3660, 86_400, WEEK]
    rows, at = [], 0.0
    for _ in range(900):
        at += dice.choice(gaps)
        channel = dice.choice(["mail", "search", "shop", None, None])
        rows.append((f"p{dice.randrange(15)}", at, channel, dice.choice([True, False, False, None])))
    return history(*rows).sample(fraction=1, shuffle=True, seed=7)


def by_sql(engine, frame: pl.DataFrame, call: str, order: str) -> list:
    """What a function adds to each row, in the order of a column."""
    name = f"given {call[:40]}"
    engine._register(name, frame.lazy())
    rows = engine.connection.sql(
        f'SELECT * FROM {call.replace("given", chr(34) + name + chr(34))} ORDER BY "{order}"'
    )
    assert rows.columns[:-1] == frame.columns
    return pl.DataFrame(rows).to_series(-1).to_list()


AGREEING = {
    f"sess_timeout(given, {HISTORY}, 60)": sessions.session_timeout(PATH, 60),
    f"sess_timeout(given, {HISTORY}, 0.25)": sessions.session_timeout(PATH, 0.25),
    f"sess_start_if(given, {HISTORY}, bought)": sessions.session_start_if(PATH, "bought"),
    f"sess_end_if(given, {HISTORY}, bought)": sessions.session_end_if(PATH, "bought"),
    f"attribution_first_touch(given, {HISTORY}, 'F', channel)": attribution.first_touch(PATH, "F", "channel"),
    f"attribution_last_touch(given, {HISTORY}, 'L', channel)": attribution.last_touch(PATH, "L", "channel"),
    f"attribution_first_touch_exp_if(given, {HISTORY}, 'F', channel, bought)": attribution.first_touch_until(
        PATH, "F", "channel", "bought"
    ),
    f"attribution_first_touch_exp_if(given, {HISTORY}, 'F', channel, bought, exp_before := true)": (
        attribution.first_touch_until(PATH, "F", "channel", "bought", before=True)
    ),
    f"attribution_last_touch_exp_if(given, {HISTORY}, 'L', channel, bought)": attribution.last_touch_until(
        PATH, "L", "channel", "bought"
    ),
    f"attribution_last_touch_exp_if(given, {HISTORY}, 'L', channel, bought, exp_before := true)": (
        attribution.last_touch_until(PATH, "L", "channel", "bought", before=True)
    ),
    f"attribution_first_touch_exp_timeout(given, {HISTORY}, 'F', channel, 3600)": (
        attribution.first_touch_within(PATH, "F", "channel", 3600)
    ),
    f"attribution_first_touch_exp_timeout(given, {HISTORY}, 'F', channel, 0)": (
        attribution.first_touch_within(PATH, "F", "channel", 0)
    ),
    f"attribution_last_touch_exp_timeout(given, {HISTORY}, 'L', channel, {WEEK})": (
        attribution.last_touch_within(PATH, "L", "channel", WEEK)
    ),
    f"attribution_last_touch_exp_timeout(given, {HISTORY}, 'L', channel, 0)": (
        attribution.last_touch_within(PATH, "L", "channel", 0)
    ),
    f"previous(given, {HISTORY}, channel)": neighbours.previous(PATH, "channel"),
    f"previous(given, {HISTORY}, channel, shift := 3, ignore_nulls := true)": neighbours.previous(
        PATH, "channel", 3, ignore_nulls=True
    ),
    f"next(given, {HISTORY}, channel, shift := 2)": neighbours.next(PATH, "channel", 2),
    f"next(given, {HISTORY}, channel, ignore_nulls := true)": neighbours.next(
        PATH, "channel", ignore_nulls=True
    ),
    f"time_between_previous_match(given, {HISTORY}, bought)": neighbours.time_between_previous_match(
        PATH, "bought"
    ),
    f"time_between_next_match(given, {HISTORY}, bought, unit := 'minutes')": (
        neighbours.time_between_next_match(PATH, "bought", "minutes")
    ),
    f"time_between_previous_match(given, {HISTORY}, bought, unit := 'days')": (
        neighbours.time_between_previous_match(PATH, "bought", "days")
    ),
}


@pytest.mark.parametrize("call", AGREEING)
def test_sql_and_polars_agree_on_any_history(engine, events, call):
    expected = events.lazy().with_columns(found=AGREEING[call]).sort("event_id").collect()["found"].to_list()
    found = by_sql(engine, events, call, "event_id")
    assert found == expected
    assert any(value is not None for value in found)


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("TIMEOUT", "sess_timeout(given, {}, 60 * 30)"),
        ("START_IF", "sess_start_if(given, {}, isLaunch = 'true')"),
        ("END_IF", "sess_end_if(given, {}, isExit = 'true')"),
    ],
)
def test_the_published_tables_of_sessions(engine, text, call):
    rows = table(getattr(published_sessions, text))
    given = rows.drop("session")
    found = by_sql(engine, given, call.format(PUBLISHED), "row")
    assert found == [session(each) for each in rows["session"]]


def test_the_published_tables_of_first_and_last_touches(engine):
    for text, column, call in (
        ("FIRST", "first_touch", "attribution_first_touch(given, {}, 'Paid First', trackingCode)"),
        ("LAST", "last_touch", "attribution_last_touch(given, {}, 'Paid Last', trackingCode)"),
    ):
        rows = table(getattr(published_touches, text))
        found = by_sql(engine, rows.drop(column), call.format(PUBLISHED), "row")
        assert found == [touch(each) for each in rows[column]]


def test_the_published_tables_of_touches_that_expire(engine):
    """Where a published cell contradicts the text above its table, `test_attribution` says so."""
    rows = published_touches.day_ends(published_touches.FIRST_UNTIL)
    call = "attribution_first_touch_exp_if(given, {}, 'Paid First', trackingCode, bought)"
    found = by_sql(engine, rows.drop("first_touch"), call.format(PUBLISHED), "row")
    assert found == [touch(each.replace("em:70558", "sms:70558")) for each in rows["first_touch"]]
    for text, call in (
        ("LAST_UNTIL", "attribution_last_touch_exp_if(given, {}, 'Paid Last', trackingCode, bought)"),
        (
            "LAST_WITHIN",
            f"attribution_last_touch_exp_timeout(given, {{}}, 'Paid Last', trackingCode, {WEEK})",
        ),
    ):
        rows = published_touches.day_ends(getattr(published_touches, text))
        found = by_sql(engine, rows.drop("last_touch"), call.format(PUBLISHED), "row")
        assert [each["value"] for each in found] == [touch(each)["value"] for each in rows["last_touch"]]
    rows = table(published_touches.FIRST_WITHIN)
    call = f"attribution_first_touch_exp_timeout(given, {{}}, 'Paid First', trackingCode, {WEEK})"
    found = by_sql(engine, rows.drop("first_touch"), call.format(PUBLISHED), "row")
    assert found[:7] == [touch(each) for each in rows["first_touch"][:7]]
    assert [each["value"] for each in found[7:]] == ["em:483339", "em:483339", "sms:70558"]


def test_the_published_tables_of_pages_before_and_after(engine):
    rows = table(published_pages.PAGES)
    given = rows.drop("previous_page", "next_page")
    for column, call in (
        ("previous_page", "previous(given, {}, name)"),
        ("next_page", "next(given, {}, name, ignore_nulls := true)"),
    ):
        found = by_sql(engine, given, call.format(PUBLISHED), "row")
        assert found == rows[column].str.strip_chars("()").to_list()


def test_functions_take_tables_of_the_lake_and_each_others_results(run):
    sql = """
        WITH visits AS (FROM sess_timeout(events.transactions, household_id, event_time, event_id, 4 * 3600)),
        touched AS (
            FROM attribution_first_touch_exp_if(visits, household_id, event_time, event_id, 'First', event_id,
                session.is_new, exp_before := true)
        )
        SELECT event_id, session.num, session.timestamp_diff, first_touch.value FROM touched
        WHERE household_id = '0' ORDER BY 1
    """
    hours = timedelta(hours=3) // timedelta(seconds=1)
    assert run(sql) == [("e000", 1, 0, "e000"), ("e003", 1, hours, "e000"), ("e006", 1, hours, "e000")]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            "previous(events.transactions, household_id, event_time, event_id, event_id, shift := 0)",
            "1 or more",
        ),
        ("next(events.transactions, household_id, event_time, event_id, event_id, shift := -1)", "1 or more"),
        (
            "time_between_next_match(events.transactions, household_id, event_time, event_id, true, 'weeks')",
            "one of days, hours, minutes, seconds; found weeks",
        ),
        ("sess_timeout(events.nowhere, household_id, event_time, event_id, 1)", "no table events.nowhere"),
    ],
)
def test_a_wrong_argument_is_refused(run, call, said):
    with pytest.raises(QueryError, match=said):
        run(f"FROM {call}")
