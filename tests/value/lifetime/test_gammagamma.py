"""Gamma-Gamma has the published answers, those of `lifetimes`, and recovers what it simulated."""

import math
import warnings

import numpy as np
import polars as pl
import pytest

from perennial.value.lifetime.gammagamma import GammaGamma, Spends, correlation, fit

PUBLISHED = GammaGamma(6.25, 3.74, 15.44)


@pytest.fixture(scope="module")
def fitted(cdnow):
    return fit(Spends.grouped(cdnow))


def total(model: GammaGamma, spends: Spends) -> float:
    return float(model.log_likelihood(spends.frequency, spends.mean_spend) @ spends.customers)


def test_cdnow_has_the_published_parameters(cdnow_exact):
    found = fit(Spends.grouped(cdnow_exact))
    assert found.customers == 946
    assert {name: round(value, 2) for name, value in found.parameters.items()} == vars(PUBLISHED)


def test_the_likelihood_is_flat_in_v(cdnow, fitted):
    """Rounding mean spends to cents moves v by 0.008, and the log-likelihood by a thousandth."""
    assert {name: round(value, 2) for name, value in fitted.parameters.items()} == {
        "p": 6.25,
        "q": 3.74,
        "v": 15.45,
    }
    spends = Spends.grouped(cdnow)
    assert total(fitted.model, spends) == pytest.approx(fitted.log_likelihood, abs=1e-8)
    assert 0 <= fitted.log_likelihood - total(PUBLISHED, spends) < 2e-3
    moved = [
        total(GammaGamma(fitted.model.p, fitted.model.q, fitted.model.v + d), spends) for d in (-0.01, 0.01)
    ]
    assert fitted.log_likelihood - max(moved) < 1e-3
    assert fitted.standard_errors["v"] > 400 * abs(fitted.model.v - PUBLISHED.v)


def test_the_mean_to_expect_is_that_of_lifetimes(cdnow, fitted):
    lifetimes = pytest.importorskip("lifetimes")
    theirs = lifetimes.GammaGammaFitter()
    repeat = cdnow.filter(pl.col("frequency") > 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(repeat["frequency"].to_numpy(), repeat["mean_spend"].to_numpy())
    for name, error in fitted.standard_errors.items():
        assert error == pytest.approx(theirs.standard_errors_[name], rel=1e-2)
    model = GammaGamma(**theirs.params_.to_dict())
    x, z = cdnow["frequency"].to_numpy(), cdnow["mean_spend"].to_numpy()
    expected = theirs.conditional_expected_average_profit(x, z)
    ours = cdnow.select(model.expected_spend(pl.col("frequency"), pl.col("mean_spend"))).to_series()
    assert ours.to_numpy() == pytest.approx(expected, rel=1e-6, abs=0)


def test_who_is_unknown_has_the_mean_of_all_and_refunds_do_not_make_it_negative():
    rows = pl.DataFrame({"frequency": [0, 0, 2], "mean_spend": [None, 0.0, -40.0]})
    means = rows.select(PUBLISHED.expected_spend(pl.col("frequency"), pl.col("mean_spend"))).to_series()
    assert means[0] == means[1] == pytest.approx(PUBLISHED.mean)
    assert 0 < means[2] < PUBLISHED.mean


def test_the_more_is_known_the_nearer_to_the_own_mean():
    rows = pl.DataFrame({"frequency": [0, 1, 5, 1000], "mean_spend": [80.0] * 4})
    means = (
        rows.select(PUBLISHED.expected_spend(pl.col("frequency"), pl.col("mean_spend"))).to_series().to_list()
    )
    assert means == sorted(means)
    assert means[-1] == pytest.approx(80, rel=1e-2)


def test_simulated_customers_give_their_parameters_back():
    truth = GammaGamma(4.0, 5.0, 20.0)
    rng = np.random.default_rng(5)
    x = rng.integers(1, 20, 20_000)
    scale = rng.gamma(truth.q, 1 / truth.v, len(x))
    z = rng.gamma(truth.p * x, 1 / scale) / x
    found = fit(Spends.grouped(pl.DataFrame({"frequency": x, "mean_spend": z})))
    for name, value in vars(truth).items():
        assert abs(found.parameters[name] - value) < 4 * found.standard_errors[name]
        assert found.standard_errors[name] < 0.1 * value


def test_the_assumption_of_independence_can_be_checked(cdnow):
    assert correlation(cdnow) == pytest.approx(0.11, abs=0.01)  # as Fader and Hardie report
    assert math.isnan(correlation(cdnow.head(1)))
