"""The functions and operators of the expression language, and how each becomes a Polars expression.

The table is closed: an expression can use what stands here and nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import polars as pl

from perennial.signals.expressions import error_at
from perennial.signals.values import LARGEST, NUMBER, Value, alike, boolean, failures, number, text, time

MANY = 200
UNREAD = "%Z"
NO_NAMES = "names of time zones (%Z) cannot be read; %#z reads Z, +02 and +02:00"
UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1}


def names_zone(form: str) -> bool:
    """Whether a format of strftime's letters says the time zone of what it reads."""
    return any(letters in form for letters in ("%z", "%:z", "%#z", "%+"))


@dataclass(frozen=True)
class Function:
    """How it is written, how many arguments it takes, and what it makes of them."""

    signature: str
    meaning: str
    build: Callable[[list[Value]], Value]
    least: int
    most: int


def _concat(values: list[Value]) -> Value:
    texts = [text(value) for value in values]

    def join(columns: Sequence[pl.Series]) -> pl.Series:
        frame = pl.DataFrame([column.alias(str(n)) for n, column in enumerate(columns)])
        some = pl.any_horizontal(pl.all().is_not_null())
        return frame.select(pl.when(some).then(pl.concat_str(pl.all(), ignore_nulls=True))).to_series()

    return Value(_together(join, pl.String(), *texts), "text", failed=failures(*texts))


def _coalesce(values: list[Value]) -> Value:
    same = alike(values)
    first = pl.coalesce([each.value for each in same])
    failed = failures(*same)
    return Value(
        first, same[0].kind, zoned=same[0].zoned, failed=None if failed is None else first.is_null() & failed
    )


def _if(values: list[Value]) -> Value:
    condition = boolean(values[0])
    yes, no = alike(values[1:] if len(values) == 3 else [values[1], _nothing(values[1])])
    chosen = pl.when(condition.value).then(yes.value).otherwise(no.value)
    never = pl.lit(False)
    failed = pl.when(condition.value).then(_or(yes.failed, never)).otherwise(_or(no.failed, never))
    return Value(chosen, yes.kind, zoned=yes.zoned, failed=failures(condition, failed))


def _map(values: list[Value]) -> Value:
    given, *rest = text(values[0]), *values[1:]
    pairs = list(zip(rest[0::2], rest[1::2], strict=False))
    default = rest[-1] if len(rest) % 2 else None
    written = {_written(before): _written(after) for before, after in reversed(pairs)}
    results = alike([after for _, after in pairs] + ([default] if default else []))
    kind = results[0].kind
    dtype = {"number": NUMBER, "boolean": pl.Boolean()}.get(kind, pl.String())
    found = pl.Series([*written.values()], dtype=pl.String)
    result = given.value.replace_strict(
        pl.Series([*written], dtype=pl.String),
        found == "true" if kind == "boolean" else found.cast(dtype),
        default=results[-1].value if default else None,
        return_dtype=dtype,
    )
    if default:
        return Value(result, kind, failed=failures(given, results[-1]))
    return Value(result, kind, failed=failures(given, given.value.is_not_null() & result.is_null()))


def _replace(values: list[Value]) -> Value:
    before, after = _constant(values[1], str), _constant(values[2], str)
    return _as_text(values[0], lambda it: it.str.replace_all(before, after, literal=True))


def _substring(values: list[Value]) -> Value:
    start = _whole(values[1], least=1)
    length = _whole(values[2], least=0) if len(values) == 3 else None
    return _as_text(values[0], lambda it: it.str.slice(start - 1, length))


def _split(values: list[Value]) -> Value:
    separator, n = _constant(values[1], str), _whole(values[2], least=-MANY)
    if n == 0 or not separator:
        raise error_at(values[2].position, "parts are counted from 1, or from -1 backwards, at a separator")
    index = n - 1 if n > 0 else n
    return _as_text(values[0], lambda it: it.str.split(separator).list.get(index, null_on_oob=True))


