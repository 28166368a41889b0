"""What was predicted of the days since is compared with what came, for the same people and the same days."""

from datetime import date, timedelta

import polars as pl
import pytest

from perennial.value.lifetime import gammagamma, paretonbd
from perennial.value.lifetime.actuals import actuals
from perennial.value.lifetime.gammagamma import Spends
from perennial.value.lifetime.histories import Histories
from perennial.value.lifetime.models import Pair
from perennial.value.lifetime.refit import InUse
from perennial.value.lifetime.scores import scores
from perennial.value.lifetime.summary import came, summarise
from perennial.value.lifetime.validate import holdout, validate

SCORED, AS_OF = date(1997, 10, 1), date(1998, 7, 1)


@pytest.fixture(scope="module")
def model(cdnow_exact):
    purchases = paretonbd.fit(Histories.grouped(cdnow_exact)).model
    pair = Pair(purchases, gammagamma.fit(Spends.grouped(cdnow_exact)).model)
    return InUse("clv-1997-10-01", SCORED, "paretonbd", pair, pair)


@pytest.fixture(scope="module")
def scored(cdnow_events, weekly, model):
    return scores(cdnow_events, weekly, SCORED, model)


def test_totals_are_those_of_the_papers_holdout(cdnow_events, weekly, model, scored):
    found = actuals(scored, model.final.purchases, cdnow_events, weekly, SCORED, AS_OF)
    quality = validate(holdout(cdnow_events, SCORED, AS_OF), model.final.purchases, model.final.spend)
    assert found["decile"].to_list() == list(range(1, 11))
    assert found["days"].unique().to_list() == [273]
    assert found["customers"].sum() == 2357
    assert found["actual_purchases"].sum() == 1882
    assert found["predicted_purchases"].sum() == pytest.approx(quality.purchases.predicted)
    assert found["predicted_spend"].sum() == pytest.approx(quality.spend.predicted)
    assert float(found["actual_spend"].sum()) == pytest.approx(quality.spend.actual)
    assert found["actual_spend"].head(5).is_sorted(descending=True), "who was expected to be worth more, was"


def test_the_comparison_ends_with_the_horizon(cdnow_events, weekly, model, scored):
    short = weekly.model_copy(update={"horizon_days": 70})
    until = SCORED + timedelta(days=70)
    ended = actuals(scored, model.final.purchases, cdnow_events, short, SCORED, AS_OF)
    assert ended.equals(actuals(scored, model.final.purchases, cdnow_events, short, SCORED, until))
    assert ended["days"][0] == 70


def test_on_the_day_itself_nothing_was_predicted_and_nothing_came(cdnow_events, weekly, model, scored):
    found = actuals(scored, model.final.purchases, cdnow_events, weekly, SCORED, SCORED)
    assert found["predicted_purchases"].to_list() == [0.0] * 10
    assert found["actual_purchases"].to_list() == [0] * 10


def test_what_came_is_what_a_holdout_counts(cdnow_events):
    found = came(cdnow_events, SCORED, AS_OF).collect()
    held = summarise(cdnow_events, SCORED, holdout_end=AS_OF).collect()
    joined = held.join(found, on="person_id", how="left", suffix="_since").fill_null(0)
    assert joined["purchases"].to_list() == joined["holdout_purchases"].to_list()
    assert joined["spend_since"].to_list() == joined["holdout_spend"].to_list()
    assert isinstance(found.schema["spend"], pl.Decimal)
