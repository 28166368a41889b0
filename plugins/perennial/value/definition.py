"""A value document: whose value, by which metrics and dimensions, over which lookbacks."""

from functools import cached_property
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from perennial.documents import Document, TimeZone
from perennial.signals.expressions import ExpressionError
from perennial.signals.expressions.syntax import parse

OVERALL = "overall"
ALL = "all"
UNKNOWN = "UNKNOWN"
LIFETIME = "lifetime"

Kind = Literal["sum", "count", "count_distinct", "average", "min", "max", "most_recent"]
KINDS: tuple[Kind, ...] = ("sum", "count", "count_distinct", "average", "min", "max", "most_recent")


class Functions(Document):
    """What rows can become one value by: functions of an expression over columns."""

    sum: str | None = None
    """The sum of an expression; what is missing counts nothing."""
    count: str | None = None
    """How many rows have a value."""
    count_distinct: str | None = None
    """How many different values there are."""
    average: str | None = None
    """The mean of the values that are there."""
    min: str | None = None
    """The least one."""
    max: str | None = None
    """The greatest one."""
    most_recent: str | None = None
    """Of the row with the latest time; of several at once, the greatest value."""
    where: str | None = None
    """Which rows take part."""


class Metric(Functions):
    """How a customer's rows become one value: exactly one of the functions.

    `count: "*"` counts rows. With `where`, only rows for which it is true take part: who has none of them in
    a window has neither value nor rank there.
    """

    @model_validator(mode="after")
    def _exactly_one(self) -> "Metric":
        if len([kind for kind in KINDS if getattr(self, kind) is not None]) != 1:
            raise ValueError(f"give exactly one of {', '.join(KINDS)}, each with an expression over columns")
        for text in (None if self.counts_rows else self.expression, self.where):
            if text is not None:
                try:
                    parse(text)
                except ExpressionError as error:
                    raise ValueError(f"{text!r}: {error}") from None
        return self

    @property
    def kind(self) -> Kind:
        """Which function it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def expression(self) -> str:
        """What the function is applied to."""
        return str(getattr(self, self.kind))

    @property
    def counts_rows(self) -> bool:
        """Whether it is `count: "*"`."""
        return self.count == "*"


class Dimension(Document):
    """A property of an event that ranks are made within: a column, or one looked up in a record dataset."""

    column: str
    """Whose values tell groups apart."""
    lookup: str | None = None
    """The record dataset that has the column."""
    by: str | None = None
    """The column that finds the record."""

    @model_validator(mode="after")
    def _found_by(self) -> "Dimension":
        if (self.lookup is None) != (self.by is None):
            raise ValueError(
                "`lookup` names the records and `by` the column that finds them: give both, or neither"
            )
        return self


class ValueDefinition(Document):
    """What is computed for every customer as of a day."""

    kind: Literal["deciles"] = "deciles"
    """This kind, also where nothing is said."""
    name: str
    title: str
    """What people call it."""
    dataset: str
    """Events, or records: these have no date, and so lifetime values only."""
    identity: str
    """The column that says whose event it is; `person_id` is whom its identities lead to, now that more is
    known of them than when it happened."""
    metrics: Annotated[dict[str, Metric], Field(min_length=1)]
    """What is measured, by the names of the results."""
    dimensions: dict[str, Dimension] = {}
    """Within what customers are ranked besides overall, by name."""
    lookbacks: Annotated[list[Annotated[int, Field(ge=1)] | Literal["lifetime"]], Field(min_length=1)]
    """In months; `lifetime` is all that happened before the day."""
    buckets: Annotated[int, Field(ge=2, le=32_000)] = 10
    """Ranks go from 1, the greatest, to this: 4 for quartiles, 100 for percentiles."""
    semantics: Literal["trailing", "adjacent", "cumulative"] = "trailing"
    """`trailing`: the N months before the day. `adjacent`: the N months before those of the shorter lookback.
    `cumulative`: everything before the months of the shorter lookback."""
    align: Literal["day", "month"] = "day"
    """Where windows end: at the day, or at the first of its month."""
    time_zone: TimeZone = "UTC"
    """Whose midnights cut the days."""
    engine: Literal["polars", "spark"] = "polars"
    """Where it is computed: in the worker, or on a cluster."""
    customer_buckets: Annotated[int, Field(ge=1, le=999)] = 1
    """Into how many parts customers are divided; up to three are in memory at once. One for each 200,000."""

    @field_validator("lookbacks")
    @classmethod
    def _once_each(cls, lookbacks: list[int | str]) -> list[int | str]:
        if len(set(lookbacks)) != len(lookbacks):
            raise ValueError("a lookback is named twice")
        return lookbacks

    @model_validator(mode="after")
    def _distinct_names(self) -> "ValueDefinition":
        taken = {
            OVERALL,
            "person_id",
            "dimension",
            "dimension_value",
            "lookback",
            "as_of",
            "chunk",
            "day",
            "rows",
        }
        for name in (*self.metrics, *self.dimensions):
            if name in taken or "__" in name or name.endswith("_decile"):
                raise ValueError(f"{name}: a metric or dimension cannot have this name")
        if both := set(self.metrics) & set(self.dimensions):
            raise ValueError(f"{', '.join(sorted(both))}: names a metric and a dimension")
        return self

    def windows(self) -> dict[str, int | None]:
        """The lookbacks by their names, in months; None is lifetime."""
        return {
            LIFETIME if months == LIFETIME else f"{months}m": None if months == LIFETIME else int(months)
            for months in self.lookbacks
        }

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the document could give another answer."""
        return self._hash({"name", "title"})

    @cached_property
    def ledger_fingerprint(self) -> str:
        """Changes whenever partial sums of a day could be others."""
        return self._hash({"name", "title", "lookbacks", "buckets", "semantics", "align", "engine"})

    def _hash(self, exclude: set[str]) -> str:
        return sha256(self.model_dump_json(exclude=exclude).encode()).hexdigest()[:16]