def _round(values: list[Value]) -> Value:
    digits = _whole(values[1], least=0) if len(values) == 2 else 0
    value = number(values[0])
    return replace(value, value=value.value.round(min(digits, 9), mode="half_away_from_zero"))


def _length(values: list[Value]) -> Value:
    value = text(values[0])
    return replace(value, value=value.value.str.len_chars().cast(NUMBER), kind="number")


def _timestamp(values: list[Value]) -> Value:
    if values[0].kind in ("time", "date"):
        return time(values[0])
    form = _constant(values[1], str)
    if UNREAD in form:
        raise error_at(values[1].position, NO_NAMES)
    read = _read(values[0], "time", lambda it: it.str.to_datetime(form, time_unit="us", strict=False))
    return replace(read, zoned=names_zone(form))


def _date(values: list[Value]) -> Value:
    if values[0].kind == "date":
        return values[0]
    if values[0].kind == "time":
        return replace(values[0], value=values[0].value.dt.date(), kind="date")
    form = _constant(values[1], str) if len(values) == 2 else "%Y-%m-%d"
    return _read(values[0], "date", lambda it: it.str.to_date(form, strict=False))


def _epoch(values: list[Value]) -> Value:
    unit = _constant(values[1], str) if len(values) == 2 else "s"
    if unit not in UNITS:
        raise error_at(values[1].position, f"the unit is one of {', '.join(UNITS)}; found {unit!r:.40}")
    value = number(values[0])
    # Beyond the year 9999 nothing is a moment; the bound also keeps the product within its type.
    limit = 253_402_300_800 * 1_000_000 // UNITS[unit]

    def moments(columns: Sequence[pl.Series]) -> pl.Series:
        (counted,) = columns
        bounded = counted.zip_with(counted.abs() < limit, counted.clear(len(counted)))
        return (bounded * UNITS[unit]).cast(pl.Int64).cast(pl.Datetime("us", "UTC"))

    moment = _together(moments, pl.Datetime("us", "UTC"), value)
    failed = value.value.is_not_null() & moment.is_null()
    return Value(moment, "time", zoned=True, failed=failures(value, failed))


def _arithmetic(sign: str) -> Callable[[list[Value]], Value]:
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
        result = _together(compute, NUMBER, left, right)
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


def _comparison(sign: str) -> Callable[[list[Value]], Value]:
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


def _and_or(sign: str) -> Callable[[list[Value]], Value]:
    def build(values: list[Value]) -> Value:
        left, right = (boolean(value) for value in values)
        both = left.value & right.value if sign == "and" else left.value | right.value
        return Value(both, "boolean", failed=failures(left, right))

    return build


def _not(values: list[Value]) -> Value:
    value = boolean(values[0])
    return replace(value, value=~value.value)


def _negative(values: list[Value]) -> Value:
    value = number(values[0])
    constant = -value.constant if isinstance(value.constant, Decimal) else None
    return replace(value, value=-value.value, constant=constant)


def _abs(values: list[Value]) -> Value:
    value = number(values[0])
    return replace(value, value=value.value.abs())


