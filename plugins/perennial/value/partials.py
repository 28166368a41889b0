"""Metrics in, the columns out that entries carry for them, and how they become a value.

A sum, a count and an average are put together by adding, and can be taken apart by subtracting; the others
are looked for again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import narwhals as nw

from perennial.errors import TerminalError
from perennial.signals.expressions import ExpressionError
from perennial.value.definition import Metric, ValueDefinition
from perennial.value.expressions import Column, Quantity, condition, quantity

Combine = Literal["sum", "min", "max", "last", "distinct"]
EXACT = {"sum", "average"}


class MetricError(TerminalError):
    """A metric names a column that is not there, or that it cannot be computed from."""


@dataclass(frozen=True)
class Partial:
    """A column of entries."""

    name: str
    combine: Combine
    expression: nw.Expr
    where: nw.Expr | None = None
    """Which rows take part; None is all."""
    scale: int = 0
    """Of whole numbers: how many of their digits are decimals."""
    ranked: bool = True
    """Whether what comes of it is a number, or a time, that customers can be ordered by."""
    temporal: bool = False


def partials(definition: ValueDefinition, columns: Mapping[str, Column]) -> list[Partial]:
    """The columns that all metrics need, those of a metric in one row."""
    return [
        partial
        for name, metric in definition.metrics.items()
        for partial in _of(name, metric, definition, columns)
    ]


def contributors(name: str, metric: Metric) -> str | None:
    """The column that counts the rows which take part in a metric; None if all of them do."""
    counts = metric.kind in ("sum", "count", "count_distinct")
    return f"{name}__rows" if counts and metric.where is not None else None


def _of(
    name: str, metric: Metric, definition: ValueDefinition, columns: Mapping[str, Column]
) -> list[Partial]:
    try:
        return _columns(name, metric, columns)
    except (ExpressionError, MetricError) as error:
        raise MetricError(
            f"{definition.name}: metric {name}: {_written(metric)}: {error} (dataset {definition.dataset})"
        ) from None


def _columns(name: str, metric: Metric, columns: Mapping[str, Column]) -> list[Partial]:
    where = None if metric.where is None else condition(metric.where, columns)
    one = nw.lit(1, nw.Int64)
    counted = contributors(name, metric)
    extra = [Partial(counted, "sum", one, where)] if counted else []
    if metric.counts_rows:
        return [Partial(name, "sum", one, where), *extra]
    value = quantity(metric.expression, columns)
    known = (~value.expression.is_null()).cast(nw.Int64)
    numeric, temporal = value.sort in ("whole", "float", "time"), value.sort == "time"
    if metric.kind in EXACT and value.sort != "whole":
        raise MetricError(
            f"{metric.expression} is {value.sort}; only whole and decimal numbers can be summed exactly"
        )
    match metric.kind:
        case "sum":
            return [Partial(name, "sum", _or_zero(value), where, value.scale), *extra]
        case "count":
            return [Partial(name, "sum", known, where), *extra]
        case "average":
            counts = Partial(f"{name}__n", "sum", known, where)
            return [Partial(f"{name}__sum", "sum", _or_zero(value), where, value.scale), counts]
        case "count_distinct":
            return [Partial(name, "distinct", value.expression, where), *extra]
        case "min" | "max":
            if not numeric:
                raise MetricError(f"{metric.expression} is {value.sort}; expected a number or a time")
            return [Partial(name, metric.kind, value.expression, where, value.scale, temporal=temporal)]
        case _:
            if "event_time" not in columns:
                raise MetricError("most_recent needs times, and the dataset has none")
            at = nw.when(~value.expression.is_null()).then(nw.col("event_time"))
            return [
                Partial(name, "last", value.expression, where, value.scale, numeric, temporal),
                Partial(f"{name}__at", "max", at, where),
            ]


def _or_zero(value: Quantity) -> nw.Expr:
    return nw.coalesce(value.expression, nw.lit(0, nw.Int64))


def _written(metric: Metric) -> str:
    return f"{metric.kind} of {metric.expression}" + (f" where {metric.where}" if metric.where else "")
