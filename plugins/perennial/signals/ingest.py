"""One batch of files in, one atomic commit to the lake out, and a report of every row.

A batch that comes again replaces what it brought before: the tables are then those of one run. A row that
another batch has brought already is known by its key and not taken twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from perennial.errors import TerminalError
from perennial.signals.batches import Batch, BatchError, Status
from perennial.signals.dataset import Dataset
from perennial.signals.expectations import Counts, Verdict
from perennial.signals.expected import ExpectationBreached, check, refuse
from perennial.signals.intake import BEGINNING, Intake, Landing
from perennial.signals.quarantine import QuarantineFiles
from perennial.signals.reading import FILE, LINE, Chunk, FileUnreadable, SchemaMismatch, chunks, find
from perennial.signals.validation import explained, sorted_out
from perennial.threads import ahead

NOTHING = pl.DataFrame(schema={FILE: pl.String, LINE: pl.Int64})
AHEAD = 6
"""Chunks that are read and checked while another one is taken."""
EXPLAINED = 50_000
"""Bad rows whose reasons are found at a time."""
BREACHED = ("breached", "accepted")
Storage = Mapping[str, str]
"""Options of an object store, such as its keys."""


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
    breaches: tuple[str, ...] = ()
    """What was not as expected, and taken all the same."""


def ingest(
    intake: Intake,
    dataset: Dataset,
    landing: str,
    day: date | None,
    *,
    storage: Storage | None = None,
    dry_run: bool = False,
    accept: bool = False,
) -> BatchReport:
    """Take the files of a day, or the history if no day is given; `dry_run` checks and writes nothing.

    What is expected of a day is not asked of a history, nor in a dry run; with `accept` nothing of it stops.
    Raises `SourceMissing` where there is no file, `FileUnreadable` and `SchemaMismatch` where one is not what
    the document says, `TooManyBadRows` above the dataset's tolerance, `ExpectationBreached` where the day is
    not what it must be; the bad rows are in the quarantine.
    """
    files = find(path_of(dataset, landing, day), storage)
    new = _new(intake, f"{dataset.name}-{day or 'history'}", dataset, "files", day, files)
    held_at = datetime.combine(day, time.min, UTC) + timedelta(days=1) if day else BEGINNING
    return take_files(intake, dataset, new, files, held_at, storage=storage, dry_run=dry_run, accept=accept)


def path_of(dataset: Dataset, landing: str, day: date | None) -> str:
    """Where the files of a day, or the history, lie: a path, a glob or a URI."""
    pattern = dataset.source.daily if day else dataset.source.history
    if pattern is None:
        raise TerminalError(f"{dataset.name}: its document declares no {'daily' if day else 'history'} files")
    # Braces of a glob are no places to fill in.
    pattern = pattern.replace("{day}", str(day))
    return pattern if "://" in pattern else f"{landing.rstrip('/')}/{pattern}"


def ingest_upload(
    intake: Intake, dataset: Dataset, batch: str, files: Sequence[str], *, accept: bool = False
) -> BatchReport:
    """Take the files of an uploaded batch that is complete; raises as `ingest` does."""
    created = intake.batches.steps(batch)[0]
    new = _new(intake, batch, dataset, "upload", None, files)
    return take_files(intake, dataset, new, files, created.at, accept=accept)


def take_files(
    intake: Intake,
    dataset: Dataset,
    new: Batch,
    files: Sequence[str],
    held_at: datetime,
    *,
    storage: Storage | None = None,
    dry_run: bool = False,
    accept: bool = False,
) -> BatchReport:
    """Take a batch through its life, from its files to its success or failure."""
    batches = intake.batches
    if not dry_run:
        batches.begin(new)
    good = intake.landing(dataset, new.batch, held_at, dry_run=dry_run)
    bad = QuarantineFiles(intake.lake, dataset.name, new.batch, intake.now.date(), dry_run=dry_run)
    rows = 0
    try:
        others: list[pl.DataFrame] = []

        def checked(chunk: Chunk) -> tuple[Chunk, pl.DataFrame, pl.DataFrame]:
            return chunk, *sorted_out(chunk.rows, dataset)

        for chunk, taken, refused in ahead(chunks(files, dataset, storage), checked, AHEAD):
            rows += chunk.rows.height + chunk.broken.height
            bad.take(chunk.broken)
            good.take(taken)
            others.append(refused)
            if sum(part.height for part in others) >= EXPLAINED:
                bad.take(explained(pl.concat(others, how="diagonal_relaxed"), dataset))
                others = []
        if others:
            bad.take(explained(pl.concat(others, how="diagonal_relaxed"), dataset))
        if not rows:
            # A batch without rows is one all the same: the table is there from then on.
            good.take(sorted_out(NOTHING, dataset)[0])
        if dry_run:
            return _report(new, good, bad, rows, Status.SUCCESS)
        bad.promote()
        if bad.rows > dataset.tolerance * rows:
            raise _too_many(dataset, new, bad, rows)
        verdicts = _expected(intake, dataset, new, good, _counts(good, bad, rows), accept)
        refuse(new.batch, verdicts)
        batches.move(new.batch, Status.STAGED, intake.now, **_counts(good, bad, rows))
        good.promote()
    except TerminalError as error:
        if not dry_run:
            errors = (_error(error), *_faults(good, bad))
            batches.move(
                new.batch, Status.FAILED, intake.now, errors=errors, read=rows, accepted=0, failed=bad.rows
            )
        raise
    finally:
        good.discard()
        bad.discard()
    batches.move(new.batch, Status.SUCCESS, intake.now, errors=_faults(good, bad), **_counts(good, bad, rows))
    report = _report(new, good, bad, rows, Status.SUCCESS)
    return replace(report, breaches=tuple(each.said for each in verdicts if each.outcome in BREACHED))


def _expected(
    intake: Intake, dataset: Dataset, new: Batch, good: Landing, counts: Mapping[str, int], accept: bool
) -> list[Verdict]:
    if new.source == "files" and new.day is None:
        return []
    counted = Counts(counts["read"], counts["accepted"], counts["duplicate"], counts["failed"])
    rows = good.fresh() if dataset.expectations else pl.LazyFrame()
    return check(
        intake.lake, dataset, new.batch, new.source, new.day, rows, counted, intake.now, accept=accept
    )


def _new(
    intake: Intake, batch: str, dataset: Dataset, source: str, day: date | None, files: Sequence[str]
) -> Batch:
    sizes = [Path(file).stat().st_size for file in files if "://" not in file]
    return Batch(
        batch, dataset.name, source, day, Status.STAGING, intake.now, files=len(files), bytes=sum(sizes)
    )


def _counts(good: Landing, bad: QuarantineFiles, rows: int) -> dict[str, Any]:
    return {
        "read": rows,
        "accepted": good.accepted,
        "duplicate": good.duplicate,
        "failed": bad.rows + good.erased,
    }


def _report(new: Batch, good: Landing, bad: QuarantineFiles, rows: int, status: Status) -> BatchReport:
    return BatchReport(new.batch, new.dataset, new.day, status, **_counts(good, bad, rows))


def _too_many(dataset: Dataset, new: Batch, bad: QuarantineFiles, rows: int) -> TooManyBadRows:
    return TooManyBadRows(
        f"{new.batch}: {bad.rows} of {rows} rows are bad, more than the {dataset.tolerance:.0%} that "
        f"{dataset.name} tolerates; nothing was taken. The reasons are in the lake's table "
        f"quarantine/{dataset.name}"
    )


CODES: dict[type[TerminalError], str] = {
    FileUnreadable: "file_unreadable",
    SchemaMismatch: "schema_mismatch",
    TooManyBadRows: "too_many_bad_rows",
    ExpectationBreached: "expectation_breached",
}
"""What is wrong with a batch as a whole; anything else is a fault of its dataset's document."""


def _error(error: TerminalError) -> BatchError:
    return BatchError(CODES.get(type(error), "document_unfit"), str(error))


def _faults(good: Landing, bad: QuarantineFiles) -> tuple[BatchError, ...]:
    """The reasons for which rows were set aside, the most frequent first; and rows that nobody may keep."""
    ordered = sorted(bad.reasons.items(), key=lambda each: (-each[1], each[0]))
    faults = [BatchError("row_refused", reason, rows) for reason, rows in ordered]
    if good.erased:
        faults.append(BatchError("person_erased", "of people who were erased since: not kept", good.erased))
    return tuple(faults)
