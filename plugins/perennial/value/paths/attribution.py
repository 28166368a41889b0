"""Histories in, touches out: which channel an event is credited to, by the first or the last touch.

A touch is an event whose `channel` is not null. Every function gives an expression whose values are structs,
null where there is no touch to credit:

- `name` (String): the label that was given
- `value`: the channel of the touch
- `timestamp`: when it was
- `fraction` (Float64): its share of the credit, which is all of it: 1.0
"""

from datetime import timedelta
from typing import Literal

import polars as pl

from perennial.value.paths.path import ROW, Column, Path, expression, holds, latest, span


def first_touch(path: Path, name: str, channel: Column) -> pl.Expr:
    """The first touch, for each event from it on."""
    touches = _touches(channel)
    return _touch(path, name, channel, latest(touches & (touches.cast(pl.Int64).cum_sum() == 1), ROW))


def last_touch(path: Path, name: str, channel: Column) -> pl.Expr:
    """The last touch up to and with each event."""
    return _touch(path, name, channel, latest(_touches(channel), ROW))


def first_touch_until(
    path: Path, name: str, channel: Column, condition: Column, before: bool = False
) -> pl.Expr:
    """The first touch since attribution was reset, for each event from it on.

    It is reset after each event for which the condition is true (a purchase), or with `before` right before
    it (the first event of a session).
    """
    touches = _touches(channel)
    begins = latest(_begins(condition, before), ROW)
    # The number of touches up to each event, and up to the one before the interval.
    count = touches.cast(pl.Int64).cum_sum()
    earlier = latest(_begins(condition, before), count - touches.cast(pl.Int64))
    found = latest(touches & (count - earlier == 1), ROW)
    return _touch(path, name, channel, pl.when(found >= begins).then(found))


def last_touch_until(
    path: Path, name: str, channel: Column, condition: Column, before: bool = False
) -> pl.Expr:
    """The last touch before attribution is reset the next time, for each event since it was reset.

    All events of an interval get the same touch, those before it included: it is the one that the purchase
    which ends the interval is credited to. Without a further reset the interval goes on to the last event.
    """
    begins = latest(_begins(condition, before), ROW)
    # The next interval begins at the nearest later row that begins one.
    starts = _begins(condition, before)
    ends = pl.when(starts).then(ROW).shift(-1).backward_fill().fill_null(pl.len().cast(pl.Int64)) - 1
    found = latest(_touches(channel), ROW).gather(ends)
    return _touch(path, name, channel, pl.when(found >= begins).then(found))


def first_touch_within(path: Path, name: str, channel: Column, seconds: float) -> pl.Expr:
    """The earliest touch at most `seconds` before each event, its own included."""
    back = span(seconds, "the timeout of a first touch")
    position, count = _position(path, channel, -back, "left"), _touches(channel).sum()
    found = _rows(channel).gather(pl.when(position < count).then(position))
    return _touch(path, name, channel, pl.when(found <= ROW).then(found))


def last_touch_within(path: Path, name: str, channel: Column, seconds: float) -> pl.Expr:
    """The last touch at most `seconds` after each event, its own included."""
    ahead = span(seconds, "the timeout of a last touch")
    position = _position(path, channel, ahead, "right") - 1
    found = _rows(channel).gather(pl.when(position >= 0).then(position))
    return _touch(path, name, channel, pl.when(found >= ROW).then(found))


def _touches(channel: Column) -> pl.Expr:
    return expression(channel).is_not_null()


def _begins(condition: Column, before: bool) -> pl.Expr:
    resets = holds(condition)
    return (ROW == 0) | (resets if before else resets.shift(1).fill_null(False))


def _rows(channel: Column) -> pl.Expr:
    """The rows of the touches of a history."""
    return ROW.filter(_touches(channel))


def _position(path: Path, channel: Column, offset: timedelta, side: Literal["left", "right"]) -> pl.Expr:
    """How many touches of the history lie before a moment near each event, or up to it with `right`."""
    times = path.moment.filter(_touches(channel))
    return times.search_sorted(path.moment + offset, side=side).cast(pl.Int64)


def _touch(path: Path, name: str, channel: Column, row: pl.Expr) -> pl.Expr:
    touch = pl.struct(
        name=pl.lit(name),
        value=expression(channel).gather(row),
        timestamp=path.moment.gather(row),
        fraction=pl.lit(1.0),
    )
    return path.along(pl.when(row.is_not_null()).then(touch))
