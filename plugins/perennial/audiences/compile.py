"""A rule and the profile's schema in, one Polars expression out: true for members, never null."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import polars as pl

from perennial.audiences.definition import Audience, Condition, Group
from perennial.errors import TerminalError

COMPARISONS: dict[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    "equals": lambda found, value: found == value,
    "not_equals": lambda found, value: found != value,
    "one_of": lambda found, value: found.is_in(value),
    "none_of": lambda found, value: ~found.is_in(value),
    "at_least": lambda found, value: found >= value,
    "at_most": lambda found, value: found <= value,
    "more_than": lambda found, value: found > value,
    "less_than": lambda found, value: found < value,
    "contains": lambda found, value: found.str.contains(str(value), literal=True),
    "starts_with": lambda found, value: found.str.starts_with(str(value)),
    "known": lambda found, _: found.is_not_null(),
    "unknown": lambda found, _: found.is_null(),
}
ON_TEXT = {"contains", "starts_with"}


class RuleError(TerminalError):
    """A rule names an attribute that profiles do not have, or compares it with something of another type."""


def compile_rule(audience: Audience, schema: pl.Schema) -> pl.Expr:
    """The audience's rule over profiles of this schema."""
    return _rule(audience.rule, schema, audience.name)


def _rule(rule: Condition | Group, schema: pl.Schema, where: str) -> pl.Expr:
    if isinstance(rule, Condition):
        return _condition(rule, schema, where)
    if rule.all:
        return reduce(pl.Expr.and_, [_rule(inner, schema, where) for inner in rule.all])
    one = reduce(pl.Expr.or_, [_rule(inner, schema, where) for inner in rule.any or rule.none or []])
    return ~one if rule.none else one


def _condition(condition: Condition, schema: pl.Schema, where: str) -> pl.Expr:
    found, dtype = _attribute(condition, schema, where)
    values = condition.value if isinstance(condition.value, list) else [condition.value]
    if condition.operator in ON_TEXT and dtype != pl.String:
        raise RuleError(f"{where}: {condition.operator} is for text; {condition.attribute} is {dtype}")
    for value in values:
        if value is not None and isinstance(value, str) != (dtype == pl.String):
            raise RuleError(f"{where}: {condition.attribute} is {dtype}, and {value!r} is not")
    return COMPARISONS[condition.operator](found, condition.value).fill_null(False)


def _attribute(condition: Condition, schema: pl.Schema, where: str) -> tuple[pl.Expr, pl.DataType]:
    if condition.attribute not in schema:
        raise RuleError(
            f"{where}: profiles have no attribute {condition.attribute}; they have {', '.join(schema)}"
        )
    found, dtype = pl.col(condition.attribute), schema[condition.attribute]
    is_map = isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct)
    if is_map != (condition.key is not None):
        needs = "is a map: say which key" if is_map else "is no map: it has no keys"
        raise RuleError(f"{where}: {condition.attribute} {needs}")
    if not is_map:
        return found, dtype
    entry = found.list.filter(pl.element().struct.field("key") == condition.key).list.first()
    fields: dict[str, pl.DataType] = dict(dtype.inner.to_schema())  # type: ignore[union-attr, attr-defined]
    return entry.struct.field("value"), fields["value"]
