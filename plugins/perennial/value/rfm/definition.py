"""An RFM document: what an order is, over which time, in how many groups, and what scores are called."""

from collections.abc import Iterator
from functools import cached_property
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from perennial.documents import Document, TimeZone
from perennial.signals.expressions import ExpressionError
from perennial.signals.expressions.syntax import parse
from perennial.value.definition import ValueDefinition

Axis = Literal["recency", "frequency", "monetary"]
AXES: tuple[Axis, ...] = ("recency", "frequency", "monetary")
Scores = tuple[int, int, int]
"""One score for each axis; 1 is the best."""


def _range(value: Any) -> Any:
    return [value, value] if isinstance(value, int) else value


Score = Annotated[int, Field(ge=1)]
Bounds = Annotated[
    tuple[Score, Score], BeforeValidator(_range, json_schema_input_type=Score | tuple[Score, Score])
]
"""The first and the last score of a range, both included; one number is itself."""


class Segment(Document):
    """A label, and the scores that lead to it: an axis that is not named may have any."""

    label: Annotated[str, Field(min_length=1, max_length=60)]
    """What it is called."""
    description: str = ""
    """For people."""
    recency: Bounds | None = None
    """Scores of how lately: one, or the first and the last of a range."""
    frequency: Bounds | None = None
    """Scores of how often."""
    monetary: Bounds | None = None
    """Scores of for how much."""

    @model_validator(mode="after")
    def _in_order(self) -> "Segment":
        for axis, (first, last) in self.bounds().items():
            if first > last:
                raise ValueError(f"{axis}: expected the first score before the last; found {first}, {last}")
        return self

    def bounds(self) -> dict[Axis, tuple[int, int]]:
        """The ranges that are named."""
        return {axis: bounds for axis in AXES if (bounds := getattr(self, axis)) is not None}

    def holds(self, scores: Scores) -> bool:
        """Whether these scores lead to the label."""
        named = self.bounds()
        return all(
            axis not in named or named[axis][0] <= score <= named[axis][1]
            for axis, score in zip(AXES, scores, strict=True)
        )


class RfmDefinition(Document):
    """Whose orders are scored, and what the scores are called.

    An order is made of the rows of a customer that agree in `order`. Rows with an amount below zero are
    refunds: they lower what was spent, and are neither an order nor a sign of life. A row without an amount
    is worth nothing; one without an `order` only counts for its amount; one without an identity is nobody's.
    """

    kind: Literal["rfm"]
    """This kind."""
    name: str
    title: str
    """What people call it."""
    description: str = ""
    """For people."""
    dataset: str
    """Events; each has an `event_time`."""
    identity: str
    """The column that says whose order it is."""
    order: str
    """The column that tells orders apart."""
    amount: str
    """Money: a column, or an expression such as `quantity * unit_price`; of decimals or whole numbers."""
    amount_of: Literal["line", "order"] = "line"
    """`line`: the amounts of an order's rows add up. `order`: each row carries the whole order's amount, and
    rows that agree in customer, order, day and amount count once."""
    where: str | None = None
    """Only rows for which it is true take part, such as `missing(cancelled_at)`."""
    lookback: Annotated[int, Field(ge=1)] | Literal["lifetime"] = "lifetime"
    """In months: who has no order in them has no scores."""
    buckets: Annotated[int, Field(ge=2, le=9)] = 4
    """Scores go from 1, the best, to this: 4 for quartiles."""
    time_zone: TimeZone = "UTC"
    """Whose midnights cut the days."""
    engine: Literal["polars", "spark"] = "polars"
    """Where it is computed: in the worker, or on a cluster."""
    segments: Annotated[list[Segment], Field(min_length=1)]
    """In order: the first that holds gives the label."""
    default: Annotated[str, Field(min_length=1, max_length=60)] = "Other"
    """The label of whom no segment holds."""

    @field_validator("amount", "order", "where")
    @classmethod
    def _understood(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                parse(text)
            except ExpressionError as error:
                raise ValueError(str(error)) from None
        return text

    @model_validator(mode="after")
    def _reachable(self) -> "RfmDefinition":
        labels = [segment.label for segment in self.segments]
        for segment in self.segments:
            if labels.count(segment.label) > 1:
                raise ValueError(f"{segment.label}: two segments have this label")
            for axis, (_, last) in segment.bounds().items():
                if last > self.buckets:
                    raise ValueError(
                        f"{segment.label}: {axis}: scores go from 1 to {self.buckets}, found {last}"
                    )
        reached = {self.label(scores) for scores in self.combinations()}
        for label in labels:
            if label not in reached:
                raise ValueError(f"{label}: no scores lead to it: segments before it hold for all of them")
        return self

    @cached_property
    def purchases(self) -> ValueDefinition:
        """The amounts and orders of rows, as a value document that the engines know how to read."""
        where = {} if self.where is None else {"where": self.where}
        return ValueDefinition.model_validate(
            {
                "name": self.name,
                "title": self.title,
                "dataset": self.dataset,
                "identity": self.identity,
                "metrics": {
                    "amount": {"sum": self.amount, **where},
                    "order": {"count_distinct": self.order, **where},
                },
                "lookbacks": ["lifetime"],
                "time_zone": self.time_zone,
            }
        )

    def label(self, scores: Scores) -> str:
        """What one combination of scores is called."""
        return next((each.label for each in self.segments if each.holds(scores)), self.default)

    def combinations(self) -> Iterator[Scores]:
        """All scores that there can be."""
        possible = range(1, self.buckets + 1)
        return product(possible, possible, possible)

    def labels(self) -> list[str]:
        """All labels in their order; the default comes last, and only where some scores lead to it."""
        every = [segment.label for segment in self.segments]
        spare = self.default not in every and self.default in map(self.label, self.combinations())
        return [*every, self.default] if spare else every
