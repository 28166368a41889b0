"""What functions ask of their arguments, and how they compute with whole columns."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import polars as pl

from perennial.signals.expressions.tokens import error_at
from perennial.signals.expressions.values import (
    Value,
    failures,
    text,
)


def together(
    function: Callable[[Sequence[pl.Series]], pl.Series], dtype: pl.DataType, *values: Value
) -> pl.Expr:
    """A function of whole columns of one length, in which each of its operands stands once."""

    def of_one_length(columns: Sequence[pl.Series]) -> pl.Series:
        sizes = {len(column) for column in columns}
        size = 0 if 0 in sizes else max(sizes)
        return function(
            [each if len(each) == size else each.head(1).new_from_index(0, size) for each in columns]
        )

    return pl.map_batches(
        [value.value for value in values], of_one_length, return_dtype=dtype, is_elementwise=True
    )


def as_text(value: Value, change: Callable[[pl.Expr], pl.Expr]) -> Value:
    """A function of texts, applied to what `text` makes of a value."""
    given = text(value)
    return replace(given, value=change(given.value), constant=None)


def read(value: Value, kind: str, how: Callable[[pl.Expr], pl.Expr]) -> Value:
    """A text read as something else; where that gives nothing, it fails."""
    given = text(value)
    read = how(given.value)
    failed = given.value.is_not_null() & read.is_null()
    return Value(read, kind, failed=failures(given, failed))  # type: ignore[arg-type]


def constant(value: Value, *types: type) -> str:
    """What is written out; raises `ExpressionError` where it is computed."""
    if not isinstance(value.constant, types):
        raise error_at(value.position, "expected a text that is written out, not computed")
    return str(value.constant)


def written(value: Value) -> str:
    """What `text` makes of a value that is written out."""
    if value.constant is None:
        raise error_at(value.position, "expected a text or a number that is written out, not computed")
    match value.constant:
        case bool():
            return str(value.constant).lower()
        case Decimal():
            return f"{value.constant.normalize():f}"
    return str(value.constant)


def whole(value: Value, least: int) -> int:
    """A whole number that is written out, and not too small."""
    constant = value.constant
    if not isinstance(constant, Decimal) or constant != int(constant) or not least <= constant < 1_000_000:
        raise error_at(value.position, f"expected a whole number that is written out, {least} or more")
    return int(constant)
