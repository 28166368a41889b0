"""Raw columns in, typed columns out: a value that cannot be read as its type becomes null and is marked."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from perennial.signals.columns import PRECISION, Column
from perennial.signals.dataset import Dataset
from perennial.signals.expressions import compile_expression, names_zone, true_or_false, with_point

UNREADABLE = "_unreadable"
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
"""Between which a moment is one; others have no meaning, and other programs cannot read them."""


def parsed(found: pl.Schema, dataset: Dataset) -> tuple[dict[str, pl.Expr], dict[str, pl.Expr]]:
    """For each column of the dataset, its typed value, and whether there was one that could not be read.

    `found` is the schema of the raw rows; a field that is not there is missing in every row. Raises
    `ExpressionError` where an expression makes no sense for the types that the fields have.
    """
    typed, lost = {}, {}
    for name, column in dataset.columns.items():
        value, dtype, failed = _given(dataset, name, column, found)
        typed[name] = typed_as(value, dtype, column, dataset.source.csv.decimal_comma)
        unread = value.is_not_null() & typed[name].is_null()
        lost[name] = unread if failed is None else unread | failed
    return typed, lost


def parse(raw: pl.LazyFrame, dataset: Dataset) -> pl.LazyFrame:
    """The dataset's columns, typed, and `_unreadable`: the names of those that could not be read.

    The raw columns stay beside them where their names are not taken by a typed one.
    """
    typed, lost = parsed(raw.collect_schema(), dataset)
    names = pl.concat_list(pl.when(is_lost).then(pl.lit(name)) for name, is_lost in lost.items())
    return raw.with_columns(**typed, **{UNREADABLE: names.list.drop_nulls()})


def _given(
    dataset: Dataset, name: str, column: Column, found: pl.Schema
) -> tuple[pl.Expr, pl.DataType, pl.Expr | None]:
    """What the source says of a column: its value, the type that this has, and where it could not be had."""
    if column.expression is None:
        (path,) = dataset.fields(name)
        return *field(path, found), None
    computed = compile_expression(
        column.expression, lambda path: field(path, found), dataset.source.csv.decimal_comma
    )
    types: dict[str, pl.DataType] = {
        "number": pl.Decimal(38, 9),
        "boolean": pl.Boolean(),
        "date": pl.Date(),
        "time": pl.Datetime("us", "UTC" if computed.zoned else None),
    }
    return computed.value, types.get(computed.kind, pl.String()), computed.failed


def field(path: tuple[str, ...], found: pl.Schema) -> tuple[pl.Expr, pl.DataType]:
    """The value at a path, and its type; of the type Null where there is no such field.

    `a.b` is the field b within a, or a field whose name is `a.b`, whichever is there.
    """
    written = ".".join(path)
    nested: pl.Expr = pl.col(path[0])
    dtype: Any = found.get(path[0])
    for name in path[1:]:
        inner = {each.name: each.dtype for each in dtype.fields} if isinstance(dtype, pl.Struct) else {}
        nested, dtype = nested.struct.field(name), inner.get(name)
    if len(path) > 1 and written in found:
        if dtype == found[written]:
            nested = pl.coalesce(nested, pl.col(written))
        elif dtype is None:
            nested, dtype = pl.col(written), found[written]
    if dtype is None:
        return pl.lit(None, pl.String), pl.Null()
    if dtype == pl.Null or isinstance(dtype, pl.Categorical | pl.Enum):
        return nested.cast(pl.String), pl.String()
    return nested, dtype


def typed_as(value: pl.Expr, found: pl.DataType, column: Column, decimal_comma: bool) -> pl.Expr:
    """A field's value as a column's type; missing where it cannot be read as that."""
    text = found == pl.String or found == pl.Null
    number = found.is_numeric()
    match column.type:
        case "string":
            return _text(value, found)
        case "integer" if text or number:
            return _integer(value, found)
        case "decimal" if text:
            return _decimal_of_text(with_point(value) if decimal_comma else value, column.scale)
        case "decimal" if number:
            return _decimal(value, found, column)
        case "boolean" if text:
            return true_or_false(value)
        case "boolean" if found == pl.Boolean:
            return value
        case "boolean" if found.is_integer():
            return pl.when(value.is_in([0, 1])).then(value == 1)
        case "date" if text:
            day = value.str.to_date(column.format or "%Y-%m-%d", strict=False)
            return _within(day, FIRST.date(), LAST.date())
        case "date" if found == pl.Date or found == pl.Datetime:
            return _within(value.cast(pl.Date), FIRST.date(), LAST.date())
        case "timestamp" if text or found == pl.Date or found == pl.Datetime:
            return _timestamp(value, found, column, text)
    return _nothing(column)


def _nothing(column: Column) -> pl.Expr:
    """No value at all, of the column's type: the source's type cannot be read as it."""
    return pl.lit(None, column.dtype)


def _text(value: pl.Expr, found: pl.DataType) -> pl.Expr:
    """As text; objects and lists as JSON, and bytes not at all."""
    if found == pl.Binary:
        return pl.lit(None, pl.String)
    if found.is_nested():
        # Only objects can be written as JSON: the list stands in one, between {"v": and }.
        whole = pl.struct(v=value).struct.json_encode().str.slice(5)
        return pl.when(value.is_not_null()).then(whole.str.head(-1))
    return value.cast(pl.String)


def _integer(value: pl.Expr, found: pl.DataType) -> pl.Expr:
    if found.is_float() or found.is_decimal():
        value = pl.when(value == value.floor()).then(value)
    elif not found.is_numeric():
        # Programs without integers write 5 as 5.0.
        value = value.str.strip_suffix(".0")
    return value.cast(pl.Int64, strict=False)


def _decimal(value: pl.Expr, found: pl.DataType, column: Column) -> pl.Expr:
    """A float, or what is computed, stands for the decimal nearest to it; a decimal is never rounded."""
    rounded = value.round(column.scale, mode="half_away_from_zero") if not found.is_integer() else value
    if found.is_decimal() and column.expression is None:
        rounded = pl.when(rounded == value).then(value)
    return rounded.cast(pl.Decimal(PRECISION, column.scale), strict=False)


def _decimal_of_text(value: pl.Expr, scale: int) -> pl.Expr:
    """Text is never rounded: more digits than there is room for make it unreadable."""
    surplus = value.str.contains(rf"\.\d{{{scale}}}\d*[1-9]|[eE]-")
    return pl.when(~surplus).then(value).cast(pl.Decimal(PRECISION, scale), strict=False)


def _timestamp(value: pl.Expr, found: pl.DataType, column: Column, text: bool) -> pl.Expr:
    form = column.format or "%Y-%m-%d %H:%M:%S"
    zoned = names_zone(form) if text else getattr(found, "time_zone", None) is not None
    if text:
        value = value.str.to_datetime(form, time_unit="us", strict=False)
    else:
        value = value.cast(pl.Datetime("us", getattr(found, "time_zone", None)), strict=False)
    if not zoned:
        # An hour that clocks show twice is the earlier one; one that they skip is no moment.
        value = value.dt.replace_time_zone(column.timezone, ambiguous="earliest", non_existent="null")
    return _within(value.dt.convert_time_zone("UTC"), FIRST, LAST)


def _within(value: pl.Expr, first: date, last: date) -> pl.Expr:
    return pl.when(value.is_between(pl.lit(first), pl.lit(last))).then(value)
