"""Files, uploads, messages and quarantined rows in; atomic batches of a dataset out."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from perennial.errors import TerminalError
from perennial.signals.batches import BatchUnknown
from perennial.signals.ingest import BatchReport, ingest, ingest_upload
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
) -> BatchReport:
    """Take a dataset's files of a day, or its history if no day is given."""
    document = workspace.dataset(dataset)
    landing = workspace.settings.landing
    return ingest(workspace.intake(now), document, landing, day, storage=storage, dry_run=dry_run)


def ingest_uploaded(workspace: Workspace, batch: str, now: datetime) -> BatchReport:
    """Take an uploaded batch that is complete; its files are removed once it has succeeded."""
    intake, staging = workspace.intake(now), Staging(workspace.settings.staging)
    upload = staging.find(batch)
    if upload is None:
        raise TerminalError(f"no files of batch {batch} in {workspace.settings.staging}; upload it again")
    document = workspace.dataset(upload.dataset)
    if upload.format is not None:
        source = document.source.model_copy(update={"format": upload.format})
        document = document.model_copy(update={"source": source})
    report = ingest_upload(intake, document, batch, staging.files_of(batch))
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
