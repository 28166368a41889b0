"""One batch of a dataset: files in, one atomic commit to the lake out, and a report of every row.

A batch that comes again replaces what it brought before: the tables are then those of one run. A row that
another batch has brought already is known by its key and not taken twice.
"""

from dataclasses import asdict, dataclass
from datetime import date

import polars as pl

from perennial.errors import TerminalError
from perennial.lake.catalog import BATCHES, Lake
from perennial.lake.tables import Table
from perennial.signals.dataset import Dataset
from perennial.signals.reading import find, read
from perennial.signals.validation import validate


class TooManyBadRows(TerminalError):
    """More rows are bad than the dataset tolerates: none of the batch was taken."""


@dataclass(frozen=True)
class BatchReport:
    """What became of each row: read = accepted + duplicate + failed, unless the batch failed as a whole."""

    batch: str
    dataset: str
    day: date | None
    status: str
    """`success`, or `failed` where more rows were bad than the dataset tolerates."""
    read: int
    accepted: int
    duplicate: int
    failed: int


def ingest(
    lake: Lake, dataset: Dataset, landing: str, day: date | None, *, dry_run: bool = False
) -> BatchReport:
    """Take the files of a day, or the history if no day is given; `dry_run` checks and writes nothing.

    Raises `SourceMissing` where there is no file, `TooManyBadRows` above the dataset's tolerance; the bad
    rows are in the quarantine in either case.
    """
    pattern = dataset.source.daily if day else dataset.source.history
    if pattern is None:
        raise TerminalError(f"{dataset.name}: its document declares no {'daily' if day else 'history'} files")
    batch = f"{dataset.name}-{day or 'history'}"
    checked = validate(read(find(f"{landing}/{pattern.format(day=day)}")), dataset)
    rows = _keyed(checked.good, dataset, batch)
    table = lake.events(dataset.name) if dataset.kind == "event" else lake.records(dataset.name)
    fresh = _fresh(rows, table, dataset, batch)
    read_rows = checked.good.height + checked.bad.height
    tolerated = checked.bad.height <= dataset.tolerance * read_rows
    report = BatchReport(
        batch=batch,
        dataset=dataset.name,
        day=day,
        status="success" if tolerated else "failed",
        read=read_rows,
        accepted=fresh.height if tolerated else 0,
        duplicate=checked.good.height - fresh.height,
        failed=checked.bad.height,
    )
    if dry_run:
        return report
    _replace(lake.quarantine(dataset.name), checked.bad.with_columns(batch=pl.lit(batch)), batch)
    if not tolerated:
        _log(lake, report)
        raise TooManyBadRows(
            f"{batch}: {report.failed} of {report.read} rows are bad, more than the {dataset.tolerance:.0%} "
            f"that {dataset.name} tolerates; nothing was taken. The reasons are in the lake's table "
            f"{lake.quarantine(dataset.name).name}"
        )
    if dataset.kind == "record":
        _upsert(table, fresh, dataset)
    else:
        _replace(table, fresh, batch)
    _log(lake, report)
    return report


def _log(lake: Lake, report: BatchReport) -> None:
    _replace(lake.batches, pl.DataFrame([asdict(report)], schema=BATCHES), report.batch)


def _keyed(good: pl.DataFrame, dataset: Dataset, batch: str) -> pl.DataFrame:
    """One row per key, with its batch; an event also with its id, made of the key, and its day."""
    rows = good.with_columns(batch=pl.lit(batch))
    if dataset.kind == "record":
        return rows.unique(dataset.key, keep="last", maintain_order=True)
    rows = rows.with_columns(event_id=_event_id(dataset.key), event_date=pl.col("event_time").dt.date())
    return rows.unique("event_id", keep="first", maintain_order=True).sort("event_time", "event_id")


def _event_id(key: list[str]) -> pl.Expr:
    """The key's values, separated by bars; different keys never look the same, whatever is in them."""
    values = [pl.col(name).cast(pl.String) for name in key]
    return pl.concat_str([value.str.replace_all(r"([\\|])", r"\${1}") for value in values], separator="|")


def _fresh(rows: pl.DataFrame, table: Table, dataset: Dataset, batch: str) -> pl.DataFrame:
    """Events that no other batch has brought; records that say something new and not something older."""
    if not table.exists():
        return rows
    others = table.scan().filter(pl.col("batch") != batch)
    if dataset.kind == "event":
        return _without(rows, others, ["event_id"])
    newer = others.filter(_day(pl.col("batch")) > _day(pl.lit(batch)))
    return _without(_without(rows, others, list(dataset.columns)), newer, dataset.key)


def _without(rows: pl.DataFrame, known: pl.LazyFrame, same: list[str]) -> pl.DataFrame:
    known = known.select(same)
    return rows.lazy().join(known, on=same, how="anti", nulls_equal=True, maintain_order="left").collect()


def _day(batch: pl.Expr) -> pl.Expr:
    """The day at the end of a batch's name; a history is older than any day."""
    return batch.str.tail(10).str.to_date("%Y-%m-%d", strict=False).fill_null(date.min)


def _upsert(table: Table, fresh: pl.DataFrame, dataset: Dataset) -> None:
    """Put the rows in place of those with their keys, unless they stand there already."""
    if not table.exists():
        table.replace(fresh.sort(dataset.key))
        return
    before = table.scan().collect()
    after = pl.concat([before.join(fresh, on=dataset.key, how="anti"), fresh], how="diagonal")
    if not _same(before, after):
        table.replace(after.sort(dataset.key))


def _replace(table: Table, rows: pl.DataFrame, batch: str) -> None:
    """Put the batch's rows in place of those that it brought before, unless they are the same."""
    if table.exists() and _same(table.scan().filter(pl.col("batch") == batch).collect(), rows):
        return
    table.replace_where(rows, "batch", batch)


def _same(before: pl.DataFrame, after: pl.DataFrame) -> bool:
    columns = sorted(before.columns)
    if columns != sorted(after.columns) or before.height != after.height:
        return False
    return before.select(columns).sort(pl.all()).equals(after.select(columns).sort(pl.all()))
