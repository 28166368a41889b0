"""Summaries are those of the papers: CDNOW's, and those of a slow and plain reckoning."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.value.lifetime.histories import SummaryError
from perennial.value.lifetime.summary import Convention, summarise

END, HOLDOUT_END = date(2020, 3, 1), date(2020, 4, 1)
LAST = datetime(2020, 2, 29, tzinfo=UTC)
DAYS = Convention(unit_days=1)


def events(*rows: tuple[str | None, datetime | None, str | None, str]) -> pl.LazyFrame:
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "person_id": pl.String,
        "event_time": pl.Datetime("us", "UTC"),
        "amount": pl.Decimal(18, 2),
        "transaction_id": pl.String,
    }
    typed = [(p, t, a and Decimal(a), b) for p, t, a, b in rows]
    return pl.LazyFrame(typed, schema=schema, orient="row")


def one(rows: pl.LazyFrame, convention: Convention = DAYS) -> dict:
    return summarise(rows, END, convention, HOLDOUT_END).collect().row(0, named=True)


def ago(days: float) -> datetime:
    return LAST - timedelta(days=days)


def test_cdnow_comes_out_as_published(cdnow, cdnow_events):
    end, holdout_end = date(1997, 10, 1), date(1998, 7, 1)
    ours = summarise(cdnow_events, end, holdout_end=holdout_end).collect().sort("person_id")
    published = cdnow.sort("ID")
    assert ours["frequency"].to_list() == published["frequency"].to_list()
    for name, rounding in {"recency": 0.00501, "age": 0.00501, "mean_spend": 0.00501}.items():
        assert (ours[name].fill_null(0.0) - published[name]).abs().max() <= rounding
    assert ours["holdout_purchases"].sum() == 1882  # as Fader, Hardie and Lee count


def test_who_bought_once_is_a_customer():
    row = one(events(("c", ago(10), "5.00", "b")))
    assert (row["frequency"], row["recency"], row["age"], row["mean_spend"]) == (0, 0, 10, None)
    assert (row["spend"], row["holdout_purchases"], row["holdout_spend"]) == (Decimal("5.00"), 0, 0)


def test_a_day_is_one_purchase_or_each_transaction_is():
    rows = events(
        ("c", ago(9), "5.00", "b1"),
        ("c", ago(8), "2.00", "b2"),
        ("c", ago(8) + timedelta(hours=3), "4.00", "b2"),
        ("c", ago(8) + timedelta(hours=5), "3.00", "b3"),
    )
    by_day = one(rows)
    assert (by_day["frequency"], by_day["recency"], by_day["mean_spend"]) == (1, 1, 9.0)
    by_basket = one(rows, Convention(unit_days=1, count="transactions"))
    assert (by_basket["frequency"], by_basket["recency"], by_basket["mean_spend"]) == (2, 1, 4.5)


def test_the_unit_and_the_step_are_declared():
    rows = events(("c", ago(14), "5.00", "b1"), ("c", ago(3), "5.00", "b2"), ("c", ago(2), "5.00", "b3"))
    daily = one(rows, Convention(unit_days=7))
    assert (daily["frequency"], daily["recency"], daily["age"]) == (2, pytest.approx(12 / 7), 2)
    weekly = one(rows, Convention(unit_days=7, step_days=7))
    assert (weekly["frequency"], weekly["recency"], weekly["age"]) == (1, 2, 2)


def test_a_refund_is_no_purchase_and_reduces_the_spend():
    rows = events(
        ("c", ago(40), "-9.00", "b0"),
        ("c", ago(30), "20.00", "b1"),
        ("c", ago(20), "12.00", "b2"),
        ("c", ago(10), "-2.00", "b3"),
        ("returns only", ago(5), "-1.00", "b4"),
    )
    frame = summarise(rows, END, DAYS).collect()
    assert frame["person_id"].to_list() == ["c"]
    row = frame.row(0, named=True)
    assert (row["frequency"], row["recency"], row["mean_spend"]) == (1, 10, 10.0)
    assert row["spend"] == Decimal("30.00")


def test_the_ends_are_exclusive_and_the_holdout_is_apart():
    midnight = datetime(2020, 3, 1, tzinfo=UTC)
    rows = events(
        ("c", midnight - timedelta(microseconds=1), "1.00", "b1"),
        ("c", midnight, "2.00", "b2"),
        ("c", midnight + timedelta(days=5), "4.00", "b3"),
        ("c", midnight + timedelta(days=6), "-0.50", "b4"),
        ("c", datetime(2020, 4, 1, tzinfo=UTC), "8.00", "b5"),
        ("late", midnight, "8.00", "b6"),
    )
    frame = summarise(rows, END, DAYS, HOLDOUT_END).collect()
    assert frame["person_id"].to_list() == ["c"]
    row = frame.row(0, named=True)
    assert (row["frequency"], row["age"], row["spend"]) == (0, 0, Decimal("1.00"))
    assert (row["holdout_purchases"], row["holdout_spend"]) == (2, Decimal("5.50"))


def test_last_year_is_a_year_and_nulls_are_left_out():
    rows = events(
        ("c", datetime(2019, 2, 28, tzinfo=UTC), "1.00", "b1"),
        ("c", datetime(2019, 3, 1, tzinfo=UTC), "2.00", "b2"),
        ("c", ago(1), "4.00", "b3"),
        ("c", ago(2), None, "b4"),
        ("c", None, "4.00", "b5"),
        (None, ago(2), "4.00", "b6"),
    )
    row = one(rows)
    assert (row["spend"], row["spend_last_year"]) == (Decimal("7.00"), Decimal("6.00"))
    assert row["frequency"] == 2


@pytest.mark.parametrize(
    ("change", "convention", "message"),
    [
        (pl.col("amount").cast(pl.Float64), DAYS, "amount is Float64: money is a decimal"),
        (pl.col("event_time").dt.replace_time_zone(None), DAYS, "event_time is Datetime"),
        (pl.col("amount"), Convention(unit_days=0), "whole days, at least one"),
    ],
)
def test_what_cannot_be_summarised_is_explained(change, convention, message):
    with pytest.raises(SummaryError, match=message):
        summarise(events().with_columns(change), END, convention)


def test_a_missing_column_is_named():
    with pytest.raises(SummaryError, match="no column transaction_id; they have person_id, event_time"):
        summarise(events().drop("transaction_id"), END, Convention(count="transactions"))


histories = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.integers(-30 * 24, 60 * 24).map(lambda hours: ago(hours / 24)),
        st.integers(-300, 900).map(lambda cents: f"{cents / 100:.2f}"),
        st.just("b"),
    ),
    max_size=60,
)


@given(histories)
@settings(max_examples=60)
def test_summaries_are_those_of_a_plain_reckoning(rows):
    ours = summarise(events(*rows), END, DAYS, HOLDOUT_END).collect().sort("person_id")
    expected = []
    for person in sorted({row[0] for row in rows}):
        days = []
        mine = sorted((row[1].date(), Decimal(row[2])) for row in rows if row[0] == person)
        for day, found in groupby(mine, key=lambda row: row[0]):
            amounts = [amount for _, amount in found]
            days.append((day, sum(amounts), any(a >= 0 for a in amounts)))
        bought = [day for day, _, is_purchase in days if is_purchase and day < END]
        if not bought:
            continue
        first = bought[0]
        spend = sum(net for day, net, _ in days if first <= day < END)
        later = sum(net for day, net, _ in days if first < day < END)
        repeats = len(bought) - 1
        held = [d for d in days if END <= d[0] < HOLDOUT_END]
        expected.append(
            {
                "person_id": person,
                "frequency": repeats,
                "recency": float((bought[-1] - first).days),
                "age": float((LAST.date() - first).days),
                "spend": spend,
                "mean_spend": pytest.approx(float(later) / repeats) if repeats else None,
                "holdout_purchases": sum(is_purchase for *_, is_purchase in held),
                "holdout_spend": sum((net for _, net, _ in held), Decimal(0)),
            }
        )
    assert ours.drop("spend_last_year").select(list(expected[0]) if expected else []).to_dicts() == expected
