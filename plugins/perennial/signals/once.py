"""Events in, the same events out, where what was reported twice counts once; on any engine.

An event that repeats a visitor's purchase keeps its row and loses the metrics of that purchase: events can
still be counted, and sums are right.
"""

from typing import Any, TypeVar

import narwhals as nw

from perennial.signals.dataset import Dataset, Once

Frame = TypeVar("Frame", bound=Any)
"""A LazyFrame of Polars, or a DataFrame of Spark."""


def once(frame: Frame, dataset: Dataset) -> Frame:
    """Null the metrics of all but the first row of each visitor and key, for every rule of the dataset.

    The first is that with the earliest `event_time`, and of those the smallest `event_id`. Rows without a key
    (missing or empty), or without a visitor, count as they are. No row is dropped; Polars keeps the order.
    """
    repeated: dict[str, list[nw.Expr]] = {}
    for rule in dataset.once:
        for metric in rule.metrics:
            repeated.setdefault(metric, []).append(_repeats(rule, dataset))
    kept = [
        nw.when(~nw.any_horizontal(*rules, ignore_nulls=True)).then(nw.col(name)).alias(name)
        for name, rules in repeated.items()
    ]
    counted: Frame = nw.from_native(frame).with_columns(*kept).to_native() if kept else frame
    return counted


def _repeats(rule: Once, dataset: Dataset) -> nw.Expr:
    """Whether a row says again what an earlier one of the same visitor has said."""
    key, visitor = nw.col(rule.key), nw.col(rule.per)
    counted = ~key.is_null() & ~visitor.is_null()
    if dataset.columns[rule.key].type == "string":
        counted &= nw.coalesce(key, nw.lit("")) != ""
    number = visitor.cum_count().over(rule.per, rule.key, order_by=["event_time", "event_id"])
    return counted & (number > 1)
