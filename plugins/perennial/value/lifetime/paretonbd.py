"""Grouped histories in; the Pareto/NBD model, its fit, and its predictions out.

Customers buy at a rate λ ~ gamma(r, α) until they become inactive, at a moment that is exponential with rate
μ ~ gamma(s, β). Schmittlein, Morrison and Colombo, "Counting your customers", Management Science 33 (1987);
equation numbers (n) are those of Fader and Hardie, "A note on deriving the Pareto/NBD model" (2005).

The likelihood of x repeat purchases, the last at t_x, in an age of T (theirs (17), unsolved):

    L = Γ(r+x) α^r β^s / Γ(r) · [ (α+T)^-(r+x) (β+T)^-s + s ∫ from t_x to T of (α+u)^-(r+x) (β+u)^-(s+1) du ]

The integral is one from t_x to infinity less one from T; by parts, the first summand less the latter is
H(x, T) = (r+x) ∫ from T to ∞ of (α+u)^-(r+x+1) (β+u)^-s du. So L = C(x) [H(x, T) + G(x, t_x)] with
G(x, t_x) = s ∫ from t_x to ∞ of (α+u)^-(r+x) (β+u)^-(s+1) du: only positive terms, each of two arguments.
"""

from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import digamma, exprel, gammaln

from perennial.value.lifetime.fitting import SAMPLE, Fit, maximise, require_repeats
from perennial.value.lifetime.histories import Floats, Histories
from perennial.value.lifetime.likelihood import Term, each, log_likelihood
from perennial.value.lifetime.predictions import PurchaseModel
from perennial.value.lifetime.quadrature import over_horizon
from perennial.value.lifetime.tails import log_tail

NAMES = ("r", "alpha", "s", "beta")


@dataclass(frozen=True)
class ParetoNbd(PurchaseModel):
    """Parameters; α and β are in the unit of time of the histories."""

    r: float
    alpha: float
    s: float
    beta: float

    def log_likelihood(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """Of each history: (18)."""
        return each(_Terms(), self._logs(), frequency, recency, age)[0]

    def p_alive(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """P(Ω > T | x, t_x, T): the first summand's share in L; (36)."""
        *_, log_sum = each(_Terms(), self._logs(), frequency, recency, age)
        alive = -(self.r + frequency) * np.log(self.alpha + age) - self.s * np.log(self.beta + age)
        return np.asarray(np.minimum(np.exp(alive - log_sum), 1.0))

    def expected_while_alive(self, frequency: Floats, age: Floats, horizon: float) -> Floats:
        """E[X(T, T+t) | x, t_x, T, alive at T]: (41) without its factor P(alive).

        (r+x)(β+T) / ((α+T)(s-1)) · [1 - ((β+T)/(β+T+t))^(s-1)], continued through s = 1.
        """
        log_growth = np.log1p(horizon / (self.beta + age))
        lifetime = (self.beta + age) * log_growth * exprel((1 - self.s) * log_growth)
        return np.asarray((self.r + frequency) / (self.alpha + age) * lifetime)

    def discounted_while_alive(
        self, frequency: Floats, age: Floats, horizon: float | None, *rates: float
    ) -> Floats:
        """The same, with each purchase at T+t worth e^(-rate t); None is for ever.

        (r+x)/(α+T) ∫ from 0 to the horizon of ((β+T)/(β+T+t))^s e^(-rate t) dt. Without an end it is
        (r+x)/(α+T) · rate^(s-1) (β+T)^s Ψ(s, s; rate (β+T)), Fader et al., "RFM and CLV" (2005), (4).
        """
        start = self.beta + age

        def survival(times: Floats) -> Floats:
            return np.asarray(np.exp(-self.s * np.log1p(times / start[:, None])))

        return np.asarray(
            (self.r + frequency)
            / (self.alpha + age)
            * over_horizon(survival, start / max(1.0, self.s), horizon, rates)
        )

    def unconditional(self, times: Floats) -> Floats:
        """E[X(t)] of a new customer: (27)."""
        zero = np.zeros(1)
        return np.array([self.expected_while_alive(zero, zero, float(t))[0] for t in np.atleast_1d(times)])

    def _logs(self) -> Floats:
        return np.asarray(np.log([self.r, self.alpha, self.s, self.beta]))


class _Terms:
    """C, H and G with their derivatives by (log r, log α, log s, log β)."""

    def constant(self, logs: Floats, frequency: Floats) -> Term:
        r, alpha, s, beta = np.exp(logs)
        log = gammaln(r + frequency) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        flat = np.ones_like(frequency)
        by_r = r * (digamma(r + frequency) - digamma(r) + np.log(alpha))
        return Term(log, np.stack([by_r, r * flat, s * np.log(beta) * flat, s * flat]))

    def until_age(self, logs: Floats, frequency: Floats, age: Floats) -> Term:
        r, alpha, s, beta = np.exp(logs)
        tail = log_tail(r + frequency + 1, float(s), float(alpha), float(beta), age)
        by_r = r * (tail.by_a + 1 / (r + frequency))
        gradient = np.stack([by_r, alpha * tail.by_alpha, s * tail.by_b, beta * tail.by_beta])
        return Term(np.log(r + frequency) + tail.log, gradient)

    def until_recency(self, logs: Floats, frequency: Floats, recency: Floats) -> Term:
        r, alpha, s, beta = np.exp(logs)
        tail = log_tail(r + frequency, float(s) + 1, float(alpha), float(beta), recency)
        by_s = 1 + s * tail.by_b
        gradient = np.stack([r * tail.by_a, alpha * tail.by_alpha, by_s, beta * tail.by_beta])
        return Term(np.log(s) + tail.log, gradient)


def fit(histories: Histories, start: ParetoNbd | None = None) -> Fit[ParetoNbd]:
    """Fit by maximum likelihood; `start` is a model to begin with, besides the usual starts."""
    require_repeats(histories)
    terms, sample = _Terms(), histories.sample(SAMPLE)
    age, rate = histories.mean_age, histories.repeat_rate
    starts = [(r, r / rate, s, s * age) for r, s in ((0.5, 0.5), (2.0, 1.0))]
    return maximise(
        lambda parameters: ParetoNbd(**parameters),
        NAMES,
        lambda logs: log_likelihood(terms, logs, histories),
        [*starts, *([tuple(asdict(start).values())] if start else [])],
        histories.total,
        lambda logs: log_likelihood(terms, logs, sample),
    )
