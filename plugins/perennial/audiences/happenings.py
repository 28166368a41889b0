"""What rules say of events, and the events, in; a row for each person with what it comes to, out.

All conditions on a dataset are answered in one pass over its events, however many audiences ask, and each
question only once.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache

import polars as pl

from perennial.audiences.comparisons import Row, Where, compare
from perennial.audiences.rules import (
    EventCondition,
    FieldCondition,
    FieldRule,
    Happening,
    Rule,
    SequenceCondition,
    Step,
)
from perennial.audiences.values import Field, offset
from perennial.documents import DocumentError
from perennial.identity.people import PERSON

TIME = "event_time"
Metrics = dict[str, tuple[Where, EventCondition]]
Events = Callable[..., pl.LazyFrame]
"""Gives a dataset's events by its name, with `person_id` and `event_time` (UTC). Where datasets of records
are named too, with the columns of those that the events refer to, such as `products.department`."""


def metric_name(condition: EventCondition) -> str:
    """The column of what a condition counts or sums, whatever it is compared with."""
    return _name(condition.model_dump_json(exclude={"operator", "value"}))


def sequence_name(condition: SequenceCondition) -> str:
    """The column of whether somebody has done a sequence."""
    return _name(condition.model_dump_json())


def datasets_of(rules: Sequence[Rule]) -> set[str]:
    """The datasets that blocks speak of."""
    found = {rule.event for rule in rules if isinstance(rule, EventCondition)}
    sequences = (rule for rule in rules if isinstance(rule, SequenceCondition))
    return found | {step.event for rule in sequences for step in rule.sequence}


def records_of(rules: Iterable[Rule]) -> list[str]:
    """The datasets of records that blocks ask about: `products`, where one names `products.department`."""
    fields: list[str] = []
    for rule in rules:
        if isinstance(rule, EventCondition):
            fields += [rule.of or "", *_named(rule.where)]
        elif isinstance(rule, SequenceCondition):
            fields += [field for number in range(len(rule.sequence)) for field in _asked(rule, number)]
    return records_named(fields)


def _asked(rule: SequenceCondition, number: int) -> list[str]:
    """The fields that a step is asked for, also by the step after it."""
    step, after = rule.sequence[number], rule.sequence[number + 1 : number + 2]
    theirs = [field for each in after for field in each.matching.values()]
    return [*_named(step.where), *step.matching, *theirs]


def records_named(fields: Iterable[str]) -> list[str]:
    """The datasets of records that fields are of: of those without a dot, none."""
    return sorted({name for field in fields if (name := field.rpartition(".")[0])})


def _named(rule: FieldRule | None) -> Iterator[str]:
    """The fields that are compared, and those that they are compared with."""
    if isinstance(rule, FieldCondition):
        yield rule.field
        for value in rule.value if isinstance(rule.value, list) else [rule.value]:
            if isinstance(value, Field):
                yield value.field
    elif rule is not None:
        for inner in rule.rules:
            yield from _named(inner)


def answered(rules: Iterable[tuple[Where, Rule]], events: Events, now: datetime) -> pl.LazyFrame | None:
    """(person_id, a column for each metric and sequence) of all who have such events; None without rules.

    `rules` are blocks and their places, as `perennial.audiences.definition.blocks` gives them. Raises
    `RuleError`.
    """
    events = cache(events)
    metrics: dict[str, tuple[Where, EventCondition]] = {}
    sequences: dict[str, tuple[Where, SequenceCondition]] = {}
    for where, rule in rules:
        if isinstance(rule, EventCondition):
            metrics.setdefault(metric_name(rule), (where, rule))
        elif isinstance(rule, SequenceCondition):
            sequences.setdefault(sequence_name(rule), (where, rule))
    frames = [_metrics(some, events, now) for some in _by_dataset(metrics)]
    frames += [_sequence(name, rule, events, now, where) for name, (where, rule) in sequences.items()]
    if not frames:
        return None
    if len(frames) == 1:
        return frames[0]
    return pl.concat(frames, how="diagonal").group_by(PERSON).agg(pl.all().drop_nulls().first())


def _by_dataset(metrics: Metrics) -> Iterator[Metrics]:
    for dataset in sorted({rule.event for _, rule in metrics.values()}):
        yield {name: each for name, each in metrics.items() if each[1].event == dataset}


def _metrics(metrics: Metrics, events: Events, now: datetime) -> pl.LazyFrame:
    """All conditions on one dataset."""
    first, rule = next(iter(metrics.values()))
    asked = records_of(rule for _, rule in metrics.values())
    rows, row = _before(rule.event, asked, events, now, first)
    starts = [_start(rule.within_last, now) for _, rule in metrics.values() if rule.within_last]
    if len(starts) == len(metrics):
        rows = rows.filter(pl.col(TIME) >= pl.min_horizontal(starts))
    takes = {_takes(rule): _taken(rule, row, now, where) for where, rule in metrics.values()}
    columns = [
        _metric(rule, pl.col(_takes(rule)), row, where).alias(name) for name, (where, rule) in metrics.items()
    ]
    # Most events are asked for by nobody: only the columns that say so are read of them.
    some = rows.filter(pl.any_horizontal(*takes.values())).with_columns(**takes)
    return some.group_by(PERSON).agg(columns)


def _takes(rule: EventCondition) -> str:
    """The column of which events a condition takes."""
    return _name("takes " + rule.model_dump_json(include={"where", "within_last", "not_within_last"}))


def _taken(rule: EventCondition, row: Row, now: datetime, where: Where) -> pl.Expr:
    taken = _holds(rule, row, where)
    if rule.within_last:
        taken &= pl.col(TIME) >= _start(rule.within_last, now)
    if rule.not_within_last:
        taken &= pl.col(TIME) < _start(rule.not_within_last, now)
    return taken


def _metric(rule: EventCondition, taken: pl.Expr, row: Row, where: Where) -> pl.Expr:
    """What the events come to that are taken."""
    if rule.of is None:
        return taken.sum()
    where = where.at("of")
    found, dtype = row.column(rule.of, None, where)
    if rule.aggregate in ("sum", "average") and not dtype.is_numeric():
        raise where.error(f"{rule.aggregate} is for numbers; {rule.of} of {rule.event} is {dtype}")
    if rule.aggregate in ("min", "max") and not dtype.is_numeric():
        raise where.error(f"{rule.of} of {rule.event} is {dtype}, and no number to compare")
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


def _sequence(
    name: str, rule: SequenceCondition, events: Events, now: datetime, where: Where
) -> pl.LazyFrame:
    """Who has done it. Whether a step can be reached depends on the one before it only: of those that it
    may follow, the latest is as good as any."""
    places = [where.inside("sequence", number) for number in range(len(rule.sequence))]
    steps = [_step(rule, number, events, now, place) for number, place in enumerate(places)]
    reached = steps[0][0]
    for number, step in enumerate(rule.sequence[1:], 1):
        rows, row = steps[number]
        _matches(step, rule.sequence[number - 1], row, steps[number - 1][1], places[number])
        keys = {f"__{n}": own for n, own in enumerate(step.matching)}
        latest = _earlier(step.after_at_least) if step.after_at_least else pl.col(TIME)
        these = rows.with_columns(__latest=latest, **_columns(keys))
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


def _matches(step: Step, last: Step, mine: Row, theirs: Row, where: Where) -> None:
    """Refuse fields to match that are not there, or not alike."""
    for own, other in step.matching.items():
        (_, one), (_, two) = mine.column(own, None, where), theirs.column(other, None, where)
        if one != two:
            raise where.at("matching").error(
                f"{own} of {step.event} is {one}, and {other} of {last.event} is {two}: they are never equal"
            )


def _earlier(span: str) -> pl.Expr:
    return pl.col(TIME).dt.offset_by(offset(span, backwards=True))


def _step(
    rule: SequenceCondition, number: int, events: Events, now: datetime, where: Where
) -> tuple[pl.LazyFrame, Row]:
    """The events that one step may be, and what can be asked of them."""
    step = rule.sequence[number]
    rows, row = _before(step.event, records_named(_asked(rule, number)), events, now, where)
    taken = _holds(step, row, where)
    if rule.within_last:
        taken &= pl.col(TIME) >= _start(rule.within_last, now)
    return rows.filter(taken), row


def _before(
    event: str, records: list[str], events: Events, now: datetime, where: Where
) -> tuple[pl.LazyFrame, Row]:
    try:
        rows = events(event, *records)
    except DocumentError as error:
        raise where.at("event").error(str(error)) from None
    schema = rows.collect_schema()
    moment = pl.lit(now, schema[TIME])
    row = Row(schema, now, f"events of {event}")
    return rows.filter(pl.col(TIME) < moment, pl.col(PERSON).is_not_null()), row


def _start(span: str, now: datetime) -> pl.Expr:
    return pl.lit(now, pl.Datetime("us", "UTC")).dt.offset_by(offset(span, backwards=True))


def _holds(happening: Happening, row: Row, where: Where) -> pl.Expr:
    # All have a person: what is true of each event has its length, which a literal has not.
    if happening.where is None:
        return pl.col(PERSON).is_not_null()
    return _fields(happening.where, row, where.at("where"))


def _fields(rule: FieldRule, row: Row, where: Where) -> pl.Expr:
    if isinstance(rule, FieldCondition):
        return compare(rule, rule.field, None, row, where)
    inner = [_fields(each, row, where.inside(rule.word, n)) for n, each in enumerate(rule.rules)]
    if rule.all:
        return pl.all_horizontal(inner)
    return ~pl.any_horizontal(inner) if rule.none else pl.any_horizontal(inner)


def _name(text: str) -> str:
    return "__" + hashlib.sha256(text.encode()).hexdigest()[:16]
