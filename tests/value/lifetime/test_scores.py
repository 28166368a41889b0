"""Everybody is scored as of a day, by a documented formula, in deciles that another engine finds too."""

from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pytest

from perennial.lake.catalog import Lake
from perennial.lake.lifetime import LIFETIME_SCORES
from perennial.value.lifetime.models import build
from perennial.value.lifetime.published import PUBLISHED, published_as_of
from perennial.value.lifetime.refit import InUse
from perennial.value.lifetime.scores import scores

AS_OF = date(1998, 7, 1)
PAIR = build(
    "bgnbd",
    {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    {"p": 6.25, "q": 3.74, "v": 15.44},
)
MODEL = InUse("clv-1998-07-01", AS_OF, "bgnbd", PAIR, PAIR)


@pytest.fixture(scope="module")
def scored(cdnow_events, weekly) -> pl.DataFrame:
    return scores(cdnow_events, weekly.model_copy(update={"margin": 0.3}), AS_OF, MODEL)


def test_everybody_has_one_row_in_the_order_of_their_ids(scored):
    assert scored.height == scored["person_id"].n_unique() == 2357
    assert scored["person_id"].is_sorted()
    assert scored.columns == LIFETIME_SCORES.names()
    assert scored.null_count().sum_horizontal().item() == 0
    assert scored.filter(pl.col("frequency") == 0).height > 1000, "one-time buyers are among them"


def test_value_is_discounted_purchases_times_spend_times_margin(scored):
    value = pl.col("discounted_purchases") * pl.col("expected_spend") * 0.3
    spend = pl.col("expected_purchases") * pl.col("expected_spend")
    off = scored.select(
        (pl.col("predicted_value") / value - 1).abs().max(),
        (pl.col("predicted_spend") / spend - 1).abs().max(),
    )
    assert max(off.row(0)) < 1e-12
    assert (scored["discounted_purchases"] < scored["expected_purchases"]).all()


def test_what_was_spent_stays_exact(scored, cdnow_events):
    total = cdnow_events.select(pl.col("amount").sum()).collect().item()
    assert scored["spend"].sum() == total
    assert isinstance(scored.schema["spend"], pl.Decimal)


def test_deciles_are_those_of_ntile(scored):
    query = "SELECT ntile(10) OVER (ORDER BY predicted_value DESC, person_id) FROM scored ORDER BY person_id"
    expected = duckdb.execute(query).fetchall()
    assert [(decile,) for decile in scored["predicted_value_decile"]] == expected


def test_ties_go_to_the_smaller_id_and_who_bought_yesterday_is_scored(weekly):
    """Thirteen people bought once, all on the day before: nothing tells them apart."""
    people = [f"{n:02}" for n in range(13)]
    bought = datetime(2026, 1, 1, 12, tzinfo=UTC)
    events = pl.LazyFrame(
        {"person_id": people, "event_time": [bought] * 13, "amount": [100] * 13},
        schema_overrides={"event_time": pl.Datetime("us", "UTC")},
    )
    found = scores(events, weekly, date(2026, 1, 2), MODEL)
    assert found["predicted_value"].n_unique() == 1
    assert found["p_alive"].to_list() == [1.0] * 13
    assert found["predicted_value_decile"].to_list() == [1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10]


def test_nothing_after_the_day_is_seen(cdnow_events, weekly, scored):
    early = scores(cdnow_events, weekly, date(1997, 7, 1), MODEL)
    until = cdnow_events.filter(pl.col("event_time") < datetime(1997, 7, 1, tzinfo=UTC))
    assert early.equals(scores(until, weekly, date(1997, 7, 1), MODEL))
    assert early["spend"].sum() < scored["spend"].sum()


def test_profiles_get_value_to_the_cent_of_the_day_alone(scored, tmp_path):
    table = Lake(str(tmp_path)).lifetime("clv")
    nothing = published_as_of(table, AS_OF).collect()
    assert nothing.schema == PUBLISHED
    assert nothing.height == 0
    for day in (date(1998, 6, 30), AS_OF):
        table.replace(scored.with_columns(as_of=pl.lit(day)), day)
    found = published_as_of(table, AS_OF).sort("person_id").collect()
    assert found.schema == PUBLISHED
    assert found.height == 2357
    assert [float(v) for v in found["predicted_value"]] == scored["predicted_value"].round(2).to_list()
    assert published_as_of(table, date(1998, 7, 2)).collect().height == 0
