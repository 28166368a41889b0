"""Events in, RFM scores and segments of all customers, as of a day or of many, out."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import polars as pl

from perennial.lake.spark.cluster import Cluster
from perennial.stages import rfm_spark
from perennial.stages.value_spark import no_cluster
from perennial.stages.whose import customers
from perennial.stages.workspace import Workspace
from perennial.value.money import decimal
from perennial.value.rfm.definition import RfmDefinition
from perennial.value.rfm.scores import purchases, scale, scored
from perennial.value.windows import days_between, months_before


def compute_rfm(
    workspace: Workspace, as_of: date, spark: Callable[[], Cluster] = no_cluster
) -> dict[str, int]:
    """Score all customers by every RFM document as of a day; returns how many there were, by document.

    `spark` gives where documents with `engine: spark` are computed.
    """
    return compute_rfm_days(workspace, as_of, as_of, spark)


def compute_rfm_days(
    workspace: Workspace, first: date, last: date, spark: Callable[[], Cluster] = no_cluster
) -> dict[str, int]:
    """Score all customers as of each of consecutive days, on one machine in one pass over the events.

    Returns the rows that were written, by document.
    """
    days, rows = days_between(first, last), {}
    for name, definition in workspace.rfm.items():
        if definition.engine == "spark":
            workspace.refuse_on_spark(f"value {name}", definition.dataset)
            cluster = spark()
            rows[name] = sum(rfm_spark.compute(workspace, definition, day, cluster) for day in days)
        else:
            rows[name] = _compute(workspace, definition, days)
    return rows


def _compute(workspace: Workspace, definition: RfmDefinition, days: Sequence[date]) -> int:
    events = _seen(customers(workspace, definition.dataset, definition.identity), definition, days)
    bought = purchases(events, definition).collect(engine="streaming").lazy()
    digits, rows = scale(events, definition), 0
    for as_of in days:
        scores = scored(bought, definition, as_of).with_columns(
            decimal(pl.col("revenue"), digits).alias("revenue"), as_of=pl.lit(as_of)
        )
        written = scores.sort("person_id").collect(engine="streaming")
        workspace.lake.rfm(definition.name).replace(written, as_of)
        rows += written.height
    return rows


def _seen(events: pl.LazyFrame, definition: RfmDefinition, days: Sequence[date]) -> pl.LazyFrame:
    """Events that some of the days may see: files of other days are not read."""
    if "event_date" not in events.collect_schema():
        return events
    # The day of an event in the definition's time zone may be the one before or after.
    seen = events.filter(pl.col("event_date") <= max(days))
    if definition.lookback == "lifetime":
        return seen
    start = months_before(min(days), definition.lookback) - timedelta(days=1)
    return seen.filter(pl.col("event_date") >= start)
