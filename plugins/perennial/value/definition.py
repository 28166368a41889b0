"""A value document: whose value, by which metrics and dimensions, over which lookbacks."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from perennial.documents import Document

OVERALL = "overall"
ALL = "all"
UNKNOWN = "UNKNOWN"


class Metric(Document):
    """How a customer's rows become one number: a sum of a column, or a count of distinct values."""

    sum: str | None = None
    count_distinct: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Metric":
        if (self.sum is None) == (self.count_distinct is None):
            raise ValueError("give exactly one of sum, count_distinct, each with a column of the dataset")
        return self


class Dimension(Document):
    """A property of an event that ranks are made within: a column, or one looked up in a record dataset."""

    column: str
    lookup: str | None = None
    """The record dataset that has the column."""
    by: str | None = None
    """The column that finds the record."""


class ValueDefinition(Document):
    """What is computed for every customer as of a day."""

    name: str
    title: str
    dataset: str
    identity: str
    """The column that says whose event it is."""
    metrics: Annotated[dict[str, Metric], Field(min_length=1)]
    dimensions: dict[str, Dimension] = {}
    lookbacks: Annotated[list[Annotated[int, Field(ge=1)] | Literal["lifetime"]], Field(min_length=1)]
    """In months; `lifetime` is all that happened before the day."""
    buckets: Annotated[int, Field(ge=2)] = 10

    def windows(self) -> dict[str, int | None]:
        """The lookbacks by the name that columns carry, in months; None is lifetime."""
        return {
            "lifetime" if months == "lifetime" else f"{months}m": None if months == "lifetime" else months
            for months in self.lookbacks
        }
