"""Events in; per customer, overall and per dimension, each metric's value and rank in every lookback out.

This is the definition, written once for every engine that narwhals speaks to: Polars, and Spark where one
machine is not enough. A rank is `NTILE(n)` over the values in descending order: 1 is the greatest, sizes
differ by at most one and the first buckets take the surplus. Ties go to the smaller customer id, so that
reruns are equal. Who has no row in a window has neither value nor rank there.

On one machine `perennial.value.days` gives the same answer, faster, from the ledger.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import narwhals as nw

from perennial.value.definition import ALL, OVERALL, UNKNOWN, ValueDefinition
from perennial.value.entries import PERSON, MetricError, entries, partials_of
from perennial.value.partials import Partial
from perennial.value.totals import groupings, totals, value
from perennial.value.windows import windows

__all__ = ["KEYS", "MetricError", "deciles", "ntile"]

KEYS = [PERSON, "dimension", "dimension_value", "lookback"]
SEPARATOR = "\n"
"""Stands in no name of a dimension or a lookback."""


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
    rows = _by_grouping(entries(frame, definition, known), definition)
    summed = totals(rows, found, spans, "__value", [PERSON, "dimension", "dimension_value"])
    return nw.to_native(ranked(_by_lookback(summed, definition, found), definition, found))


def _by_grouping(rows: nw.LazyFrame, definition: ValueDefinition) -> nw.LazyFrame:
    """Each entry once overall, and once for each dimension: one plan, which engines run in one pass."""
    every = _repeated(rows, "dimension", groupings(definition))
    overall = nw.when(nw.col("dimension") == OVERALL).then(nw.lit(ALL))
    of = [nw.when(nw.col("dimension") == name).then(nw.col(name)) for name in definition.dimensions]
    return every.with_columns(nw.coalesce(overall, *of, nw.lit(UNKNOWN)).alias("__value"))


def _by_lookback(summed: nw.LazyFrame, definition: ValueDefinition, found: Sequence[Partial]) -> nw.LazyFrame:
    """The metrics' values, one row for each lookback in which there are any."""
    spans, values = list(definition.windows()), []
    for name, metric in definition.metrics.items():
        scale = scale_of(name, found)
        each = [nw.when(nw.col("lookback") == w).then(value(name, metric, scale, w)) for w in spans]
        values.append((nw.coalesce(*each) if len(each) > 1 else each[0]).alias(name))
    known = nw.any_horizontal(*(~nw.col(name).is_null() for name in definition.metrics), ignore_nulls=True)
    return _repeated(summed, "lookback", spans).select(*KEYS, *values).filter(known)


def _repeated(frame: nw.LazyFrame, name: str, values: Sequence[str]) -> nw.LazyFrame:
    """Each row once for each of the values, which stand in a column of that name."""
    texts = nw.lit(SEPARATOR.join(values)).str.split(SEPARATOR)
    return frame.with_columns(texts.alias(name)).explode(name)


def ranked(values: nw.LazyFrame, definition: ValueDefinition, found: Sequence[Partial]) -> nw.LazyFrame:
    """Add the ranks within each lookback and dimension value."""
    group, order = [name for name in KEYS if name != PERSON], "__order"
    times = {partial.name for partial in found if partial.temporal}
    for name in ranked_metrics(definition, found):
        # Row numbers, on every engine: nulls are not counted, and equal values are ordered by the customer.
        latest = nw.col(name).rank("min", descending=True).over(*group)
        values = values.with_columns((latest if name in times else -nw.col(name)).alias(order))
        rank = nw.col(order).cum_count().over(*group, order_by=[order, PERSON])
        size = nw.col(order).count().over(*group)
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
