"""The functions and operators of the expression language: how each is written, and what builds it.

The table is closed: an expression can use what stands here and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass

from perennial.signals.expressions.choices import (
    both_or_either,
    choose,
    coalesce,
    comparison,
    opposite,
    translate,
)
from perennial.signals.expressions.moments import day, epoch, timestamp
from perennial.signals.expressions.numbers import absolute, arithmetic, negative, rounded
from perennial.signals.expressions.operands import as_text
from perennial.signals.expressions.texts import MANY, concat, length, replace_all, split, substring
from perennial.signals.expressions.values import Value, number, text


@dataclass(frozen=True)
class Function:
    """How it is written, how many arguments it takes, and what it makes of them."""

    signature: str
    meaning: str
    build: Callable[[list[Value]], Value]
    least: int
    most: int


ARITHMETIC = "+-*/"
OPERATORS: dict[str, Function] = {
    **{sign: Function(f"a {sign} b", "", arithmetic(sign), 2, 2) for sign in ARITHMETIC},
    **{
        sign: Function(f"a {sign} b", "", comparison(sign), 2, 2)
        for sign in ("=", "!=", "<", "<=", ">", ">=")
    },
    **{sign: Function(f"a {sign} b", "", both_or_either(sign), 2, 2) for sign in ("and", "or")},
    "not": Function("not a", "", opposite, 1, 1),
    "negative": Function("-a", "", negative, 1, 1),
}
FUNCTIONS: dict[str, Function] = {
    "concat": Function(
        "concat(a, b, ...)", "the texts one after another; what is missing is left out", concat, 1, MANY
    ),
    "coalesce": Function("coalesce(a, b, ...)", "the first that is not missing", coalesce, 1, MANY),
    "lower": Function(
        "lower(x)", "in small letters", lambda v: as_text(v[0], lambda it: it.str.to_lowercase()), 1, 1
    ),
    "upper": Function(
        "upper(x)", "in capital letters", lambda v: as_text(v[0], lambda it: it.str.to_uppercase()), 1, 1
    ),
    "trim": Function(
        "trim(x)",
        "without white space at both ends",
        lambda v: as_text(v[0], lambda it: it.str.strip_chars()),
        1,
        1,
    ),
    "replace": Function("replace(x, 'a', 'b')", "every 'a' in the text becomes 'b'", replace_all, 3, 3),
    "substring": Function(
        "substring(x, start, length)",
        "from the start-th character on (1 is the first); all the rest without a length",
        substring,
        2,
        3,
    ),
    "split": Function(
        "split(x, '-', n)",
        "the n-th part between separators; -1 is the last; missing where there are fewer",
        split,
        3,
        3,
    ),
    "length": Function("length(x)", "how many characters", length, 1, 1),
    "number": Function(
        "number(x)", "the text as a number; unreadable where it is none", lambda v: number(v[0]), 1, 1
    ),
    "text": Function("text(x)", "as text", lambda v: text(v[0]), 1, 1),
    "round": Function(
        "round(x, digits)",
        "to so many digits after the point (0 if not given), halves away from zero",
        rounded,
        1,
        2,
    ),
    "abs": Function("abs(x)", "without its sign", absolute, 1, 1),
    "if": Function(
        "if(condition, a, b)", "a where the condition holds, else b (missing if not given)", choose, 2, 3
    ),
    "map": Function(
        "map(x, 'a', 'b', ..., other)",
        "'b' where x is 'a', and so on; else `other`; without it, other values are unreadable",
        translate,
        3,
        MANY,
    ),
    "timestamp": Function(
        "timestamp(x, '%d.%m.%Y %H:%M')",
        "the moment that is written so; in the column's `timezone` unless the text names one (`%z`)",
        timestamp,
        2,
        2,
    ),
    "date": Function(
        "date(x, '%d.%m.%Y')", "the day that is written so, 2017-12-25 if no format is given", day, 1, 2
    ),
    "epoch": Function(
        "epoch(x, 'ms')", "the moment so many `s`, `ms` or `us` after 1970 in UTC", epoch, 1, 2
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
