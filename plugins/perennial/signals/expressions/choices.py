"""Conditions in, and one value or another out: comparisons, and the functions that decide."""

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from perennial.signals.expressions.operands import written
from perennial.signals.expressions.values import (
    NUMBER,
    Value,
    alike,
    boolean,
    failures,
    number,
    text,
    time,
)


def coalesce(values: list[Value]) -> Value:
    """The first that is not missing."""
    same = alike(values)
    first = pl.coalesce([each.value for each in same])
    failed = failures(*same)
    return Value(
        first, same[0].kind, zoned=same[0].zoned, failed=None if failed is None else first.is_null() & failed
    )


def choose(values: list[Value]) -> Value:
    """One value where a condition holds, and another elsewhere."""
    condition = boolean(values[0])
    yes, no = alike(values[1:] if len(values) == 3 else [values[1], _nothing(values[1])])
    chosen = pl.when(condition.value).then(yes.value).otherwise(no.value)
    never = pl.lit(False)
    failed = pl.when(condition.value).then(_or(yes.failed, never)).otherwise(_or(no.failed, never))
    return Value(chosen, yes.kind, zoned=yes.zoned, failed=failures(condition, failed))


def translate(values: list[Value]) -> Value:
    """Known texts as others."""
    given, *rest = text(values[0]), *values[1:]
    pairs = list(zip(rest[0::2], rest[1::2], strict=False))
    default = rest[-1] if len(rest) % 2 else None
    known = {written(before): written(after) for before, after in reversed(pairs)}
    results = alike([after for _, after in pairs] + ([default] if default else []))
    kind = results[0].kind
    dtype = {"number": NUMBER, "boolean": pl.Boolean()}.get(kind, pl.String())
    found = pl.Series([*known.values()], dtype=pl.String)
    result = given.value.replace_strict(
        pl.Series([*known], dtype=pl.String),
        found == "true" if kind == "boolean" else found.cast(dtype),
        default=results[-1].value if default else None,
        return_dtype=dtype,
    )
    if default:
        return Value(result, kind, failed=failures(given, results[-1]))
    return Value(result, kind, failed=failures(given, given.value.is_not_null() & result.is_null()))


def comparison(sign: str) -> Callable[[list[Value]], Value]:
    """The builder of a comparison: as numbers, moments, conditions or else texts."""

    def build(values: list[Value]) -> Value:
        if sign in ("=", "!=") and any(value.is_null for value in values):
            other = values[0] if values[1].is_null else values[1]
            is_null = other.value.is_null()
            return Value(is_null if sign == "=" else ~is_null, "boolean", failed=other.failed)
        kinds = {value.kind for value in values}
        convert = text
        for kind, to in (("number", number), ("time", time), ("date", time), ("boolean", boolean)):
            if kind in kinds:
                convert = to
                break
        left, right = (convert(value) for value in values)
        a, b = left.value, right.value
        if convert is time:
            a, b = (each.dt.replace_time_zone(None) for each in (a, b))
        result = {"=": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]
        return Value(result, "boolean", failed=failures(left, right))

    return build


def both_or_either(sign: str) -> Callable[[list[Value]], Value]:
    """The builder of `and` or `or`."""

    def build(values: list[Value]) -> Value:
        left, right = (boolean(value) for value in values)
        both = left.value & right.value if sign == "and" else left.value | right.value
        return Value(both, "boolean", failed=failures(left, right))

    return build


def opposite(values: list[Value]) -> Value:
    """Whether a condition does not hold."""
    value = boolean(values[0])
    return replace(value, value=~value.value)


def _nothing(beside: Value) -> Value:
    return Value(pl.lit(None, pl.String), "nothing", beside.position)


def _or(failed: pl.Expr | None, otherwise: pl.Expr) -> pl.Expr:
    return otherwise if failed is None else failed
