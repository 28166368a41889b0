"""All customers get the scores that the models give each of them."""

from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from perennial.value.lifetime.bgnbd import BgNbd
from perennial.value.lifetime.gammagamma import GammaGamma
from perennial.value.lifetime.histories import SummaryError
from perennial.value.lifetime.paretonbd import ParetoNbd
from perennial.value.lifetime.quadrature import HorizonError
from perennial.value.lifetime.score import Horizon, continuous, score

MODELS = [BgNbd(0.243, 4.414, 0.793, 2.426), ParetoNbd(0.553, 10.578, 0.606, 11.669)]
SPEND = GammaGamma(6.25, 3.74, 15.44)
YEAR = Horizon(52.0, continuous(0.1, 7))
ADDED = ["p_alive", "expected_purchases", "discounted_purchases"]


@pytest.mark.parametrize("model", MODELS)
def test_each_customer_has_the_scores_of_the_model(cdnow, model):
    scored = score(cdnow, model, SPEND, YEAR)
    assert scored.select(cdnow.columns).equals(cdnow)
    x, t_x, age = (cdnow[n].cast(pl.Float64).to_numpy() for n in ("frequency", "recency", "age"))
    assert scored["p_alive"].to_numpy() == pytest.approx(model.p_alive(x, t_x, age), rel=1e-12)
    expected = model.expected_purchases(x, t_x, age, 52.0)
    assert scored["expected_purchases"].to_numpy() == pytest.approx(expected, rel=1e-9)
    discounted = model.discounted_purchases(x, t_x, age, 52.0, YEAR.rate)
    assert scored["discounted_purchases"].to_numpy() == pytest.approx(discounted, rel=1e-9)
    value = scored["discounted_purchases"] * scored["expected_spend"]
    assert scored["predicted_value"].equals(value)
    assert scored.select(pl.all_horizontal(pl.col(ADDED).is_finite().all())).item()


@pytest.mark.parametrize("model", MODELS)
def test_new_and_one_time_customers_have_scores(model):
    rows = pl.DataFrame(
        {
            "person_id": ["new", "once", "loyal", "again the same"],
            "frequency": [0, 0, 12, 12],
            "recency": [0.0, 0.0, 30.0, 30.0],
            "age": [0.0, 30.0, 31.0, 31.0],
            "mean_spend": [None, None, 20.0, 80.0],
            "spend": [Decimal("5.00")] * 4,
        }
    )
    scored = score(rows, model, SPEND, YEAR)
    assert scored["person_id"].to_list() == rows["person_id"].to_list()
    assert scored["p_alive"][0] == pytest.approx(1)
    assert scored["expected_purchases"][0] == pytest.approx(model.unconditional(np.array([52.0]))[0])
    assert scored["expected_spend"].to_list()[:2] == pytest.approx([SPEND.mean] * 2)
    assert scored["expected_purchases"][2] == scored["expected_purchases"][3]
    assert scored["predicted_value"][2] < scored["predicted_value"][3]
    assert (scored["predicted_value"] < scored["predicted_spend"]).all()


def test_without_a_model_of_spend_there_are_purchases_only(cdnow):
    scored = score(cdnow, MODELS[0], None, Horizon(4.0))
    assert set(scored.columns) - set(cdnow.columns) == set(ADDED)
    assert scored["expected_purchases"].equals(scored["discounted_purchases"].rename("expected_purchases"))


@pytest.mark.parametrize("model", MODELS)
def test_nobody_has_no_scores(cdnow, model):
    assert score(cdnow.clear(), model, SPEND, YEAR).height == 0


def test_what_no_customer_can_have_is_refused(cdnow):
    with pytest.raises(SummaryError, match="2357 of 2357 rows are with a recency beyond the age"):
        score(cdnow.with_columns(recency=pl.col("age") + 1), MODELS[0], SPEND, YEAR)


@pytest.mark.parametrize("model", MODELS)
def test_horizons_without_a_finite_answer_are_refused(cdnow, model):
    with pytest.raises(HorizonError, match="neither can be negative"):
        score(cdnow, model, SPEND, Horizon(-1.0, 0.1))
    with pytest.raises(HorizonError, match="needs a discount above zero"):
        model.discounted_purchases(np.ones(1), np.ones(1), np.ones(1), None, 0.0)


def test_the_discount_of_a_year_is_the_annual_rate():
    assert np.exp(-continuous(0.15, 7) * 365.25 / 7) == pytest.approx(1 / 1.15)
