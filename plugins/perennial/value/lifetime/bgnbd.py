"""Grouped histories in; the BG/NBD model, its fit, and its predictions out.

Customers buy at a rate λ ~ gamma(r, α), and after each repeat purchase become inactive with a probability
p ~ beta(a, b). Fader, Hardie and Lee, "Counting your customers the easy way: an alternative to the Pareto/NBD
model", Marketing Science 24 (2005); equation numbers (n) are theirs.

The likelihood of x repeat purchases, the last at t_x, in an age of T is (6):

    L = B(a, b+x) / B(a, b) · Γ(r+x) α^r / (Γ(r) (α+T)^(r+x))
        + [x > 0] · B(a+1, b+x-1) / B(a, b) · Γ(r+x) α^r / (Γ(r) (α+t_x)^(r+x))

So L = C(x) [H(x, T) + G(x, t_x)], with H = (α+T)^-(r+x) and, for x > 0, G = a/(b+x-1) · (α+t_x)^-(r+x). A
customer without a repeat purchase is alive by assumption.
"""

from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import digamma, gammaln

from perennial.value.lifetime.betas import mean_power, mean_span
from perennial.value.lifetime.fitting import SAMPLE, Fit, maximise, require_repeats
from perennial.value.lifetime.histories import Floats, Histories
from perennial.value.lifetime.likelihood import Term, each, log_likelihood
from perennial.value.lifetime.predictions import PurchaseModel
from perennial.value.lifetime.quadrature import over_horizon

NAMES = ("r", "alpha", "a", "b")


@dataclass(frozen=True)
class BgNbd(PurchaseModel):
    """Parameters; α is in the unit of time of the histories."""

    r: float
    alpha: float
    a: float
    b: float

    def log_likelihood(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """Of each history: the logarithm of (6)."""
        return each(_Terms(), self._logs(), frequency, recency, age)[0]

    def p_alive(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """P(alive | x, t_x, T): the first summand's share in L; the denominator of (10)."""
        _, alive, log_sum = each(_Terms(), self._logs(), frequency, recency, age)
        return np.asarray(np.exp(alive - log_sum))

    def expected_while_alive(self, frequency: Floats, age: Floats, horizon: float) -> Floats:
        """E[Y(t) | x, t_x, T, alive at T]: the numerator of (10), as E[(1 - (1 + p t/(α+T))^-(r+x)) / p].

        `discounted_while_alive` says of what it is the integral, which can be taken before the expectation.
        """
        tau = horizon / (self.alpha + age)
        return mean_span(self.a, self.b + frequency, self.r + frequency, tau)

    def discounted_while_alive(
        self, frequency: Floats, age: Floats, horizon: float | None, *rates: float
    ) -> Floats:
        """The same, with each purchase at T+t worth e^(-rate t); None is for ever.

        (10) is the integral of the rate of purchases at T+t, for a customer alive at T the expectation of
        λ e^(-λpt) over λ ~ gamma(r+x, α+T) and p ~ beta(a, b+x):

            (r+x)/(α+T) · E[(1 + p t/(α+T))^-(r+x+1)].

        That integral has no singularity at a = 1, and loses no digits where (10) subtracts near equals.
        """
        start = self.alpha + age
        decay = (self.r + frequency + 1) * self.a / (self.a + self.b + frequency)

        def purchases(times: Floats) -> Floats:
            tau = times / start[:, None]
            last, power = (
                np.broadcast_to(v[:, None], tau.shape) for v in (self.b + frequency, self.r + frequency)
            )
            return mean_power(self.a, last.ravel(), power.ravel() + 1, tau.ravel()).reshape(tau.shape)

        return np.asarray(
            (self.r + frequency)
            / start
            * over_horizon(purchases, start / np.maximum(1, decay), horizon, rates)
        )

    def unconditional(self, times: Floats) -> Floats:
        """E[X(t)] of a new customer: (9)."""
        zero = np.zeros(1)
        return np.array([self.expected_while_alive(zero, zero, float(t))[0] for t in np.atleast_1d(times)])

    def _logs(self) -> Floats:
        return np.asarray(np.log([self.r, self.alpha, self.a, self.b]))


class _Terms:
    """C, H and G with their derivatives by (log r, log α, log a, log b)."""

    def constant(self, logs: Floats, frequency: Floats) -> Term:
        r, alpha, a, b = np.exp(logs)
        log = gammaln(r + frequency) - gammaln(r) + r * np.log(alpha)
        # B(a, b+x) / B(a, b)
        log += gammaln(b + frequency) - gammaln(b) + gammaln(a + b) - gammaln(a + b + frequency)
        by_r = digamma(r + frequency) - digamma(r) + np.log(alpha)
        by_a = digamma(a + b) - digamma(a + b + frequency)
        by_b = by_a + digamma(b + frequency) - digamma(b)
        return Term(log, np.stack([r * by_r, np.full_like(frequency, r), a * by_a, b * by_b]))

    def until_age(self, logs: Floats, frequency: Floats, age: Floats) -> Term:
        r, alpha, _, _ = np.exp(logs)
        log_age, zero = np.log(alpha + age), np.zeros_like(frequency)
        by_alpha = -(r + frequency) * alpha / (alpha + age)
        return Term(-(r + frequency) * log_age, np.stack([-r * log_age, by_alpha, zero, zero]))

    def until_recency(self, logs: Floats, frequency: Floats, recency: Floats) -> Term:
        r, alpha, a, b = np.exp(logs)
        repeated = frequency > 0
        survived = np.where(repeated, b + frequency - 1, 1.0)
        log_recency = np.log(alpha + recency)
        log = np.log(a) - np.log(survived) - (r + frequency) * log_recency
        by_alpha = -(r + frequency) * alpha / (alpha + recency)
        gradient = np.stack([-r * log_recency, by_alpha, np.ones_like(frequency), -b / survived])
        return Term(np.where(repeated, log, -np.inf), np.where(repeated, gradient, 0.0))


def fit(histories: Histories, start: BgNbd | None = None) -> Fit[BgNbd]:
    """Fit by maximum likelihood; `start` is a model to begin with, besides the usual starts."""
    require_repeats(histories)
    terms, sample = _Terms(), histories.sample(SAMPLE)
    rate = histories.repeat_rate
    starts = [(r, r / rate, a, b) for r, a, b in ((0.5, 0.5, 2.0), (2.0, 1.0, 8.0))]
    return maximise(
        lambda parameters: BgNbd(**parameters),
        NAMES,
        lambda logs: log_likelihood(terms, logs, histories),
        [*starts, *([tuple(asdict(start).values())] if start else [])],
        histories.total,
        lambda logs: log_likelihood(terms, logs, sample),
    )
