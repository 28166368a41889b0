"""Mean spends of repeat buyers in; the Gamma-Gamma model, its fit, and the mean spend to expect out.

A customer's purchases are worth gamma(p, ν) each, and ν ~ gamma(q, v) among customers, independently of how
often they buy. Fader and Hardie, "The gamma-gamma model of monetary value" (2013); equation numbers (n) are
theirs. The likelihood of a mean of z over x purchases is (1a):

    Γ(px+q) / (Γ(px) Γ(q)) · v^q z^(px-1) x^(px) / (v + xz)^(px+q)

Who has no positive mean spend (no repeat purchase, or refunds that exceed them) tells nothing of the
parameters.
"""

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl
from scipy.special import digamma, gammaln

from perennial.value.lifetime.fitting import SAMPLE, Fit, FitError, maximise
from perennial.value.lifetime.histories import Distinct, Floats

NAMES = ("p", "q", "v")


@dataclass(frozen=True)
class GammaGamma:
    """Parameters; v is in the unit of the money."""

    p: float
    q: float
    v: float

    @property
    def mean(self) -> float:
        """The mean spend of a customer of whom nothing is known: p v / (q-1); (3)."""
        return self.p * self.v / (self.q - 1)

    def expected_spend(self, frequency: pl.Expr, mean_spend: pl.Expr) -> pl.Expr:
        """E[Z | x, z]: p (v + xz) / (px + q - 1); (5). A mean spend below zero, or none, counts as zero.

        With no repeat purchase it is the mean of all customers.
        """
        spent = frequency * mean_spend.cast(pl.Float64).clip(0).fill_null(0.0)
        return self.p * (self.v + spent) / (self.p * frequency + (self.q - 1))

    def log_likelihood(self, frequency: Floats, mean_spend: Floats) -> Floats:
        """Of each customer, with a frequency and a mean spend above zero: the logarithm of (1a)."""
        px = self.p * frequency
        return np.asarray(
            gammaln(px + self.q)
            - gammaln(px)
            - gammaln(self.q)
            + self.q * np.log(self.v)
            + px * np.log(frequency * mean_spend)
            - np.log(mean_spend)
            - (px + self.q) * np.log(frequency * mean_spend + self.v)
        )


@dataclass(frozen=True)
class Spends:
    """Distinct (frequency, mean spend), both above zero, and how many customers share each."""

    frequency: Floats
    mean_spend: Floats
    customers: Floats

    @classmethod
    def grouped(cls, summary: pl.DataFrame) -> "Spends":
        """Of summaries with the columns `frequency` and `mean_spend`."""
        columns = ["frequency", "mean_spend"]
        repeat = summary.filter(pl.col("frequency") > 0, pl.col("mean_spend") > 0).select(
            pl.col(columns).cast(pl.Float64)
        )
        groups = repeat.group_by(columns).agg(customers=pl.len().cast(pl.Float64)).sort(columns)
        return cls(*(groups[name].to_numpy() for name in [*columns, "customers"]))

    def sample(self, size: int) -> "Spends":
        """Every k-th, at most `size`."""
        step = max(1, -(-len(self.customers) // size))
        return Spends(
            *(column[::step] for column in (self.frequency, self.mean_spend, self.customers * step))
        )


class _Likelihood:
    """The sum over customers, with its gradient by (log p, log q, log v)."""

    def __init__(self, spends: Spends) -> None:
        self.distinct = Distinct.of(spends.frequency)
        self.by_frequency = self.distinct.total(spends.customers)
        self.frequency, self.customers = spends.frequency, spends.customers
        self.spent = spends.frequency * spends.mean_spend
        self.weighted = spends.customers * spends.frequency
        self.log_spent = float(self.weighted @ np.log(self.spent))
        self.log_mean = float(spends.customers @ np.log(spends.mean_spend))

    def __call__(self, logs: Floats) -> tuple[float, Floats]:
        p, q, v = np.exp(logs)
        n, (x,) = self.by_frequency, self.distinct.columns
        log_total = np.log(self.spent + v)
        x_log, one_log = float(self.weighted @ log_total), float(self.customers @ log_total)
        share = 1 / (self.spent + v)
        value = n @ (gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v))
        value += p * self.log_spent - self.log_mean - p * x_log - q * one_log
        by_p = n @ (x * (digamma(p * x + q) - digamma(p * x))) + self.log_spent - x_log
        by_q = n @ (digamma(p * x + q) - digamma(q) + np.log(v)) - one_log
        by_v = n.sum() * q / v - p * float(self.weighted @ share) - q * float(self.customers @ share)
        return float(value), np.array([p * by_p, q * by_q, v * by_v])


def fit(spends: Spends, start: GammaGamma | None = None) -> Fit[GammaGamma]:
    """Fit by maximum likelihood; `start` is a model to begin with, besides the usual starts."""
    customers = float(spends.customers.sum())
    if customers < len(NAMES):
        raise FitError(
            f"{round(customers)} customers have a mean repeat spend above zero: a longer period is needed"
        )
    middle = float(np.median(spends.mean_spend))
    starts = [(p, q, middle * (q - 1) / p) for p, q in ((2.0, 3.0), (6.0, 4.0))]
    fitted = maximise(
        lambda parameters: GammaGamma(**parameters),
        NAMES,
        _Likelihood(spends),
        [*starts, *([tuple(asdict(start).values())] if start else [])],
        customers,
        _Likelihood(spends.sample(SAMPLE)),
    )
    if fitted.model.q <= 1:
        raise FitError(
            f"q = {fitted.model.q:.3f}: spends are spread so widely that their mean is infinite; "
            "cut off extreme amounts, or predict purchases only"
        )
    return fitted


def correlation(summary: pl.DataFrame) -> float:
    """Between frequency and mean spend of repeat buyers: the model takes it to be zero. NaN if undefined."""
    repeat = summary.filter(pl.col("frequency") > 0, pl.col("mean_spend") > 0)
    value = repeat.select(
        pl.corr(pl.col("frequency").cast(pl.Float64), pl.col("mean_spend").cast(pl.Float64))
    )
    answer = value.item()
    return float("nan") if answer is None else float(answer)
