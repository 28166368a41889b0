"""Polars' types in, the names of Spark's out."""

from typing import Any

import polars as pl

from perennial.lake.spark.cluster import SparkError

NAMES: dict[type[pl.DataType], str] = {
    pl.String: "string",
    pl.Boolean: "boolean",
    pl.Int8: "tinyint",
    pl.Int16: "smallint",
    pl.Int32: "int",
    pl.Int64: "bigint",
    pl.Float32: "float",
    pl.Float64: "double",
    pl.Date: "date",
    pl.Binary: "binary",
    # A literal without a value.
    pl.Null: "string",
}


def spark_type(kind: pl.DataType) -> str:
    """How Spark's SQL names a type that a table of the lake can have."""
    match kind:
        case pl.Datetime():
            return "timestamp" if kind.time_zone else "timestamp_ntz"
        case pl.Decimal():
            return f"decimal({kind.precision},{kind.scale})"
        case pl.List():
            return f"array<{spark_type(_whole(kind.inner))}>"
        case pl.Struct():
            fields = ",".join(f"{quoted(each.name)}:{spark_type(_whole(each.dtype))}" for each in kind.fields)
            return f"struct<{fields}>"
    name = NAMES.get(type(kind))
    if name is None:
        raise SparkError(f"Spark has no type for {kind}")
    return name


def ddl(schema: pl.Schema) -> str:
    """Columns as Spark's SQL declares them."""
    return ", ".join(f"{quoted(name)} {spark_type(kind)}" for name, kind in schema.items())


def quoted(name: str) -> str:
    """A column's name, whatever characters it has."""
    return f"`{name.replace('`', '``')}`"


def literal(value: str) -> str:
    """A text in Spark's SQL, whatever characters it has."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _whole(kind: Any) -> pl.DataType:
    return kind if isinstance(kind, pl.DataType) else kind()
