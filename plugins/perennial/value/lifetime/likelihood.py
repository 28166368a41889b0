"""A model's terms at distinct pairs in; the log-likelihood of all histories and its gradient out.

BG/NBD and Pareto/NBD have the same form. The likelihood of a history is

    L(x, t_x, T) = C(x) · [ H(x, T) + G(x, t_x) ],

where C does not depend on time, and each term is known as a logarithm together with its derivatives. In
BG/NBD, H is the case of a customer who is alive at the age T, and G that of one who left after the last
purchase; in Pareto/NBD, G also holds those who will leave after T, and H the rest of those who are alive.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from perennial.value.lifetime.histories import Floats, Histories


@dataclass(frozen=True)
class Term:
    """A term's logarithm at n arguments, and its derivatives by the k log-parameters (k × n)."""

    log: Floats
    gradient: Floats


class Mixture(Protocol):
    """The terms of a model at parameters that are given as logarithms."""

    def constant(self, logs: Floats, frequency: Floats) -> Term:
        """log C(x)."""

    def until_age(self, logs: Floats, frequency: Floats, age: Floats) -> Term:
        """log H(x, T)."""

    def until_recency(self, logs: Floats, frequency: Floats, recency: Floats) -> Term:
        """log G(x, t_x); minus infinity where a model knows no such case."""


def log_likelihood(model: Mixture, logs: Floats, histories: Histories) -> tuple[float, Floats]:
    """Sum over all customers; the gradient is by the logarithms of the parameters."""
    constant = model.constant(logs, *histories.frequencies.columns)
    late = model.until_age(logs, *histories.until_age.columns)
    early = model.until_recency(logs, *histories.until_recency.columns)

    h = late.log[histories.until_age.of_triple]
    g = early.log[histories.until_recency.of_triple]
    log_sum = np.logaddexp(h, g)
    early_weight = histories.customers * np.exp(g - log_sum)

    by_frequency = histories.frequencies.total(histories.customers)
    value = float(constant.log @ by_frequency + log_sum @ histories.customers)
    gradient = (
        constant.gradient @ by_frequency
        + late.gradient @ histories.until_age.total(histories.customers - early_weight)
        + early.gradient @ histories.until_recency.total(early_weight)
    )
    return value, gradient


def each(
    model: Mixture, logs: Floats, frequency: Floats, recency: Floats, age: Floats
) -> tuple[Floats, Floats, Floats]:
    """For each history: the log-likelihood, log H(x, T), and log (H(x, T) + G(x, t_x))."""
    histories = Histories(frequency, recency, age, np.ones_like(frequency))
    constant = model.constant(logs, *histories.frequencies.columns).log
    late = model.until_age(logs, *histories.until_age.columns).log
    early = model.until_recency(logs, *histories.until_recency.columns).log
    alive = late[histories.until_age.of_triple]
    log_sum = np.logaddexp(alive, early[histories.until_recency.of_triple])
    return constant[histories.frequencies.of_triple] + log_sum, alive, log_sum
