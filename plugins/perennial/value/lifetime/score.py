"""Summaries of customers and fitted models in; what each customer is expected to do, and to be worth, out.

What does not depend on spend is computed once for each distinct (frequency, recency, age), what depends on
fewer of them once for each of these, and joined back: a million customers take seconds. Values are
expectations, and so floats; the money that came in stays exact.
"""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from perennial.value.lifetime.gammagamma import GammaGamma
from perennial.value.lifetime.histories import TRIPLE, Histories
from perennial.value.lifetime.predictions import PurchaseModel

DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Horizon:
    """How far ahead, and how much less later purchases count."""

    length: float
    """In the unit of time of the summaries."""
    rate: float = 0.0
    """A purchase after t is worth e^(-rate t); per unit of time. See `continuous`."""


def continuous(annual: float, unit_days: int) -> float:
    """The continuous rate per unit of time at which a purchase in a year is worth 1/(1 + annual)."""
    return math.log1p(annual) * unit_days / DAYS_A_YEAR


def score(
    summary: pl.DataFrame,
    purchases: PurchaseModel,
    spend: GammaGamma | None,
    horizon: Horizon,
    histories: Histories | None = None,
) -> pl.DataFrame:
    """Add to the summaries, in their order (`histories` are theirs, if they are grouped already):

    - `p_alive`, `expected_purchases` and `discounted_purchases` within the horizon;
    - with a model of spend: `expected_spend` (the mean of a purchase to come), and `predicted_value`, their
      product with the discounted purchases, and `predicted_spend`, with the others.
    """
    keys = summary.select(pl.col(TRIPLE).cast(pl.Float64))
    distinct = _distinct(histories or Histories.grouped(summary), purchases, horizon)
    scored = keys.join(distinct, on=TRIPLE, how="left", maintain_order="left").drop(TRIPLE)
    result = pl.concat([summary, scored], how="horizontal")
    if spend is None:
        return result
    return result.with_columns(
        expected_spend=spend.expected_spend(pl.col("frequency"), pl.col("mean_spend"))
    ).with_columns(
        predicted_spend=pl.col("expected_purchases") * pl.col("expected_spend"),
        predicted_value=pl.col("discounted_purchases") * pl.col("expected_spend"),
    )


def _distinct(histories: Histories, model: PurchaseModel, horizon: Horizon) -> pl.DataFrame:
    frequency, age = histories.until_age.columns
    if horizon.rate:
        expected, discounted = model.discounted_while_alive(frequency, age, horizon.length, 0.0, horizon.rate)
    else:
        expected = discounted = model.expected_while_alive(frequency, age, horizon.length)
    alive = model.p_alive(histories.frequency, histories.recency, histories.age)
    of_triple = histories.until_age.of_triple
    return pl.DataFrame(
        {
            **{name: np.asarray(getattr(histories, name)) for name in TRIPLE},
            "p_alive": alive,
            "expected_purchases": alive * expected[of_triple],
            "discounted_purchases": alive * discounted[of_triple],
        }
    )
