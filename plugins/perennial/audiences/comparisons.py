"""A comparison and the columns of a row in, one Polars expression out: true or false, never null.

What is missing meets nothing but `unknown`; also `not_equals` and the like need a value that is there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, Self

import polars as pl

from perennial.audiences.rules import WITH_LIST, WITH_SPAN, WITHOUT_VALUE, Comparison
from perennial.audiences.values import Field, FromNow, is_of_days, offset
from perennial.errors import TerminalError

BINARY: Mapping[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    "equals": lambda found, value: found == value,
    "not_equals": lambda found, value: found != value,
    "at_least": lambda found, value: found >= value,
    "at_most": lambda found, value: found <= value,
    "more_than": lambda found, value: found > value,
    "less_than": lambda found, value: found < value,
    "contains": lambda found, value: found.str.contains(value, literal=True),
    "not_contains": lambda found, value: ~found.str.contains(value, literal=True),
    "starts_with": lambda found, value: found.str.starts_with(value),
    "ends_with": lambda found, value: found.str.ends_with(value),
}
TEXTUAL = {"contains", "not_contains", "starts_with", "ends_with"}
OF_LISTS = {"includes", "not_includes"}
ORDERED = {"at_least", "at_most", "more_than", "less_than", "between"}


Kind = Literal["number", "text", "truth", "date", "time", "list", "other"]


class RuleError(TerminalError):
    """A rule names what there is not, or compares it with something of another type."""

    def __init__(self, where: "Where", message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.path, self.message = where.path, message


@dataclass(frozen=True)
class Where:
    """The place in an audience's rule, for errors: `lapsing: all[0].none[1]`."""

    audience: str
    path: str = ""

    def inside(self, group: str, number: int) -> "Where":
        """The place of one of a group's rules."""
        return self.at(f"{group}[{number}]")

    def at(self, name: str) -> "Where":
        """The place of a part."""
        return Where(self.audience, f"{self.path}.{name}" if self.path else name)

    def error(self, message: str) -> RuleError:
        """What is wrong here."""
        return RuleError(self, message)

    def __str__(self) -> str:
        return f"{self.audience}: {self.path}" if self.path else self.audience


@dataclass(frozen=True)
class Row:
    """The columns that a comparison may name, and the moment as of which it is asked."""

    schema: pl.Schema
    now: datetime
    what: str
    """What the rows are, for errors: `profiles`, `transactions`."""

    @classmethod
    def at_once(cls, schema: pl.Schema, what: str) -> Self:
        """For who asks no question of time."""
        return cls(schema, datetime.now(UTC), what)

    def column(self, name: str, key: str | None, where: Where) -> tuple[pl.Expr, pl.DataType]:
        """A column, or an entry of one that is a map, and its type."""
        if name not in self.schema:
            known = ", ".join(each for each in self.schema if not each.startswith("__"))
            raise where.error(f"{self.what} have no {name}; they have {known}")
        found, dtype = pl.col(name), self.schema[name]
        is_map = isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct)
        if is_map != (key is not None):
            needs = "is a map: say which key" if is_map else "is no map: it has no keys"
            raise where.error(f"{name} {needs}")
        if not is_map:
            return found, dtype
        entry = found.list.filter(pl.element().struct.field("key") == key).list.first()
        fields: dict[str, pl.DataType] = dict(dtype.inner.to_schema())  # type: ignore[union-attr, attr-defined]
        return entry.struct.field("value"), fields["value"]


def fits(operator: str, kind: Kind) -> bool:
    """Whether an operator is for columns of a kind."""
    if operator in OF_LISTS or kind == "list":
        return kind == "list" and operator in OF_LISTS | WITHOUT_VALUE
    if operator in TEXTUAL:
        return kind == "text"
    if operator in WITH_SPAN:
        return kind in ("date", "time")
    if operator in ORDERED:
        return kind in ("number", "date", "time")
    return kind != "truth" or operator not in WITH_LIST


def compare(comparison: Comparison, name: str, key: str | None, row: Row, where: Where) -> pl.Expr:
    """Whether a comparison holds of a column. Raises `RuleError`."""
    found, dtype = row.column(name, key, where)
    operator, value, kind = comparison.operator, comparison.value, kind_of(dtype)
    if operator in WITHOUT_VALUE:
        return found.is_not_null() if operator == "known" else found.is_null()
    if isinstance(dtype, pl.List) or operator in OF_LISTS:
        return _among(comparison, found, name, dtype, row, where)
    if operator in TEXTUAL and kind != "text":
        raise where.error(f"{operator} is for text; {name} is {dtype}")
    if operator in ORDERED and kind in ("text", "truth"):
        raise where.error(f"{operator} is for numbers, dates and times; {name} is {dtype}")
    if operator in WITH_SPAN:
        if kind not in ("date", "time"):
            raise where.error(f"{operator} is for dates and times; {name} is {dtype}")
        _whole_days(str(value), kind, name, where)
        return _near(found, dtype, operator, str(value), row.now).fill_null(False)
    if isinstance(value, list):
        each = [meant(v, name, dtype, row, where) for v in value]
        if operator == "between":
            holds = (found >= each[0]) & (found <= each[1])
        else:
            same = pl.any_horizontal(found == v for v in each)
            holds = same if operator == "one_of" else ~same
    else:
        holds = BINARY[operator](found, meant(value, name, dtype, row, where))
    known: pl.Expr = holds.fill_null(False)
    return known


