"""What lies before and after an event: Adobe's published tables, and SQL's windows over any history."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from value.paths.histories import PATH, by_sql, histories, history
from value.paths.published import PATH as PUBLISHED
from value.paths.published import table

from perennial.value.paths.neighbours import (
    Unit,
    next,
    previous,
    time_between_next_match,
    time_between_previous_match,
)
from perennial.value.paths.path import PathError

# Query Service, "Adobe-defined SQL functions", sections Previous page and Next page:
# experienceleague.adobe.com/docs/experience-platform/query/sql/adobe-defined-functions.html
# Its example asks for a shift of 3, and prints the result of 1. The last line is not among the ten that it
# prints; the next page of the tenth names it.
PAGES = """
 timestamp             | name                                | previous_page                         | next_page
-----------------------+-------------------------------------+---------------------------------------+---------------------------------------
 2017-11-08 17:15:28.0 |                                     |                                       | (Home)
 2017-11-08 17:53:05.0 | Home                                |                                       | (Kids)
 2017-11-08 17:53:45.0 | Kids                                | (Home)                                | (Home)
 2017-11-08 19:22:34.0 |                                     | (Kids)                                | (Home)
 2017-11-08 20:01:12.0 | Home                                |                                       | (Kids)
 2017-11-08 20:01:57.0 | Kids                                | (Home)                                | (Search Results)
 2017-11-08 20:03:36.0 | Search Results                      | (Kids)                                | (Product Details: Pemmican Power Bar)
 2017-11-08 20:04:30.0 | Product Details: Pemmican Power Bar | (Search Results)                      | (Shopping Cart: Cart Details)
 2017-11-08 20:05:27.0 | Shopping Cart: Cart Details         | (Product Details: Pemmican Power Bar) | (Shopping Cart: Shipping Information)
 2017-11-08 20:06:07.0 | Shopping Cart: Shipping Information | (Shopping Cart: Cart Details)         | (Shopping Cart: Billing Information)
 2017-11-08 20:07:00.0 | Shopping Cart: Billing Information  | (Shopping Cart: Shipping Information) |
"""  # noqa: E501


def values(events: pl.DataFrame, expression: pl.Expr) -> list:
    return events.lazy().with_columns(found=expression).sort("event_id").collect()["found"].to_list()


def test_the_published_table_of_previous_pages():
    rows = table(PAGES)
    expected = rows["previous_page"].str.strip_chars("()").to_list()
    assert rows.select(previous(PUBLISHED, "name")).to_series().to_list() == expected


def test_the_published_table_of_next_pages_where_nulls_are_ignored():
    rows = table(PAGES)
    expected = rows["next_page"].str.strip_chars("()").to_list()
    assert rows.select(next(PUBLISHED, "name", 1, ignore_nulls=True)).to_series().to_list() == expected


def test_the_published_averages_are_zero_at_the_event_itself_and_of_the_published_sign():
    """Sections Time-between previous match and next match: averages by page, of rows that are not printed."""
    confirmation = pl.col("name") == "Search Results"
    rows = table(PAGES).with_columns(
        since=time_between_previous_match(PUBLISHED, confirmation, "minutes"),
        until=time_between_next_match(PUBLISHED, confirmation, "minutes"),
    )
    assert rows["since"].to_list() == [None] * 6 + [0, 0, 1, 2, 3]
    assert rows["until"].to_list() == [-168, -130, -129, -41, -2, -1, 0, None, None, None, None]


def test_units_are_whole_and_counted_from_the_match():
    events = history(("a", 0, "shop", True), ("a", 3599, None, None), ("a", 90_000, None, None))
    shop = pl.col("channel") == "shop"
    found = {
        unit: values(events, time_between_previous_match(PATH, shop, unit))
        for unit in ("days", "hours", "minutes", "seconds")
    }
    assert found == {
        "days": [0, 0, 1],
        "hours": [0, 0, 25],
        "minutes": [0, 59, 1500],
        "seconds": [0, 3599, 90_000],
    }
    assert values(events, time_between_previous_match(PATH, shop)) == found["seconds"]


def test_of_two_events_at_once_the_second_has_the_first_before_it():
    events = history(("a", 5, "mail", None), ("a", 5, "shop", True))
    assert values(events.reverse(), previous(PATH, "channel")) == [None, "mail"]
    assert values(events.reverse(), time_between_next_match(PATH, "bought")) == [0, 0]
    assert values(events.reverse(), time_between_previous_match(PATH, "bought")) == [None, 0]


@pytest.mark.parametrize("function", [previous, next])
def test_a_shift_of_no_event_is_refused(function):
    with pytest.raises(PathError, match="expected a number of events, 1 or more; found 0"):
        function(PATH, "channel", 0)


def test_an_unknown_unit_is_refused():
    with pytest.raises(PathError, match="expected one of days, hours, minutes, seconds; found 'weeks'"):
        time_between_previous_match(PATH, "bought", "weeks")  # type: ignore[arg-type]


@settings(max_examples=15)
@given(events=histories, shift=st.integers(1, 4), ignore=st.booleans())
def test_sql_finds_the_same_neighbours(events, shift, ignore):
    nulls = "IGNORE NULLS" if ignore else ""
    for function, name in ((previous, "lag"), (next, "lead")):
        expected = by_sql(
            events, f"SELECT event_id, {name}(channel, {shift} {nulls}) OVER w FROM events WINDOW"
        )
        assert values(events, function(PATH, "channel", shift, ignore)) == [value for _, value in expected]


@settings(max_examples=15)
@given(events=histories, unit=st.sampled_from(["days", "hours", "minutes", "seconds"]))
def test_sql_finds_the_same_times_between(events: pl.DataFrame, unit: Unit):
    marked = "CASE WHEN bought THEN event_time END IGNORE NULLS"
    query = f"""
        SELECT
            event_id,
            date_sub('{unit}', last_value({marked}) OVER w, event_time),
            -date_sub('{unit}', event_time, first_value({marked}) OVER
                (PARTITION BY person_id ORDER BY event_time, event_id
                 ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING))
        FROM events WINDOW
    """
    expected = by_sql(events, query)
    since, until = (
        values(events, function(PATH, "bought", unit))
        for function in (time_between_previous_match, time_between_next_match)
    )
    assert since == [row[1] for row in expected]
    assert until == [row[2] for row in expected]
