"""BG/NBD has the published answers, those of `lifetimes`, and recovers what it simulated."""

import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from perennial.value.lifetime.bgnbd import BgNbd, fit
from perennial.value.lifetime.histories import Histories

CDNOW = BgNbd(0.243, 4.414, 0.793, 2.426)


@pytest.fixture(scope="module")
def fitted(cdnow):
    return fit(Histories.grouped(cdnow))


def columns(rows: pl.DataFrame):
    return tuple(rows[name].cast(pl.Float64).to_numpy() for name in ("frequency", "recency", "age"))


@pytest.mark.parametrize("rows", ["cdnow", "cdnow_exact"])
def test_cdnow_has_the_published_parameters(rows, request):
    found = fit(Histories.grouped(request.getfixturevalue(rows)))
    rounded = {name: round(value, 3) for name, value in found.parameters.items()}
    assert rounded == {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    assert round(found.log_likelihood, 1) == -9582.4
    assert found.customers == 2357


def test_the_likelihood_of_groups_is_that_of_the_customers(cdnow, fitted):
    assert fitted.model.log_likelihood(*columns(cdnow)).sum() == pytest.approx(
        fitted.log_likelihood, abs=1e-8
    )


def test_scores_and_errors_are_those_of_lifetimes(cdnow, fitted):
    lifetimes = pytest.importorskip("lifetimes")
    x, t_x, age = columns(cdnow)
    theirs = lifetimes.BetaGeoFitter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(x, t_x, age)
    for name, error in fitted.standard_errors.items():
        assert error == pytest.approx(theirs.standard_errors_[name], rel=2e-3)
    model = BgNbd(**theirs.params_.to_dict())
    alive = theirs.conditional_probability_alive(x, t_x, age)
    assert model.p_alive(x, t_x, age) == pytest.approx(alive, rel=1e-6, abs=0)
    for horizon in (1.0, 39.0, 260.0):
        expected = theirs.conditional_expected_number_of_purchases_up_to_time(horizon, x, t_x, age)
        assert model.expected_purchases(x, t_x, age, horizon) == pytest.approx(expected, rel=1e-6, abs=0)
    weeks = np.array([1.0, 10.0, 78.0])
    new = theirs.expected_number_of_purchases_up_to_time(weeks)
    assert model.unconditional(weeks) == pytest.approx(new, rel=1e-6)


@pytest.mark.parametrize("a", [0.4, 0.793, 1.0, 1.7, 6.0])
def test_expected_purchases_are_those_of_the_closed_form(a):
    model = BgNbd(0.9, 4.4, a, 2.4)
    x, age = np.array([0.0, 1.0, 7.0, 60.0]), np.array([0.0, 5.0, 38.0, 70.0])
    start = model.alpha + age
    for t in (0.5, 39.0, 400.0):
        # (10) itself; at a = 1 its neighbours on both sides.
        values = []
        for near in (a - 1e-4, a + 1e-4) if a == 1 else (a, a):
            z, c = t / (start + t), near + model.b + x - 1
            series = hyp2f1(model.r + x, model.b + x, c, z)
            values.append(c / (near - 1) * (1 - (start / (start + t)) ** (model.r + x) * series))
        assert model.expected_while_alive(x, age, t) == pytest.approx(np.mean(values, axis=0), rel=1e-6)


@pytest.mark.parametrize("a", [0.05, 0.3, 1.0, 4.0, 50.0])
def test_expected_purchases_are_the_integral_of_their_rate(a):
    rng = np.random.default_rng(5)
    x, age = np.concatenate([np.zeros(9), rng.integers(1, 300, 90)]), rng.uniform(0, 400, 99)
    for alpha, b in ((0.5, 0.05), (4.0, 2.4), (200.0, 9.0)):
        model = BgNbd(0.3, alpha, a, b)
        for t in (0.01, 52.0, 5000.0):
            integral = model.discounted_while_alive(x, age, t, 0.0)[0]
            assert model.expected_while_alive(x, age, t) == pytest.approx(integral, rel=3e-8)


def test_discounting_is_continuous_and_an_endless_horizon_has_a_value():
    x, age = np.array([0.0, 3.0]), np.array([10.0, 38.0])
    rate, horizon = 0.02, 52.0
    # By parts: e^-δh E(h) + δ ∫ e^-δt E(t) dt.
    points, weights = np.polynomial.legendre.leggauss(40)
    times = horizon * (points + 1) / 2
    inner = sum(
        w * np.exp(-rate * t) * CDNOW.expected_while_alive(x, age, t)
        for t, w in zip(times, weights * horizon / 2, strict=True)
    )
    expected = np.exp(-rate * horizon) * CDNOW.expected_while_alive(x, age, horizon) + rate * inner
    assert CDNOW.discounted_while_alive(x, age, horizon, rate)[0] == pytest.approx(expected, rel=1e-9)
    forever = CDNOW.discounted_while_alive(x, age, None, rate)[0]
    assert (forever > expected).all()
    assert CDNOW.discounted_while_alive(x, age, 5000.0, rate)[0] == pytest.approx(forever, rel=1e-9)


def test_simulated_customers_give_their_parameters_back():
    truth = BgNbd(0.8, 6.0, 0.9, 3.0)
    rng = np.random.default_rng(7)
    found = fit(Histories.grouped(simulated(truth, 20_000, rng)))
    for name, value in vars(truth).items():
        assert abs(found.parameters[name] - value) < 4 * found.standard_errors[name]
        assert found.standard_errors[name] < 0.2 * value


def simulated(model: BgNbd, n: int, rng: np.random.Generator) -> pl.DataFrame:
    rate, quits = rng.gamma(model.r, 1 / model.alpha, n), rng.beta(model.a, model.b, n)
    age = rng.uniform(20, 80, n)
    x, t_x, clock, active = np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    while active.any():
        clock += rng.exponential(1 / np.maximum(rate, 1e-12))
        bought = active & (clock <= age)
        x[bought] += 1
        t_x[bought] = clock[bought]
        active = bought & (rng.random(n) > quits)
    return pl.DataFrame({"frequency": x, "recency": t_x, "age": age})


positive = st.floats(0.02, 50)


@given(positive, positive, positive, positive, st.integers(0, 2000), st.floats(0, 1), st.floats(0, 2000))
@settings(max_examples=60)
def test_probabilities_and_expectations_stay_within_bounds(r, alpha, a, b, x, share, age):
    model = BgNbd(r, alpha, a, b)
    history = np.array([float(x)]), np.array([share * age if x else 0.0]), np.array([age])
    alive = model.p_alive(*history)
    assert 0 <= alive <= 1
    assert np.isfinite(model.log_likelihood(*history)).all()
    expected = [model.expected_purchases(*history, t)[0] for t in (0.0, 1.0, 10.0, 1000.0)]
    assert np.isfinite(expected).all()
    # Where nothing more is to come, only rounding moves.
    assert (np.diff(expected) >= -1e-6 * expected[-1]).all()
    assert expected[0] == 0
    # Nobody buys more than the mean of the rate for ever.
    assert expected[-1] <= (r + x) / (alpha + age) * 1000 * (1 + 1e-6)
    discounted = model.discounted_purchases(*history, 1000.0, 0.01)[0]
    assert 0 <= discounted <= expected[-1] * (1 + 1e-6)


def test_the_longer_ago_the_last_purchase_the_less_alive():
    recency = np.linspace(0.1, 38.0, 50)
    alive = CDNOW.p_alive(np.full(50, 4.0), recency, np.full(50, 38.86))
    assert (np.diff(alive) > 0).all()
    none = CDNOW.p_alive(np.zeros(1), np.zeros(1), np.array([38.86]))
    assert none == 1
