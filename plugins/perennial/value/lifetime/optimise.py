"""A log-likelihood with its gradient in; where it is greatest, and how it is curved there, out.

BFGS comes near from afar; Newton steps with differences of the exact gradient end where half the Newton
decrement, the gain that the best quadratic approximation still promises, is below `TOLERANCE`. That criterion
knows neither the scale of the data nor that of the parameters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from perennial.errors import TerminalError
from perennial.value.lifetime.histories import Floats

Objective = Callable[[Floats], tuple[float, Floats]]
"""The log-likelihood and its gradient, by the logarithms of the parameters."""

TOLERANCE = 1e-9
STEPS = 30
REACH = 12.0
"""How far from a start, in logarithms, a parameter may go."""
FLAT = 1e-4
"""A curvature below which a direction is not identified: a standard error of a factor e^100."""
PRECISION = 1e-13


class FitError(TerminalError):
    """No maximum was found; the message says why. Keep the last good model."""


@dataclass
class Counted:
    """What is minimised: the negative; infinite where it cannot be computed."""

    objective: Objective
    calls: int = 0

    def __call__(self, logs: Floats) -> tuple[float, Floats]:
        self.calls += 1
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            value, gradient = self.objective(logs)
        if not np.isfinite(value) or not np.isfinite(gradient).all():
            return np.inf, np.zeros_like(logs)
        return -value, -gradient


def search(objective: Counted, begin: Floats) -> tuple[Floats, float]:
    """BFGS from a start: where it ended, and the value there."""

    def near(logs: Floats) -> tuple[float, Floats]:
        return objective(logs) if np.abs(logs - begin).max() < REACH else (np.inf, np.zeros_like(logs))

    # It need not end precisely: Newton goes on from there.
    scale = max(1.0, float(np.abs(near(begin)[1]).max()))
    end = minimize(lambda logs: [part / scale for part in near(logs)], begin, jac=True, method="BFGS")
    return np.asarray(end.x), float(end.fun) * scale


def newton(
    objective: Counted, logs: Floats, hessian: Floats, names: Sequence[str], bounds: tuple[Floats, Floats]
) -> tuple[Floats, float, Floats]:
    """Newton steps from near the maximum; the Hessian is kept as long as it brings us on quickly."""
    value, gradient = objective(logs)
    if not np.isfinite(value):
        raise FitError(f"the likelihood cannot be computed at {text(names, logs)}: look for extreme values")
    promised, fresh = np.inf, False
    for _ in range(STEPS):
        _inside(logs, names, bounds)
        before = promised
        step, promised = _towards(hessian, gradient)
        if not fresh and (promised <= TOLERANCE or promised > before / 4):
            hessian, fresh = hessian_at(objective, logs), True
            step, promised = _towards(hessian, gradient)
        if promised <= TOLERANCE:
            return logs, value, hessian
        ahead = _shortened(objective, logs, value, step)
        if ahead is None and fresh:
            break
        if ahead is not None:
            logs, value, gradient = ahead
        fresh = False
    identified(logs, hessian, names)
    raise FitError(
        f"no maximum found: {promised:.2g} of log-likelihood is still promised at "
        f"{text(names, logs)}; the data may not tell the parameters apart"
    )


def _inside(logs: Floats, names: Sequence[str], bounds: tuple[Floats, Floats]) -> None:
    """Refuse a maximum at zero or at infinity."""
    for name, log, least, most in zip(names, logs, *bounds, strict=True):
        if not least + 0.1 < log < most - 0.1:
            raise FitError(
                f"{name} runs to {np.exp(log):.3g} without a maximum: the data are as if customers did not "
                "differ in it; a simpler model, or more data, is needed"
            )


def _towards(hessian: Floats, gradient: Floats) -> tuple[Floats, float]:
    """The Newton step, and the gain that it promises; downhill also where the Hessian is not definite."""
    curvatures, directions = np.linalg.eigh(hessian)
    along = directions.T @ gradient
    scaled = along / np.maximum(np.abs(curvatures), FLAT)
    return directions @ scaled, float(along @ scaled) / 2


def _shortened(
    objective: Counted, logs: Floats, value: float, step: Floats
) -> tuple[Floats, float, Floats] | None:
    """The first of the halved steps that leads down, if there is one."""
    length = min(1.0, 2.0 / float(np.abs(step).max()))
    for halvings in range(20):
        ahead = logs - step * length / 2**halvings
        new, gradient = objective(ahead)
        # Near the end of a fit of millions of customers, gains are below the precision of the sum.
        if new < value + PRECISION * abs(value):
            return ahead, new, gradient
    return None


def hessian_at(objective: Counted, logs: Floats, width: float = 1e-4) -> Floats:
    """Central differences of the exact gradient."""
    ends = [
        (objective(logs + width * unit)[1], objective(logs - width * unit)[1]) for unit in np.eye(len(logs))
    ]
    rows = np.array([(after - before) / (2 * width) for after, before in ends])
    return np.asarray((rows + rows.T) / 2)


def identified(logs: Floats, hessian: Floats, names: Sequence[str]) -> None:
    """Refuse a direction in which the likelihood does not change."""
    curvatures, directions = np.linalg.eigh(hessian)
    if curvatures[0] < FLAT:
        direction = directions[:, 0]
        together = ", ".join(n for n, weight in zip(names, direction, strict=True) if abs(weight) > 0.3)
        raise FitError(
            f"the likelihood does not tell {together} apart (curvature {curvatures[0]:.2g}) at "
            f"{text(names, logs)}; more data is needed"
        )


def text(names: Sequence[str], logs: Floats) -> str:
    return ", ".join(f"{name} = {value:.4g}" for name, value in zip(names, np.exp(logs), strict=True))
