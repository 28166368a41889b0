"""An expression of a value document and the columns of a dataset in, its value on any engine out.

Numbers are whole: decimals as multiples of their smallest unit, with a scale beside them. What is computed is
therefore exact, and the same on every engine.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

import narwhals as nw

from perennial.signals.expressions.syntax import Call, Node, Reference, parse
from perennial.signals.expressions.syntax import Literal as Constant
from perennial.signals.expressions.tokens import ExpressionError, error_at

Sort = Literal["whole", "float", "text", "truth", "time", "null"]
COMPARISONS: dict[str, Callable[[nw.Expr, nw.Expr], nw.Expr]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FUNCTIONS = "abs(x), coalesce(x, y, ...), if(condition, x, y), missing(x)"
MOST_DECIMALS = 12


@dataclass(frozen=True)
class Quantity:
    """A value on the engine; of whole ones, `scale` says how many of its digits are decimals."""

    expression: nw.Expr
    sort: Sort
    scale: int = 0
    position: int = 0

    def at(self, scale: int) -> nw.Expr:
        """The whole number of units of 10^-scale."""
        return self.expression if scale == self.scale else self.expression * 10 ** (scale - self.scale)


@dataclass(frozen=True)
class Column:
    """What is known of a column: its type, before decimals were made whole."""

    dtype: nw.dtypes.DType
    scale: int = 0


def quantity(text: str, columns: Mapping[str, Column]) -> Quantity:
    """The value of an expression; raises `ExpressionError` with the place where it makes no sense."""
    return _value(parse(text), columns)


def condition(text: str, columns: Mapping[str, Column]) -> nw.Expr:
    """The truth of an expression, false where it is unknown."""
    found = quantity(text, columns)
    if found.sort != "truth":
        raise ExpressionError(f"expected something true or false; {text!r} is {found.sort}")
    return nw.coalesce(found.expression, nw.lit(False))


def sort_of(dtype: nw.dtypes.DType) -> Sort:
    """How the language sees a type."""
    if dtype.is_integer() or dtype.is_decimal():
        return "whole"
    if dtype.is_float():
        return "float"
    if dtype == nw.Boolean:
        return "truth"
    return "time" if dtype.is_temporal() else "text"


def _value(node: Node, columns: Mapping[str, Column]) -> Quantity:
    match node:
        case Constant():
            return _constant(node)
        case Reference():
            return _column(node, columns)
        case Call():
            return replace(_call(node, columns), position=node.position)


def _constant(node: Constant) -> Quantity:
    match node.value:
        case bool():
            return Quantity(nw.lit(node.value), "truth", position=node.position)
        case Decimal():
            scale = max(0, -int(node.value.as_tuple().exponent))
            return Quantity(nw.lit(int(node.value.scaleb(scale)), nw.Int64), "whole", scale, node.position)
        case str():
            return Quantity(nw.lit(node.value), "text", position=node.position)
        case _:
            return Quantity(nw.lit(None), "null", position=node.position)


def _column(node: Reference, columns: Mapping[str, Column]) -> Quantity:
    name = node.written
    if name not in columns:
        raise error_at(node.position, f"no column {name}; there are {', '.join(columns)}")
    column, expression = columns[name], nw.col(name)
    sort = sort_of(column.dtype)
    if sort == "whole":
        expression = expression.cast(nw.Int64)
    return Quantity(expression, sort, column.scale, node.position)


def _call(call: Call, columns: Mapping[str, Column]) -> Quantity:
    arguments = [_value(argument, columns) for argument in call.arguments]
    match call.name, arguments:
        case (("+" | "-" | "*"), [left, right]):
            return _arithmetic(call, left, right)
        case "negative", [one]:
            return replace(_number(one), expression=-one.expression)
        case "abs", [one]:
            return replace(_number(one), expression=one.expression.abs())
        case name, [left, right] if name in COMPARISONS:
            left, right = _alike([left, right])
            return Quantity(COMPARISONS[name](left.expression, right.expression), "truth")
        case "and", [left, right]:
            return Quantity(_truth(left) & _truth(right), "truth")
        case "or", [left, right]:
            return Quantity(_truth(left) | _truth(right), "truth")
        case "not", [one]:
            return Quantity(~_truth(one), "truth")
        case "missing", [one]:
            return Quantity(one.expression.is_null(), "truth")
        case "coalesce", [_, *_]:
            same = _alike(arguments)
            return replace(same[0], expression=nw.coalesce(*(each.expression for each in same)))
        case "if", [test, yes, no]:
            yes, no = _alike([yes, no])
            chosen = (
                nw.when(nw.coalesce(_truth(test), nw.lit(False)))
                .then(yes.expression)
                .otherwise(no.expression)
            )
            return replace(yes, expression=chosen)
        case "/", _:
            raise error_at(
                call.position, "a quotient is not exact; declare two metrics, and divide what they give"
            )
        case _:
            raise error_at(
                call.position, f"no function {call.name} of {len(arguments)} here; there are {FUNCTIONS}"
            )


def _arithmetic(call: Call, left: Quantity, right: Quantity) -> Quantity:
    left, right = _number(left), _number(right)
    if call.name == "*":
        if left.scale + right.scale > MOST_DECIMALS:
            raise error_at(call.position, f"more than {MOST_DECIMALS} decimals")
        return Quantity(left.expression * right.expression, "whole", left.scale + right.scale)
    scale = max(left.scale, right.scale)
    combined = left.at(scale) + right.at(scale) if call.name == "+" else left.at(scale) - right.at(scale)
    return Quantity(combined, "whole", scale)


def _number(value: Quantity) -> Quantity:
    if value.sort != "whole":
        raise error_at(value.position, f"expected a whole or decimal number; found {value.sort}")
    return value


def _truth(value: Quantity) -> nw.Expr:
    if value.sort not in ("truth", "null"):
        raise error_at(value.position, f"expected something true or false; found {value.sort}")
    return value.expression


def _alike(values: list[Quantity]) -> list[Quantity]:
    """The values, as they can be compared or stand for each other."""
    sorts = {value.sort for value in values} - {"null"}
    scale = max(value.scale for value in values)
    if sorts == {"whole", "float"}:
        return [replace(each, expression=_float(each), sort="float", scale=0) for each in values]
    if len(sorts) > 1:
        raise error_at(values[-1].position, f"{' and '.join(sorted(sorts))} cannot be compared")
    sort: Sort = next(iter(sorts), "null")
    return [
        replace(
            each,
            expression=each.at(scale) if each.sort == "whole" else each.expression,
            sort=sort,
            scale=scale,
        )
        for each in values
    ]


def _float(value: Quantity) -> nw.Expr:
    if value.sort != "whole":
        return value.expression
    # A column as divisor: by a literal, Polars multiplies with the reciprocal, which is another last bit.
    units: nw.Expr = value.expression * 0 + 10**value.scale
    return value.expression / units
