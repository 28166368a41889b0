"""A rate of purchases as a function of the time ahead in; what it amounts to over a horizon, discounted, out.

Rates of purchases decay like powers of 1 + t/scale, so that they are smooth in v = log(1 + t/scale): Gauss
and Legendre's rule in v is precise with few nodes, whatever the horizon.
Discounting is continuous: a purchase
after t is worth e^(-rate t); an annual rate d is rate = log(1 + d) a year.
"""

from collections.abc import Callable, Sequence

import numpy as np

from perennial.errors import TerminalError
from perennial.value.lifetime.histories import Floats

NODES = 36
EXPONENT = 37.0
"""e^-37 is below the precision of a double: discounted as much, nothing further counts."""


class HorizonError(TerminalError):
    """A horizon or a discount that has no finite answer."""


def over_horizon(
    purchases: Callable[[Floats], Floats], scale: Floats, horizon: float | None, rates: Sequence[float]
) -> Floats:
    """The integrals of purchases(t) e^(-rate t), t from 0 to the horizon, for n customers (rates × n).

    `purchases` takes times (n × k) and gives rates of the same shape; `scale` is the time in which they begin
    to decay. All times and 1/rate are in one unit.
    """
    if min(rates) < 0 or (horizon is not None and horizon < 0):
        raise HorizonError(f"horizon {horizon}, discount {min(rates)}: neither can be negative")
    end = np.inf if horizon is None else horizon
    if min(rates) > 0:
        end = min(end, EXPONENT / min(rates))
    if not np.isfinite(end):
        raise HorizonError("a value over an endless horizon needs a discount above zero")
    points, weights = np.polynomial.legendre.leggauss(NODES)
    length = np.log1p(end / scale)[:, None]
    growth = length * (points + 1) / 2
    times = scale[:, None] * np.expm1(growth)
    inner = purchases(times) * np.exp(growth) * (weights / 2) * length * scale[:, None]
    return np.stack([np.vecdot(inner, np.exp(-rate * times)) for rate in rates])
