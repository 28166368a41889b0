"""A deployment's lake, indexes and the time in; the ways of good rows into its tables out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from perennial.lake.catalog import Lake
from perennial.lake.erasure import erased
from perennial.lake.tables import Table
from perennial.signals.batch_files import BatchFiles
from perennial.signals.batches import Batches
from perennial.signals.dataset import Dataset
from perennial.signals.events import EventLanding
from perennial.signals.index import EventIndex
from perennial.signals.records import RecordLanding

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
"""As of when the records of a history hold: anything else is newer."""
Landing = EventLanding | RecordLanding


@dataclass(frozen=True)
class Intake:
    """Where batches are taken into, and when."""

    lake: Lake
    index: Path
    """The folder of the indexes of event ids."""
    now: datetime

    def table(self, dataset: Dataset) -> Table:
        """Where a dataset's rows are."""
        return self.lake.events(dataset.name) if dataset.kind == "event" else self.lake.records(dataset.name)

    def landing(
        self, dataset: Dataset, batch: str, held_at: datetime | None = None, *, dry_run: bool = False
    ) -> Landing:
        """The way of good rows into the dataset's table."""
        people, table = erased(self.lake.root).collect(), self.table(dataset)
        if dataset.kind == "record":
            return RecordLanding(dataset, batch, table, held_at or self.now, people)
        index = EventIndex(self.index / dataset.name, table)
        return EventLanding(dataset, batch, BatchFiles(table, batch, dry_run=dry_run), index, people)

    @property
    def batches(self) -> Batches:
        return Batches(self.lake.batches)
