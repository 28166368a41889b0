"""Events in, the same events out, where what was reported twice counts once.

An event that repeats a visitor's purchase keeps its row and loses the metrics of that purchase: events can
still be counted, and sums are right.
"""

import polars as pl

from perennial.signals.dataset import Dataset, Once

ROW = "_row"


def once(frame: pl.LazyFrame, dataset: Dataset) -> pl.LazyFrame:
    """Null the metrics of all but the first row of each visitor and key, for every rule of the dataset.

    The first is that with the earliest `event_time`, and of those the smallest `event_id`. Rows without a key
    (missing or empty), or without a visitor, count as they are. No row is dropped; the order stays.
    """
    repeated: dict[str, list[pl.Expr]] = {}
    for rule in dataset.once:
        for metric in rule.metrics:
            repeated.setdefault(metric, []).append(_repeats(rule, dataset))
    kept = [
        pl.when(~pl.any_horizontal(rules)).then(pl.col(name)).alias(name) for name, rules in repeated.items()
    ]
    return frame.with_row_index(ROW).with_columns(kept).drop(ROW) if kept else frame


def _repeats(rule: Once, dataset: Dataset) -> pl.Expr:
    """Whether a row says again what an earlier one of the same visitor has said."""
    key = pl.col(rule.key)
    counted = key.is_not_null() & pl.col(rule.per).is_not_null()
    if dataset.columns[rule.key].type == "string":
        counted &= key != ""
    first = pl.col(ROW).sort_by("event_time", "event_id").first().over(rule.per, rule.key)
    return counted.fill_null(False) & (pl.col(ROW) != first)
