"""Grouped histories in; the NBD model, which knows no leaving, its fit, and its predictions out.

Customers buy at a rate λ ~ gamma(r, α) for ever (Ehrenberg 1959; Fader, Hardie and Lee 2005 compare it with
BG/NBD). It is what BG/NBD and Pareto/NBD become where the data show nobody leaving, as in a short calibration
period: their parameters of leaving then have no maximum, and this model is the limit.

    L = Γ(r+x) α^r / (Γ(r) (α+T)^(r+x))
"""

from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import digamma, gammaln

from perennial.value.lifetime.fitting import SAMPLE, Fit, maximise, require_repeats
from perennial.value.lifetime.histories import Floats, Histories
from perennial.value.lifetime.likelihood import Term, each, log_likelihood
from perennial.value.lifetime.predictions import PurchaseModel
from perennial.value.lifetime.quadrature import over_horizon

NAMES = ("r", "alpha")


@dataclass(frozen=True)
class Nbd(PurchaseModel):
    """Parameters; α is in the unit of time of the histories."""

    r: float
    alpha: float

    def log_likelihood(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """Of each history."""
        return each(_Terms(), np.log(np.array([self.r, self.alpha])), frequency, recency, age)[0]

    def p_alive(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """One, for everybody."""
        return np.ones_like(frequency)

    def expected_while_alive(self, frequency: Floats, age: Floats, horizon: float) -> Floats:
        """(r+x)/(α+T) · t."""
        return np.asarray((self.r + frequency) / (self.alpha + age) * horizon)

    def discounted_while_alive(
        self, frequency: Floats, age: Floats, horizon: float | None, *rates: float
    ) -> Floats:
        """(r+x)/(α+T) · (1 - e^(-rate t)) / rate, for each rate."""
        start = self.alpha + age
        return np.asarray((self.r + frequency) / start * over_horizon(np.ones_like, start, horizon, rates))

    def unconditional(self, times: Floats) -> Floats:
        """r/α · t."""
        return np.asarray(self.r / self.alpha * np.atleast_1d(times))


class _Terms:
    """C and H with their derivatives by (log r, log α); there is no G."""

    def constant(self, logs: Floats, frequency: Floats) -> Term:
        r, alpha = np.exp(logs)
        log = gammaln(r + frequency) - gammaln(r) + r * np.log(alpha)
        by_r = r * (digamma(r + frequency) - digamma(r) + np.log(alpha))
        return Term(log, np.stack([by_r, np.full_like(frequency, r)]))

    def until_age(self, logs: Floats, frequency: Floats, age: Floats) -> Term:
        r, alpha = np.exp(logs)
        log_age = np.log(alpha + age)
        by_alpha = -(r + frequency) * alpha / (alpha + age)
        return Term(-(r + frequency) * log_age, np.stack([-r * log_age, by_alpha]))

    def until_recency(self, logs: Floats, frequency: Floats, recency: Floats) -> Term:
        return Term(np.full_like(frequency, -np.inf), np.zeros((2, len(frequency))))


def fit(histories: Histories, start: Nbd | None = None) -> Fit[Nbd]:
    """Fit by maximum likelihood; `start` is a model to begin with, besides the usual starts."""
    require_repeats(histories)
    terms, sample, rate = _Terms(), histories.sample(SAMPLE), histories.repeat_rate
    return maximise(
        lambda parameters: Nbd(**parameters),
        NAMES,
        lambda logs: log_likelihood(terms, logs, histories),
        [(0.5, 0.5 / rate), (2.0, 2.0 / rate), *([tuple(asdict(start).values())] if start else [])],
        histories.total,
        lambda logs: log_likelihood(terms, logs, sample),
    )
