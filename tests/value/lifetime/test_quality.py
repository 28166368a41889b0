"""Measures of predictions have the values that one can reckon by hand."""

import math

import numpy as np
import pytest

from perennial.value.lifetime.quality import ValidationError, by_decile, measure


def test_a_perfect_prediction_has_no_error():
    actual = np.array([0.0, 3.0, 1.0, 0.0, 6.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    errors = measure(actual, actual)
    assert (errors.total_error, errors.absolute_error, errors.squared_error) == (0, 0, 0)
    assert errors.gain == pytest.approx(1)
    assert errors.top_lift == pytest.approx(6)
    assert errors.deviance == pytest.approx(0, abs=0.02)


def test_errors_by_hand():
    errors = measure(np.array([2.0, 2.0, 0.5, 0.5]), np.array([4.0, 0.0, 1.0, 0.0]))
    assert (errors.predicted, errors.actual, errors.total_error) == (5, 5, 0)
    assert errors.absolute_error == pytest.approx((2 + 2 + 0.5 + 0.5) / 4)
    assert errors.squared_error == pytest.approx(math.sqrt((4 + 4 + 0.25 + 0.25) / 4))
    parts = [4 * math.log(2) - 4 + 2, 2, math.log(2) - 1 + 0.5, 0.5]
    assert errors.deviance == pytest.approx(2 * sum(parts) / 4)


def test_a_ranking_by_chance_gains_nothing_and_a_wrong_one_loses():
    rng = np.random.default_rng(2)
    actual = rng.gamma(0.3, 10, 20_000)
    assert measure(rng.random(20_000), actual).gain == pytest.approx(0, abs=0.05)
    assert measure(-actual, actual).gain == pytest.approx(-1, abs=1e-6)


def test_the_true_mean_has_the_least_deviance():
    rng = np.random.default_rng(4)
    mean = rng.gamma(1, 2, 20_000)
    actual = rng.poisson(mean).astype(float)
    least = measure(mean, actual).deviance
    for wrong in (mean * 1.2, mean * 0.8, np.full_like(mean, mean.mean())):
        assert measure(wrong, actual).deviance > least


def test_nothing_came():
    errors = measure(np.array([1.0, 2.0]), np.zeros(2))
    assert math.isnan(errors.total_error)
    assert math.isnan(errors.gain)
    assert errors.deviance == pytest.approx(3)
    assert by_decile(np.array([1.0, 2.0]), np.zeros(2))["gain"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("predicted", "actual"), [([1.0], [1.0, 2.0]), ([], []), ([math.nan], [1.0]), ([1.0], [math.inf])]
)
def test_what_cannot_be_compared_is_refused(predicted, actual):
    with pytest.raises(ValidationError):
        measure(np.array(predicted), np.array(actual))


def test_deciles_are_those_of_ntile_and_gains_add_up():
    predicted = np.arange(23, 0, -1).astype(float)
    table = by_decile(predicted, predicted * 2)
    assert table["decile"].to_list() == list(range(1, 11))
    assert table["customers"].to_list() == [3, 3, 3] + [2] * 7
    assert table["predicted"][0] == 22
    assert table["actual"][0] == 44
    assert table["lift"][0] == pytest.approx(44 / 24)
    assert table["gain"][-1] == pytest.approx(1)
    assert table["gain"].is_sorted()
