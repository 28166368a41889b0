"""Parameters of a beta distribution and an exponent in; the mean of a decreasing power under it, out.

BG/NBD needs E[(1 + p τ)^-c] for p ~ beta(a, b), which is 2F1(c, a; a+b; -τ). SciPy's hyp2f1 is infinite
for some arguments that occur (2F1(1, 1; 101; 0.95), for one). In y = log(p/(1-p)) the integrand has one
peak and exponential tails; trapezoids in k, where y is the peak plus its width times sinh k, see both.
"""

import numpy as np
from scipy.special import betaln

from perennial.value.lifetime.histories import Floats

STEP = 1 / 10
LONGEST = 25.0
EXPONENT = 37.0
"""e^-37 is below the precision of a double."""
ROWS = 1024
"""Rows at once: the nodes' values then stay in the cache."""


def mean_power(a: float, b: Floats, c: Floats, tau: Floats) -> Floats:
    """E[(1 + p τ)^-c] for arrays b, c and τ ≥ 0 of one length."""
    parts = [
        _part(a, *(column[first : first + ROWS] for column in (b, c, tau)))
        for first in range(0, len(tau), ROWS)
    ]
    return np.concatenate(parts) if parts else np.empty(0)


def _part(a: float, b: Floats, c: Floats, tau: Floats) -> Floats:
    # With odds q = p/(1-p) = e^y the integrand is q^a (1+q)^(c-a-b) (1+q+qτ)^-c dy, over B(a, b).
    ahead = 1 + tau
    slope = c * tau + b - a * ahead
    root = np.sqrt(slope * slope + 4 * a * b * ahead)
    # The root of the quadratic that is positive, without a difference of equals.
    odds = np.where(slope > 0, 2 * a / (slope + root), (root - slope) / (2 * b * ahead))
    power = c - a - b
    curvature = c * ahead * odds / (1 + ahead * odds) ** 2 - power * odds / (1 + odds) ** 2
    # A flat top has edges that are as steep as ever: no wider than a few of theirs.
    width = 1 / np.sqrt(np.maximum(curvature, 0.1))
    reach = np.arcsinh(EXPONENT / (width * np.minimum(a, b)) + EXPONENT**0.5)
    longest = min(float(reach.max()), LONGEST)
    k = np.arange(-np.ceil(longest / STEP), np.ceil(longest / STEP) + 1) * STEP
    y = np.log(odds)[:, None] + width[:, None] * np.sinh(k)
    logs = a * y + power[:, None] * _log_of_one_and(y)
    logs -= c[:, None] * _log_of_one_and(y + np.log(ahead)[:, None]) + betaln(a, b)[:, None]
    weights = STEP * width[:, None] * np.cosh(k)
    return np.asarray((np.exp(logs) * weights).sum(axis=1))


def _log_of_one_and(y: Floats) -> Floats:
    """log(1 + e^y); several times as fast as logaddexp."""
    return np.asarray(np.maximum(y, 0) + np.log(1 + np.exp(-np.abs(y))))
