"""What is asked for of a dataset's quarantine in; pages of rows, their reasons, and exports of them out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from perennial.lake.catalog import Lake
from perennial.signals import quarantine
from perennial.signals.quarantine import open_rows, resolved_rows
from perennial.web.signals_state import lake_errors

Show = Literal["open", "corrected", "resolved"]
REASONS = 200
"""How many different reasons are listed, the most frequent first."""


@dataclass(frozen=True)
class Wanted:
    """Which rows: open ones, those of them that wait for their replay, or those that are done with."""

    dataset: str
    show: Show = "open"
    reason: str = ""
    batch: str = ""
    search: str = ""
    """Text that the record, or its correction, contains; capitals do not matter."""
    ids: list[str] | None = field(default=None, repr=False)

    def filter(self, rows: pl.LazyFrame, *, reason: bool = True) -> pl.LazyFrame:
        """Keep what is asked for."""
        if self.ids is not None:
            rows = rows.filter(pl.col("id").is_in(self.ids))
        if self.show == "corrected":
            rows = rows.filter(pl.col("corrected").is_not_null())
        if self.batch:
            rows = rows.filter(batch=self.batch)
        if self.search:
            text = pl.concat_str("raw", "corrected", separator="\n", ignore_nulls=True).str.to_lowercase()
            rows = rows.filter(text.str.contains(self.search.lower(), literal=True))
        if reason and self.reason:
            rows = rows.filter(pl.col("reasons").list.contains(self.reason))
        return rows


@dataclass(frozen=True)
class Found:
    """One page of rows, how many there are in all, and each reason with the number of rows that have it."""

    rows: list[dict[str, Any]]
    total: int
    reasons: list[tuple[str, int]]


def rows_of(lake: Lake, wanted: Wanted) -> pl.LazyFrame:
    """The rows before filtering: the quarantine's columns, `corrected`, `by`, `at`, and with `resolved` how.

    `corrected` is null where nobody has changed the record, and where its change was taken back.
    """
    rows = resolved_rows if wanted.show == "resolved" else open_rows
    return rows(lake, wanted.dataset)


@lake_errors()
def find(lake: Lake, wanted: Wanted, page: int = 1, size: int = 50) -> Found:
    """One page, the newest day first, each file in the order of its lines."""
    rows = rows_of(lake, wanted)
    kept = wanted.filter(rows)
    order = kept.sort("quarantined_on", "file", "line", "id", descending=[True, False, False, False])
    counted = wanted.filter(rows, reason=False).select(pl.col("reasons").list.unique()).explode("reasons")
    per_reason = (
        counted.drop_nulls().group_by("reasons").len().sort("len", "reasons", descending=[True, False])
    )
    total, shown, reasons = pl.collect_all(
        [kept.select(pl.len()), order.slice((page - 1) * size, size), per_reason.head(REASONS)]
    )
    return Found(shown.to_dicts(), total.item(), list(reasons.iter_rows()))


@lake_errors()
def find_one(lake: Lake, dataset: str, identifier: str) -> dict[str, Any] | None:
    """An open row by its id."""
    wanted = Wanted(dataset, ids=[identifier])
    found = wanted.filter(rows_of(lake, wanted)).head(1).collect()
    return found.row(0, named=True) if found.height else None


@lake_errors()
def open_counts(lake: Lake, dataset: str) -> dict[str, int]:
    """How many rows are open, and how many of them wait for their replay."""
    rows = rows_of(lake, Wanted(dataset)).select(open=pl.len(), corrected=pl.col("corrected").count())
    return rows.collect().row(0, named=True)


@lake_errors()
def outcomes(lake: Lake, dataset: str) -> dict[str, int]:
    """How many rows have ended in each way so far."""
    return quarantine.outcomes(lake, dataset)


@lake_errors()
def export(lake: Lake, wanted: Wanted) -> Iterator[tuple[Any, ...]]:
    """The names of the columns, then every row; read to the end before the first is given."""
    columns = ["quarantined_on", "batch", "file", "line", "reasons", "raw", "corrected", "id"]
    if wanted.show == "resolved":
        columns += ["outcome", "resolved_by", "resolved_at"]
    rows = wanted.filter(rows_of(lake, wanted)).with_columns(pl.col("reasons").list.join("; "))
    found = rows.sort("quarantined_on", "file", "line", descending=[True, False, False]).select(columns)
    return iter([tuple(columns), *found.collect().iter_rows()])
