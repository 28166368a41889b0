"""What changed, day by day, in; rows of the lake's tables out: values, sums by decile, and movement."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import numpy as np
import polars as pl

from perennial.value.days import Changes
from perennial.value.deciles import KEYS
from perennial.value.definition import OVERALL
from perennial.value.field import Field
from perennial.value.money import as_money
from perennial.value.order import Ranks

SLICE = 500_000
"""Rows that are written as one file."""
MOVEMENT = pl.Schema(
    {
        "as_of": pl.Date(),
        "since": pl.Date(),
        "metric": pl.String(),
        "lookback": pl.String(),
        "from_decile": pl.Int16(),
        "to_decile": pl.Int16(),
        "customers": pl.Int64(),
    }
)
"""How many customers went from one decile to another; null is no rank."""

Standings = Mapping[tuple[str, str], pl.DataFrame]
"""Overall ranks as of an earlier day, by lookback and metric: (person_id, decile)."""


class Recording:
    """Takes changes as they come; `rows` gives the values to write, piece by piece."""

    def __init__(self, chunk: str, scales: Mapping[str, int], before: Mapping[date, Standings]) -> None:
        """`before` has the ranks of those first days of months that days are compared with, if known."""
        self.chunk, self.scales, self.before = chunk, scales, before
        self.counts: dict[date, int] = {}
        self.summaries: list[pl.DataFrame] = []
        self.movements: list[pl.DataFrame] = []
        self._waiting: list[pl.DataFrame] = []
        self._passed: dict[tuple[date, str, str], Ranks] = {}

    def take(self, changes: Changes) -> None:
        """Take what changed on a day in one lookback."""
        self.counts[changes.as_of] = self.counts.get(changes.as_of, 0) + changes.count
        labels = {"as_of": changes.as_of, "dimension": changes.grouping, "lookback": changes.lookback}
        self.summaries.append(
            changes.summary.with_columns(pl.lit(value).alias(name) for name, value in labels.items())
        )
        if changes.grouping == OVERALL:
            self._move(changes)

    def rows(self, changes: Changes) -> Iterator[pl.DataFrame]:
        """Their rows, in pieces that are worth a file; smaller ones wait for those that come."""
        for rows in changes.rows:
            self._waiting.append(self._named(changes, rows))
            if sum(frame.height for frame in self._waiting) >= SLICE:
                yield from self.rest()

    def rest(self) -> Iterator[pl.DataFrame]:
        """The rows that still wait."""
        if self._waiting:
            yield pl.concat(self._waiting)
            self._waiting = []

    def _named(self, changes: Changes, rows: pl.DataFrame) -> pl.DataFrame:
        rows = as_money(rows.lazy(), self.scales).collect()
        named = rows.with_columns(
            chunk=pl.lit(self.chunk),
            as_of=pl.lit(changes.as_of),
            dimension=pl.lit(changes.grouping),
            lookback=pl.lit(changes.lookback),
        )
        return named.select("chunk", "as_of", *KEYS, pl.exclude("chunk", "as_of", *KEYS))

    def _move(self, changes: Changes) -> None:
        since = month_before(changes.as_of)
        for metric, ranks in changes.ranks.items():
            key = (changes.lookback, metric)
            before = self._passed.get((since, *key))
            if before is None and since in self.before and key in self.before[since]:
                before = _aligned(changes.field, self.before[since][key])
                self._passed[since, *key] = before
            if before is not None:
                moved = movement(before, ranks)
                labels = {
                    "as_of": changes.as_of,
                    "since": since,
                    "metric": metric,
                    "lookback": changes.lookback,
                }
                named = moved.with_columns(pl.lit(value).alias(name) for name, value in labels.items())
                self.movements.append(named.select(*MOVEMENT))
            if changes.as_of.day == 1:
                self._passed[changes.as_of, *key] = ranks.copy()


def month_before(day: date) -> date:
    """The first of the day's month; of the month before, if it is that day."""
    return (day - timedelta(days=1)).replace(day=1)


def movement(before: Ranks, after: Ranks) -> pl.DataFrame:
    """How many went from which rank to which: (from_decile, to_decile, customers).

    Who had none and has none is left out. `before` may go on with those who have none any more.
    """
    after = np.concatenate([after, np.zeros(len(before) - len(after), after.dtype)])
    width = int(max(before.max(initial=0), after.max(initial=0))) + 1
    counts = np.bincount(before.astype(np.int64) * width + after, minlength=width * width)
    went = np.flatnonzero(counts[1:]) + 1
    from_, to = np.divmod(went, width)
    frame = pl.DataFrame(
        {"from_decile": from_.astype(np.int16), "to_decile": to.astype(np.int16), "customers": counts[went]}
    )
    ends = pl.col("from_decile", "to_decile")
    return frame.with_columns(pl.when(ends > 0).then(ends), pl.col("customers").cast(pl.Int64))


def _aligned(field: Field, ranks: pl.DataFrame) -> Ranks:
    """Ranks in the order of the field, and then those of people who are not in it any more."""
    people = pl.DataFrame({"person_id": field.people.ids.gather(field.who)})
    found = people.join(ranks, on="person_id", how="left", maintain_order="left")
    gone = ranks.join(people, on="person_id", how="anti")
    return pl.concat([found["decile"], gone["decile"]]).fill_null(0).to_numpy()
