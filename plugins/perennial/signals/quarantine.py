"""Bad rows in, kept with their raw record, their reasons and an id that stays; those still open out."""

from datetime import date

import polars as pl
import polars_hash as plh

from perennial.lake.catalog import QUARANTINE, Lake
from perennial.lake.tables import ConcurrentCommit
from perennial.signals.batch_files import BatchFiles
from perennial.signals.events import ATTEMPTS, TooBusyError


class QuarantineFiles:
    """The bad rows of one batch on their way into the quarantine, in place of those it had before."""

    def __init__(self, lake: Lake, dataset: str, batch: str, on: date, *, dry_run: bool = False) -> None:
        self._table, self._batch, self._on = lake.quarantine(dataset), batch, on
        self._version = self._table.version()
        self._files = BatchFiles(self._table, batch, ignore=("quarantined_on",), dry_run=dry_run)
        self.rows = 0
        self.reasons: dict[str, int] = {}
        """How many rows have each reason; one with two counts under both."""

    def take(self, bad: pl.DataFrame) -> None:
        """Take rows with `file`, `line`, `raw` and `reasons`."""
        if bad.is_empty():
            return
        self.rows += bad.height
        counted = bad.select(pl.col("reasons").explode()).group_by("reasons").len()
        for reason, rows in counted.iter_rows():
            self.reasons[reason] = self.reasons.get(reason, 0) + rows
        self._files.write(identified(bad, self._batch, self._on))

    def promote(self) -> None:
        """Make them visible."""
        for _ in range(ATTEMPTS):
            try:
                self._files.promote(self._version)
            except ConcurrentCommit:
                self._version = self._table.version()
                continue
            return
        raise TooBusyError(f"{self._table.name}: {ATTEMPTS} times another batch was faster; try again")

    def discard(self) -> None:
        """Give up what was written."""
        self._files.discard()


def identified(bad: pl.DataFrame, batch: str, on: date) -> pl.DataFrame:
    """Bad rows in the quarantine's shape; the same row of the same batch always has the same id."""
    place = pl.concat_str(
        pl.lit(batch), pl.col("file"), pl.col("line"), pl.col("raw"), separator="\x1f", ignore_nulls=True
    )
    rows = bad.with_columns(place=place, batch=pl.lit(batch), quarantined_on=pl.lit(on))
    code = [plh.col("place").nchash.xxh3_64(seed=seed).cast(pl.String).str.zfill(20) for seed in (0, 1)]
    return rows.with_columns(id=pl.concat_str(code)).select(pl.col(n).cast(t) for n, t in QUARANTINE.items())


def open_rows(lake: Lake, dataset: str) -> pl.LazyFrame:
    """Rows that nobody has replayed or discarded; `corrected` is what somebody has put in place of `raw`."""
    resolved = lake.resolutions.scan().filter(dataset=dataset).select("id")
    newest = (
        lake.corrections.scan()
        .filter(dataset=dataset)
        .sort("at")
        .unique("id", keep="last", maintain_order=True)
        .select("id", corrected="raw", corrected_by="by")
    )
    rows = lake.quarantine(dataset).scan().join(resolved, on="id", how="anti")
    return rows.join(newest, on="id", how="left")
