"""Rules in; which rows change what is true of them by the passing of time alone, out.

An event leaves a window, a date comes near: at every moment that a rule names relative to now, whoever has a
value that this moment passes has to be looked at again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from perennial.audiences.happenings import TIME
from perennial.audiences.rules import (
    WITH_SPAN,
    Comparison,
    Condition,
    EventCondition,
    FieldCondition,
    FieldRule,
    Rule,
    SequenceCondition,
)
from perennial.audiences.values import FromNow, offset

NOW = "0d"


@dataclass(frozen=True)
class Crossing:
    """A column of profiles (or of a dataset's events) whose values a moment passes."""

    dataset: str | None
    column: str
    shift: str
    """How far from now the moment is, as Polars writes it."""

    def passed(self, schema: pl.Schema, before: datetime, now: datetime) -> pl.Expr:
        """Whether the moment passes a row's value between two times, ends included."""
        dtype = schema[self.column]
        first, last = (_moment(dtype, at).dt.offset_by(self.shift) for at in (before, now))
        return pl.col(self.column).is_between(first, last)


def crossings(rules: Iterable[Rule]) -> set[Crossing]:
    """All of them, for blocks as `perennial.audiences.definition.blocks` gives them."""
    return {crossing for rule in rules for crossing in _of(rule)}


def _of(rule: Rule) -> Iterator[Crossing]:
    match rule:
        case Condition():
            yield from _compared(None, rule.attribute, rule)
        case EventCondition():
            yield from _windows(rule.event, rule.within_last, rule.not_within_last)
            yield from _fields(rule.event, rule.where)
        case SequenceCondition():
            for step in rule.sequence:
                yield from _windows(step.event, rule.within_last)
                yield from _fields(step.event, step.where)


def _windows(dataset: str, *spans: str | None) -> Iterator[Crossing]:
    # What is still to come begins to count.
    yield Crossing(dataset, TIME, NOW)
    for span in spans:
        if span is not None:
            yield Crossing(dataset, TIME, offset(span, backwards=True))


def _fields(dataset: str, rule: FieldRule | None) -> Iterator[Crossing]:
    if isinstance(rule, FieldCondition):
        yield from _compared(dataset, rule.field, rule)
    elif rule is not None:
        for inner in rule.rules:
            yield from _fields(dataset, inner)


def _compared(dataset: str | None, column: str, rule: Comparison) -> Iterator[Crossing]:
    if rule.operator in WITH_SPAN:
        yield Crossing(dataset, column, NOW)
        yield Crossing(dataset, column, offset(str(rule.value), backwards=rule.operator != "within_next"))
    for value in rule.value if isinstance(rule.value, list) else [rule.value]:
        if isinstance(value, FromNow):
            yield Crossing(dataset, column, offset(value.now))


def _moment(dtype: pl.DataType, moment: datetime) -> pl.Expr:
    return pl.lit(moment.date(), pl.Date) if dtype == pl.Date else pl.lit(moment, dtype)
