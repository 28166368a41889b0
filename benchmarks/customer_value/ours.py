"""The question as the product answers it: `perennial.value`, from the files, written as its tables are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path

import narwhals as nw
import polars as pl

from perennial.lake.catalog import Lake
from perennial.value.days import changes
from perennial.value.entries import entries, partials_of
from perennial.value.history import History
from perennial.value.partials import Partial
from perennial.value.recording import Recording
from perennial.value.totals import groupings

from . import answers
from .question import AS_OF, DEFINITION

SLICES = 4


@dataclass(frozen=True)
class Files:
    """The benchmark's files as entries, which the product otherwise keeps in a ledger."""

    folder: Path

    @property
    def buckets(self) -> int:
        """Into how many parts customers are divided."""
        return len(list(next(self.folder.iterdir()).iterdir()))

    def scan(self, bucket: int, first: date, end: date) -> pl.LazyFrame:
        """The entries of some days."""
        months = [
            month
            for month in sorted(self.folder.iterdir())
            if f"{first:%Y-%m}" <= month.name <= f"{end:%Y-%m}"
        ]
        events = pl.scan_parquet([month / f"{bucket:03}.parquet" for month in months])
        found: pl.LazyFrame = nw.to_native(entries(nw.from_native(events), DEFINITION, {}))
        return found.filter(pl.col("day").is_between(first, end, closed="left"))

    @property
    def found(self) -> list[Partial]:
        """The columns of entries."""
        first = next(iter(sorted(self.folder.rglob("*.parquet"))))
        return partials_of(nw.from_native(pl.scan_parquet(first)), DEFINITION)


def history(out: Path) -> History:
    """The table of values that is written."""
    lake = Lake(str(out))
    return History(lake.value(DEFINITION.name), lake.value_days, lake.value_late, DEFINITION)


def ours(events: Path, out: Path, days: Sequence[date] = (AS_OF,)) -> int:
    """Answer the question as of consecutive days; returns how many rows were written."""
    files, past = Files(events), history(out)
    chunk = f"{days[0]}"
    recording = Recording(chunk, {}, {})
    written = []
    for each in changes(files, DEFINITION, files.found, days):
        recording.take(each)
        written += past.write(recording.rows(each))
    written += past.write(recording.rest())
    computed = [
        {"as_of": day, "chunk": chunk, "whole": day == days[0], "rows": recording.counts[day], "ledger": 0}
        for day in days
    ]
    past.commit(written, pl.DataFrame(computed, schema_overrides={"ledger": pl.Int64}), past.begin())
    return sum(recording.counts.values())


def checksum(out: Path, day: date) -> answers.Checksum:
    """Of a computed day as it is read; a part of it at a time, since all changes together are large."""
    rows = history(out).read(day)
    here = pl.col("dimension"), pl.col("lookback"), pl.col("person_id").hash(0) % SLICES
    parts = product(groupings(DEFINITION), DEFINITION.windows(), range(SLICES))
    return answers.checksum(
        rows.filter(column == value for column, value in zip(here, part, strict=True)).collect()
        for part in parts
    )
