"""Whose events, in which order, in; expressions that are evaluated along each history out."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

import polars as pl

from perennial.errors import TerminalError

Column: TypeAlias = str | pl.Expr
"""A column's name, or an expression over columns. What is itself evaluated along histories needs a column of
its own first (`with_columns`)."""
ROW = pl.int_range(pl.len(), dtype=pl.Int64)
"""Where a row stands in its history; the first is 0."""


class PathError(TerminalError):
    """A function of paths was asked for something that makes no sense."""


@dataclass(frozen=True)
class Path:
    """A history: the rows that agree in `by`, in the order of `time`.

    `ties` are columns that decide between rows of the same time: by default the key of an event, so that
    the order never depends on how rows lie in files. Each row needs a time, and those without one come
    first. Rows that have no `by` are one history.
    """

    by: tuple[str, ...] | str
    time: str = "event_time"
    ties: tuple[str, ...] = field(default=("event_id",))

    def along(self, expression: pl.Expr) -> pl.Expr:
        """An expression, evaluated in the order of each history; the frame keeps the order of its rows."""
        return expression.over(self.by, order_by=[self.time, *self.ties])

    @property
    def moment(self) -> pl.Expr:
        return pl.col(self.time)


def expression(column: Column) -> pl.Expr:
    """The expression of a column."""
    return pl.col(column) if isinstance(column, str) else column


def holds(condition: Column) -> pl.Expr:
    """Whether a condition is true; unknown is not."""
    return expression(condition).fill_null(False)


def span(seconds: float, what: str) -> timedelta:
    """A length of time; raises `PathError` if it is below zero."""
    if seconds < 0:
        raise PathError(f"{what}: expected seconds, 0 or more; found {seconds}")
    return timedelta(seconds=seconds)


def latest(marked: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Of the rows up to each, a value of the last one that is marked; null before the first."""
    return pl.when(marked).then(value).forward_fill()
