"""Pareto/NBD has the published answers, those of `lifetimes`, and recovers what it simulated."""

import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyperu

from perennial.value.lifetime.histories import Histories
from perennial.value.lifetime.paretonbd import ParetoNbd, fit

PUBLISHED = ParetoNbd(0.553, 10.578, 0.606, 11.669)


@pytest.fixture(scope="module")
def fitted(cdnow):
    return fit(Histories.grouped(cdnow))


def columns(rows: pl.DataFrame):
    return tuple(rows[name].cast(pl.Float64).to_numpy() for name in ("frequency", "recency", "age"))


def test_cdnow_has_the_published_parameters(cdnow_exact):
    found = fit(Histories.grouped(cdnow_exact))
    rounded = {name: round(value, 3) for name, value in found.parameters.items()}
    assert rounded == {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    assert round(found.log_likelihood, 1) == -9595.0


def test_the_likelihood_is_flat_in_beta(cdnow, fitted):
    """Rounding the data to two decimals moves beta by 0.001, and the log-likelihood there by 0.0001."""
    rounded = {name: round(value, 3) for name, value in fitted.parameters.items()}
    assert rounded == {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.668}
    assert round(fitted.log_likelihood, 1) == -9595.0
    published = PUBLISHED.log_likelihood(*columns(cdnow)).sum()
    assert 0 <= fitted.log_likelihood - published < 2e-4
    assert fitted.standard_errors["beta"] > 1000 * abs(fitted.parameters["beta"] - PUBLISHED.beta)


def test_the_likelihood_of_groups_is_that_of_the_customers(cdnow, fitted):
    assert fitted.model.log_likelihood(*columns(cdnow)).sum() == pytest.approx(
        fitted.log_likelihood, abs=1e-8
    )


@pytest.mark.parametrize("model", [PUBLISHED, ParetoNbd(0.55, 11.7, 0.6, 3.0), ParetoNbd(2.0, 6.0, 1.4, 6.0)])
def test_scores_are_those_of_lifetimes(cdnow, model):
    """On both sides of alpha = beta."""
    lifetimes = pytest.importorskip("lifetimes")
    pandas = pytest.importorskip("pandas")
    x, t_x, age = columns(cdnow)
    theirs = lifetimes.ParetoNBDFitter()
    theirs.params_ = pandas.Series(vars(model))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logs = theirs._conditional_log_likelihood(tuple(vars(model).values()), x, t_x, age)
        alive = theirs.conditional_probability_alive(x, t_x, age)
        expected = theirs.conditional_expected_number_of_purchases_up_to_time(39.0, x, t_x, age)
        weeks = np.array([1.0, 39.0, 78.0])
        new = theirs.expected_number_of_purchases_up_to_time(weeks)
    assert model.log_likelihood(x, t_x, age) == pytest.approx(logs, rel=1e-9)
    assert model.p_alive(x, t_x, age) == pytest.approx(alive, rel=1e-6, abs=0)
    assert model.expected_purchases(x, t_x, age, 39.0) == pytest.approx(expected, rel=1e-6, abs=0)
    assert model.unconditional(weeks) == pytest.approx(new, rel=1e-6)


@pytest.mark.parametrize("s", [0.2, 0.606, 1.0, 2.5])
def test_the_discounted_value_for_ever_is_the_published_formula(s):
    model, rate = ParetoNbd(0.553, 10.578, s, 11.669), 0.0027
    x, age = np.array([0.0, 4.0, 30.0]), np.array([1.0, 38.0, 77.0])
    z = rate * (model.beta + age)
    # (r+x)/(α+T) · δ^(s-1) (β+T)^s Ψ(s, s; δ(β+T))
    formula = (model.r + x) / (model.alpha + age) * rate ** (s - 1) * (model.beta + age) ** s
    formula *= hyperu(s, s, z)
    assert model.discounted_while_alive(x, age, None, rate)[0] == pytest.approx(formula, rel=1e-8)


def test_without_a_discount_it_is_the_expectation():
    for s in (0.6, 1.0, 3.0):
        model = ParetoNbd(0.553, 10.578, s, 11.669)
        x, age = np.array([0.0, 4.0]), np.array([0.0, 38.0])
        for horizon in (0.5, 52.0, 3000.0):
            discounted = model.discounted_while_alive(x, age, horizon, 0.0)[0]
            assert discounted == pytest.approx(model.expected_while_alive(x, age, horizon), rel=1e-10)


def test_simulated_customers_give_their_parameters_back():
    truth = ParetoNbd(0.9, 7.0, 0.8, 12.0)
    rng = np.random.default_rng(3)
    n = 8_000
    rate, quits = rng.gamma(truth.r, 1 / truth.alpha, n), rng.gamma(truth.s, 1 / truth.beta, n)
    age = rng.uniform(20, 80, n)
    alive = np.minimum(age, rng.exponential(1 / quits))
    x = rng.poisson(rate * alive)
    # The last of x purchases that are uniform in the time alive.
    t_x = np.where(x > 0, alive * rng.random(n) ** (1 / np.maximum(x, 1)), 0.0)
    found = fit(Histories.grouped(pl.DataFrame({"frequency": x, "recency": t_x, "age": age})))
    for name, value in vars(truth).items():
        assert abs(found.parameters[name] - value) < 4 * found.standard_errors[name]
        assert found.standard_errors[name] < 0.2 * value


positive = st.floats(0.02, 50)


@given(positive, positive, positive, positive, st.integers(0, 2000), st.floats(0, 1), st.floats(0, 2000))
@settings(max_examples=100)
def test_probabilities_and_expectations_stay_within_bounds(r, alpha, s, beta, x, share, age):
    model = ParetoNbd(r, alpha, s, beta)
    history = np.array([float(x)]), np.array([share * age if x else 0.0]), np.array([age])
    assert 0 <= model.p_alive(*history) <= 1
    assert np.isfinite(model.log_likelihood(*history)).all()
    expected = [model.expected_purchases(*history, t)[0] for t in (0.0, 1.0, 10.0, 1000.0)]
    assert np.isfinite(expected).all()
    # Where nothing more is to come, only rounding moves.
    assert (np.diff(expected) >= -1e-6 * expected[-1]).all()
    assert expected[0] == 0
    assert expected[-1] <= (r + x) / (alpha + age) * 1000 * (1 + 1e-6)
    discounted = model.discounted_purchases(*history, 1000.0, 0.01)[0]
    assert 0 <= discounted <= expected[-1] * (1 + 1e-6)


def test_the_longer_ago_the_last_purchase_the_less_alive():
    recency = np.linspace(0.1, 38.86, 50)
    alive = PUBLISHED.p_alive(np.full(50, 4.0), recency, np.full(50, 38.86))
    assert (np.diff(alive) > 0).all()
    assert alive[-1] == pytest.approx(1)
