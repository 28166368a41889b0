"""Raw columns in, typed columns out: a value that cannot be read as its type becomes null and is marked."""

import polars as pl

from perennial.errors import TerminalError
from perennial.signals.columns import Column
from perennial.signals.dataset import Dataset

UNREADABLE = "_unreadable"
PRECISION = 18
BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class ColumnMissing(TerminalError):
    """The files do not have a column that the dataset declares."""


def parse(raw: pl.LazyFrame, dataset: Dataset) -> pl.LazyFrame:
    """The dataset's columns, typed, and `_unreadable`: the names of those that could not be read.

    The raw columns stay beside them where their names are not taken by a typed one.
    """
    found = raw.collect_schema()
    wanted = {name: column.source or name for name, column in dataset.columns.items()}
    missing = sorted(set(wanted.values()) - set(found.names()))
    if missing:
        raise ColumnMissing(
            f"{dataset.name}: the files lack {', '.join(missing)}; they have {', '.join(found.names())}"
        )
    typed = {
        name: _typed(pl.col(wanted[name]), found[wanted[name]], column)
        for name, column in dataset.columns.items()
    }
    unreadable = pl.concat_list(
        pl.when(pl.col(wanted[name]).is_not_null() & expression.is_null()).then(pl.lit(name))
        for name, expression in typed.items()
    ).list.drop_nulls()
    return raw.with_columns(**typed, **{UNREADABLE: unreadable})


def _typed(value: pl.Expr, found: pl.DataType, column: Column) -> pl.Expr:
    text = found == pl.String
    match column.type:
        case "string":
            return value.cast(pl.String)
        case "integer":
            return _whole(value).cast(pl.Int64) if found.is_float() else value.cast(pl.Int64, strict=False)
        case "decimal":
            # A float of a source system stands for the decimal nearest to it; text is never rounded.
            if found.is_float():
                value = value.round(column.scale, mode="half_away_from_zero")
            elif text:
                value = pl.when(~value.str.contains(rf"\.\d{{{column.scale}}}\d*[1-9]")).then(value)
            return value.cast(pl.Decimal(PRECISION, column.scale), strict=False)
        case "boolean":
            known = value.str.to_lowercase().replace_strict(BOOLEANS, default=None, return_dtype=pl.Boolean)
            return known if text else value.cast(pl.Boolean)
        case "date":
            return (
                value.str.to_date(column.format or "%Y-%m-%d", strict=False) if text else value.cast(pl.Date)
            )
        case "timestamp":
            return _timestamp(value, found, column)


def _whole(value: pl.Expr) -> pl.Expr:
    return pl.when(value == value.floor()).then(value)


def _timestamp(value: pl.Expr, found: pl.DataType, column: Column) -> pl.Expr:
    if found == pl.String:
        value = value.str.to_datetime(column.format or "%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    else:
        value = value.cast(pl.Datetime("us", getattr(found, "time_zone", None)))
    if getattr(found, "time_zone", None) is None:
        value = value.dt.replace_time_zone(column.timezone, ambiguous="earliest", non_existent="null")
    return value.dt.convert_time_zone("UTC")
