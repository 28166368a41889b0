"""Texts and numbers in, days and moments out."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from perennial.signals.expressions.operands import constant, read, together
from perennial.signals.expressions.tokens import error_at
from perennial.signals.expressions.values import Value, failures, number, time

UNREAD = "%Z"
NO_NAMES = "names of time zones (%Z) cannot be read; %#z reads Z, +02 and +02:00"
UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1}
"""Microseconds in each."""


def names_zone(form: str) -> bool:
    """Whether a format of strftime's letters says the time zone of what it reads."""
    return any(letters in form for letters in ("%z", "%:z", "%#z", "%+"))


def timestamp(values: list[Value]) -> Value:
    """The moment that a text names."""
    if values[0].kind in ("time", "date"):
        return time(values[0])
    form = constant(values[1], str)
    if UNREAD in form:
        raise error_at(values[1].position, NO_NAMES)
    moment = read(values[0], "time", lambda it: it.str.to_datetime(form, time_unit="us", strict=False))
    return replace(moment, zoned=names_zone(form))


def day(values: list[Value]) -> Value:
    """The day that a text names, or on which a moment is."""
    if values[0].kind == "date":
        return values[0]
    if values[0].kind == "time":
        return replace(values[0], value=values[0].value.dt.date(), kind="date")
    form = constant(values[1], str) if len(values) == 2 else "%Y-%m-%d"
    return read(values[0], "date", lambda it: it.str.to_date(form, strict=False))


def epoch(values: list[Value]) -> Value:
    """The moment so long after 1970 began in UTC."""
    unit = constant(values[1], str) if len(values) == 2 else "s"
    if unit not in UNITS:
        raise error_at(values[1].position, f"the unit is one of {', '.join(UNITS)}; found {unit!r:.40}")
    value = number(values[0])
    # Beyond the year 9999 nothing is a moment; the bound also keeps the product within its type.
    limit = 253_402_300_800 * 1_000_000 // UNITS[unit]

    def moments(columns: Sequence[pl.Series]) -> pl.Series:
        (counted,) = columns
        bounded = counted.zip_with(counted.abs() < limit, counted.clear(len(counted)))
        return (bounded * UNITS[unit]).cast(pl.Int64).cast(pl.Datetime("us", "UTC"))

    moment = together(moments, pl.Datetime("us", "UTC"), value)
    failed = value.value.is_not_null() & moment.is_null()
    return Value(moment, "time", zoned=True, failed=failures(value, failed))
