"""Files, uploads, messages and quarantined rows in; atomic batches of a dataset out."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

import polars as pl

from perennial.errors import TerminalError
from perennial.signals.batches import Batches, BatchUnknown
from perennial.signals.expectations import Counts
from perennial.signals.expected import check, refuse
from perennial.signals.ingest import BREACHED, BatchReport, ingest, ingest_upload
from perennial.signals.log.base import StreamLog
from perennial.signals.replay import ReplayReport, replay
from perennial.signals.revert import revert
from perennial.signals.stream import land_stream, trim_stream
from perennial.signals.uploads import Staging
from perennial.stages.workspace import Workspace


def ingest_batch(
    workspace: Workspace,
    dataset: str,
    day: date | None,
    now: datetime,
    *,
    storage: Mapping[str, str] | None = None,
    dry_run: bool = False,
    accept: bool = False,
) -> BatchReport:
    """Take a dataset's files of a day, or its history if no day is given; `accept` lets breaches pass."""
    document = workspace.dataset(dataset)
    landing = workspace.settings.landing
    intake = workspace.intake(now)
    return ingest(intake, document, landing, day, storage=storage, dry_run=dry_run, accept=accept)


def check_day(
    workspace: Workspace, dataset: str, day: date, now: datetime, *, accept: bool = False
) -> tuple[str, ...]:
    """Ask of a day of messages what its dataset expects of it; returns what was not so, and may pass.

    Shares are those of the messages that landed on that day. Raises `ExpectationBreached`; the rows have
    landed all the same.
    """
    document, lake, name = workspace.dataset(dataset), workspace.lake, f"{dataset}-stream-{day}"
    if not document.expectations:
        return ()
    rows = workspace.table(dataset)
    if not rows.exists():
        return ()
    landed = (
        Batches(lake.batches)
        .current()
        .filter(pl.col("dataset") == dataset, pl.col("source") == "stream", pl.col("at").dt.date() == day)
        .select(pl.col("read", "duplicate", "failed").sum())
        .collect()
        .row(0)
    )
    of_day = rows.scan().filter(pl.col("event_date") == day)
    accepted = of_day.select(pl.len()).collect().item()
    read, known, failed = landed
    counts = Counts(read, accepted, known, failed)
    verdicts = check(lake, document, name, "stream", day, of_day, counts, now, accept=accept)
    refuse(name, verdicts, "the day's messages are in the lake")
    return tuple(each.said for each in verdicts if each.outcome in BREACHED)


def ingest_uploaded(workspace: Workspace, batch: str, now: datetime, *, accept: bool = False) -> BatchReport:
    """Take an uploaded batch that is complete; its files are removed once it has succeeded."""
    intake, staging = workspace.intake(now), Staging(workspace.settings.staging)
    upload = staging.find(batch)
    if upload is None:
        raise TerminalError(f"no files of batch {batch} in {workspace.settings.staging}; upload it again")
    document = workspace.dataset(upload.dataset)
    if upload.format is not None:
        source = document.source.model_copy(update={"format": upload.format})
        document = document.model_copy(update={"source": source})
    report = ingest_upload(intake, document, batch, staging.files_of(batch), accept=accept)
    staging.forget(batch)
    return report


def land_messages(workspace: Workspace, dataset: str, log: StreamLog, now: datetime) -> Iterator[BatchReport]:
    """Land what the stream's log holds of a dataset, in micro-batches; then free what landed long ago."""
    intake, document = workspace.intake(now), workspace.dataset(dataset)
    yield from land_stream(intake, document, log)
    trim_stream(intake, document, log)


def replay_rows(
    workspace: Workspace,
    dataset: str,
    ids: Sequence[str] | None,
    now: datetime,
    *,
    by: str,
    uncorrected: bool = False,
) -> ReplayReport:
    """Replay quarantined rows of a dataset."""
    return replay(workspace.intake(now), workspace.dataset(dataset), ids, by=by, uncorrected=uncorrected)


def revert_batch(workspace: Workspace, batch: str, now: datetime) -> int:
    """Take the rows of a batch back; returns how many."""
    intake = workspace.intake(now)
    found = intake.batches.find(batch)
    if found is None:
        raise BatchUnknown(f"there is no batch {batch}")
    return revert(intake, workspace.dataset(found.dataset), batch)
