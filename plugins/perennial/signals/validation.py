"""Typed rows in; good rows, and bad ones with the raw record and every reason, out."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import dataframely as dy
import polars as pl

from perennial.signals.dataset import Column, Dataset
from perennial.signals.parsing import PRECISION, UNREADABLE, parse
from perennial.signals.reading import FILE, LINE

ROW = "_row"


@dataclass(frozen=True)
class Validated:
    """`good` has the dataset's columns; `bad` has file, line, raw (JSON text) and reasons (list of text)."""

    good: pl.DataFrame
    bad: pl.DataFrame


def validate(raw: pl.LazyFrame, dataset: Dataset) -> Validated:
    """Read each value as its type and check each row against its rules."""
    raw_rows = raw.with_row_index(ROW).collect()
    typed = parse(raw_rows.lazy(), dataset).select(ROW, UNREADABLE, *dataset.columns).collect()
    good, failures = _schema(dataset).filter(typed)
    readable = good[UNREADABLE].list.len() == 0
    broken = pl.concat([_broken_rules(failures, dataset), _unreadable(good.filter(~readable))])
    return Validated(
        good=good.filter(readable).select(*dataset.columns),
        bad=broken.join(_originals(raw_rows, broken), on=ROW, how="left", maintain_order="left").select(
            file=FILE, line=pl.col(LINE).cast(pl.Int64), raw="raw", reasons="reasons"
        ),
    )


def _schema(dataset: Dataset) -> type[dy.Schema]:
    columns: dict[str, Any] = {name: _rule(column) for name, column in dataset.columns.items()}
    carried = {ROW: dy.Any(), UNREADABLE: dy.Any()}
    return type(dataset.name, (dy.Schema,), {**columns, **carried})


def _rule(column: Column) -> dy.Column:
    nullable = not column.required
    match column.type:
        case "string":
            allowed = column.enum
            check = (lambda value: value.is_in(allowed)) if allowed else None
            return dy.String(nullable=nullable, regex=column.pattern, check=check)
        case "integer":
            return dy.Int64(nullable=nullable, min=_int(column.min), max=_int(column.max))
        case "decimal":
            return dy.Decimal(
                PRECISION, column.scale, nullable=nullable, min=_decimal(column.min), max=_decimal(column.max)
            )
        case "boolean":
            return dy.Bool(nullable=nullable)
        case "date":
            return dy.Date(nullable=nullable)
        case "timestamp":
            return dy.Datetime(nullable=nullable, time_zone="UTC", time_unit="us")


def _broken_rules(failures: dy.FailureInfo, dataset: Dataset) -> pl.DataFrame:
    details = failures.details()
    rules = [name for name in details.columns if "|" in name]
    reasons = pl.concat_list(
        pl.when(pl.col(rule) == "invalid").then(_reason(rule, dataset)) for rule in rules
    )
    return details.select(ROW, reasons=_unreadable_reasons().list.concat(reasons).list.drop_nulls())


def _unreadable(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(ROW, reasons=_unreadable_reasons())


def _unreadable_reasons() -> pl.Expr:
    return pl.col(UNREADABLE).list.eval(pl.element() + ": not readable as its type")


def _reason(rule: str, dataset: Dataset) -> pl.Expr:
    name, _, kind = rule.partition("|")
    column = dataset.columns.get(name)
    if column is None:
        return pl.lit(None, dtype=pl.String)
    if kind == "nullability":
        # A value that is there and cannot be read is not missing: that reason stands already.
        return pl.when(~pl.col(UNREADABLE).list.contains(name)).then(pl.lit(f"{name}: required, but missing"))
    broken = {
        "min": f"below {column.min}",
        "max": f"above {column.max}",
        "regex": f"does not match {column.pattern}",
        "check": f"not one of {', '.join(column.enum or [])}",
    }
    return pl.lit(f"{name}: {broken.get(kind, kind)}")


def _originals(raw: pl.DataFrame, broken: pl.DataFrame) -> pl.DataFrame:
    columns = [name for name in raw.columns if name not in (ROW, FILE, LINE)]
    return raw.join(broken.select(ROW), on=ROW, how="semi").select(
        ROW, FILE, LINE, raw=pl.struct(columns).struct.json_encode()
    )


def _int(bound: float | None) -> int | None:
    return None if bound is None else int(bound)


def _decimal(bound: float | None) -> Decimal | None:
    return None if bound is None else Decimal(str(bound))
