"""Purchases and the model in use in; every customer's row of what to expect, as of a day, out.

    predicted_spend = expected_purchases × expected_spend           within the horizon, nothing discounted
    predicted_value = discounted_purchases × expected_spend × margin

One-time buyers and customers of yesterday are scored like all others.
"""

from datetime import date

import numpy as np
import polars as pl

from perennial.lake.lifetime import LIFETIME_SCORES
from perennial.value.lifetime.definition import LifetimeDefinition
from perennial.value.lifetime.quality import BUCKETS
from perennial.value.lifetime.refit import InUse
from perennial.value.lifetime.score import Horizon, continuous, score
from perennial.value.lifetime.summary import PERSON, summarise
from perennial.value.order import buckets_of


def scores(events: pl.LazyFrame, definition: LifetimeDefinition, as_of: date, model: InUse) -> pl.DataFrame:
    """Score everybody who bought before midnight (UTC) at the start of the day, in the order of `person_id`.

    `events` are the definition's `purchases`; times are in its unit, money is in that of the amounts. Deciles
    are NTILE(10) of `predicted_value` in descending order, ties in the order of `person_id`.
    """
    summary = summarise(events, as_of, definition.convention).sort(PERSON).collect(engine="streaming")
    scored = score(summary, model.final.purchases, model.final.spend, horizon(definition)).with_columns(
        predicted_value=pl.col("predicted_value") * definition.margin
    )
    ranks = np.empty(scored.height, dtype=np.int64)
    ranks[np.argsort(-scored["predicted_value"].to_numpy(), kind="stable")] = np.arange(1, scored.height + 1)
    deciles = pl.Series(buckets_of(ranks, scored.height, BUCKETS))
    ranked = scored.with_columns(predicted_value_decile=deciles, fit_id=pl.lit(model.fit_id))
    return ranked.select(
        # What was spent keeps the exact type of the amounts.
        pl.col(name) if name in ("spend", "spend_last_year") else pl.col(name).cast(kind)
        for name, kind in LIFETIME_SCORES.items()
    )


def horizon(definition: LifetimeDefinition) -> Horizon:
    """How far ahead is predicted, in units of time, with the rate of discount per unit."""
    unit = definition.unit_days
    return Horizon(definition.horizon_days / unit, continuous(definition.discount, unit))
