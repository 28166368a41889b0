"""On CDNOW's holdout the models beat the simple rules; a refit that is worse is not promoted."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from perennial.value.lifetime import baselines, bgnbd, gammagamma, paretonbd
from perennial.value.lifetime.bgnbd import BgNbd
from perennial.value.lifetime.gammagamma import GammaGamma, Spends
from perennial.value.lifetime.histories import Histories
from perennial.value.lifetime.quality import ValidationError
from perennial.value.lifetime.validate import holdout, is_better, validate

CALIBRATION_END, HOLDOUT_END = date(1997, 10, 1), date(1998, 7, 1)


@pytest.fixture(scope="module")
def period(cdnow_events):
    return holdout(cdnow_events, CALIBRATION_END, HOLDOUT_END)


@pytest.fixture(scope="module")
def spend(period):
    return gammagamma.fit(Spends.grouped(period.customers)).model


@pytest.mark.parametrize("model", [bgnbd, paretonbd])
def test_the_models_beat_the_simple_rules(period, spend, model):
    quality = validate(period, model.fit(Histories.grouped(period.customers)).model, spend)
    assert period.length == 39
    assert quality.purchases.actual == 1882
    assert abs(quality.purchases.total_error) < 0.15
    assert set(quality.baselines) == {"last_year", "rfm_regression"}
    assert quality.beats_baselines
    for simple in quality.baselines.values():
        assert quality.spend.absolute_error < simple.absolute_error
        assert quality.spend.squared_error < simple.squared_error
        assert abs(quality.spend.total_error) < abs(simple.total_error)
    assert quality.spend_deciles["gain"][0] > 0.45
    assert quality.purchase_deciles["customers"].sum() == 2357
    predicted = quality.purchase_deciles["predicted"]
    assert predicted.is_sorted(descending=True)


def test_a_worse_refit_is_not_promoted(period, spend):
    good = validate(period, bgnbd.fit(Histories.grouped(period.customers)).model, spend)
    bad = validate(period, BgNbd(2.0, 4.4, 0.8, 2.4), spend)
    assert is_better(good, None)
    assert is_better(good, good)
    assert is_better(good, bad)
    verdict = is_better(bad, good)
    assert not verdict
    assert verdict.reason.startswith("worse than the model in use: deviance of spend")
    assert is_better(bad, good, tolerance=10.0)
    dear = validate(
        period, bgnbd.fit(Histories.grouped(period.customers)).model, GammaGamma(6.25, 3.74, 150.0)
    )
    assert not is_better(dear, good)


def test_models_of_different_holdouts_are_not_compared(period, spend):
    quality = validate(period, BgNbd(0.243, 4.414, 0.793, 2.426), spend)
    with pytest.raises(ValidationError, match="validate both on the same holdout"):
        is_better(quality, replace(quality, holdout_end=date(1998, 6, 1)))


def test_last_year_is_carried_forward_in_proportion():
    rows = pl.DataFrame({"spend_last_year": [730, -5]})
    assert baselines.carried_forward(rows, 1000, 100).tolist() == [200, 0]
    assert baselines.carried_forward(rows, 73, 10).tolist() == [100, 0]
    with pytest.raises(ValidationError, match="no history"):
        baselines.carried_forward(rows, 0, 10)


def test_the_regression_finds_a_line_and_learns_from_the_training_only():
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({name: rng.random(200) for name in baselines.FEATURES})
    training = frame.with_columns(holdout_spend=3 + 2 * pl.col("spend") - pl.col("age"))
    predicted = baselines.regression(training, frame, scale=2.0)
    assert predicted == pytest.approx(2 * training["holdout_spend"].to_numpy())
    with pytest.raises(ValidationError, match="6 customers are too few"):
        baselines.regression(training.head(6), frame)


def test_a_holdout_needs_an_end_and_customers(cdnow_events):
    with pytest.raises(ValidationError, match="the holdout ends on 1997-10-01, not after 1997-10-01"):
        holdout(cdnow_events, CALIBRATION_END, CALIBRATION_END)
    with pytest.raises(ValidationError, match="nobody bought before 1990-01-01"):
        holdout(cdnow_events, date(1990, 1, 1), HOLDOUT_END)


def test_a_history_too_short_for_a_regression_has_none(cdnow_events):
    early = holdout(cdnow_events, date(1997, 1, 2), date(1997, 2, 1))
    assert set(early.baselines) == {"last_year"}
