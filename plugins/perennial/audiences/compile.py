"""A rule and the columns there are in, one Polars expression over profiles out: true for members, never null.

What a rule says of events stands in columns of their own, which `perennial.audiences.happenings` computes for
all rules together; the members of other audiences stand in a column of that audience.
"""

import operator
from collections.abc import Callable, Mapping
from functools import reduce

import polars as pl
import polars_hash  # noqa: F401 - registers the hashes

from perennial.audiences.comparisons import Row, Where, compare
from perennial.audiences.happenings import metric_name, sequence_name
from perennial.audiences.rules import (
    AudienceCondition,
    Condition,
    EventCondition,
    Group,
    Rule,
    SequenceCondition,
    ShareCondition,
)
from perennial.identity.people import PERSON

COUNTS: Mapping[str, Callable[[pl.Expr, float], pl.Expr]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "more_than": operator.gt,
    "less_than": operator.lt,
    "equals": operator.eq,
    "not_equals": operator.ne,
}


def compile_rule(rule: Rule, row: Row, where: Where) -> pl.Expr:
    """A rule over profiles with the columns of their events and other audiences. Raises `RuleError`.

    `where` names the audience in errors.
    """
    match rule:
        case Condition():
            return compare(rule, rule.attribute, rule.key, row, where)
        case EventCondition():
            found = pl.col(metric_name(rule))
            # Nobody's events are none; what they come to is not known.
            found = found.fill_null(0) if rule.aggregate.startswith("count") else found
            return COUNTS[rule.operator](found, rule.value).fill_null(False)
        case SequenceCondition():
            return pl.col(sequence_name(rule)).fill_null(False)
        case AudienceCondition():
            return pl.col(member_column(rule.audience))
        case ShareCondition():
            return _share(rule)
        case Group():
            inner = enumerate(rule.rules)
            return _group(rule, [compile_rule(each, row, where.inside(rule.word, n)) for n, each in inner])
    raise where.error(f"{rule!r} is no rule")


def member_column(audience: str) -> str:
    """The column that says who is in an audience."""
    return f"__member_{audience}"


def die(seed: str) -> pl.Expr:
    """A hash of the person: as good as a die of 2^64 sides that always falls the same way for them."""
    thrown: pl.Expr = pl.concat_str(pl.lit(f"{seed}\x1f"), PERSON).nchash.xxh3_64(seed=0)  # type: ignore[attr-defined]
    return thrown


def _group(group: Group, rules: list[pl.Expr]) -> pl.Expr:
    if group.all:
        return reduce(operator.and_, rules)
    one = reduce(operator.or_, rules)
    return ~one if group.none else one


def _share(rule: ShareCondition) -> pl.Expr:
    thrown = die(rule.seed)
    inside: pl.Expr = pl.lit(True)
    if rule.after:
        inside &= thrown >= pl.lit(int(rule.after * 2**64), pl.UInt64)
    if rule.end < 1:
        inside &= thrown < pl.lit(int(rule.end * 2**64), pl.UInt64)
    return inside
