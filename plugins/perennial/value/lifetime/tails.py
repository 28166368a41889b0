"""Exponents and parameters in; the tail integral of Pareto/NBD, as a logarithm with its derivatives, out.

The likelihood of Pareto/NBD is usually written with the Gaussian hypergeometric function, in one form for
α ≥ β and in another for α < β (Schmittlein et al. 1987, (A1) and (A2)). Both are Euler integrals of

    J(A, B; y) = ∫ from y to ∞ of (α + u)^-A (β + u)^-B du,

which needs no cases, has no cancellation, and gives the derivatives that 2F1 does not have in closed form.
The quadrature is Takahasi and Mori's for half-infinite ranges: trapezoids in k, where u - y is exp(π/2 sinh
k) times the length over which the integrand decays at y. Both the exponential beginning, where A is in the
thousands, and the heavy tail, where A + B - 1 is below one, lie within its nodes.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from perennial.value.lifetime.histories import Floats

STEP = 1 / 10
LOWEST = -3.8
HIGHEST = 6.75
"""The node there is near the greatest double."""
EXPONENT = 37.0
"""e^-37 is below the precision of a double."""
ROWS = 1024
"""Rows at once: the nodes' values then stay in the cache."""


@dataclass(frozen=True)
class Tail:
    """log J at n arguments, and its derivatives by A, B, α and β."""

    log: Floats
    by_a: Floats
    by_b: Floats
    by_alpha: Floats
    by_beta: Floats


def log_tail(a: Floats, b: float, alpha: float, beta: float, y: Floats) -> Tail:
    """Compute log J(a, b; y) for arrays `a` and `y` of one length; a + b > 1."""
    parts = [
        _part(a[first : first + ROWS], b, alpha, beta, y[first : first + ROWS])
        for first in range(0, len(a), ROWS)
    ]
    return Tail(*np.concatenate(parts, axis=1)) if parts else Tail(*np.empty((5, 0)))


def _part(a: Floats, b: float, alpha: float, beta: float, y: Floats) -> Floats:
    from_alpha, from_beta = alpha + y, beta + y
    rate = a / from_alpha + b / from_beta
    points, log_weights = _nodes(_highest(a + b - 1, rate * np.maximum(from_alpha, from_beta)))
    ratio_alpha = points / (from_alpha * rate)[:, None]
    ratio_beta = points / (from_beta * rate)[:, None]
    log_alpha, log_beta = np.log1p(ratio_alpha), np.log1p(ratio_beta)
    values = np.exp(log_weights - a[:, None] * log_alpha - b * log_beta)
    total = values.sum(axis=1)
    values /= total[:, None]
    at_alpha, at_beta = np.log(from_alpha), np.log(from_beta)
    return np.stack(
        [
            np.log(total / rate) - a * at_alpha - b * at_beta,
            -at_alpha - np.vecdot(values, log_alpha),
            -at_beta - np.vecdot(values, log_beta),
            -a * (1 / from_alpha) * np.vecdot(values, 1 / (1 + ratio_alpha)),
            -b * (1 / from_beta) * np.vecdot(values, 1 / (1 + ratio_beta)),
        ]
    )


def _highest(decay: Floats, reach: Floats) -> float:
    """The last k whose node matters: beyond, (1 + u/reach)^-decay is nothing, u in lengths of decay at y."""
    with np.errstate(over="ignore", divide="ignore"):
        last = np.log(reach) + np.where(decay < 1, EXPONENT / decay, np.log(np.expm1(EXPONENT / decay)))
    needed = 4 * np.arcsinh(2 / np.pi * float(np.max(last)))
    # Rounded up, so that fits do not see the number of nodes change at every step.
    return float(np.clip(np.ceil(needed) / 4, 1.5, HIGHEST))


@lru_cache(maxsize=64)
def _nodes(highest: float) -> tuple[Floats, Floats]:
    k = np.arange(np.ceil(LOWEST / STEP), np.floor(highest / STEP) + 1) * STEP
    exponent = np.pi / 2 * np.sinh(k)
    return np.exp(exponent), np.log(STEP * np.pi / 2 * np.cosh(k)) + exponent
