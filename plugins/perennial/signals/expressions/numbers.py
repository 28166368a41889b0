"""Numbers in, numbers out: exact arithmetic that fails for a row rather than for all of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import polars as pl

from perennial.signals.expressions.operands import together, whole
from perennial.signals.expressions.values import (
    LARGEST,
    NUMBER,
    Value,
    failures,
    number,
)


def arithmetic(sign: str) -> Callable[[list[Value]], Value]:
    """The builder of a sum, difference, product or quotient, exact to nine digits after the point."""

    def compute(columns: Sequence[pl.Series]) -> pl.Series:
        left, right = (column.alias(name) for column, name in zip(columns, "ab", strict=True))
        frame = pl.DataFrame([left, right]).with_columns(
            near=_apply(sign, pl.col("a").cast(pl.Float64), pl.col("b").cast(pl.Float64))
        )
        # The exact types refuse what does not fit; such rows must not stop the others.
        fitting = frame.with_columns(
            pl.when(pl.col("near").abs() < LARGEST).then(pl.col("a", "b")).name.keep()
        )
        return fitting.select(_apply(sign, pl.col("a"), pl.col("b")).cast(NUMBER)).to_series()

    def build(values: list[Value]) -> Value:
        left, right = (number(value) for value in values)
        result = together(compute, NUMBER, left, right)
        # Asked once for a whole sum, not for each of its parts: all operands are there, and it is not.
        operands = (*(left.operands or (left,)), *(right.operands or (right,)))
        there = pl.all_horizontal([each.value.is_not_null() for each in operands])
        failed = failures(*operands, there & result.is_null())
        return Value(result, "number", failed=failed, operands=operands)

    return build


def _apply(sign: str, a: pl.Expr, b: pl.Expr) -> pl.Expr:
    match sign:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
    return a / pl.when(b != 0).then(b)


def rounded(values: list[Value]) -> Value:
    """To so many digits, halves away from zero."""
    digits = whole(values[1], least=0) if len(values) == 2 else 0
    value = number(values[0])
    return replace(value, value=value.value.round(min(digits, 9), mode="half_away_from_zero"))


def negative(values: list[Value]) -> Value:
    """With the other sign."""
    value = number(values[0])
    constant = -value.constant if isinstance(value.constant, Decimal) else None
    return replace(value, value=-value.value, constant=constant)


def absolute(values: list[Value]) -> Value:
    """Without its sign."""
    value = number(values[0])
    return replace(value, value=value.value.abs())
