"""Lengths of time as people write them: `90 days`, `1 month`."""

import re
from datetime import UTC, datetime
from typing import Annotated

import polars as pl
from pydantic import AfterValidator, Field

UNITS = {"minute": "m", "hour": "h", "day": "d", "week": "w", "month": "mo", "year": "y"}
"""Units of spans, with Polars' names for them; months and years are those of the calendar."""
EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
"""What Polars can say of the years before, Python cannot."""
_SPAN = re.compile(rf"([+-]?)\s*(\d+)\s*({'|'.join(UNITS)})s?")


def _span(text: str) -> str:
    if _SPAN.fullmatch(text.strip()) is None:
        raise ValueError(f"expected a number and one of {', '.join(UNITS)}, such as 90 days")
    return text


Span = Annotated[str, AfterValidator(_span), Field(examples=["90 days"])]
"""A length of time: `90 days`, `1 month`; with a sign where it says in which direction: `-1 week`."""


def offset(span: str, *, backwards: bool = False) -> str:
    """A span as Polars writes it."""
    sign, number, unit = _parts(span)
    return f"{'-' if (sign == '-') != backwards else ''}{number}{UNITS[unit]}"


def before(moment: datetime, span: str) -> datetime:
    """So long before a moment (UTC), but not before Christ."""
    begin = pl.lit(moment).dt.offset_by(offset(span, backwards=True))
    found: datetime = pl.select(pl.max_horizontal(begin, pl.lit(EARLIEST))).item()
    return found


def unit_of(span: str) -> str:
    """What it is counted in: one of `UNITS`."""
    return _parts(span)[2]


def is_of_days(span: str) -> bool:
    """Whether a span is made of whole days, as dates need it."""
    return unit_of(span) not in ("minute", "hour")


def _parts(span: str) -> tuple[str, str, str]:
    found = _SPAN.fullmatch(span.strip())
    if found is None:
        raise ValueError(f"{span!r} is no length of time")
    return found[1], found[2], found[3]
