"""Bad rows in, kept with their raw record, their reasons and an id that stays; those still open out."""

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl
import polars_hash as plh

from perennial.lake.catalog import Lake
from perennial.lake.signals import QUARANTINE, RESOLUTIONS
from perennial.lake.tables import ConcurrentCommit
from perennial.signals.batch_files import BatchFiles
from perennial.signals.events import ATTEMPTS, TooBusyError

RESOLVED = "signals/resolutions"
"""The name under which rows are ended, so that two who end the same row at once are noticed."""


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
    """Rows that nobody has replayed or discarded, with what somebody has put in place of `raw`: `corrected`.

    `by` and `at` say who and when. `corrected` is null where there is no correction, and where it was taken
    back.
    """
    ended = _newest(lake.resolutions.scan(), dataset).select("id")
    return _corrected(lake, dataset, lake.quarantine(dataset).scan().join(ended, on="id", how="anti"))


def resolved_rows(lake: Lake, dataset: str) -> pl.LazyFrame:
    """Rows that are done with; also `outcome`, `resolved_by`, `resolved_at`, `taken_by`."""
    how = _newest(lake.resolutions.scan(), dataset).select(
        "id", "outcome", resolved_by="by", resolved_at="at", taken_by="batch"
    )
    return _corrected(lake, dataset, lake.quarantine(dataset).scan().join(how, on="id"))


def outcomes(lake: Lake, dataset: str) -> dict[str, int]:
    """How many rows have ended in each way."""
    ended = _newest(lake.resolutions.scan(), dataset).group_by("outcome").len().collect()
    return dict(ended.iter_rows())


def resolve(
    lake: Lake,
    dataset: str,
    ids: Sequence[str],
    outcome: str,
    by: str,
    at: datetime,
    batch: str | None = None,
) -> int:
    """End open rows; returns how many. One that has been ended in the meantime is left as it is."""
    for _ in range(ATTEMPTS):
        version = lake.resolutions.version()
        ended = set(_newest(lake.resolutions.scan(), dataset).select("id").collect()["id"])
        rows = pl.DataFrame({"id": [row for row in ids if row not in ended]}, schema={"id": pl.String})
        if rows.is_empty():
            return 0
        facts = {"dataset": dataset, "outcome": outcome, "batch": batch, "by": by, "at": at}
        rows = rows.with_columns(pl.lit(value).alias(name) for name, value in facts.items())
        try:
            lake.resolutions.append(
                rows.select(pl.col(name).cast(dtype) for name, dtype in RESOLUTIONS.items()),
                transactions=[(RESOLVED, version + 1)],
                since=version,
            )
        except ConcurrentCommit:
            continue
        return rows.height
    raise TooBusyError(f"quarantine/{dataset}: {ATTEMPTS} times somebody else was faster; try again")


def _corrected(lake: Lake, dataset: str, rows: pl.LazyFrame) -> pl.LazyFrame:
    newest = _newest(lake.corrections.scan(), dataset).select("id", "by", "at", corrected="raw")
    return rows.join(newest, on="id", how="left").with_columns(
        corrected=pl.when(pl.col("corrected") != pl.col("raw")).then("corrected")
    )


def _newest(log: pl.LazyFrame, dataset: str) -> pl.LazyFrame:
    """The last entry of each row."""
    return log.filter(dataset=dataset).sort("at").unique("id", keep="last", maintain_order=True)
