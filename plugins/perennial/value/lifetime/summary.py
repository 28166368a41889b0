"""Purchases up to the end of a calibration period in; per customer, what the models see of them, out.

As Fader, Hardie and Lee define it: the first purchase makes a customer, and is not counted. `frequency` is
the number of repeat purchases, `recency` the time from the first purchase to the last, `age` the time from
the first purchase to the last day of the period; `mean_spend` is the mean of the repeat purchases. Who
bought once has frequency 0 and recency 0.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Literal

import polars as pl

from perennial.value.lifetime.histories import SummaryError

PERSON = "person_id"
MICROSECONDS_A_DAY = 86_400_000_000


@dataclass(frozen=True)
class Convention:
    """How time and purchases are counted. The default is that of CDNOW: weeks, to the day."""

    unit_days: int = 7
    """Days in the unit of recency, age, and everything that the models say of time."""
    step_days: int = 1
    """Recency and age are whole numbers of steps, counted back from the end; days are those of UTC."""
    count: Literal["steps", "transactions"] = "steps"
    """What is one purchase: all that is bought within one step, or what shares a `transaction_id`."""

    def units(self, start: date, end: date) -> float:
        """The time from one midnight to another."""
        return (end - start).days / self.unit_days


WEEKS = Convention()


def summarise(
    events: pl.LazyFrame, end: date, convention: Convention = WEEKS, holdout_end: date | None = None
) -> pl.LazyFrame:
    """Summarise the customers who bought before midnight (UTC) at the start of the day `end`.

    `events` has `person_id`, `event_time` (UTC), `amount` (decimal, or whole numbers of the minor unit),
    and `transaction_id` if those are counted; a row with a null in one of them is left out. Amounts below
    zero are refunds: they are no purchases, and reduce the spend from the first purchase on.

    Returns per person `frequency`, `recency`, `age`, `mean_spend` (null without a repeat purchase), and
    exact `spend` and `spend_last_year` up to `end`. With a `holdout_end` also `holdout_purchases` and
    `holdout_spend` from `end` to there, 0 for who did not come back; who bought first in the holdout is not
    in it.
    """
    purchases = _purchases(events, end, convention, holdout_end or end)
    return _by_person(purchases, end, convention, holdout_end is not None)


def came(events: pl.LazyFrame, start: date, end: date, convention: Convention = WEEKS) -> pl.LazyFrame:
    """What was bought from one midnight to another, counted as a holdout is that begins at the first.

    Returns per person `purchases` and exact `spend`, for those who did anything.
    """
    purchases = _purchases(events.filter(pl.col("event_time") >= _midnight(start)), start, convention, end)
    return purchases.group_by(PERSON).agg(
        purchases=pl.col("bought").sum().cast(pl.Int64), spend=pl.col("net").sum()
    )


def _purchases(events: pl.LazyFrame, end: date, convention: Convention, until: date) -> pl.LazyFrame:
    """Purchases before `until`, with the step before `end` on which they were made."""
    _check(events, convention)
    step = pl.lit(convention.step_days * MICROSECONDS_A_DAY)
    # 0 is the last step before the end, -1 the first one after it.
    steps_before = (pl.lit(_micros(end)) - 1 - pl.col("event_time").dt.timestamp("us")) // step
    by_transaction = convention.count == "transactions"
    needed = [PERSON, "event_time", "amount", *(["transaction_id"] if by_transaction else [])]
    seen = events.select(needed).drop_nulls().filter(pl.col("event_time") < _midnight(until))
    return (
        seen.with_columns(step=steps_before)
        .group_by(PERSON, "transaction_id" if by_transaction else "step")
        .agg(
            *([pl.col("step").max()] if by_transaction else []),
            begun=pl.col("event_time").min(),
            net=pl.col("amount").sum(),
            bought=(pl.col("amount") >= 0).any(),
        )
    )


def _by_person(
    purchases: pl.LazyFrame, end: date, convention: Convention, with_holdout: bool
) -> pl.LazyFrame:
    calibration = pl.col("step") >= 0
    bought = calibration & pl.col("bought")
    first = pl.col("begun").filter(bought).min()
    known = calibration & (pl.col("begun") >= first)
    last_year = known & (pl.col("begun") >= _midnight(end).dt.offset_by("-12mo"))
    earliest, latest = pl.col("step").filter(bought).max(), pl.col("step").filter(bought).min()
    to_units = convention.step_days / convention.unit_days
    holdout = {
        "holdout_purchases": (~calibration & pl.col("bought")).sum().cast(pl.Int64),
        "holdout_spend": pl.col("net").filter(~calibration).sum(),
    }
    return (
        purchases.group_by(PERSON)
        .agg(
            frequency=bought.sum().cast(pl.Int64) - 1,
            recency=(earliest - latest) * to_units,
            age=earliest * to_units,
            spend=pl.col("net").filter(known).sum(),
            spend_last_year=pl.col("net").filter(last_year).sum(),
            # Two baskets of one instant: the smaller is the first, so that reruns are equal.
            first_spend=pl.col("net").filter(bought & (pl.col("begun") == first)).min(),
            **(holdout if with_holdout else {}),
        )
        .filter(pl.col("frequency") >= 0)
        .with_columns(
            mean_spend=pl.when(pl.col("frequency") > 0).then(
                (pl.col("spend") - pl.col("first_spend")).cast(pl.Float64) / pl.col("frequency")
            )
        )
        .drop("first_spend")
    )


def _check(events: pl.LazyFrame, convention: Convention) -> None:
    if convention.unit_days < 1 or convention.step_days < 1:
        raise SummaryError("convention: unit_days and step_days are whole days, at least one")
    schema = events.collect_schema()
    needed = [PERSON, "event_time", "amount"]
    if convention.count == "transactions":
        needed.append("transaction_id")
    missing = [name for name in needed if name not in schema]
    if missing:
        raise SummaryError(
            f"events have no column {', '.join(missing)}; they have {', '.join(schema.names())}"
        )
    if not (schema["amount"].is_decimal() or schema["amount"].is_integer()):
        raise SummaryError(
            f"amount is {schema['amount']}: money is a decimal, or a whole number of the minor unit"
        )
    if schema["event_time"] != pl.Datetime("us", "UTC"):
        raise SummaryError(f"event_time is {schema['event_time']}: Datetime('us', 'UTC') is needed")


def _micros(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1_000_000


def _midnight(day: date) -> pl.Expr:
    return pl.lit(day).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
