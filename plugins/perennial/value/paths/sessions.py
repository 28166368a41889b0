"""Histories in, sessions out: for each event its session's number, and its place in it.

Every function gives an expression whose values are structs:

- `timestamp_diff` (Int64): whole seconds since the event before, of whichever session; 0 for the first
- `num` (Int64): the session's number in the history, from 1
- `is_new` (Boolean): whether the event is the first of its session
- `depth` (Int64): the event's place in its session, from 1
"""

import polars as pl

from perennial.value.paths.path import ROW, Column, Path, holds, latest, span


def session_timeout(path: Path, seconds: float) -> pl.Expr:
    """A new session after a gap of more than `seconds`.

    A gap of exactly `seconds` does not end a session: the timeout has to be exceeded. Gaps are compared to
    the microsecond, although `timestamp_diff` is in whole seconds.
    """
    timeout = span(seconds, "the timeout of a session")
    return _sessions(path, path.moment.diff() > timeout)


def session_start_if(path: Path, condition: Column) -> pl.Expr:
    """A new session with each event for which the condition is true."""
    return _sessions(path, holds(condition))


def session_end_if(path: Path, condition: Column) -> pl.Expr:
    """A session ends with each event for which the condition is true; the next one starts another."""
    return _sessions(path, holds(condition).shift(1))


def _sessions(path: Path, starts: pl.Expr) -> pl.Expr:
    is_new = (ROW == 0) | starts.fill_null(False)
    return path.along(
        pl.struct(
            timestamp_diff=path.moment.diff().dt.total_seconds().fill_null(0),
            num=is_new.cast(pl.Int64).cum_sum(),
            is_new=is_new,
            depth=ROW - latest(is_new, ROW) + 1,
        )
    )
