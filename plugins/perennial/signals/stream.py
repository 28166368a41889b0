"""The stream's log in, micro-batches in the lake out: each message once, whatever is killed and run again.

The position reached in the log is committed together with the rows. A message that breaks a rule is set aside
in the quarantine, and never holds up the others.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from perennial.signals.batches import Batch, Status
from perennial.signals.dataset import Dataset
from perennial.signals.ingest import BatchReport
from perennial.signals.intake import Intake
from perennial.signals.log.base import StreamLog, unpack
from perennial.signals.quarantine import QuarantineFiles
from perennial.signals.reading import messages
from perennial.signals.validation import validate

MICRO_BATCH = 32 * 1024 * 1024
"""Bytes of messages that are taken in one commit."""
KEEP = timedelta(days=7)
"""How long messages that have landed stay in the log, for the case that the lake must be restored."""
DIGITS = 20
"""Of an offset in a micro-batch's name."""


def offset_name(log: StreamLog, dataset: str, partition: int) -> str:
    """Under which name the position in a partition is committed: another log has positions of its own."""
    return f"stream/{log.name}/{dataset}/{partition}"


def land_stream(
    intake: Intake, dataset: Dataset, log: StreamLog, max_bytes: int = MICRO_BATCH
) -> Iterator[BatchReport]:
    """Land all that the log holds of a dataset beyond the committed positions; one report a micro-batch.

    What comes meanwhile is left to the next time: a stream that never rests would keep this one from its end.
    """
    for partition in log.partitions(dataset.name):
        name, end = offset_name(log, dataset.name, partition), log.end(dataset.name, partition)
        _finish(intake, dataset, log, partition, name)
        while (report := _land(intake, dataset, log, partition, name, end, max_bytes)) is not None:
            yield report


def committed(intake: Intake, dataset: Dataset, name: str) -> int:
    """The position up to which a partition has landed."""
    return max(0, intake.table(dataset).transaction(name))


def _land(
    intake: Intake, dataset: Dataset, log: StreamLog, partition: int, name: str, end: int, max_bytes: int
) -> BatchReport | None:
    if (offset := committed(intake, dataset, name)) >= end:
        return None
    records, after = log.read(dataset.name, partition, offset, max_bytes)
    if not records:
        return None
    received = [unpack(record) for record in records]
    batch = _name(log, dataset, partition, offset)
    held_at = datetime.fromtimestamp(max(each.received_at for each in received) / 1e6, UTC)
    chunk = messages([each.body for each in received], dataset, f"stream {partition} from {offset}")
    checked = validate(chunk.rows, dataset)
    good = intake.landing(dataset, batch, held_at)
    bad = QuarantineFiles(intake.lake, dataset.name, batch, intake.now.date())
    try:
        bad.take(pl.concat([chunk.broken, checked.bad]))
        good.take(checked.good)
        bad.promote()
        counts: dict[str, Any] = {
            "read": len(records),
            "accepted": good.accepted,
            "duplicate": good.duplicate,
            "failed": bad.rows + good.erased,
        }
        _stage(intake, dataset, batch, sum(map(len, records)), counts)
        good.promote(((name, after),))
    finally:
        good.discard()
        bad.discard()
    counts |= {"accepted": good.accepted, "duplicate": good.duplicate}
    intake.batches.move(batch, Status.SUCCESS, intake.now, **counts)
    return BatchReport(batch, dataset.name, None, Status.SUCCESS, **counts)


def _stage(intake: Intake, dataset: Dataset, batch: str, size: int, counts: dict[str, Any]) -> None:
    """Log what the micro-batch will bring, so that a run that is killed after the commit can be counted."""
    batches = intake.batches
    staged = replace(
        Batch(batch, dataset.name, "stream", None, Status.STAGED, intake.now, files=1, bytes=size), **counts
    )
    if batches.find(batch) is None:
        batches.create(staged)
    else:
        batches.begin(staged)
        batches.move(batch, Status.STAGED, intake.now, bytes=size, **counts)


def _finish(intake: Intake, dataset: Dataset, log: StreamLog, partition: int, name: str) -> None:
    """Say of micro-batches whose commit was the last thing that a killed run did that they succeeded."""
    reached = committed(intake, dataset, name)
    landed = _before(intake, dataset, log, partition, reached)
    waiting = landed.filter(pl.col("status") == Status.STAGED)
    for batch in waiting.select("batch").collect().to_series():
        intake.batches.move(batch, Status.SUCCESS, intake.now)


def trim_stream(intake: Intake, dataset: Dataset, log: StreamLog, keep: timedelta = KEEP) -> int:
    """Free what has landed longer ago than `keep`; returns how much, in the log's own unit."""
    freed = 0
    for partition in log.partitions(dataset.name):
        reached = committed(intake, dataset, offset_name(log, dataset.name, partition))
        landed = _before(intake, dataset, log, partition, reached)
        old = landed.filter(pl.col("at") <= intake.now - keep).select(pl.col("batch").max()).collect().item()
        if old is not None:
            # Where the newest of them begins, all the others have ended.
            freed += log.trim(dataset.name, partition, int(old[-DIGITS:]))
    return freed


def _before(intake: Intake, dataset: Dataset, log: StreamLog, partition: int, offset: int) -> pl.LazyFrame:
    """The micro-batches of a partition that begin before an offset."""
    return intake.batches.current().filter(
        pl.col("source") == "stream",
        pl.col("batch").str.starts_with(_name(log, dataset, partition, 0)[:-DIGITS]),
        pl.col("batch") < _name(log, dataset, partition, offset),
    )


def _name(log: StreamLog, dataset: Dataset, partition: int, offset: int) -> str:
    """Micro-batches of one partition sort by where they begin; those of another log have other names."""
    return f"stream-{dataset.name}-{log.name.replace('/', '.')}-{partition}-{offset:0{DIGITS}d}"
