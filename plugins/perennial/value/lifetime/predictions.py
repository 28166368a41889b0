"""A model of purchases in; what is expected of customers, whether or not they are still alive, out."""

from typing import Protocol

import numpy as np

from perennial.value.lifetime.histories import Floats


class PurchaseModel(Protocol):
    """A fitted model. Arrays are of one length; times are in the unit of the histories."""

    def p_alive(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """The probability that the customer may buy again."""

    def expected_while_alive(self, frequency: Floats, age: Floats, horizon: float) -> Floats:
        """Purchases to expect within the horizon of a customer who is alive now."""

    def discounted_while_alive(
        self, frequency: Floats, age: Floats, horizon: float | None, *rates: float
    ) -> Floats:
        """The same, discounted continuously at each rate per unit of time (rates × n); None is for ever."""

    def unconditional(self, times: Floats) -> Floats:
        """Repeat purchases to expect of a new customer within each of the times."""

    def expected_purchases(self, frequency: Floats, recency: Floats, age: Floats, horizon: float) -> Floats:
        """E[Y(t) | x, t_x, T]: purchases to expect within the horizon."""
        alive = self.p_alive(frequency, recency, age)
        return alive * self.expected_while_alive(frequency, age, horizon)

    def discounted_purchases(
        self, frequency: Floats, recency: Floats, age: Floats, horizon: float | None, rate: float
    ) -> Floats:
        """Discounted expected transactions: the value of the purchases to come, in purchases of today."""
        alive = self.p_alive(frequency, recency, age)
        while_alive = self.discounted_while_alive(frequency, age, horizon, rate)
        return np.asarray(alive * while_alive[0])
