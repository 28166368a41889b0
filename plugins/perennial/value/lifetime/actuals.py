"""Earlier scores and the purchases since in; what had been predicted until a day, and what came, out."""

from datetime import date, timedelta

import polars as pl

from perennial.value.lifetime.definition import LifetimeDefinition
from perennial.value.lifetime.histories import Histories
from perennial.value.lifetime.predictions import PurchaseModel
from perennial.value.lifetime.score import Horizon, score
from perennial.value.lifetime.summary import PERSON, came

SCORED = [PERSON, "frequency", "recency", "age", "expected_spend", "predicted_value_decile"]
"""What is needed of a day's scores."""


def actuals(
    scored: pl.DataFrame,
    model: PurchaseModel,
    events: pl.LazyFrame,
    definition: LifetimeDefinition,
    scored_as_of: date,
    as_of: date,
) -> pl.DataFrame:
    """Compare scores of a day with what the same customers did from then on, by predicted decile.

    `scored` are that day's `scores` (the columns `SCORED`), by `model`; `events` are the definition's
    `purchases`. The comparison ends at `as_of`, or with the horizon if that is over before. Money is neither
    discounted nor reduced to the margin. Columns: `scored_as_of`, `days` until the end, `decile`,
    `customers`, and in total `predicted_purchases`, `actual_purchases`, `predicted_spend`, `actual_spend`.
    """
    end = min(as_of, scored_as_of + timedelta(days=definition.horizon_days))
    until = Horizon(definition.convention.units(scored_as_of, end))
    history = scored.select(SCORED)
    predicted = score(history, model, None, until, Histories.grouped(history))
    since = came(events, scored_as_of, end, definition.convention).collect(engine="streaming")
    compared = predicted.join(since, on=PERSON, how="left", maintain_order="left")
    spend = pl.col("expected_purchases") * pl.col("expected_spend")
    return (
        compared.group_by(decile="predicted_value_decile")
        .agg(
            customers=pl.len().cast(pl.Int64),
            predicted_purchases=pl.col("expected_purchases").sum(),
            actual_purchases=pl.col("purchases").sum(),
            predicted_spend=spend.sum(),
            actual_spend=pl.col("spend").sum().cast(pl.Decimal(18, 2)),
        )
        .sort("decile")
        .select(
            pl.lit(scored_as_of).alias("scored_as_of"),
            pl.lit((end - scored_as_of).days, pl.Int64).alias("days"),
            pl.all(),
        )
    )
