"""The ledger and consecutive days in; for each day, whose values and ranks changed, out.

The first day is computed by `perennial.value.sums`, customer bucket by customer bucket. From one day to the
next each window gains the days that it reaches and loses those that it leaves; what does not add up (a
minimum, a maximum, the most recent) is looked for again, for those customers who gained or lost something.
Who may have passed a border of
a bucket is then ranked anew. A day's answer is that of `perennial.value.deciles`, bit for bit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import narwhals as nw
import polars as pl

from perennial.threads import ahead
from perennial.value.definition import ALL, OVERALL, ValueDefinition
from perennial.value.entries import DAY, ROWS
from perennial.value.field import Field, People
from perennial.value.lifetime.histories import Indices
from perennial.value.moves import INDEX, Moves
from perennial.value.order import Ranks
from perennial.value.partials import Partial
from perennial.value.spill import Spill
from perennial.value.standing import Standing
from perennial.value.sums import Totals, bucket_totals
from perennial.value.totals import KEYS, UNTIL, distinct, groupings
from perennial.value.windows import Window, windows


class Entries(Protocol):
    """Entries by customer bucket: as `perennial.value.entries` makes them, or put together by day."""

    @property
    def buckets(self) -> int:
        """Into how many parts customers are divided."""

    def scan(self, bucket: int, first: date, end: date) -> pl.LazyFrame:
        """Those of the days from `first` to `end`, which is exclusive."""


@dataclass(frozen=True)
class Changes:
    """What changed from one day to the next, in one lookback, overall or in one dimension."""

    as_of: date
    grouping: str
    lookback: str
    count: int
    rows: Iterator[pl.DataFrame]
    """Whose values or ranks changed, in slices: all of them on the first day. Who has nothing any more has
    nulls. To be taken before the next changes are asked for."""
    summary: pl.DataFrame
    """Per metric, dimension value and rank: `customers`, and `total`, `least` and `most` of the metric."""
    ranks: dict[str, Ranks]
    """Of everybody in `field`, by metric; 0 is none. They change with the next day."""
    field: Field


def changes(
    ledger: Entries, definition: ValueDefinition, found: Sequence[Partial], days: Sequence[date]
) -> Iterator[Changes]:
    """Compute consecutive days, the first of them whole; by grouping, lookback and day."""
    spans = [windows(definition, day) for day in days]
    spills = {grouping: Spill() for grouping in groupings(definition)}
    try:
        people = _first(ledger, found, spans, spills)
        for grouping in list(spills):
            field = Field(spills[grouping], people)
            moving = _moving(ledger, found, spans, grouping, field) if len(days) > 1 else []
            detail = _detail(ledger, found, spans, grouping, field) if len(days) > 1 else None
            for lookback in definition.windows():
                state = Standing(definition, found, lookback, field)
                yield _changes(days[0], grouping, state, state.everybody())
                for at in range(1, len(days)):
                    old, new = spans[at - 1][lookback], spans[at][lookback]
                    yield _changes(days[at], grouping, state, state.advance(moving, detail, old, new))
            spills.pop(grouping).close()
    finally:
        for spill in spills.values():
            spill.close()


def _changes(day: date, grouping: str, state: Standing, changed: Indices) -> Changes:
    rows, ranks = state.rows(changed), state.ranks
    return Changes(day, grouping, state.lookback, len(changed), rows, state.summary(), ranks, state.field)


def _first(
    ledger: Entries,
    found: Sequence[Partial],
    spans: Sequence[dict[str, Window]],
    spills: Mapping[str, Spill],
) -> People:
    """The first day's totals, of everybody who has an entry on any of the days."""
    start, end = _reach(spans)
    persons = []

    def totals_of(bucket: int) -> Totals:
        return bucket_totals(ledger.scan(bucket, start, end), found, spans[0], list(spills))

    for summed in ahead(range(ledger.buckets), totals_of, 1):
        persons.append(summed.persons)
        for grouping, frame in summed.frames.items():
            spills[grouping].add(frame)
    return People(persons)


def _moving(
    ledger: Entries, found: Sequence[Partial], spans: Sequence[dict[str, Window]], grouping: str, field: Field
) -> list[Moves]:
    """What moves into windows, or out of them, on these days."""
    added = [ROWS, *(partial.name for partial in found if partial.combine == "sum")]
    near = _borders(spans)
    start, end = _reach(spans)
    plain: list[pl.DataFrame] = []
    superseded: dict[str, list[pl.DataFrame]] = {
        each.name: [] for each in found if each.combine == "distinct"
    }
    for bucket in range(ledger.buckets):
        keyed, whose = _keyed(ledger.scan(bucket, start, end), grouping), field.index(bucket).lazy()
        moved = keyed.filter(_any(near, DAY)).group_by(*KEYS, DAY).agg(pl.col(added).sum())
        plain.append(moved.join(whose, on=KEYS).select(INDEX, DAY, *added).collect(engine="streaming"))
        for partial in found:
            if partial.combine == "distinct":
                rows = nw.to_native(distinct(nw.from_native(keyed), partial))
                rows = rows.filter(_any(near, DAY) | _any(near, UNTIL)).join(whose, on=KEYS)
                counted = rows.select(INDEX, DAY, UNTIL, pl.lit(1, pl.Int64).alias(partial.name))
                superseded[partial.name].append(counted.collect(engine="streaming"))
    moves = [Moves.of(pl.concat(plain), added)]
    return moves + [Moves.of(pl.concat(frames), [name]) for name, frames in superseded.items()]


def _detail(
    ledger: Entries, found: Sequence[Partial], spans: Sequence[dict[str, Window]], grouping: str, field: Field
) -> pl.DataFrame | None:
    """All entries, with only what does not add up; None if everything does."""
    looked_for = [partial for partial in found if partial.combine in ("min", "max", "last")]
    if not looked_for:
        return None
    start, end = _reach(spans)
    names = [partial.name for partial in looked_for]
    parts = []
    for bucket in range(ledger.buckets):
        keyed = _keyed(ledger.scan(bucket, start, end), grouping).join(field.index(bucket).lazy(), on=KEYS)
        parts.append(keyed.select(INDEX, *KEYS, DAY, ROWS, *names).collect(engine="streaming"))
    return pl.concat(parts)


def _keyed(entries: pl.LazyFrame, grouping: str) -> pl.LazyFrame:
    of = pl.lit(ALL) if grouping == OVERALL else pl.col(grouping)
    return entries.with_columns(of.alias("dimension_value"))


def _reach(spans: Sequence[dict[str, Window]]) -> tuple[date, date]:
    """From the earliest day in any window to the end of the last."""
    every = [window for span in spans for window in span.values()]
    return min(window.start for window in every), max(window.end for window in every)


def _borders(spans: Sequence[dict[str, Window]]) -> list[Window]:
    """The days that enter or leave some window."""
    found = set()
    for name, first in spans[0].items():
        last = spans[-1][name]
        found |= {Window(first.end, last.end), Window(first.start, last.start)}
    return [window for window in found if window.start < window.end]


def _any(near: Sequence[Window], column: str) -> pl.Expr:
    inside = [pl.col(column).is_between(window.start, window.end, closed="left") for window in near]
    return pl.any_horizontal(inside) if inside else pl.lit(False)
