"""Durable logs in; the lake's response events, each once, out.

The position reached in a log is committed together with the rows, so that a landing that is killed and run
again leaves the same tables.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from perennial.identity.resolve import current
from perennial.identity.values import EMAIL_SHA256
from perennial.lake.catalog import Lake
from perennial.lake.tables import Table
from perennial.responses import sendgrid
from perennial.responses.shape import Mapped, Posts
from perennial.signals.log import read
from perennial.signals.log.segments import end, trim
from perennial.signals.quarantine import identified

DATASET = "email_events"


@dataclass(frozen=True)
class Source:
    """Whose events a log holds, and what they mean."""

    name: str
    """By which the lake remembers how far it has landed."""
    map: Callable[[Posts, pl.LazyFrame], Mapped]
    batch: str = DATASET
    """What the batches of its quarantined events begin with."""
    around: timedelta = timedelta(0)
    """By how much the times may differ that are told of the same event."""


SENDGRID = Source("responses/sendgrid", sendgrid.map_events, f"{DATASET}-sendgrid")


@dataclass(frozen=True)
class LandReport:
    """What became of each event: received = landed + repeated + apart."""

    received: int = 0
    landed: int = 0
    repeated: int = 0
    apart: int = 0
    """Set aside in the quarantine, with a reason."""
    unknown_people: int = 0
    """Of the landed ones: addresses that lead to nobody."""

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def __add__(self, other: "LandReport") -> "LandReport":
        return LandReport(*(mine + asdict(other)[name] for name, mine in asdict(self).items()))


def land(log: Path, lake: Lake, source: Source = SENDGRID) -> LandReport:
    """Land everything that the log holds beyond the committed position; what comes meanwhile waits."""
    events, apart, identities = lake.email_events, lake.quarantine(DATASET), people(lake)
    total, last = LandReport(), end(log)
    while True:
        done, set_apart = max(0, events.transaction(source.name)), apart.transaction(source.name)
        # Events are set apart first. Killed in between, the same stretch of the log is taken again.
        records, offset = read(log, done, until=set_apart if set_apart > done else None)
        if not records or done >= last:
            return total
        posts = [_post(record) for record in records]
        mapped = source.map(posts, identities)
        if mapped.apart and offset > set_apart:
            newest = datetime.fromtimestamp(max(received for received, _ in posts) / 1e6, UTC)
            apart.append(_quarantined(mapped.apart, source, done, newest.date()), [(source.name, offset)])
        fresh = fresh_of(mapped.responses, events, source.around)
        events.append(fresh, [(source.name, offset)])
        total += LandReport(
            received=mapped.responses.height + len(mapped.apart),
            landed=fresh.height,
            repeated=mapped.responses.height - fresh.height,
            apart=len(mapped.apart),
            unknown_people=fresh["person_id"].null_count(),
        )


def land_all(topic: Path, lake: Lake, source: Source = SENDGRID) -> LandReport:
    """The same for the folder of a topic, which has a log for each process that wrote."""
    total = LandReport()
    for partition in _partitions(topic):
        own = replace(source, name=f"{source.name}/{partition}", batch=f"{source.batch}-{partition}")
        total += land(topic / str(partition), lake, own)
    return total


def trim_landed(topic: Path, lake: Lake, source: Source, before: datetime) -> int:
    """Free files of a topic that have landed and were written to before a moment last; returns bytes."""
    return sum(
        trim(
            topic / str(partition),
            lake.email_events.transaction(f"{source.name}/{partition}"),
            before.timestamp(),
        )
        for partition in _partitions(topic)
    )


def _partitions(topic: Path) -> list[int]:
    return sorted(int(path.name) for path in topic.glob("*") if path.name.isdigit())


def _post(record: bytes) -> tuple[int, list[Any]]:
    content = json.loads(record)
    return content["received_at"], content["events"]


def people(lake: Lake) -> pl.LazyFrame:
    """(email_sha256, person_id): whose an address is now."""
    known = current(lake.identities.scan().filter(pl.col("namespace") == EMAIL_SHA256))
    return known.select(pl.col("value").alias(EMAIL_SHA256), "person_id")


def fresh_of(responses: pl.DataFrame, events: Table, around: timedelta = timedelta(0)) -> pl.DataFrame:
    """Those that are neither repeated among themselves nor in the table already.

    An event is looked for on the day that it says, and on those that are no farther off than `around`.
    """
    unique = responses.unique("event_id", keep="first", maintain_order=True)
    days = {day for shift in (-around, timedelta(0), around) for day in _days(unique, shift)}
    known = events.scan().filter(pl.col("event_date").is_in(days)).select("event_id").collect()
    return unique.join(known, on="event_id", how="anti").sort("event_time", "event_id")


def _days(responses: pl.DataFrame, shift: timedelta) -> list[date]:
    return responses.select((pl.col("event_time") + shift).dt.date().unique()).to_series().to_list()


def _quarantined(apart: list[tuple[Any, str]], source: Source, offset: int, on: date) -> pl.DataFrame:
    """In the form that all quarantines have."""
    rows = {
        "file": f"{source.name}@{offset}",
        "line": range(len(apart)),
        "raw": [json.dumps(event) for event, _ in apart],
        "reasons": [[reason] for _, reason in apart],
    }
    bad = pl.DataFrame(rows, schema_overrides={"line": pl.Int64})
    return identified(bad, f"{source.batch}-{offset:020d}", on)
