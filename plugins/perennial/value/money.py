"""Values in whole numbers of their smallest unit in, decimals out."""

from collections.abc import Mapping, Sequence

import polars as pl

from perennial.value.deciles import scale_of
from perennial.value.definition import ValueDefinition
from perennial.value.partials import Partial

DIGITS = 18


def scales(definition: ValueDefinition, found: Sequence[Partial]) -> dict[str, int]:
    """How many decimals each metric's whole numbers have; metrics without any are left out."""
    exact = {name: metric for name, metric in definition.metrics.items() if metric.kind != "average"}
    return {name: scale_of(name, found) for name in exact if scale_of(name, found)}


def as_money(rows: pl.LazyFrame, found: Mapping[str, int]) -> pl.LazyFrame:
    """The same rows, with decimals where `scales` says so."""
    return rows.with_columns(decimal(pl.col(name), scale).alias(name) for name, scale in found.items())


def decimal(whole: pl.Expr, scale: int, digits: int = DIGITS) -> pl.Expr:
    """A whole number of units of 10^-scale as a decimal with that many places."""
    divisor = pl.lit(10**scale, pl.Decimal(digits, 0))
    return (whole.cast(pl.Decimal(digits, scale)) / divisor).cast(pl.Decimal(digits, scale))
