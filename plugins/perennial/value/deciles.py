"""Events in; per customer, overall and per dimension, each metric's sum and decile in every lookback out.

One pass over the events serves all metrics and lookbacks. A decile is `NTILE(n)` over the sums in descending
order: 1 is the greatest, sizes differ by at most one and the first buckets take the surplus. Ties go to the
smaller customer id, so that reruns are equal. Who has no row in a window has neither sum nor rank there.
"""

from collections.abc import Iterator
from datetime import date

import polars as pl

from perennial.errors import TerminalError
from perennial.value.definition import ALL, OVERALL, UNKNOWN, Dimension, Metric, ValueDefinition

PERSON = "person_id"
KEYS = [PERSON, "dimension", "dimension_value"]


class MetricError(TerminalError):
    """A metric or dimension names a column that is not there, or that cannot be summed."""


def deciles(
    events: pl.LazyFrame, definition: ValueDefinition, as_of: date, records: dict[str, pl.LazyFrame]
) -> pl.LazyFrame:
    """Rank all customers as of midnight (UTC) at the start of the day `as_of`.

    `events` has `event_time` and the columns that the definition names; `records` has the datasets that its
    dimensions look up. Returns one row per (person_id, dimension, dimension_value), with columns
    `<metric>_<lookback>` (as the metric's own type) and `<metric>_<lookback>_decile` (Int16).
    """
    seen = events.filter(pl.col("event_time") < _midnight(as_of))
    _check(seen, definition)
    sums = pl.concat(_sums(seen, definition, as_of, records), how="vertical")
    return _ranked(sums, definition)


def _sums(
    events: pl.LazyFrame, definition: ValueDefinition, as_of: date, records: dict[str, pl.LazyFrame]
) -> Iterator[pl.LazyFrame]:
    person = pl.col(definition.identity).alias(PERSON)
    aggregates = list(_aggregates(events, definition, as_of))
    yield (
        events.group_by(person)
        .agg(aggregates)
        .with_columns(dimension=pl.lit(OVERALL), dimension_value=pl.lit(ALL))
        .select(*KEYS, pl.exclude(KEYS))
    )
    for name, dimension in definition.dimensions.items():
        yield (
            _with_dimension(events, name, dimension, records)
            .group_by(person, pl.col("dimension_value").fill_null(UNKNOWN))
            .agg(aggregates)
            .with_columns(dimension=pl.lit(name))
            .select(*KEYS, pl.exclude(KEYS))
        )


def _aggregates(events: pl.LazyFrame, definition: ValueDefinition, as_of: date) -> Iterator[pl.Expr]:
    schema = events.collect_schema()
    for window, months in definition.windows().items():
        inside = pl.lit(True) if months is None else pl.col("event_time") >= _start(as_of, months)
        anything = inside.any()
        for name, metric in definition.metrics.items():
            total = _total(metric, schema, inside)
            yield pl.when(anything).then(total).alias(f"{name}_{window}")


def _total(metric: Metric, schema: pl.Schema, inside: pl.Expr) -> pl.Expr:
    if metric.count_distinct:
        return pl.col(metric.count_distinct).filter(inside).n_unique().cast(pl.Int64)
    column = str(metric.sum)
    # Money is summed as whole numbers of its smallest unit, and is a decimal again afterwards.
    dtype = schema[column]
    if isinstance(dtype, pl.Decimal):
        minor = pl.col(column).to_physical().cast(pl.Int64)
        return _decimal(pl.when(inside).then(minor).sum(), dtype.scale)
    return pl.when(inside).then(pl.col(column)).sum()


def _decimal(minor: pl.Expr, scale: int) -> pl.Expr:
    return (minor.cast(pl.Decimal(18, scale)) / pl.lit(10**scale, pl.Decimal(18, 0))).cast(
        pl.Decimal(18, scale)
    )


def _with_dimension(
    events: pl.LazyFrame, name: str, dimension: Dimension, records: dict[str, pl.LazyFrame]
) -> pl.LazyFrame:
    value = pl.col(dimension.column).cast(pl.String).alias("dimension_value")
    if dimension.lookup is None:
        return events.with_columns(value)
    if dimension.lookup not in records or dimension.by is None:
        raise MetricError(
            f"dimension {name}: no records {dimension.lookup!r}, or no column `by` which to find them"
        )
    found = records[dimension.lookup].select(dimension.by, value)
    return events.join(found, on=dimension.by, how="left")


def _ranked(sums: pl.LazyFrame, definition: ValueDefinition) -> pl.LazyFrame:
    group = ["dimension", "dimension_value"]
    names = [f"{metric}_{window}" for window in definition.windows() for metric in definition.metrics]
    # Ordinal ranks break ties by position: customers stand in the order of their ids.
    ordered = sums.sort(*group, PERSON)
    return ordered.with_columns(
        ntile(pl.col(name).rank("ordinal", descending=True), pl.col(name).count(), definition.buckets)
        .over(group)
        .alias(f"{name}_decile")
        for name in names
    )


def ntile(rank: pl.Expr, size: pl.Expr, buckets: int) -> pl.Expr:
    """SQL's `NTILE(buckets)` from an ordinal rank (1 is first) among `size` rows."""
    rank, size = rank.cast(pl.Int64), size.cast(pl.Int64)
    small, surplus = size // buckets, size % buckets
    cut = surplus * (small + 1)
    in_large = (rank - 1) // (small + 1) + 1
    # With fewer rows than buckets `small` is 0, and every rank lies below the cut.
    in_small = surplus + (rank - 1 - cut) // pl.max_horizontal(small, 1) + 1
    return pl.when(rank <= cut).then(in_large).otherwise(in_small).cast(pl.Int16)


def _check(events: pl.LazyFrame, definition: ValueDefinition) -> None:
    schema = events.collect_schema()
    if definition.identity not in schema:
        raise MetricError(
            f"{definition.name}: identity: {definition.dataset} has no column {definition.identity}; "
            f"it has {', '.join(schema.names())}"
        )
    for name, metric in definition.metrics.items():
        column = str(metric.sum or metric.count_distinct)
        if column not in schema:
            raise MetricError(
                f"{definition.name}: metric {name}: {definition.dataset} has no column {column}; "
                f"it has {', '.join(schema.names())}"
            )
        if metric.sum and not (schema[column].is_integer() or schema[column].is_decimal()):
            raise MetricError(
                f"{definition.name}: metric {name}: {column} is {schema[column]}; only integers and decimals "
                "can be summed exactly"
            )


def _midnight(day: date) -> pl.Expr:
    return pl.lit(day).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _start(as_of: date, months: int) -> pl.Expr:
    return _midnight(as_of).dt.offset_by(f"-{months}mo")
