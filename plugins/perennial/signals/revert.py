"""A batch that should not have come in; its events out of the lake again, in one commit.

What other batches had repeated of it does not come in by itself: run those again.
"""

import polars as pl

from perennial.errors import TerminalError
from perennial.lake.tables import ConcurrentCommit
from perennial.signals.batch_files import BatchFiles
from perennial.signals.batches import NEXT, BatchUnknown, Status, TransitionRefused
from perennial.signals.dataset import Dataset
from perennial.signals.events import ATTEMPTS, TooBusyError
from perennial.signals.intake import Intake


class NotRevertible(TerminalError):
    """Of records only the newest is known: what a batch has replaced cannot be brought back."""


def revert(intake: Intake, dataset: Dataset, batch: str) -> int:
    """Take back what a batch brought; returns how many events. Killed and run again, it ends the same.

    Raises `TransitionRefused` unless the batch has succeeded, and `NotRevertible` for records.
    """
    found = intake.batches.find(batch)
    if found is None:
        raise BatchUnknown(f"there is no batch {batch}")
    if dataset.kind == "record":
        raise NotRevertible(
            f"{batch}: {dataset.name} holds records, and what they were before is not kept; ingest a"
            " corrected batch instead"
        )
    if Status.INACTIVE not in NEXT[found.status]:
        raise TransitionRefused(f"batch {batch} is {found.status}: only one that has succeeded is taken back")
    table = intake.lake.events(dataset.name)
    for _ in range(ATTEMPTS):
        version = table.version()
        before = BatchFiles(table, batch).before(version)
        rows = 0 if before is None else before.select(pl.len()).collect().item()
        try:
            BatchFiles(table, batch).promote(version)
        except ConcurrentCommit:
            continue
        intake.batches.move(batch, Status.INACTIVE, intake.now, accepted=0)
        return int(rows)
    raise TooBusyError(f"{batch}: {ATTEMPTS} times another batch was faster; try again")