def _together(
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


def _as_text(value: Value, change: Callable[[pl.Expr], pl.Expr]) -> Value:
    as_text = text(value)
    return replace(as_text, value=change(as_text.value), constant=None)


def _read(value: Value, kind: str, how: Callable[[pl.Expr], pl.Expr]) -> Value:
    given = text(value)
    read = how(given.value)
    failed = given.value.is_not_null() & read.is_null()
    return Value(read, kind, failed=failures(given, failed))  # type: ignore[arg-type]


def _constant(value: Value, *types: type) -> str:
    if not isinstance(value.constant, types):
        raise error_at(value.position, "expected a text that is written out, not computed")
    return str(value.constant)


def _written(value: Value) -> str:
    """What `text` makes of a value that is written out."""
    if value.constant is None:
        raise error_at(value.position, "expected a text or a number that is written out, not computed")
    match value.constant:
        case bool():
            return str(value.constant).lower()
        case Decimal():
            return f"{value.constant.normalize():f}"
    return str(value.constant)


def _whole(value: Value, least: int) -> int:
    constant = value.constant
    if not isinstance(constant, Decimal) or constant != int(constant) or not least <= constant < 1_000_000:
        raise error_at(value.position, f"expected a whole number that is written out, {least} or more")
    return int(constant)


def _nothing(beside: Value) -> Value:
    return Value(pl.lit(None, pl.String), "nothing", beside.position)


def _or(failed: pl.Expr | None, otherwise: pl.Expr) -> pl.Expr:
    return otherwise if failed is None else failed


ARITHMETIC = "+-*/"
OPERATORS: dict[str, Function] = {
    **{sign: Function(f"a {sign} b", "", _arithmetic(sign), 2, 2) for sign in ARITHMETIC},
    **{
        sign: Function(f"a {sign} b", "", _comparison(sign), 2, 2)
        for sign in ("=", "!=", "<", "<=", ">", ">=")
    },
    **{sign: Function(f"a {sign} b", "", _and_or(sign), 2, 2) for sign in ("and", "or")},
    "not": Function("not a", "", _not, 1, 1),
    "negative": Function("-a", "", _negative, 1, 1),
}
FUNCTIONS: dict[str, Function] = {
    "concat": Function(
        "concat(a, b, ...)", "the texts one after another; what is missing is left out", _concat, 1, MANY
    ),
    "coalesce": Function("coalesce(a, b, ...)", "the first that is not missing", _coalesce, 1, MANY),
    "lower": Function(
        "lower(x)", "in small letters", lambda v: _as_text(v[0], lambda it: it.str.to_lowercase()), 1, 1
    ),
    "upper": Function(
        "upper(x)", "in capital letters", lambda v: _as_text(v[0], lambda it: it.str.to_uppercase()), 1, 1
    ),
    "trim": Function(
        "trim(x)",
        "without white space at both ends",
        lambda v: _as_text(v[0], lambda it: it.str.strip_chars()),
        1,
        1,
    ),
    "replace": Function("replace(x, 'a', 'b')", "every 'a' in the text becomes 'b'", _replace, 3, 3),
    "substring": Function(
        "substring(x, start, length)",
        "from the start-th character on (1 is the first); all the rest without a length",
        _substring,
        2,
        3,
    ),
    "split": Function(
        "split(x, '-', n)",
        "the n-th part between separators; -1 is the last; missing where there are fewer",
        _split,
        3,
        3,
    ),
    "length": Function("length(x)", "how many characters", _length, 1, 1),
    "number": Function(
        "number(x)", "the text as a number; unreadable where it is none", lambda v: number(v[0]), 1, 1
    ),
    "text": Function("text(x)", "as text", lambda v: text(v[0]), 1, 1),
    "round": Function(
        "round(x, digits)",
        "to so many digits after the point (0 if not given), halves away from zero",
        _round,
        1,
        2,
    ),
    "abs": Function("abs(x)", "without its sign", _abs, 1, 1),
    "if": Function(
        "if(condition, a, b)", "a where the condition holds, else b (missing if not given)", _if, 2, 3
    ),
    "map": Function(
        "map(x, 'a', 'b', ..., other)",
        "'b' where x is 'a', and so on; else `other`; without it, other values are unreadable",
        _map,
        3,
        MANY,
    ),
    "timestamp": Function(
        "timestamp(x, '%d.%m.%Y %H:%M')",
        "the moment that is written so; in the column's `timezone` unless the text names one (`%z`)",
        _timestamp,
        2,
        2,
    ),
    "date": Function(
        "date(x, '%d.%m.%Y')", "the day that is written so, 2017-12-25 if no format is given", _date, 1, 2
    ),
    "epoch": Function(
        "epoch(x, 'ms')", "the moment so many `s`, `ms` or `us` after 1970 in UTC", _epoch, 1, 2
    ),
    "missing": Function(
        "missing(x)",
        "true where there is no value",
        lambda v: Value(v[0].value.is_null(), "boolean", failed=v[0].failed),
        1,
        1,
    ),
}
"""By name; the documents' manual is generated from nothing else."""
