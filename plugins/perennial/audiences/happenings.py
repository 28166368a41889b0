"""What rules say of events, and the events, in; a row for each person with what it comes to, out.

All conditions on a dataset are answered in one pass over its events, however many audiences ask, and each
question only once.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import pairwise

import polars as pl

from perennial.audiences.comparisons import Row, RuleError, compare
from perennial.audiences.rules import (
    EventCondition,
    FieldCondition,
    FieldRule,
    Happening,
    Rule,
    SequenceCondition,
    Step,
)
from perennial.audiences.values import offset

PERSON, TIME = "person_id", "event_time"
Events = Callable[[str], pl.LazyFrame]
"""Gives a dataset's events by its name: with `person_id` and `event_time` (UTC)."""


def metric_name(condition: EventCondition) -> str:
    """The column of what a condition counts or sums, whatever it is compared with."""
    return _name(condition.model_dump_json(exclude={"operator", "value"}))


def sequence_name(condition: SequenceCondition) -> str:
    """The column of whether somebody has done a sequence."""
    return _name(condition.model_dump_json())


def answered(rules: Iterable[Rule], events: Events, now: datetime, where: str) -> pl.LazyFrame | None:
    """(person_id, a column for each metric and sequence) of all who have such events; None without rules.

    `rules` are blocks, as `perennial.audiences.definition.blocks` gives them. Raises `RuleError`.
    """
    every = list(rules)
    metrics = {metric_name(rule): rule for rule in every if isinstance(rule, EventCondition)}
    sequences = {sequence_name(rule): rule for rule in every if isinstance(rule, SequenceCondition)}
    frames = [_metrics(dataset, some, events, now, where) for dataset, some in _by_dataset(metrics)]
    frames += [_sequence(name, rule, events, now, where) for name, rule in sequences.items()]
    if not frames:
        return None
    return pl.concat(frames, how="diagonal").group_by(PERSON).agg(pl.all().drop_nulls().first())


def _by_dataset(metrics: dict[str, EventCondition]) -> Iterator[tuple[str, dict[str, EventCondition]]]:
    for dataset in sorted({rule.event for rule in metrics.values()}):
        yield dataset, {name: rule for name, rule in metrics.items() if rule.event == dataset}


def _metrics(
    dataset: str, metrics: dict[str, EventCondition], events: Events, now: datetime, where: str
) -> pl.LazyFrame:
    rows, row = _before(dataset, events, now)
    starts = [_start(rule.within_last, now) for rule in metrics.values() if rule.within_last]
    if len(starts) == len(metrics):
        rows = rows.filter(pl.col(TIME) >= pl.min_horizontal(starts))
    columns = [_metric(rule, row, now, where).alias(name) for name, rule in metrics.items()]
    return rows.group_by(PERSON).agg(columns)


def _metric(rule: EventCondition, row: Row, now: datetime, where: str) -> pl.Expr:
    taken = _holds(rule, row, where)
    if rule.within_last:
        taken &= pl.col(TIME) >= _start(rule.within_last, now)
    if rule.not_within_last:
        taken &= pl.col(TIME) < _start(rule.not_within_last, now)
    if rule.of is None:
        return taken.sum()
    found, dtype = row.column(rule.of, None, where)
    if rule.aggregate in ("sum", "average") and not dtype.is_numeric():
        raise RuleError(f"{where}: {rule.aggregate} is for numbers; {rule.of} of {rule.event} is {dtype}")
    if rule.aggregate in ("min", "max") and not dtype.is_numeric():
        raise RuleError(f"{where}: {rule.of} of {rule.event} is {dtype}, and no number to compare")
    known = taken & found.is_not_null()
    value = pl.when(known).then(found)
    match rule.aggregate:
        case "count_distinct":
            return found.filter(known).n_unique()
        case "sum":
            return pl.when(known.any()).then(value.sum())
        case "average":
            return value.mean()
        case "min":
            return value.min()
    return value.max()


