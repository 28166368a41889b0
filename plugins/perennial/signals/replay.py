"""Quarantined rows in, as they came or as a person has corrected them; what is good now in the lake out.

A row is replayed like a message: parsed, checked and known by its key. Killed in between and run again, it is
not taken twice. Rows that are still bad stay open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import polars as pl

from perennial.errors import TerminalError
from perennial.signals.batches import Batch, Batches, Status
from perennial.signals.dataset import Dataset
from perennial.signals.intake import BEGINNING, Intake
from perennial.signals.quarantine import open_rows, resolve
from perennial.signals.reading import messages
from perennial.signals.validation import validate

FILE = "quarantine"


class NothingToReplay(TerminalError):
    """No open row of the quarantine is among those that were asked for."""


@dataclass(frozen=True)
class ReplayReport:
    """What became of each row: rows = accepted + duplicate + still_bad."""

    batch: str
    rows: int
    accepted: int
    duplicate: int
    """Good, but known to the lake already."""
    still_bad: int


def replay(
    intake: Intake, dataset: Dataset, ids: Sequence[str] | None, *, by: str, uncorrected: bool = False
) -> ReplayReport:
    """Replay the rows with these ids, or all that were corrected; with `uncorrected` the others as well.

    Raises `NothingToReplay` where none of them is open.
    """
    rows = open_rows(intake.lake, dataset.name)
    if ids is not None:
        rows = rows.filter(pl.col("id").is_in(list(ids)))
    elif not uncorrected:
        rows = rows.filter(pl.col("corrected").is_not_null())
    wanted = rows.sort("id").collect()
    batch = f"replay-{dataset.name}-{intake.now:%Y%m%dT%H%M%S%f}"
    if wanted.is_empty():
        raise NothingToReplay(
            f"{dataset.name}: no open row of the quarantine was corrected, or has one of these ids; correct a"
            " row first, or ask for the uncorrected ones too"
        )
    batches = intake.batches
    batches.begin(Batch(batch, dataset.name, "replay", None, Status.STAGING, intake.now))
    landing = intake.landing(dataset, batch)
    good_ids: list[str] = []
    for (origin,), part in wanted.partition_by("batch", as_dict=True).items():
        texts = part.select(pl.coalesce("corrected", "raw")).to_series()
        chunk = messages(texts, dataset, FILE, lines=range(part.height))
        checked = validate(chunk.rows, dataset)
        bad = {*chunk.broken["line"], *checked.bad["line"]}
        good_ids += [name for place, name in enumerate(part["id"]) if place not in bad]
        good = checked.good
        if dataset.kind == "record":
            good = good.with_columns(held_at=pl.lit(_held_at(batches, str(origin), intake.now)))
        landing.take(good)
    counts = {
        "read": wanted.height,
        "accepted": landing.accepted,
        "duplicate": landing.duplicate,
        "failed": wanted.height - len(good_ids) + landing.erased,
    }
    batches.move(batch, Status.STAGED, intake.now, **counts)
    landing.promote()
    resolve(intake.lake, dataset.name, good_ids, "replayed", by, intake.now, batch)
    batches.move(batch, Status.SUCCESS, intake.now, **counts)
    return ReplayReport(batch, wanted.height, landing.accepted, landing.duplicate, counts["failed"])


def _held_at(batches: Batches, batch: str, now: datetime) -> datetime:
    """As of when the records of a batch hold: a correction makes none of them newer than they are."""
    steps = batches.steps(batch)
    if not steps:
        return now
    first = steps[0]
    if first.day is not None:
        return datetime.combine(first.day, time.min, UTC) + timedelta(days=1)
    return BEGINNING if first.source == "files" else first.at
