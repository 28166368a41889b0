"""A dataset document: where its files are, what its columns mean, and which rows are good."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from perennial.documents import Document

Type = Literal["string", "integer", "decimal", "boolean", "date", "timestamp"]


class Column(Document):
    """One column of the lake's table, and the rules that a row must keep."""

    type: Type
    source: str | None = None
    """The column's name in the files; its own name if not given."""
    description: str = ""
    required: bool = False
    enum: list[str] | None = None
    pattern: str | None = None
    min: int | float | None = None
    max: int | float | None = None
    scale: Annotated[int, Field(ge=0, le=9)] = 2
    """Digits after the point of a decimal."""
    format: str | None = None
    """How a date or timestamp is written in text files, in strftime's letters."""
    timezone: str = "UTC"
    """The time zone of timestamps that do not name one."""

    @model_validator(mode="after")
    def _rules_fit_the_type(self) -> "Column":
        if (self.min is not None or self.max is not None) and self.type not in ("integer", "decimal"):
            raise ValueError(f"min and max are for integer and decimal columns, not for {self.type}")
        if (self.enum or self.pattern) and self.type != "string":
            raise ValueError(f"enum and pattern are for string columns, not for {self.type}")
        return self


class Identity(Document):
    """The column that says whose row it is, and the namespace that its values belong to."""

    column: str
    namespace: str


class Source(Document):
    """Where the files lie, below the landing zone; `{day}` stands for the day, as 2017-12-25."""

    history: str | None = None
    daily: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    """Between which days a file comes every day; a day within them that has none is an error."""

    def delivers(self, day: date) -> bool:
        """Whether a file of that day is to be expected."""
        first, last = self.first_day or date.min, self.last_day or date.max
        return self.daily is not None and first <= day <= last


class Dataset(Document):
    """Events (what happened, once each) or records (what is known, the newest row of a key)."""

    name: str
    title: str
    kind: Literal["event", "record"]
    source: Source
    key: Annotated[list[str], Field(min_length=1)]
    """The columns that tell one event, or one record, from another."""
    identities: list[Identity] = []
    """Whose row it is: the first identity is the primary one."""
    tolerance: Annotated[float, Field(ge=0, le=1)] = 0.05
    """The share of bad rows up to which the good ones of a batch are taken."""
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _columns_exist(self) -> "Dataset":
        used = [*self.key, *(identity.column for identity in self.identities)]
        missing = [name for name in used if name not in self.columns]
        if missing:
            raise ValueError(f"no such column: {', '.join(missing)}; declared: {', '.join(self.columns)}")
        optional = [name for name in self.key if not self.columns[name].required]
        if optional:
            raise ValueError(f"a key is never missing: say `required: true` for {', '.join(optional)}")
        if self.kind == "event":
            event_time = self.columns.get("event_time")
            if event_time is None or event_time.type != "timestamp":
                raise ValueError("an event dataset needs a column event_time of type timestamp")
        return self
