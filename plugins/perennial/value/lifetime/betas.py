"""Parameters of a beta distribution and an exponent in; means of decreasing powers under it, out.

BG/NBD needs E[(1 + p τ)^-c] for p ~ beta(a, b), which is 2F1(c, a; a+b; -τ), and its integral over τ. SciPy's
hyp2f1 is infinite for some arguments that occur (2F1(1, 1; 101; 0.95), for one). In y = log(p/(1-p)) the
integrands have one peak and exponential tails; trapezoids in k, where y is the peak plus its width times
sinh k, see both.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import betaln

from perennial.value.lifetime.histories import Floats

STEP = 1 / 10
LONGEST = 25.0
EXPONENT = 37.0
"""e^-37 is below the precision of a double."""
ROWS = 1024
"""Rows at once: the nodes' values then stay in the cache."""
LARGE = 600.0
"""e^600 and e^-600 are still doubles: beyond, g does not change anymore."""
HALVINGS = 60
"""Of an interval in which a peak is sought."""
Logs = Callable[[Floats], Floats]


def mean_power(a: float, b: Floats, c: Floats, tau: Floats) -> Floats:
    """E[(1 + p τ)^-c] for arrays b, c and τ ≥ 0 of one length."""
    return _in_parts(_mean_power, a, b, c, tau)


def mean_span(a: float, b: Floats, c: Floats, tau: Floats) -> Floats:
    """E[(1 - (1 + p τ)^-c) / p], which is c times the integral of E[(1 + p u)^-(c+1)], u from 0 to τ."""
    return _in_parts(_mean_span, a, b, c, tau)


def _in_parts(mean: Callable[..., Floats], a: float, *columns: Floats) -> Floats:
    rows = range(0, len(columns[0]), ROWS)
    parts = [mean(a, *(column[first : first + ROWS] for column in columns)) for first in rows]
    return np.concatenate(parts) if parts else np.empty(0)


def _mean_power(a: float, b: Floats, c: Floats, tau: Floats) -> Floats:
    # With odds q = p/(1-p) = e^y the integrand is q^a (1+q)^(c-a-b) (1+q+qτ)^-c dy, over B(a, b).
    ahead = 1 + tau
    slope = c * tau + b - a * ahead
    root = np.sqrt(slope * slope + 4 * a * b * ahead)
    # The root of the quadratic that is positive, without a difference of equals.
    odds = np.where(slope > 0, 2 * a / (slope + root), (root - slope) / (2 * b * ahead))
    power = c - a - b
    curvature = c * ahead * odds / (1 + ahead * odds) ** 2 - power * odds / (1 + odds) ** 2

    def logs(y: Floats) -> Floats:
        found = a * y + power[:, None] * _log_of_one_and(y)
        found -= c[:, None] * _log_of_one_and(y + np.log(ahead)[:, None]) + betaln(a, b)[:, None]
        return np.asarray(found)

    return _trapezoids(logs, np.log(odds), curvature, np.minimum(a, b), STEP)


def _mean_span(a: float, b: Floats, c: Floats, tau: Floats) -> Floats:
    # The integrand is p^a (1-p)^b g(p) dy over B(a, b), and g(p) = (1 - (1+pτ)^-c) / p. It rises as long as
    # a - (a+b) p exceeds (1-p) times the share by which g falls when p grows by its own size.
    low, high = np.full_like(tau, -LONGEST * EXPONENT), np.full_like(tau, LONGEST * EXPONENT)
    for _ in range(HALVINGS):
        y = (low + high) / 2
        p, growth = _shares(y, tau)
        # c p τ (1+pτ)^-(c+1) / (1 - (1+pτ)^-c), which is 1 where both are nothing.
        over = np.expm1(np.minimum(c * growth, LARGE))
        falls = 1 - np.divide(c * -np.expm1(-growth), over, out=np.ones_like(y), where=over > 0)
        rises = a - (a + b) * p > (1 - p) * falls
        low, high = np.where(rises, y, low), np.where(rises, high, y)
    p, _ = _shares(low, tau)

    def logs(y: Floats) -> Floats:
        p, growth = _shares(y, tau[:, None])
        with np.errstate(divide="ignore"):
            # Over a span of nothing it is nothing.
            log_g = np.log(-np.expm1(-c[:, None] * growth)) - np.log(p)
        return np.asarray(a * y - (a + b)[:, None] * _log_of_one_and(y) + log_g - betaln(a, b)[:, None])

    return _trapezoids(logs, low, (a + b) * p * (1 - p), np.minimum(a, b), STEP / 2)


def _shares(y: Floats, tau: Floats) -> tuple[Floats, Floats]:
    """p of log odds y, and log(1 + p τ)."""
    p = 1 / (1 + np.exp(-np.clip(y, -LARGE, LARGE)))
    return p, np.log1p(p * tau)


def _trapezoids(logs: Logs, peak: Floats, curvature: Floats, tail: Floats, step: float) -> Floats:
    """The integrals of e^logs(y) over all y, by where each has its peak, and how slowly its tails decay."""
    # A flat top has edges that are as steep as ever: no wider than a few of theirs.
    width = 1 / np.sqrt(np.maximum(curvature, 0.1))
    reach = np.arcsinh(EXPONENT / (width * tail) + EXPONENT**0.5)
    longest = min(float(reach.max()), LONGEST)
    k = np.arange(-np.ceil(longest / step), np.ceil(longest / step) + 1) * step
    weights = step * width[:, None] * np.cosh(k)
    return np.asarray((np.exp(logs(peak[:, None] + width[:, None] * np.sinh(k))) * weights).sum(axis=1))


def _log_of_one_and(y: Floats) -> Floats:
    """log(1 + e^y); several times as fast as logaddexp."""
    return np.asarray(np.maximum(y, 0) + np.log(1 + np.exp(-np.abs(y))))
