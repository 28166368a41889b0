"""Values as rows by lookback in; one row a customer out: flattened, nested, or as an export takes them."""

from collections.abc import Iterator

import polars as pl

from perennial.value.deciles import KEYS
from perennial.value.definition import ALL, OVERALL

PERSON = "person_id"
NAMED = {*KEYS, "as_of"}


def flattened(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Overall values: one row a person, with `<metric>_<lookback>` and `<metric>_<lookback>_decile`."""
    overall = rows.filter(pl.col("dimension") == OVERALL, pl.col("dimension_value") == ALL)
    return overall.group_by(PERSON).agg(
        pl.col(column).filter(pl.col("lookback") == lookback).first().alias(name)
        for name, column, lookback in _columns(rows)
    )


def by_dimension(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Values within dimensions: `<dimension>.<metric>_<lookback>[_decile]` as a list of (key, value)."""
    within = rows.filter(pl.col("dimension") != OVERALL).sort(PERSON, "dimension", "dimension_value")
    dimensions = within.select(pl.col("dimension").unique()).collect()["dimension"].sort()
    maps = []
    for dimension in dimensions:
        for name, column, lookback in _columns(rows):
            here = (pl.col("dimension") == dimension) & (pl.col("lookback") == lookback)
            maps.append(_map(column, "dimension_value", here).alias(f"{dimension}.{name}"))
    return within.group_by(PERSON).agg(maps)


def nested(rows: pl.LazyFrame) -> pl.LazyFrame:
    """One row a person, with two structs: `deciles.<metric>.<lookback>`, and `totals` of the same shape.

    Each field is a map, as a list of (key, value): from a dimension's value, or `all`, to the rank or the
    value. Of a definition with several dimensions the keys are `<dimension>:<value>`. A lookback in which
    somebody has nothing is an empty map. Without rows there is only `person_id`.
    """
    several = (
        rows.filter(pl.col("dimension") != OVERALL).select(pl.col("dimension").n_unique()).collect().item()
        > 1
    )
    key = pl.col("dimension_value")
    if several:
        named = pl.concat_str("dimension", pl.lit(":"), "dimension_value")
        key = pl.when(pl.col("dimension") == OVERALL).then(key).otherwise(named)
    ordered = rows.with_columns(key.alias("key")).sort(PERSON, "key")
    lookbacks = _lookbacks(rows)
    paths = [
        (struct, metric, lookback, f"{metric}{suffix}")
        for struct, suffix in (("deciles", "_decile"), ("totals", ""))
        for metric in _metrics(rows, suffix)
        for lookback in lookbacks
    ]
    if not paths:
        return rows.select(PERSON)
    maps = ordered.group_by(PERSON).agg(
        _map(column, "key", pl.col("lookback") == lookback).alias(f"{struct}.{metric}.{lookback}")
        for struct, metric, lookback, column in paths
    )
    return maps.select(PERSON, *(_struct(paths, struct) for struct in ("deciles", "totals")))


def exported(rows: pl.LazyFrame, dimension: str) -> pl.LazyFrame:
    """Values within a dimension for destinations that take no maps: a column for each of its values.

    One row a person; `<dimension>_<value>_<metric>_<lookback>[_decile]`.
    """
    within = rows.filter(pl.col("dimension") == dimension)
    values = within.select(pl.col("dimension_value").unique()).collect()["dimension_value"].sort()
    return within.group_by(PERSON).agg(
        pl.col(column)
        .filter((pl.col("dimension_value") == value) & (pl.col("lookback") == lookback))
        .first()
        .alias(f"{dimension}_{value}_{name}")
        for value in values
        for name, column, lookback in _columns(rows)
    )


def _struct(paths: list[tuple[str, str, str, str]], name: str) -> pl.Expr:
    fields: dict[str, list[pl.Expr]] = {}
    for struct, metric, lookback, _ in paths:
        if struct == name:
            fields.setdefault(metric, []).append(pl.col(f"{struct}.{metric}.{lookback}").alias(lookback))
    return pl.struct(pl.struct(each).alias(metric) for metric, each in fields.items()).alias(name)


def _columns(rows: pl.LazyFrame) -> Iterator[tuple[str, str, str]]:
    """(name when flattened, column, lookback)."""
    for lookback in _lookbacks(rows):
        for column in rows.collect_schema():
            if column not in NAMED:
                metric = column.removesuffix("_decile")
                yield f"{metric}_{lookback}{'_decile' if metric != column else ''}", column, lookback


def _lookbacks(rows: pl.LazyFrame) -> list[str]:
    found = rows.select(pl.col("lookback").unique()).collect()["lookback"].to_list()
    return sorted(found, key=lambda name: (not name.endswith("m"), len(name), name))


def _metrics(rows: pl.LazyFrame, suffix: str) -> list[str]:
    names = [name for name in rows.collect_schema() if name not in NAMED]
    if suffix:
        return [name.removesuffix(suffix) for name in names if name.endswith(suffix)]
    return [name for name in names if not name.endswith("_decile")]


def _map(column: str, key: str, here: pl.Expr) -> pl.Expr:
    return pl.struct(key=key, value=column).filter(here & pl.col(column).is_not_null())
