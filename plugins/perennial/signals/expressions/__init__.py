"""A small, closed language for `expression:` in datasets: text in, checked Polars expressions out."""

from perennial.signals.expressions.compiling import check, compile_expression
from perennial.signals.expressions.functions import FUNCTIONS
from perennial.signals.expressions.moments import NO_NAMES, UNREAD, names_zone
from perennial.signals.expressions.syntax import columns_of
from perennial.signals.expressions.tokens import ExpressionError
from perennial.signals.expressions.values import true_or_false, with_point

__all__ = [
    "FUNCTIONS",
    "NO_NAMES",
    "UNREAD",
    "ExpressionError",
    "check",
    "columns_of",
    "compile_expression",
    "names_zone",
    "true_or_false",
    "with_point",
]
