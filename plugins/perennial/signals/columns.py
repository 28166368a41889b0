"""One column of a dataset's document: what is written about it in, a checked type with its rules out."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import Field, model_validator

from perennial.documents import Document, TimeZone
from perennial.signals.expressions import NO_NAMES, UNREAD, ExpressionError, check

Type = Literal["string", "integer", "decimal", "boolean", "date", "timestamp"]
TextFormat = Literal["email", "uri", "uuid", "ipv4", "ipv6", "date", "phone"]

_LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?"
_ATOM = r"[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+"
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_GROUP = r"[0-9A-Fa-f]{1,4}"
_IPV4 = rf"{_BYTE}(?:\.{_BYTE}){{3}}"
FORMATS: dict[str, str] = {
    "email": rf"^{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+$",
    "uri": r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+$",
    "uuid": r"^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
    "ipv4": rf"^{_IPV4}$",
    "ipv6": "^(?:"
    + "|".join(
        [
            rf"(?:{_GROUP}:){{7}}{_GROUP}",
            rf"(?:{_GROUP}:){{1,7}}:",
            *(rf"(?:{_GROUP}:){{1,{7 - n}}}(?::{_GROUP}){{1,{n}}}" for n in range(1, 7)),
            rf":(?:(?::{_GROUP}){{1,7}}|:)",
            rf"(?:{_GROUP}:){{6}}{_IPV4}",
            *(rf"(?:{_GROUP}:){{1,{n}}}(?::{_GROUP}){{0,{5 - n}}}:{_IPV4}" for n in range(1, 6)),
            rf":(?::{_GROUP}){{0,5}}:{_IPV4}",
        ]
    )
    + ")$",
    "date": r"^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$",
    "phone": r"^\+[1-9][0-9]{6,14}$",
}
"""What texts of a known format look like; a date must also be one of the calendar."""


PRECISION = 18
"""Digits of a decimal."""


class Column(Document):
    """One column of the lake's table, and the rules that a row must keep."""

    type: Type
    """What its values are; decimals are exact, timestamps are kept in UTC."""
    source: str | None = None
    """The field's name in the files, `customer.zip` for one within another; the column's own if not given."""
    expression: str | None = None
    """How to compute the value from fields of the files, in place of `source`."""
    description: str = ""
    """For people."""
    required: bool = False
    """Whether a row without a value is bad."""
    enum: list[str] | None = None
    """The only texts allowed."""
    pattern: str | None = None
    """A regular expression that a text must match."""
    min_length: Annotated[int, Field(ge=0)] | None = None
    """Of a text, in characters."""
    max_length: Annotated[int, Field(ge=0)] | None = None
    """Of a text, in characters."""
    min: int | float | date | datetime | None = None
    """The least allowed value of numbers, dates and timestamps."""
    max: int | float | date | datetime | None = None
    """Of numbers, dates and timestamps; both are allowed values. A moment without a zone is in `timezone`."""
    scale: Annotated[int, Field(ge=0, le=9)] = 2
    """Digits after the point of a decimal."""
    format: str | None = None
    """Of a date or timestamp: how it is written in text files, in strftime's letters.

    Of a string: email, uri, uuid, ipv4, ipv6, date or phone (E.164, as +4930123456).
    """
    timezone: TimeZone = "UTC"
    """The time zone of timestamps that do not name one."""
    references: str | None = None
    """The dataset of records whose keys these are: rules on events may ask for what the records say."""

    @model_validator(mode="after")
    def _rules_fit_the_type(self) -> "Column":
        if self.source is not None and self.expression is not None:
            raise ValueError("source and expression exclude each other: say one of them")
        if self.expression is not None:
            try:
                check(self.expression)
            except ExpressionError as error:
                raise ValueError(str(error)) from None
        self._bounds_fit()
        if self.type != "string":
            for rule in ("enum", "pattern", "min_length", "max_length"):
                if getattr(self, rule) is not None:
                    raise ValueError(f"enum, pattern and lengths are for string columns, not for {self.type}")
            if self.format is not None and self.type not in ("date", "timestamp"):
                raise ValueError(f"format is for string, date and timestamp columns, not for {self.type}")
            if self.format is not None and UNREAD in self.format:
                raise ValueError(NO_NAMES)
        elif self.format is not None and self.format not in FORMATS:
            raise ValueError(f"the format of a string is one of {', '.join(FORMATS)}; found {self.format!r}")
        return self

    def _bounds_fit(self) -> None:
        kinds: dict[str, tuple[Any, ...]] = {
            "integer": (int, float),
            "decimal": (int, float),
            "date": (date,),
            "timestamp": (date, datetime),
        }
        bounds = [bound for bound in (self.min, self.max) if bound is not None]
        if bounds and self.type not in kinds:
            raise ValueError(f"min and max are for {', '.join(kinds)} columns, not for {self.type}")
        for bound in bounds:
            fits = isinstance(bound, kinds[self.type])
            if not fits or (self.type == "date" and isinstance(bound, datetime)):
                raise ValueError(f"min and max of a column of type {self.type} are no {type(bound).__name__}")

    @property
    def dtype(self) -> pl.DataType:
        """The type of the lake's column."""
        types: dict[Type, pl.DataType] = {
            "string": pl.String(),
            "integer": pl.Int64(),
            "decimal": pl.Decimal(PRECISION, self.scale),
            "boolean": pl.Boolean(),
            "date": pl.Date(),
            "timestamp": pl.Datetime("us", "UTC"),
        }
        return types[self.type]
