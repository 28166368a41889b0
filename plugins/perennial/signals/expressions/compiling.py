"""An expression and the source's fields in, a Polars expression of its value out."""

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from perennial.signals.expressions.functions import ARITHMETIC, FUNCTIONS, OPERATORS
from perennial.signals.expressions.syntax import Call, Literal, Node, Reference, parse
from perennial.signals.expressions.tokens import error_at
from perennial.signals.expressions.values import Value, literal, of_field

Fields = Callable[[tuple[str, ...]], tuple[pl.Expr, pl.DataType]]
"""A path to the source's value there, and its type; a field that is not there has the type Null."""


def compile_expression(expression: str, fields: Fields, decimal_comma: bool = False) -> Value:
    """The value of an expression; raises `ExpressionError` where it makes no sense for these fields.

    With `decimal_comma`, texts that are read as numbers have a comma before their decimals.
    """
    return _value(parse(expression), fields, decimal_comma)


def check(expression: str) -> None:
    """Raise `ExpressionError` unless the expression makes sense for fields of text."""
    compile_expression(expression, lambda _: (pl.lit(None, pl.String), pl.String()))


def _value(node: Node, fields: Fields, comma: bool) -> Value:
    match node:
        case Literal():
            return literal(node.value, node.position)
        case Reference():
            return replace(of_field(*fields(node.path), node.position), comma=comma)
        case Call():
            return _call(node, fields, comma)


def _call(call: Call, fields: Fields, comma: bool) -> Value:
    function = OPERATORS.get(call.name) or FUNCTIONS.get(call.name)
    if function is None:
        raise error_at(call.position, f"no function {call.name}; there are {', '.join(FUNCTIONS)}")
    if not function.least <= len(call.arguments) <= function.most:
        raise error_at(
            call.position,
            f"{call.name} is written {function.signature}; found {len(call.arguments)} arguments",
        )
    built = function.build([_value(argument, fields, comma) for argument in call.arguments])
    # What a value was made from is no property of what a function makes of it.
    constant = built.constant if call.name == "negative" else None
    operands = built.operands if call.name in ARITHMETIC else ()
    return replace(built, position=call.position, constant=constant, operands=operands)
