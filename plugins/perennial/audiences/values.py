"""What rules compare with: plain values, moments counted from now, and other fields of the same row."""

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator

from perennial.documents import Document

UNITS = {"minute": "m", "hour": "h", "day": "d", "week": "w", "month": "mo", "year": "y"}
"""Units of spans, with Polars' names for them; months and years are those of the calendar."""
_SPAN = re.compile(rf"([+-]?)\s*(\d+)\s*({'|'.join(UNITS)})s?")


def _span(text: str) -> str:
    if _SPAN.fullmatch(text.strip()) is None:
        raise ValueError(f"expected a number and one of {', '.join(UNITS)}, such as 90 days")
    return text


Span = Annotated[str, AfterValidator(_span)]
"""A length of time: `90 days`, `1 month`; with a sign where it says in which direction: `-1 week`."""
Scalar = bool | int | float | date | datetime | str


def offset(span: str, *, backwards: bool = False) -> str:
    """A span as Polars writes it."""
    found = _SPAN.fullmatch(span.strip())
    if found is None:
        raise ValueError(f"{span!r} is no length of time")
    sign, number, unit = found.groups()
    return f"{'-' if (sign == '-') != backwards else ''}{number}{UNITS[unit]}"


def is_of_days(span: str) -> bool:
    """Whether a span is made of whole days, as dates need it."""
    found = _SPAN.fullmatch(span.strip())
    return found is not None and found[3] not in ("minute", "hour")


class FromNow(Document):
    """A moment, counted from that as of which the rule is asked: `{now: -30 days}`."""

    now: Span


class Field(Document):
    """Another field of the same row, perhaps some time before or after: `{field: seen, plus: 3 days}`."""

    field: str
    key: str | None = None
    plus: Span | None = None


Value = Scalar | FromNow | Field
