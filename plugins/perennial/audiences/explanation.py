"""A person and an audience in; block by block, what holds of the person and what was found, out.

It is read off the expressions by which members are found, over the same columns.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_
from typing import Any

import polars as pl

from perennial.audiences.comparisons import Row, Where, meant
from perennial.audiences.compile import compile_rule, die, member_column
from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import Consents, answering, parts_of
from perennial.audiences.happenings import Events, metric_name
from perennial.audiences.rules import (
    BLOCKS,
    AudienceCondition,
    Condition,
    EventCondition,
    Group,
    Rule,
    ShareCondition,
)
from perennial.audiences.sentence import first_of, on_list, sentence
from perennial.audiences.top import Top
from perennial.audiences.values import Field, FromNow
from perennial.identity.people import PERSON

GROUPS = {"all": "all of these", "any": "at least one of these", "none": "none of these"}
"""How groups are read."""
LAST = "__last"


@dataclass(frozen=True)
class Finding:
    """A block or a group of a rule, and what holds of a person."""

    path: str
    kind: str
    """`group`, one of `BLOCKS`, `list` or `top`."""
    text: str
    holds: bool
    found: Any = None
    """The value that an attribute has, that events come to, or that was drawn; None where there is none."""
    against: Any = None
    """What it is compared with, where the block does not say it itself."""
    audience: str | None = None
    """The audience that the block is about."""
    inner: tuple["Finding", ...] = ()
    """Of a group."""


@dataclass(frozen=True)
class Explanation:
    """Whether a person is in an audience, and why."""

    member: bool
    findings: tuple[Finding, ...]
    """The rule, the consent to the purpose, and being among the first: all of them hold for members."""


def explain(
    person: str,
    profiles: pl.LazyFrame,
    events: Events,
    order: Sequence[Audience],
    consents: Consents,
    now: datetime,
    titles: Mapping[str, str],
) -> Explanation | None:
    """Why somebody is in the last audience of `order`, or is not; None for who has no profile.

    `order` is that of `in_order`, and `titles` are those of datasets and audiences. Raises `RuleError`.
    """
    mine, audience = pl.col(PERSON) == person, order[-1]
    theirs: Events = events
    if all(each.top is None for each in order):
        # Nobody else has a say in it.
        profiles, theirs = profiles.filter(mine), lambda *named: events(*named).filter(mine)
    people, row = answering(profiles, theirs, order, consents, now)
    parts = list(parts_of(audience, consents))
    people = people.with_columns(_last(audience, parts, row)).filter(mine)
    columns = [
        expression.alias(f"{what} {place.path}")
        for where, rule in parts
        for place, each in _nodes(rule, where)
        for what, expression in _asked(each, row, place).items()
    ]
    if audience.top is not None:
        columns += [_ranked(audience.top, audience.name, row).alias("found top"), pl.col(LAST)]
    rows = people.select(pl.col(member_column(audience.name)).alias("member"), *columns).collect()
    if rows.is_empty():
        return None
    values = rows.to_dicts()[0]
    findings = [_finding(rule, where, values, titles) for where, rule in parts]
    if audience.list is not None:
        on, since = on_list(audience.list), findings[0].found
        findings[0] = Finding("list", "list", on, findings[0].holds, since)
    if audience.top is not None:
        found, last = values["found top"], values[LAST]
        text = f"among {first_of(audience.top)}"
        findings.append(Finding("top", "top", text, values["member"], found, last))
    return Explanation(values["member"], tuple(findings))


def _nodes(rule: Rule, where: Where) -> Iterator[tuple[Where, Rule]]:
    """A rule and all that is in it."""
    yield where, rule
    if isinstance(rule, Group):
        for number, inner in enumerate(rule.rules):
            yield from _nodes(inner, where.inside(rule.word, number))


def _asked(rule: Rule, row: Row, where: Where) -> dict[str, pl.Expr]:
    asked = {"holds": compile_rule(rule, row, where)}
    match rule:
        case Condition():
            asked["found"], dtype = row.column(rule.attribute, rule.key, where)
            if isinstance(rule.value, Field | FromNow):
                asked["against"] = meant(rule.value, rule.attribute, dtype, row, where)
        case EventCondition():
            found = pl.col(metric_name(rule))
            asked["found"] = found.fill_null(0) if rule.aggregate.startswith("count") else found
        case ShareCondition():
            asked["found"] = die(rule.seed).cast(pl.Float64) / 2.0**64
    return asked


def _finding(rule: Rule, where: Where, values: Mapping[str, Any], titles: Mapping[str, str]) -> Finding:
    path, holds = where.path, bool(values[f"holds {where.path}"])
    if not isinstance(rule, Group):
        kind = next(kind for kind in BLOCKS if kind in type(rule).model_fields)
        found, against = values.get(f"found {path}"), values.get(f"against {path}")
        audience = rule.audience if isinstance(rule, AudienceCondition) else None
        return Finding(path, kind, sentence(rule, titles), holds, found, against, audience)
    inner = [
        _finding(each, where.inside(rule.word, number), values, titles)
        for number, each in enumerate(rule.rules)
    ]
    return Finding(path, "group", GROUPS[rule.word], holds, inner=tuple(inner))


def _ranked(top: Top, name: str, row: Row) -> pl.Expr:
    return row.column(top.by, top.key, Where(name, "top.by"))[0]


def _last(audience: Audience, parts: Sequence[tuple[Where, Rule]], row: Row) -> list[pl.Expr]:
    """The value of the last one who is among the first; null where all are."""
    top = audience.top
    if top is None:
        return []
    holds = reduce(and_, (compile_rule(rule, row, where) for where, rule in parts))
    value = pl.when(holds).then(_ranked(top, audience.name, row)).drop_nulls()
    return [value.sort(descending=not top.least_first).get(top.most - 1, null_on_oob=True).alias(LAST)]
