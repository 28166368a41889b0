"""Events in, entries out: whose, on which day, and what each metric needs to know of them; on any engine.

An entry's columns add up: those of one customer and day can be put together into one, and those of a window
give the window's values. `perennial.value.partials` names the columns.
"""

from collections.abc import Mapping

import narwhals as nw
import polars as pl

from perennial.errors import TerminalError
from perennial.value.definition import UNKNOWN, Dimension, ValueDefinition
from perennial.value.expressions import Column
from perennial.value.partials import MetricError, Partial, partials
from perennial.value.windows import FIRST

PERSON = "person_id"
DAY = "day"
ROWS = "rows"
TIME = "event_time"


class DimensionError(TerminalError):
    """A dimension names a column or records that are not there."""


def entries(
    events: nw.LazyFrame, definition: ValueDefinition, records: Mapping[str, nw.LazyFrame]
) -> nw.LazyFrame:
    """One entry for each event that somebody did.

    `events` has the columns that the definition names, and `event_time` (UTC) if they have a date. Returns
    `person_id`, `day` (in the definition's time zone), the dimensions as text (`UNKNOWN` for nulls), `rows`
    (1), and the metrics' partial columns.
    """
    columns, found = columns_of(events, definition), partials_of(events, definition)
    metrics = [_partial(each) for each in found]
    frame = _whole(events, columns)
    for name, dimension in definition.dimensions.items():
        frame = _with_dimension(frame, name, dimension, records, definition)
    kept = [nw.col(name) for name in definition.dimensions]
    result = _dated(frame, columns, definition).select(
        nw.col(definition.identity).alias(PERSON),
        nw.col(DAY),
        *kept,
        nw.lit(1, nw.Int64).alias(ROWS),
        *metrics,
    )
    return result.filter(~nw.col(PERSON).is_null())


def columns_of(events: nw.LazyFrame, definition: ValueDefinition) -> dict[str, Column]:
    """The columns of the events, by name. Raises `MetricError` if the identity is not among them."""
    schema = events.collect_schema()
    if definition.identity not in schema:
        raise MetricError(
            f"{definition.name}: identity: {definition.dataset} has no column {definition.identity}; "
            f"it has {', '.join(schema.names())}"
        )
    return {name: Column(dtype, getattr(dtype, "scale", 0) or 0) for name, dtype in schema.items()}


def partials_of(events: nw.LazyFrame, definition: ValueDefinition) -> list[Partial]:
    """The partial columns of the metrics over these events."""
    return partials(definition, columns_of(events, definition))


def _partial(partial: Partial) -> nw.Expr:
    expression = partial.expression
    if partial.where is not None:
        if partial.combine == "sum":
            expression = nw.when(partial.where).then(expression).otherwise(nw.lit(0, nw.Int64))
        else:
            expression = nw.when(partial.where).then(expression)
    return expression.alias(partial.name)


def _whole(events: nw.LazyFrame, columns: Mapping[str, Column]) -> nw.LazyFrame:
    """Decimals as whole numbers of their smallest unit."""
    money = [name for name, column in columns.items() if column.dtype.is_decimal()]
    if not money:
        return events
    native = nw.to_native(events)
    if isinstance(native, pl.LazyFrame):
        return nw.from_native(native.with_columns(pl.col(money).to_physical().cast(pl.Int64)))
    return events.with_columns(
        (nw.col(name) * nw.lit(10 ** columns[name].scale)).cast(nw.Int64).alias(name) for name in money
    )


def _dated(events: nw.LazyFrame, columns: Mapping[str, Column], definition: ValueDefinition) -> nw.LazyFrame:
    if TIME not in columns:
        # What has no date counts for lifetime, whose window alone holds this day.
        return events.with_columns(nw.lit(FIRST, nw.Date).alias(DAY))
    if definition.time_zone == "UTC":
        return events.with_columns(nw.col(TIME).dt.date().alias(DAY))
    if events.implementation.is_spark_like():
        # Spark's session has one time zone, and narwhals converts to none but it.
        from pyspark.sql import functions

        local = functions.from_utc_timestamp(functions.col(TIME), definition.time_zone)
        dated: nw.LazyFrame = nw.from_native(nw.to_native(events).withColumn(DAY, functions.to_date(local)))
        return dated
    local_day = nw.col(TIME).dt.convert_time_zone(definition.time_zone).dt.date()
    return events.with_columns(local_day.alias(DAY))


def _with_dimension(
    events: nw.LazyFrame,
    name: str,
    dimension: Dimension,
    records: Mapping[str, nw.LazyFrame],
    definition: ValueDefinition,
) -> nw.LazyFrame:
    where = f"{definition.name}: dimension {name}"
    if dimension.lookup is None:
        _require(events, dimension.column, f"{where}: {definition.dataset}")
        value = nw.col(dimension.column)
    else:
        if dimension.lookup not in records:
            raise DimensionError(f"{where}: no records {dimension.lookup!r}; there are {', '.join(records)}")
        by, known = str(dimension.by), records[dimension.lookup]
        _require(events, by, f"{where}: {definition.dataset}")
        for column in (by, dimension.column):
            _require(known, column, f"{where}: {dimension.lookup}")
        found = f"{name}__found"
        looked_up = known.select(by, nw.col(dimension.column).alias(found))
        events, value = events.join(looked_up, on=by, how="left"), nw.col(found)
    return events.with_columns(nw.coalesce(value.cast(nw.String), nw.lit(UNKNOWN)).alias(name))


def _require(frame: nw.LazyFrame, column: str, where: str) -> None:
    names = frame.collect_schema().names()
    if column not in names:
        raise DimensionError(f"{where} has no column {column}; it has {', '.join(names)}")


__all__ = ["DAY", "PERSON", "ROWS", "DimensionError", "MetricError", "entries"]
