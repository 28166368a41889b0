"""Typed rows in; good rows, and bad ones with the raw record and every reason, out."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import dataframely as dy
import numpy as np
import polars as pl

from perennial.signals.columns import FORMATS, PRECISION, Column
from perennial.signals.dataset import Dataset
from perennial.signals.parsing import UNREADABLE, parse, parsed
from perennial.signals.reading.base import BROKEN, FILE, HIDDEN, LINE, RAW, REASONS

ROW, DOUBT = "_row", "_doubt"


@dataclass(frozen=True)
class Validated:
    """`good` has the dataset's columns; `bad` has file, line, raw (JSON text) and reasons (list of text)."""

    good: pl.DataFrame
    bad: pl.DataFrame


def validate(rows: pl.DataFrame, dataset: Dataset) -> Validated:
    """Read each value as its type and check each row against its rules.

    `rows` are those of a chunk: the source's columns, and where each row stands.
    """
    good, others = sorted_out(rows, dataset)
    return Validated(good, explained(others, dataset))


def sorted_out(rows: pl.DataFrame, dataset: Dataset) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Good rows, typed, and the others as they came: `explained` says why, best of many at a time."""
    typed, lost = parsed(rows.schema, dataset)
    checked = rows.lazy().with_row_index(ROW).select(ROW, **typed).collect()
    carried: dict[str, dy.Column] = {ROW: dy.Any()}
    if _may_be_lost(rows, checked, dataset) or REASONS in rows.columns:
        known = [pl.col(REASONS).list.len() > 0] if REASONS in rows.columns else []
        checked = checked.with_columns(rows.select(pl.any_horizontal(*lost.values(), *known).alias(DOUBT)))
        carried[DOUBT] = dy.Bool(nullable=False, check=lambda is_doubtful: ~is_doubtful)
    good = _schema(dataset, carried).filter(checked)[0]
    is_bad = np.ones(rows.height, dtype=bool)
    is_bad[good[ROW].to_numpy()] = False
    others = rows.filter(is_bad) if good.height < rows.height else rows.clear()
    return good.select(*dataset.columns), others


def _may_be_lost(rows: pl.DataFrame, checked: pl.DataFrame, dataset: Dataset) -> bool:
    """Whether a value that is there could not be read: more are missing than before."""
    for name, column in dataset.columns.items():
        if column.expression is not None:
            return True
        (path,) = dataset.fields(name)
        missing, given = checked[name].null_count(), 0
        if len(path) == 1:
            given = rows[path[0]].null_count() if path[0] in rows.columns else rows.height
        if missing and missing != given:
            return True
    return False


def explained(rows: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """Bad rows: file, line, raw, and every reason for which each of them is bad."""
    if rows.is_empty():
        return BROKEN.to_frame()
    raw = rows.with_row_index(ROW)
    typed = parse(raw.lazy(), dataset).select(ROW, UNREADABLE, *dataset.columns).collect()
    good, failures = _schema(dataset, {ROW: dy.Any(), UNREADABLE: dy.Any()}).filter(typed)
    reasons = pl.concat([_broken_rules(failures, dataset), _unreadable(good)])
    found = raw.join(reasons, on=ROW, how="left", maintain_order="left")
    every = pl.col("reasons")
    if REASONS in rows.columns:
        every = pl.col(REASONS).fill_null([]).list.concat(every.fill_null([]))
    return found.select(file=FILE, line=pl.col(LINE).cast(pl.Int64), raw=_original(rows), reasons=every)


def _schema(dataset: Dataset, carried: dict[str, dy.Column]) -> type[dy.Schema]:
    columns: dict[str, Any] = {
        name: _rule(column, column.required or (name == "event_time" and dataset.kind == "event"))
        for name, column in dataset.columns.items()
    }
    return type(dataset.name, (dy.Schema,), {**columns, **carried})


def _rule(column: Column, required: bool) -> dy.Column:
    nullable = not required
    match column.type:
        case "string":
            return dy.String(nullable=nullable, regex=column.pattern, check=_text_rules(column) or None)
        case "integer":
            return dy.Int64(
                nullable=nullable, min=_int(column.min, math.ceil), max=_int(column.max, math.floor)
            )
        case "decimal":
            return dy.Decimal(
                PRECISION, column.scale, nullable=nullable, min=_decimal(column.min), max=_decimal(column.max)
            )
        case "boolean":
            return dy.Bool(nullable=nullable)
        case "date":
            return dy.Date(nullable=nullable, min=_day(column.min), max=_day(column.max))
        case "timestamp":
            low, high = (moment(bound, column.timezone) for bound in (column.min, column.max))
            return dy.Datetime(nullable=nullable, time_zone="UTC", time_unit="us", min=low, max=high)


def _text_rules(column: Column) -> dict[str, Callable[[pl.Expr], pl.Expr]]:
    rules: dict[str, Callable[[pl.Expr], pl.Expr]] = {}
    allowed, low, high, form = column.enum, column.min_length, column.max_length, column.format
    if allowed:
        rules["enum"] = lambda value: value.is_in(allowed)
    if low is not None:
        rules["min_length"] = lambda value: value.str.len_chars() >= low
    if high is not None:
        rules["max_length"] = lambda value: value.str.len_chars() <= high
    if form is not None:
        looks = FORMATS[form]
        rules["format"] = lambda value: value.str.contains(looks)
        if form == "date":
            rules["calendar"] = lambda value: (
                value.is_null()
                | ~value.str.contains(looks)
                | value.str.to_date("%Y-%m-%d", strict=False).is_not_null()
            )
    return rules


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
        "check__enum": f"not one of {', '.join(column.enum or [])}",
        "check__min_length": f"shorter than {column.min_length} characters",
        "check__max_length": f"longer than {column.max_length} characters",
        "check__format": f"not of the format {column.format}",
        "check__calendar": "not a day of the calendar",
    }
    return pl.lit(f"{name}: {broken.get(kind, kind)}")


def _original(rows: pl.DataFrame) -> pl.Expr:
    """The record as it came: the text of its JSON, or the fields of its line as JSON."""
    fields = [name for name in rows.columns if name not in HIDDEN]
    written = pl.struct(fields).struct.json_encode() if fields else pl.lit("{}")
    return pl.coalesce(pl.col(RAW), written) if RAW in rows.columns else written


def moment(bound: object, timezone: str) -> datetime | None:
    """A bound of a timestamp column, in UTC; a day stands for its midnight, in the column's time zone."""
    if not isinstance(bound, date):
        return None
    if not isinstance(bound, datetime):
        bound = datetime.combine(bound, time.min)
    return (bound if bound.tzinfo else bound.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)


def _day(bound: object) -> date | None:
    return bound if isinstance(bound, date) else None


def _int(bound: object, to_whole: Callable[[float], int]) -> int | None:
    return to_whole(bound) if isinstance(bound, int | float) else None


def _decimal(bound: object) -> Decimal | None:
    return Decimal(str(bound)) if isinstance(bound, int | float) else None
