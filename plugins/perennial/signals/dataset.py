"""A dataset document: where its files are, what its columns mean, and which rows are good."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from perennial.documents import Document
from perennial.signals.columns import Column
from perennial.signals.expectations import OF_NUMBERS, Expectation
from perennial.signals.expressions import columns_of
from perennial.signals.source import Csv, Limits, Source

__all__ = ["Column", "Csv", "Dataset", "Identity", "Limits", "Once", "Source"]

RESERVED = {"batch", "event_id", "event_date", "held_at"}
"""Columns that every table of signals has, or some."""


class Identity(Document):
    """The column that says whose row it is, and the namespace that its values belong to."""

    column: str
    """One of the dataset's columns."""
    namespace: str
    """A document of `include/namespaces`."""


class Once(Document):
    """Metrics that count once per visitor and key, however many events repeat them.

    All but the first event of a visitor's key keep their row and lose these metrics; an event without a
    key counts as it is.
    """

    per: str
    """The column that holds the visitor."""
    key: str
    """The column that holds what is counted once, such as the id of a purchase."""
    metrics: Annotated[list[str], Field(min_length=1)]
    """The columns that count once."""


class Dataset(Document):
    """Events (what happened, once each) or records (what is known, the newest row of a key)."""

    name: str
    title: str
    """What people call it."""
    kind: Literal["event", "record"]
    """`event`: what happened, once each. `record`: what is known, the newest row of a key."""
    source: Source
    """Where rows come from."""
    key: Annotated[list[str], Field(min_length=1)]
    """The columns that tell one event, or one record, from another."""
    identities: list[Identity] = []
    """Whose row it is: the first identity is the primary one."""
    tolerance: Annotated[float, Field(ge=0, le=1)] = 0.05
    """The share of bad rows up to which the good ones of a batch are taken."""
    extra_columns: Literal["refuse", "ignore"] = "refuse"
    """What becomes of fields that no column uses: files with them are refused and messages bad, or not."""
    limits: Limits = Limits()
    """Beyond which sizes input is refused."""
    expectations: list[Expectation] = []
    """What is expected of each day's rows, or of an uploaded batch, as a whole; not of a history."""
    once: list[Once] = []
    """Purchases and metrics that repeated events must not count twice."""
    columns: dict[str, Column]
    """The columns of the lake's table, by their names."""

    def fields(self, column: str) -> set[tuple[str, ...]]:
        """The paths of the source's fields that a column is made of."""
        declared = self.columns[column]
        if declared.expression is not None:
            return columns_of(declared.expression)
        return {tuple((declared.source or column).split("."))}

    @model_validator(mode="after")
    def _columns_exist(self) -> "Dataset":
        used = [*self.key, *(identity.column for identity in self.identities)]
        for once in self.once:
            used += [once.per, once.key, *once.metrics]
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
        if taken := sorted(RESERVED & set(self.columns)):
            raise ValueError(
                f"name these columns otherwise, the lake has its own of that name: {', '.join(taken)}"
            )
        hidden = [name for name in self.columns if name.startswith("_")]
        if hidden:
            raise ValueError(f"names of columns do not begin with an underscore: {', '.join(hidden)}")
        return self

    @model_validator(mode="after")
    def _fields_are_possible(self) -> "Dataset":
        paths = {path for name in self.columns for path in self.fields(name)}
        ours = sorted({path[0] for path in paths} & {"_file", "_line", "_raw", "_reasons"})
        if ours:
            raise ValueError(f"no field of a file can have the name that a reader gives: {', '.join(ours)}")
        objects = {path[:n] for path in paths for n in range(1, len(path))}
        both = sorted(".".join(path) for path in objects & paths)
        if both:
            raise ValueError(f"{', '.join(both)} is used as a value and as an object with fields of its own")
        return self

    @model_validator(mode="after")
    def _expectations_fit(self) -> "Dataset":
        for each in self.expectations:
            used = [*each.columns, *([each.column] if each.column else [])]
            if missing := [name for name in used if name not in self.columns]:
                raise ValueError(f"expectations: no such column: {', '.join(missing)}")
            types = {"age_hours": ("timestamp", "date"), **dict.fromkeys(OF_NUMBERS, ("integer", "decimal"))}
            wanted = types.get(each.measure)
            if wanted and each.column and self.columns[each.column].type not in wanted:
                raise ValueError(f"expectations: {each.name}: its column must be {' or '.join(wanted)}")
        names = [each.name for each in self.expectations]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"expectations: {', '.join(twice)} stands there twice; join them into one")
        return self

    @model_validator(mode="after")
    def _metrics_can_be_taken_out(self) -> "Dataset":
        if self.once and self.kind != "event":
            raise ValueError("once is for event datasets: records have no first one")
        for once in self.once:
            fixed = [
                name for name in once.metrics if self.columns[name].required or name in (once.per, once.key)
            ]
            if fixed:
                raise ValueError(
                    f"the metrics of once become null in repeated events: {', '.join(fixed)} cannot, being "
                    "required, the visitor or the key"
                )
        return self
