"""Texts in, texts out: the functions of an expression that put them together and take them apart."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from perennial.signals.expressions.operands import as_text, constant, together, whole
from perennial.signals.expressions.tokens import error_at
from perennial.signals.expressions.values import NUMBER, Value, failures, text

MANY = 200
"""Parts that a text can be split into."""


def concat(values: list[Value]) -> Value:
    """The texts one after another; null where all are missing."""
    texts = [text(value) for value in values]

    def join(columns: Sequence[pl.Series]) -> pl.Series:
        frame = pl.DataFrame([column.alias(str(n)) for n, column in enumerate(columns)])
        some = pl.any_horizontal(pl.all().is_not_null())
        return frame.select(pl.when(some).then(pl.concat_str(pl.all(), ignore_nulls=True))).to_series()

    return Value(together(join, pl.String(), *texts), "text", failed=failures(*texts))


def replace_all(values: list[Value]) -> Value:
    """One text in place of another, wherever it stands."""
    before, after = constant(values[1], str), constant(values[2], str)
    return as_text(values[0], lambda it: it.str.replace_all(before, after, literal=True))


def substring(values: list[Value]) -> Value:
    """From one character on, up to a length."""
    start = whole(values[1], least=1)
    length = whole(values[2], least=0) if len(values) == 3 else None
    return as_text(values[0], lambda it: it.str.slice(start - 1, length))


def split(values: list[Value]) -> Value:
    """One of the parts between separators."""
    separator, n = constant(values[1], str), whole(values[2], least=-MANY)
    if n == 0 or not separator:
        raise error_at(values[2].position, "parts are counted from 1, or from -1 backwards, at a separator")
    index = n - 1 if n > 0 else n
    return as_text(values[0], lambda it: it.str.split(separator).list.get(index, null_on_oob=True))


def length(values: list[Value]) -> Value:
    """How many characters."""
    value = text(values[0])
    return replace(value, value=value.value.str.len_chars().cast(NUMBER), kind="number")
