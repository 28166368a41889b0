"""What rules compare with: plain values, moments counted from now, and other fields of the same row."""

from datetime import date, datetime

from perennial.documents import Document
from perennial.spans import Span, is_of_days, offset

__all__ = ["Field", "FromNow", "Scalar", "Span", "Value", "is_of_days", "offset"]

Scalar = bool | int | float | date | datetime | str


class FromNow(Document):
    """A moment, counted from that as of which the rule is asked: `{now: -30 days}`."""

    now: Span
    """How long from then, with a sign: `-30 days`."""


class Field(Document):
    """Another field of the same row, perhaps some time before or after: `{field: seen, plus: 3 days}`."""

    field: str
    """Its name."""
    key: str | None = None
    """Which entry, where it is a map."""
    plus: Span | None = None
    """How long after it; with a minus, before it."""


Value = Scalar | FromNow | Field