def _sequence(name: str, rule: SequenceCondition, events: Events, now: datetime, where: str) -> pl.LazyFrame:
    """Who has done it. Whether a step can be reached depends on the one before it only: of those that it
    may follow, the latest is as good as any."""
    reached = _step(rule.sequence[0], rule, events, now, where)
    for last, step in pairwise(rule.sequence):
        _matches(step, last, events, now, where)
        keys = {f"__{n}": own for n, own in enumerate(step.matching)}
        latest = _earlier(step.after_at_least) if step.after_at_least else pl.col(TIME)
        these = _step(step, rule, events, now, where).with_columns(__latest=latest, **_columns(keys))
        theirs = reached.select(
            PERSON, __before=TIME, **_columns(dict(zip(keys, step.matching.values(), strict=True)))
        )
        joined = these.drop_nulls([PERSON, *keys]).sort("__latest").join_asof(
            theirs.sort("__before"), left_on="__latest", right_on="__before", by=[PERSON, *keys],
            allow_exact_matches=step.after_at_least is not None, check_sortedness=False,
        )  # fmt: skip
        followed = pl.col("__before").is_not_null()
        if step.after_at_most:
            followed &= pl.col("__before") >= _earlier(step.after_at_most)
        reached = joined.filter(followed).drop("__latest", "__before", *keys)
    return reached.select(PERSON).unique().with_columns(pl.lit(True).alias(name))


def _columns(names: dict[str, str]) -> dict[str, pl.Expr]:
    return {new: pl.col(old) for new, old in names.items()}


def _matches(step: Step, last: Step, events: Events, now: datetime, where: str) -> None:
    """Refuse fields to match that are not there, or not alike."""
    mine, theirs = (_before(each.event, events, now)[1] for each in (step, last))
    for own, other in step.matching.items():
        (_, one), (_, two) = mine.column(own, None, where), theirs.column(other, None, where)
        if one != two:
            raise RuleError(
                f"{where}: {own} of {step.event} is {one}, and {other} of {last.event} is {two}: "
                "they are never equal"
            )


def _earlier(span: str) -> pl.Expr:
    return pl.col(TIME).dt.offset_by(offset(span, backwards=True))


def _step(step: Step, rule: SequenceCondition, events: Events, now: datetime, where: str) -> pl.LazyFrame:
    rows, row = _before(step.event, events, now)
    taken = _holds(step, row, where)
    if rule.within_last:
        taken &= pl.col(TIME) >= _start(rule.within_last, now)
    return rows.filter(taken)


def _before(dataset: str, events: Events, now: datetime) -> tuple[pl.LazyFrame, Row]:
    rows = events(dataset)
    schema = rows.collect_schema()
    moment = pl.lit(now, schema[TIME])
    return rows.filter(pl.col(TIME) < moment, pl.col(PERSON).is_not_null()), Row(schema, now, dataset)


def _start(span: str, now: datetime) -> pl.Expr:
    return pl.lit(now, pl.Datetime("us", "UTC")).dt.offset_by(offset(span, backwards=True))


def _holds(happening: Happening, row: Row, where: str) -> pl.Expr:
    # All have a person: what is true of each event has its length, which a literal has not.
    return pl.col(PERSON).is_not_null() if happening.where is None else _fields(happening.where, row, where)


def _fields(rule: FieldRule, row: Row, where: str) -> pl.Expr:
    if isinstance(rule, FieldCondition):
        return compare(rule, rule.field, None, row, where)
    inner = [_fields(each, row, where) for each in rule.all or rule.any or rule.none or []]
    if rule.all:
        return pl.all_horizontal(inner)
    return ~pl.any_horizontal(inner) if rule.none else pl.any_horizontal(inner)


def _name(text: str) -> str:
    return "__" + hashlib.sha256(text.encode()).hexdigest()[:16]
