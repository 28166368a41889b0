"""Events in; per customer, overall and per dimension, each metric's value and rank in every lookback out.

This is the definition, written once for every engine that narwhals speaks to: Polars, and Spark where one
machine is not enough. A rank is `NTILE(n)` over the values in descending order: 1 is the greatest, sizes
differ by at most one and the first buckets take the surplus. Ties go to the smaller customer id, so that
reruns are equal. Who has no row in a window has neither value nor rank there.

On one machine `perennial.value.days` gives the same answer, faster, from the ledger.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import narwhals as nw

from perennial.value.definition import ValueDefinition
from perennial.value.entries import PERSON, MetricError, entries, partials_of
from perennial.value.partials import Partial
from perennial.value.totals import groupings, totals, value
from perennial.value.windows import windows

__all__ = ["KEYS", "MetricError", "deciles", "ntile"]

KEYS = [PERSON, "dimension", "dimension_value", "lookback"]


def deciles(events: Any, definition: ValueDefinition, as_of: date, records: Mapping[str, Any]) -> Any:
    """Rank all customers as of the start of the day `as_of`, in the engine of `events`.

    `events` has `event_time` (UTC) and the columns that the definition names; `records` has the datasets
    that its dimensions look up. Returns a frame of the same engine, one row per (person_id, dimension,
    dimension_value, lookback), with columns `<metric>` and `<metric>_decile` (Int16). Decimals are whole
    numbers of their smallest unit; `perennial.value.money.as_money` makes them decimals again.
    """
    frame = nw.from_native(events).lazy()
    known = {name: nw.from_native(each).lazy() for name, each in records.items()}
    found, spans = partials_of(frame, definition), windows(definition, as_of)
    rows = entries(frame, definition, known)
    parts = []
    for grouping in groupings(definition):
        summed = totals(rows, found, spans, grouping)
        parts += [ranked(each, definition, found) for each in _lookbacks(summed, definition, found, grouping)]
    return nw.to_native(nw.concat(parts, how="vertical"))


def _lookbacks(
    summed: nw.LazyFrame, definition: ValueDefinition, found: Sequence[Partial], grouping: str
) -> Iterator[nw.LazyFrame]:
    for window in definition.windows():
        values = [
            value(name, metric, scale_of(name, found), window) for name, metric in definition.metrics.items()
        ]
        yield summed.select(
            PERSON,
            nw.lit(grouping).alias("dimension"),
            "dimension_value",
            nw.lit(window).alias("lookback"),
            *(each.alias(name) for name, each in zip(definition.metrics, values, strict=True)),
        ).filter(
            nw.any_horizontal(*(~nw.col(name).is_null() for name in definition.metrics), ignore_nulls=True)
        )


def ranked(values: nw.LazyFrame, definition: ValueDefinition, found: Sequence[Partial]) -> nw.LazyFrame:
    """Add the ranks of one lookback, within each dimension value."""
    group, order = "dimension_value", "__order"
    times = {partial.name for partial in found if partial.temporal}
    for name in ranked_metrics(definition, found):
        # Row numbers, on every engine: nulls are not counted, and equal values are ordered by the customer.
        backwards = nw.col(name).rank("min", descending=True).over(group) if name in times else -nw.col(name)
        values = values.with_columns(backwards.alias(order))
        rank = nw.col(order).cum_count().over(group, order_by=[order, PERSON])
        size = nw.col(order).count().over(group)
        values = values.with_columns(rank.alias("__rank"), size.alias("__size"))
        bucket = ntile(nw.col("__rank"), nw.col("__size"), definition.buckets)
        known = nw.when(~nw.col(name).is_null()).then(bucket).cast(nw.Int16)
        values = values.with_columns(known.alias(f"{name}_decile")).drop(order, "__rank", "__size")
    return values


def ranked_metrics(definition: ValueDefinition, found: Sequence[Partial]) -> list[str]:
    """The metrics by which customers are ranked: all but those that are texts."""
    texts = {partial.name for partial in found if not partial.ranked}
    return [name for name in definition.metrics if name not in texts]


def scale_of(name: str, found: Sequence[Partial]) -> int:
    """How many digits of a metric's whole numbers are decimals."""
    return next((partial.scale for partial in found if partial.name in (name, f"{name}__sum")), 0)


def ntile(rank: nw.Expr, size: nw.Expr, buckets: int) -> nw.Expr:
    """SQL's `NTILE(buckets)` from a rank (1 is first) among `size` rows."""
    rank, size = rank.cast(nw.Int64), size.cast(nw.Int64)
    small, surplus = size // buckets, size % buckets
    cut = surplus * (small + 1)
    in_large = (rank - 1) // (small + 1) + 1
    # With fewer rows than buckets `small` is 0, and every rank lies below the cut.
    in_small = surplus + (rank - 1 - cut) // nw.max_horizontal(small, nw.lit(1, nw.Int64)) + 1
    return nw.when(rank <= cut).then(in_large).otherwise(in_small)