def _among(
    comparison: Comparison, found: pl.Expr, name: str, dtype: pl.DataType, row: Row, where: Where
) -> pl.Expr:
    """Whether a value is one of a list, or none of it."""
    if not isinstance(dtype, pl.List):
        raise where.error(f"{comparison.operator} is for lists; {name} is {dtype}")
    if comparison.operator not in OF_LISTS:
        raise where.error(f"{name} is a list: ask what it includes")
    inner: Any = dtype.inner
    value = meant(comparison.value, name, inner, row, where)
    if isinstance(comparison.value, FromNow):
        raise where.error(f"{name} is a list: it includes values, and no moments counted from now")
    if inner.is_numeric() and not (inner.is_integer() and isinstance(comparison.value, int)):
        found, value = found.cast(pl.List(pl.Float64)), value.cast(pl.Float64)
    holds = found.list.contains(value)
    return (holds if comparison.operator == "includes" else ~holds).fill_null(False)


def _near(found: pl.Expr, dtype: pl.DataType, operator: str, span: str, now: datetime) -> pl.Expr:
    """Dates and times within so long before now, or after it; now itself is not past any more."""
    moment = _moment(dtype, now)
    if operator == "within_next":
        return (found >= moment) & (found < moment.dt.offset_by(offset(span)))
    begin = moment.dt.offset_by(offset(span, backwards=True))
    inside = (found >= begin) & (found < moment)
    return inside if operator == "within_last" else ~inside


def _whole_days(span: str, kind: str, name: str, where: Where) -> None:
    if kind == "date" and not is_of_days(span):
        raise where.error(f"{name} is a date: {span} is less than a day")


def meant(value: Any, name: str, dtype: pl.DataType, row: Row, where: Where) -> pl.Expr:
    """What a column of a type is compared with. Raises `RuleError`."""
    kind = kind_of(dtype)
    if isinstance(value, FromNow):
        if kind not in ("date", "time"):
            raise where.error(f"{name} is {dtype}, and no date or time")
        _whole_days(value.now, kind, name, where)
        return _moment(dtype, row.now).dt.offset_by(offset(value.now))
    if isinstance(value, Field):
        other, its = row.column(value.field, value.key, where)
        if kind_of(its) != kind:
            raise where.error(f"{name} is {dtype}, and {value.field} is {its}")
        if value.plus is None:
            return other
        if kind not in ("date", "time"):
            raise where.error(f"plus: {value.field} is {its}, and no date or time")
        _whole_days(value.plus, kind, value.field, where)
        return other.dt.offset_by(offset(value.plus))
    if kind in ("date", "time") and isinstance(value, str | date):
        return _literal(value, name, dtype, where)
    fits = {
        "text": isinstance(value, str),
        "truth": isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
    }
    if not fits.get(kind, False):
        raise where.error(f"{name} is {dtype}, and {value!r} is not")
    return pl.lit(value)


def _literal(value: str | date, name: str, dtype: pl.DataType, where: Where) -> pl.Expr:
    """A day or a moment that is written out; days of moments begin at midnight, UTC."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise where.error(f"{name} is {dtype}, and {value!r} is no date or time") from None
    if not isinstance(read, datetime):
        read = datetime(read.year, read.month, read.day, tzinfo=UTC)
    aware = read if read.tzinfo else read.replace(tzinfo=UTC)
    return _moment(dtype, aware)


def _moment(dtype: pl.DataType, moment: datetime) -> pl.Expr:
    if dtype == pl.Date:
        return pl.lit(moment.date(), pl.Date)
    zone = getattr(dtype, "time_zone", None)
    return pl.lit(moment if zone else moment.astimezone(UTC).replace(tzinfo=None), dtype)


def kind_of(dtype: pl.DataType) -> Kind:
    """What comparisons a column of a type takes."""
    if dtype.is_numeric():
        return "number"
    if dtype == pl.Boolean:
        return "truth"
    if dtype == pl.Date:
        return "date"
    if dtype == pl.Datetime:
        return "time"
    if isinstance(dtype, pl.List):
        inner: Any = dtype.inner
        return "other" if inner.is_nested() else "list"
    return "text" if isinstance(dtype, pl.String | pl.Categorical | pl.Enum) else "other"
