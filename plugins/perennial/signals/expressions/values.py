"""Values of an expression as Polars expressions, with the conversions between their kinds.

Each value also says of which rows it could not be had, so that a bad text never becomes a missing value. The
Polars expression of a value holds those of its operands once each: it grows with the text, and not faster.
"""

from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import polars as pl

from perennial.signals.expressions.tokens import ExpressionError, error_at

Kind = Literal["text", "number", "boolean", "date", "time", "nothing"]
NUMBER = pl.Decimal(38, 9)
"""Numbers within an expression: exact, with nine digits after the point."""
LARGEST = 1e28
TRUE = [
    "".join(word) for text in ("true", "yes", "1") for word in product(*zip(text, text.upper(), strict=True))
]
FALSE = [
    "".join(word) for text in ("false", "no", "0") for word in product(*zip(text, text.upper(), strict=True))
]


@dataclass(frozen=True)
class Value:
    """A value of each row: of one kind, null where missing; `failed` is true where it could not be had."""

    value: pl.Expr
    kind: Kind
    position: int = 0
    failed: pl.Expr | None = None
    constant: object = None
    """What stands in the expression itself, where the value is a literal."""
    operands: tuple["Value", ...] = ()
    """What a number was computed from, down to what is no computation itself."""
    comma: bool = False
    """Whether a text, where it is a number, has a comma before its decimals."""
    zoned: bool = False
    """Whether a moment is known in UTC, rather than as clocks show it somewhere."""

    @property
    def is_null(self) -> bool:
        return self.kind == "nothing"

    def wrong(self, expected: str) -> ExpressionError:
        return error_at(self.position, f"expected {expected}, found a {self.kind}")


def failures(*values: Value | pl.Expr | None) -> pl.Expr | None:
    """True where any of the values could not be had."""
    found = [each.failed if isinstance(each, Value) else each for each in values]
    given = [each for each in found if each is not None]
    return pl.any_horizontal(given) if given else None


def of_field(value: pl.Expr, dtype: pl.DataType, position: int) -> Value:
    """A source's column as a value."""
    if dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum):
        return Value(value.cast(pl.String), "text", position)
    if dtype.is_numeric():
        return _converted(Value(value, "number", position), value.cast(NUMBER, strict=False), "number")
    if dtype == pl.Boolean:
        return Value(value, "boolean", position)
    if dtype == pl.Date:
        return Value(value, "date", position)
    if isinstance(dtype, pl.Datetime):
        moment = value.cast(pl.Datetime("us", dtype.time_zone), strict=False)
        if dtype.time_zone is not None:
            moment = moment.dt.convert_time_zone("UTC")
        return Value(moment, "time", position, zoned=dtype.time_zone is not None)
    if dtype == pl.Null:
        return Value(pl.lit(None, pl.String), "nothing", position)
    raise error_at(position, f"a field of type {dtype} has no single value; name a field within it")


def text(value: Value) -> Value:
    """As text: numbers without needless zeros, times as 2017-12-25 10:00:00."""
    match value.kind:
        case "text":
            return value
        case "number":
            digits = value.value.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
            return replace(value, value=digits, kind="text")
        case "time":
            return replace(value, value=value.value.dt.to_string("%Y-%m-%d %H:%M:%S%.f"), kind="text")
        case "nothing":
            return replace(value, value=pl.lit(None, pl.String), kind="text")
    return replace(value, value=value.value.cast(pl.String), kind="text")


def number(value: Value) -> Value:
    """As a number; a text that is none fails."""
    match value.kind:
        case "number":
            return value
        case "text":
            digits = with_point(value.value) if value.comma else value.value
            return _converted(value, digits.cast(NUMBER, strict=False), "number")
        case "nothing":
            return replace(value, value=pl.lit(None, NUMBER), kind="number")
    raise value.wrong("a number")


def boolean(value: Value) -> Value:
    """As true or false; a text that is neither fails."""
    match value.kind:
        case "boolean":
            return value
        case "text":
            meaning = {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}
            known = value.value.replace_strict(meaning, default=None, return_dtype=pl.Boolean)
            return _converted(value, known, "boolean")
        case "nothing":
            return replace(value, value=pl.lit(None, pl.Boolean), kind="boolean")
    raise value.wrong("a condition")


def time(value: Value) -> Value:
    """As a moment: a text is read as 2017-12-25 or 2017-12-25 10:00:00."""
    match value.kind:
        case "time":
            return value
        case "date":
            return replace(value, value=value.value.cast(pl.Datetime("us")), kind="time")
        case "text":
            full = value.value.str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1} 00:00:00")
            moment = full.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
            return _converted(value, moment, "time")
        case "nothing":
            return replace(value, value=pl.lit(None, pl.Datetime("us")), kind="time")
    raise value.wrong("a moment")


def with_point(value: pl.Expr) -> pl.Expr:
    """A number with a comma before its decimals, 3,50, as 3.50.

    3.50 stays; a point that could group thousands (1.234), or one beside a comma, is not guessed at: null.
    """
    doubtful = value.str.contains(r"^[+-]?\d{1,3}(?:\.\d{3})+$|\..*,|,.*[.,]")
    return pl.when(~doubtful).then(value.str.replace(",", ".", literal=True))


def true_or_false(value: pl.Expr) -> pl.Expr:
    """A text's meaning; null where it has none."""
    return pl.when(value.is_in(TRUE)).then(True).when(value.is_in(FALSE)).then(False)


def alike(values: list[Value]) -> list[Value]:
    """Values that can stand in one column: of one kind, or all as text."""
    kinds = {value.kind for value in values if not value.is_null}
    if len(kinds) > 1 or not kinds:
        return [text(value) for value in values]
    kind = kinds.pop()
    zones = {value.zoned for value in values if not value.is_null}
    if len(zones) > 1:
        raise error_at(values[-1].position, "of these moments, some name their time zone and others do not")
    zoned = zones.pop()
    return [
        replace(value, value=pl.lit(None), kind=kind, zoned=zoned) if value.is_null else value
        for value in values
    ]


def literal(constant: object, position: int) -> Value:
    """What stands in an expression itself."""
    match constant:
        case None:
            return Value(pl.lit(None, pl.String), "nothing", position)
        case bool():
            return Value(pl.lit(constant), "boolean", position, constant=constant)
        case str():
            return Value(pl.lit(constant, pl.String), "text", position, constant=constant)
    digits = pl.lit(str(constant)).cast(NUMBER, strict=False)
    return Value(digits, "number", position, constant=constant)


def _converted(before: Value, after: pl.Expr, kind: Kind) -> Value:
    failed = before.value.is_not_null() & after.is_null()
    return replace(before, value=after, kind=kind, failed=failures(before, failed))
