"""Files of the landing zone in, one atomic batch of a dataset out."""

from datetime import date

from perennial.signals.ingest import BatchReport, ingest
from perennial.stages.workspace import Workspace


def ingest_batch(
    workspace: Workspace, dataset: str, day: date | None, *, dry_run: bool = False
) -> BatchReport:
    """Take a dataset's files of a day, or its history if no day is given."""
    document = workspace.dataset(dataset)
    return ingest(workspace.lake, document, workspace.settings.landing, day, dry_run=dry_run)
