"""Documents of activations and the ledger in; destinations, and which audience went there when, out.

Days are those whose end a run brought to the destination: a run as of midnight is about the day before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import psycopg

from perennial.activation.definition import Activation
from perennial.activation.destinations.registry import platforms
from perennial.store_schemas import has_table

EVER = date(9999, 12, 31)
"""The end of what goes on; the start of what is yet to begin."""
DAY = timedelta(days=1)
DESTINATIONS = {
    "destination": pl.String(),
    "title": pl.String(),
    "platform": pl.String(),
    "status": pl.String(),
    "created_at": pl.Datetime("us", "UTC"),
}
ACTIVATED = {
    "destination": pl.String(),
    "audience": pl.String(),
    "start_date": pl.Date(),
    "end_date": pl.Date(),
    "created_at": pl.Datetime("us", "UTC"),
}
# A finished run counts whom it could not reach in each of its audiences: these are the run's audiences.
RUNS = """
SELECT
    activation,
    (as_of AT TIME ZONE 'UTC')::date - 1,
    started_at,
    array(SELECT jsonb_object_keys(counts -> 'without_key'))
FROM activation.run
WHERE state = 'done' AND jsonb_typeof(counts -> 'without_key') = 'object'
ORDER BY activation, as_of
"""


@dataclass(frozen=True)
class FinishedRun:
    """One run of an activation, as the ledger has it."""

    activation: str
    day: date
    started_at: datetime
    audiences: frozenset[str]


def runs(url: str) -> list[FinishedRun]:
    """All finished runs, by activation and day; none where nothing was ever sent."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(RUNS).fetchall() if has_table(connection, "activation.run") else []
    return [FinishedRun(name, day, at, frozenset(audiences)) for name, day, at, audiences in rows]


def frames(activations: Mapping[str, Activation], finished: Iterable[FinishedRun]) -> dict[str, pl.DataFrame]:
    """`destination_platforms` (platform, title), `destinations` and `activated_audiences`.

    An activation is a destination. One whose document is gone is disabled, and ended with its last run.
    """
    by_name: dict[str, list[FinishedRun]] = {name: [] for name in activations}
    for run in finished:
        by_name.setdefault(run.activation, []).append(run)
    destinations = [_destination(name, activations.get(name), done) for name, done in by_name.items()]
    activated = [
        {"destination": name, "audience": audience, **spell}
        for name, done in by_name.items()
        for audience in _audiences(activations.get(name), done)
        for spell in _spells(audience, activations.get(name), done)
    ]
    titles = [{"platform": kind, "title": title} for kind, title in platforms().items()]
    return {
        "destination_platforms": pl.DataFrame(titles, schema={"platform": pl.String(), "title": pl.String()}),
        "destinations": pl.DataFrame(destinations, schema=DESTINATIONS),
        "activated_audiences": pl.DataFrame(activated, schema=ACTIVATED),
    }


def _destination(name: str, document: Activation | None, done: list[FinishedRun]) -> dict[str, Any]:
    return {
        "destination": name,
        "title": document.title if document else name,
        "platform": document.destination.kind if document else None,
        "status": "enabled" if document else "disabled",
        "created_at": min((run.started_at for run in done), default=None),
    }


def _audiences(document: Activation | None, done: list[FinishedRun]) -> list[str]:
    said = document.audiences if document else []
    return sorted({*said, *(audience for run in done for audience in run.audiences)})


def _spells(audience: str, document: Activation | None, done: list[FinishedRun]) -> list[dict[str, Any]]:
    """From when to when an audience was at a destination; it may have come back."""
    spells: list[dict[str, Any]] = []
    is_there = False
    for run in done:
        if audience in run.audiences and not is_there:
            spells.append({"start_date": run.day, "end_date": EVER, "created_at": run.started_at})
        elif is_there and audience not in run.audiences:
            spells[-1]["end_date"] = run.day - DAY
        is_there = audience in run.audiences
    if is_there and document is None:
        spells[-1]["end_date"] = done[-1].day
    if not is_there and document is not None and audience in document.audiences:
        spells.append({"start_date": EVER, "end_date": EVER, "created_at": None})
    return spells
