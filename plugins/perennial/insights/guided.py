"""A question to the store as data: a table, the columns in their roles, filters, an order; no SQL.

Columns are called `alias.column`, by the table itself and by the joins that the catalogue offers for it.
`guided_sql` turns it into SQL.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from perennial.documents import Document

ROLES = ("x", "color", "y", "low", "high", "size", "label")
"""In the order in which a result has them."""
Aggregate = Literal["sum", "average", "min", "max", "count", "count_distinct"]
Span = Literal["day", "week", "month", "quarter", "year"]
ColumnName = Annotated[str, StringConstraints(pattern=r"^\w+\.\w+$", max_length=140)]
Value = bool | int | Decimal | date | str | None
_LONGEST = 63


class GuideError(ValueError):
    """A question cannot be asked of this store; `path` says where in the question."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path, self.message = path, message


class Measure(Document):
    """One column of the result: a column of the store as it is, cut into spans, or aggregated."""

    column: ColumnName | None = None
    """Left out where rows are counted."""
    aggregate: Aggregate | None = None
    """How the rows of a group become one value; without it the column groups them."""
    bin: Span | Annotated[Decimal, Field(gt=0)] | None = None
    """Days as weeks, months …; numbers in steps of this width."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> "Measure":
        if self.column is None and self.aggregate != "count":
            raise ValueError("a column is missing; only `aggregate: count` goes without one")
        if self.bin is not None and self.aggregate is not None:
            raise ValueError("a column is either cut (bin) or aggregated, not both")
        return self

    @property
    def name(self) -> str:
        """What the result calls it, unless something else is called so."""
        column = (self.column or "").partition(".")[2]
        if self.aggregate:
            return f"{self.aggregate}_of_{column}" if column else "count"
        return f"{self.bin}_of_{column}" if isinstance(self.bin, str) else column


def _from_name(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Role = Annotated[Measure, BeforeValidator(_from_name)]


class Condition(Document):
    """Which rows count: by values of one column. Exactly one way is given."""

    column: ColumnName
    """Of which column, as `alias.column`."""
    include: tuple[Value, ...] | None = None
    """Only these values."""
    exclude: tuple[Value, ...] | None = None
    """All but these values."""
    between: tuple[Value, Value] | None = None
    """From and to, both included; null is open."""
    date: Literal["recent", "period"] | None = None
    """`recent`: the day that the reader picked; `period`: the days up to it."""
    filter: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")] | None = None
    """The dashboard's filter of this name; empty lets everything through."""

    @model_validator(mode="after")
    def _one_way(self) -> "Condition":
        ways = ("include", "exclude", "between", "date", "filter")
        given = [way for way in ways if getattr(self, way) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of {', '.join(ways)}; found {', '.join(given) or 'none'}")
        return self


class Query(Document):
    """The question: rows of a table, or their aggregates by all columns that are not aggregated."""

    table: str
    """The fact, or another table, whose rows are asked about."""
    x: Role | None = None
    """The column of this role; so with the others."""
    y: Role | None = None
    """What is measured, mostly."""
    color: Role | None = None
    """What splits the groups."""
    low: Role | None = None
    """Where an interval begins."""
    high: Role | None = None
    """Where it ends."""
    size: Role | None = None
    """Of a scatter's points."""
    label: Role | None = None
    """Text at each mark."""
    columns: tuple[Role, ...] = ()
    """Of a table: which columns, in which order."""
    filters: tuple[Condition, ...] = ()
    """Which rows count."""
    sort: Annotated[str, StringConstraints(pattern=r"^-?\w+$")] | None = None
    """A role, or a column of the result; `-` in front: from the greatest."""
    top: Annotated[int, Field(ge=1, le=5_000)] | None = None
    """So many groups (of x, where a colour splits them), or so many rows."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> "Query":
        if not self.parts:
            raise ValueError("nothing is asked for: give x, y, color, label or columns")
        return self

    @property
    def parts(self) -> dict[str, Measure]:
        """Everything that is asked for, by its place in the question."""
        roles = {role: getattr(self, role) for role in ROLES}
        listed = {f"columns.{number}": each for number, each in enumerate(self.columns)}
        return {place: part for place, part in {**roles, **listed}.items() if part is not None}

    @property
    def names(self) -> dict[str, str]:
        """What the result calls each part, by its place; equal parts are one column."""
        taken: dict[str, Measure] = {}
        found = {}
        for place, part in self.parts.items():
            alias = (part.column or "").partition(".")[0]
            wanted = [part.name, f"{alias}_{part.name}", *(f"{part.name}_{n}" for n in range(2, 99))]
            name = next(each for each in map(_fitting, wanted) if taken.setdefault(each, part) == part)
            found[place] = name
        return found


def _fitting(name: str) -> str:
    name = name.lower()
    return (name if name[0].isalpha() else f"c_{name}")[:_LONGEST]
