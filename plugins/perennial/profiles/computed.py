"""A computed attribute: a document that says which events of a person come to one value of their profile."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal

import polars as pl
from pydantic import Field, model_validator

from perennial.identity.people import PERSON
from perennial.spans import Span, before, unit_of
from perennial.value.definition import KINDS, Functions, Metric, ValueDefinition

RESERVED = {PERSON, "as_of", "first_seen", "last_seen", "identities", "email", "email_sha256"}
"""What profiles have of themselves."""
UNITS = {"week": ["week"], "month": ["month", "year"]}
"""In what windows are counted that begin and end with the calendar's weeks, or months."""


class ComputedAttribute(Functions):
    """Exactly one function of an expression over a dataset's columns, for each person."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    """What people call it."""
    description: str = ""
    """For people."""
    dataset: str
    """Events, of people."""
    list: str | None = None
    """The different values, the newest first."""
    most: Annotated[int, Field(ge=1, le=1000)] = 10
    """How many values a list has at the most."""
    within_last: Span | None = None
    """Only events of so long before the day; without it, all before it."""
    align: Literal["week", "month"] | None = None
    """Only whole weeks (from Sunday on) or months of the calendar: the window ends with the last one."""

    @model_validator(mode="after")
    def _can_be_computed(self) -> "ComputedAttribute":
        given = [kind for kind in (*KINDS, "list") if getattr(self, kind) is not None]
        if len(given) != 1:
            kinds = ", ".join((*KINDS, "list"))
            raise ValueError(f"give exactly one of {kinds}, with an expression over columns")
        if "most" in self.model_fields_set and self.list is None:
            raise ValueError("most is for a list: the others are one value")
        if self.name in RESERVED:
            raise ValueError(f"{self.name}: profiles have an attribute of this name")
        _ = self.definition
        return self

    @model_validator(mode="after")
    def _window(self) -> "ComputedAttribute":
        if self.within_last is not None and self.within_last.strip()[0] in "+-":
            raise ValueError("within_last: expected a number and a unit without a sign, such as 90 days")
        if self.align is not None:
            units = UNITS[self.align]
            if self.within_last is None or unit_of(self.within_last) not in units:
                raise ValueError(
                    f"align: {self.align} needs within_last in {' or '.join(f'{u}s' for u in units)}"
                )
        try:
            self.window(date(2000, 1, 1))
        except pl.exceptions.PolarsError:
            raise ValueError(f"within_last: {self.within_last} is longer than there is time") from None
        return self

    @property
    def definition(self) -> ValueDefinition:
        """The metric as value is computed by it; of a list, its newest value."""
        values = {kind: getattr(self, kind) for kind in KINDS} | {"where": self.where}
        if self.list is not None:
            values["most_recent"] = self.list
        metrics = {self.name: Metric.model_validate(values)}
        return ValueDefinition(
            name=self.name,
            title=self.title,
            dataset=self.dataset,
            identity=PERSON,
            metrics=metrics,
            lookbacks=["lifetime"],
        )

    def window(self, as_of: date) -> tuple[datetime | None, datetime]:
        """When events take part as of the midnight (UTC) that begins a day: since when, and before when."""
        last = as_of
        if self.align == "month":
            last = as_of.replace(day=1)
        elif self.align == "week":
            last = as_of - timedelta(days=as_of.isoweekday() % 7)
        end = datetime.combine(last, time(), UTC)
        return None if self.within_last is None else before(end, self.within_last), end
