"""Histories in, what lies around each event out: values before and after it, and the time to what matches."""

from collections.abc import Callable
from typing import Literal, get_args

import polars as pl

from perennial.value.paths.path import Column, Path, PathError, expression, holds

Unit = Literal["days", "hours", "minutes", "seconds"]
WHOLE: dict[Unit, Callable[[pl.Expr], pl.Expr]] = {
    "days": lambda span: span.dt.total_days(),
    "hours": lambda span: span.dt.total_hours(),
    "minutes": lambda span: span.dt.total_minutes(),
    "seconds": lambda span: span.dt.total_seconds(),
}


def previous(path: Path, key: Column, shift: int = 1, ignore_nulls: bool = False) -> pl.Expr:
    """The value of `key` as many events before each as `shift` says; null where there is none.

    With `ignore_nulls`, events without a value are not counted.
    """
    value = expression(key)
    if not ignore_nulls:
        return path.along(value.shift(_steps(shift)))
    known = value.is_not_null().cast(pl.Int64)
    position = known.cum_sum() - known - _steps(shift)
    return path.along(value.drop_nulls().gather(pl.when(position >= 0).then(position)))


def next(path: Path, key: Column, shift: int = 1, ignore_nulls: bool = False) -> pl.Expr:
    """The value of `key` as many events after each as `shift` says; null where there is none.

    With `ignore_nulls`, events without a value are not counted.
    """
    value = expression(key)
    if not ignore_nulls:
        return path.along(value.shift(-_steps(shift)))
    known = value.is_not_null().cast(pl.Int64)
    position = known.cum_sum() + _steps(shift) - 1
    return path.along(value.drop_nulls().gather(pl.when(position < known.sum()).then(position)))


def time_between_previous_match(path: Path, condition: Column, unit: Unit = "seconds") -> pl.Expr:
    """Whole units (Int64, 0 or more) since the last event for which the condition is true.

    0 on such an event itself, null before the first.
    """
    matched = pl.when(holds(condition)).then(path.moment).forward_fill()
    return path.along(_whole(unit)(path.moment - matched))


def time_between_next_match(path: Path, condition: Column, unit: Unit = "seconds") -> pl.Expr:
    """Whole units (Int64, 0 or less) until the next event for which the condition is true, with a minus.

    0 on such an event itself, null after the last.
    """
    matched = pl.when(holds(condition)).then(path.moment).backward_fill()
    return path.along(-_whole(unit)(matched - path.moment))


def _steps(shift: int) -> int:
    if shift < 1:
        raise PathError(f"shift: expected a number of events, 1 or more; found {shift}")
    return shift


def _whole(unit: Unit) -> Callable[[pl.Expr], pl.Expr]:
    if unit not in WHOLE:
        raise PathError(f"unit: expected one of {', '.join(get_args(Unit))}; found {unit!r}")
    return WHOLE[unit]
