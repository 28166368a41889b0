"""Events in; for each customer recency, frequency and monetary value, their scores and their segment out.

This is the definition, written once for every engine that narwhals speaks to: Polars, and Spark where one
machine is not enough. A score is `NTILE(n)` among all customers: 1 is the best, sizes differ by at most one
and the first groups take the surplus. Ties go to the smaller customer id, so that reruns are equal.
"""

from datetime import date
from typing import Any

import narwhals as nw

from perennial.value.deciles import ntile, scale_of
from perennial.value.entries import DAY, PERSON, TIME, MetricError, entries, partials_of
from perennial.value.rfm.definition import AXES, RfmDefinition
from perennial.value.rfm.segments import segment
from perennial.value.windows import FIRST, months_before

ORDER, AMOUNT, BOUGHT, LAST = "order", "amount", "bought", "last_day"


def rfm(events: Any, definition: RfmDefinition, as_of: date) -> Any:
    """Score all customers who ordered within the lookback, as of the start of the day `as_of`.

    `events` has `event_time` (UTC) and the columns that the definition names. Returns a frame of the same
    engine, one row a customer: `person_id`; `recency_days` (Int64: days from the last order's day to `as_of`,
    so 1 is yesterday), `orders` (Int64), `revenue` (Int64, in units of 10^-`scale`); `recency`, `frequency`,
    `monetary` (Int16, the scores); `score` (String, such as 114) and `segment` (String). Raises `MetricError`
    where a column is missing or amounts are floats.
    """
    return scored(purchases(events, definition), definition, as_of)


def purchases(events: Any, definition: RfmDefinition) -> Any:
    """What each customer bought and gave back by order and day: all that scores depend on.

    One row for each (person_id, order, day): `amount` (Int64) and `bought` (Int64), how many of its rows are
    no refunds.
    """
    frame = nw.from_native(events).lazy()
    if TIME not in frame.collect_schema():
        raise MetricError(f"{definition.name}: {definition.dataset} has no {TIME}: give a dataset of events")
    rows = entries(frame, definition.purchases, {}).select(PERSON, ORDER, DAY, AMOUNT)
    if definition.amount_of == "order":
        rows = rows.unique([PERSON, ORDER, DAY, AMOUNT])
    kept = nw.when(nw.col(AMOUNT) >= 0).then(nw.lit(1, nw.Int64)).otherwise(nw.lit(0, nw.Int64))
    by_order = rows.with_columns(kept.alias(BOUGHT)).group_by(PERSON, ORDER, DAY)
    return nw.to_native(by_order.agg(nw.col(AMOUNT).sum(), nw.col(BOUGHT).sum()))


def scored(bought: Any, definition: RfmDefinition, as_of: date) -> Any:
    """The scores that follow from `purchases`."""
    frame = nw.from_native(bought).lazy()
    start = FIRST if definition.lookback == "lifetime" else months_before(as_of, definition.lookback)
    window = frame.filter(nw.col(DAY) >= nw.lit(start, nw.Date), nw.col(DAY) < nw.lit(as_of, nw.Date))
    is_order = ~nw.col(ORDER).is_null() & (nw.col(BOUGHT) > 0)
    by_order = (
        window.with_columns(nw.when(is_order).then(nw.col(DAY)).alias(LAST))
        .group_by(PERSON, ORDER)
        .agg(nw.col(AMOUNT).sum(), nw.col(LAST).max())
    )
    people = by_order.group_by(PERSON).agg(
        nw.col(LAST).max(), nw.col(LAST).count().alias("orders"), nw.col(AMOUNT).sum().alias("revenue")
    )
    customers = people.filter(~nw.col(LAST).is_null()).select(
        nw.col(PERSON).cast(nw.String),
        (nw.lit(as_of.toordinal(), nw.Int64) - ordinal(nw.col(LAST))).alias("recency_days"),
        nw.col("orders").cast(nw.Int64),
        nw.col("revenue"),
    )
    # The least of these is the best.
    best = {
        "recency": nw.col("recency_days"),
        "frequency": -nw.col("orders"),
        "monetary": -nw.col("revenue"),
    }
    customers = customers.with_columns(nw.lit(1, nw.Int64).alias("__all"))
    for axis in AXES:
        ranked = customers.with_columns(best[axis].alias("__order"))
        rank = nw.col("__order").cum_count().over("__all", order_by=["__order", PERSON])
        size = nw.col("__order").count().over("__all")
        numbered = ranked.with_columns(rank.alias("__rank"), size.alias("__size"))
        bucket = ntile(nw.col("__rank"), nw.col("__size"), definition.buckets)
        customers = numbered.with_columns(bucket.cast(nw.Int16).alias(axis)).drop(
            "__order", "__rank", "__size"
        )
    score = nw.concat_str(*(nw.col(axis).cast(nw.String) for axis in AXES))
    labelled = customers.drop("__all").with_columns(
        score.alias("score"), segment(definition).alias("segment")
    )
    return nw.to_native(labelled)


def scale(events: Any, definition: RfmDefinition) -> int:
    """How many digits of `revenue` are decimals."""
    return scale_of(AMOUNT, partials_of(nw.from_native(events).lazy(), definition.purchases))


def ordinal(day: nw.Expr) -> nw.Expr:
    """A day's number, as Python's `date.toordinal` counts: no engine but Polars subtracts days alike."""
    years = day.dt.year().cast(nw.Int64) - 1
    return years * 365 + years // 4 - years // 100 + years // 400 + day.dt.ordinal_day().cast(nw.Int64)
