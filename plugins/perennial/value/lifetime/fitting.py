"""A log-likelihood and starts in; a model at its maximum with standard errors, or why there is none, out.

Parameters are positive, and sought as logarithms: from several starts on a sample of the data, then on all of
it. A fit counts only if the search converged, the Hessian is positive definite, and no parameter ran away.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from perennial.value.lifetime.histories import Floats, Histories
from perennial.value.lifetime.optimise import (
    REACH,
    Counted,
    FitError,
    Objective,
    hessian_at,
    identified,
    newton,
    search,
)

__all__ = ["SAMPLE", "Fit", "FitError", "maximise", "require_repeats"]

M = TypeVar("M")

SAMPLE = 4_000
"""As many histories or spends do for the way to the neighbourhood of the maximum."""


@dataclass(frozen=True)
class Fit(Generic[M]):
    """A model at the maximum of its likelihood."""

    model: M
    log_likelihood: float
    parameters: dict[str, float]
    standard_errors: dict[str, float]
    """From the inverse Hessian by the logarithms, carried to the parameters by the delta method."""
    covariance: Floats
    """Of the parameters, in their order."""
    customers: int
    evaluations: int
    """How often the likelihood of all the data was computed."""


def maximise(
    build: Callable[[dict[str, float]], M],
    names: Sequence[str],
    objective: Objective,
    starts: Sequence[Sequence[float]],
    customers: float,
    sample: Objective | None = None,
) -> Fit[M]:
    """Fit a model that `build` makes of its parameters; `starts` are parameters, not logarithms."""
    full, first = Counted(objective), Counted(sample or objective)
    begins = [np.log(np.asarray(start, dtype=np.float64)) for start in starts]
    found = [search(first, begin) for begin in begins]
    logs, _ = min(found, key=lambda end: end[1])
    bounds = np.min(begins, axis=0) - REACH, np.max(begins, axis=0) + REACH
    logs, value, hessian = newton(full, logs, hessian_at(first, logs), names, bounds)
    identified(logs, hessian, names)
    values = np.exp(logs)
    parameters = dict(zip(names, values.tolist(), strict=True))
    covariance = values[:, None] * np.linalg.inv(hessian) * values
    return Fit(
        model=build(parameters),
        log_likelihood=-value,
        parameters=parameters,
        standard_errors=dict(zip(names, np.sqrt(np.diag(covariance)).tolist(), strict=True)),
        covariance=covariance,
        customers=round(customers),
        evaluations=full.calls,
    )


def require_repeats(histories: Histories) -> None:
    """Refuse data in which nobody came back: nothing is known of rates then."""
    if not len(histories.frequency) or not histories.frequency.any() or not histories.mean_age > 0:
        raise FitError(
            f"none of {round(histories.total)} customers bought again: a longer calibration period is needed"
        )
