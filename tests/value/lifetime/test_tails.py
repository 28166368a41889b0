"""The tail integral of Pareto/NBD equals its hypergeometric forms, on both sides of α = β."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from perennial.value.lifetime.histories import Floats
from perennial.value.lifetime.tails import Tail, log_tail


def by_hypergeometric(a: Floats, b: float, alpha: float, beta: float, y: Floats) -> Floats:
    """Euler's integral: one form for each side."""
    c = a + b - 1
    if alpha >= beta:
        series = hyp2f1(b, c, c + 1, (alpha - beta) / (alpha + y))
    else:
        series = hyp2f1(a, c, c + 1, (beta - alpha) / (beta + y))
    return np.asarray(np.log(series / c) - c * np.log(max(alpha, beta) + y))


@pytest.mark.parametrize(
    ("alpha", "beta"), [(10.6, 11.7), (11.7, 10.6), (5.0, 5.0), (2.0, 60.0), (60.0, 2.0)]
)
@pytest.mark.parametrize("b", [0.61, 1.61, 3.0])
def test_both_hypergeometric_forms_are_met(alpha, beta, b):
    a, y = (grid.ravel() for grid in np.meshgrid(np.arange(30) + 0.55, [0.0, 0.5, 7.0, 39.0, 200.0]))
    ours = log_tail(a, b, alpha, beta, y).log
    assert ours == pytest.approx(by_hypergeometric(a, b, alpha, beta, y), abs=1e-9)


@pytest.mark.parametrize(("alpha", "beta"), [(10.6, 11.7), (30.0, 3.0), (3.0, 30.0)])
def test_derivatives_are_those_of_the_integral(alpha, beta):
    a, y, b, h = np.array([0.5, 1.5, 20.0, 300.0]), np.array([3.0, 0.0, 30.0, 9.0]), 1.6, 1e-5
    tail = log_tail(a, b, alpha, beta, y)
    steps: dict[str, Callable[[float], Tail]] = {
        "by_a": lambda d: log_tail(a + d, b, alpha, beta, y),
        "by_b": lambda d: log_tail(a, b + d, alpha, beta, y),
        "by_alpha": lambda d: log_tail(a, b, alpha + d, beta, y),
        "by_beta": lambda d: log_tail(a, b, alpha, beta + d, y),
    }
    for derivative, step in steps.items():
        numeric = (step(h).log - step(-h).log) / (2 * h)
        assert getattr(tail, derivative) == pytest.approx(numeric, rel=1e-5)


@given(
    x=st.integers(0, 5000),
    r=st.floats(0.05, 50),
    b=st.floats(1.001, 30),
    alpha=st.floats(1e-3, 1e4),
    beta=st.floats(1e-3, 1e4),
    y=st.floats(0, 1e4),
)
@settings(max_examples=100)
def test_extremes_are_finite_and_between_their_bounds(x, r, b, alpha, beta, y):
    a = np.array([r + x])
    tail = log_tail(a, b, alpha, beta, np.array([y]))
    assert all(np.isfinite(value).all() for value in vars(tail).values())
    # With both parameters at the smaller, and at the greater one, the integral is elementary.
    c = a + b - 1
    most, least = (-np.log(c) - c * np.log(p + y) for p in (min(alpha, beta), max(alpha, beta)))
    assert least - 1e-6 <= tail.log <= most + 1e-6


def test_no_arguments_no_answers():
    assert len(log_tail(np.empty(0), 1.5, 1.0, 2.0, np.empty(0)).log) == 0
