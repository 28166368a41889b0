"""Events of our own campaigns in, responses in the one shape out; what is no response is set apart.

They come from two places in the same form: the collector's log has what recipients did, the campaigns'
ledger what mail servers said.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from perennial.campaigns import events as ledger
from perennial.campaigns.log import TOPIC, tracking_log
from perennial.lake.catalog import Lake
from perennial.responses.land import DATASET, LandReport, Source, fresh_of, land_all, people
from perennial.responses.sendgrid import EVENT_TYPES
from perennial.responses.shape import (
    Mapped,
    NoResponseError,
    Posts,
    day,
    frame,
    sorted_out,
    text,
    with_people,
)

PROVIDER = "smtp"
LAST = 253_402_300_799 * 1_000_000
"""The end of the year 9999, in microseconds."""


def land_log(spool: Path, lake: Lake, titles: Mapping[str, str], url: str | None = None) -> LandReport:
    """Land what recipients did: all that the collector's log holds beyond the committed positions.

    With the URL of the ledger, the domains of those who did it are looked up there.
    """

    def mapped(posts: Posts, identities: pl.LazyFrame) -> Mapped:
        found = map_events(posts, identities, titles)
        return Mapped(_with_domains(found.responses, url), found.apart) if url else found

    source = Source("responses/smtp", mapped, f"{DATASET}-smtp")
    return land_all(tracking_log(spool).spool / TOPIC, lake, source)


def land_ledger(url: str, lake: Lake, titles: Mapping[str, str], received_at: int) -> LandReport:
    """Land what mail servers said: the ledger's events, each of which is marked when it is in the lake.

    Killed in between, it is taken again, and the lake knows it. `received_at` is in microseconds since 1970.
    """
    total = LandReport()
    with psycopg.connect(url, autocommit=True) as connection:
        while found := ledger.waiting(connection):
            mapped = map_events([(received_at, found)], people(lake), titles)
            if mapped.apart:
                raise AssertionError(f"{len(mapped.apart)} events of our own: {mapped.apart[0][1]}")
            fresh = fresh_of(mapped.responses, lake.email_events)
            if fresh.height:
                lake.email_events.append(fresh)
            ledger.landed(connection, [event["event_id"] for event in found])
            total += LandReport(
                received=len(found),
                landed=fresh.height,
                repeated=len(found) - fresh.height,
                unknown_people=fresh["person_id"].null_count(),
            )
    return total


def _with_domains(responses: pl.DataFrame, url: str) -> pl.DataFrame:
    with psycopg.connect(url) as connection:
        found = ledger.domains(connection, responses["send_id"].unique().to_list())
    domain = pl.col("send_id").replace_strict(found, default=None, return_dtype=pl.String)
    return responses.with_columns(domain=pl.coalesce("domain", domain))


def map_events(posts: Posts, identities: pl.LazyFrame, titles: Mapping[str, str]) -> Mapped:
    """Map posts; `titles` are those of the campaigns' documents, by their names."""
    rows, apart = sorted_out(posts, lambda event: _response(event, titles))
    return Mapped(with_people(frame(rows, {}), identities), apart)


def _response(event: Any, titles: Mapping[str, str]) -> dict[str, Any]:
    if not isinstance(event, dict):
        raise NoResponseError("not an object")
    kind = event.get("event")
    event_type = EVENT_TYPES.get(kind) if isinstance(kind, str) else None
    if event_type is None:
        raise NoResponseError(f"unknown event type {kind!r:.60}")
    at = event.get("at")
    if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at <= LAST:
        raise NoResponseError("no time in microseconds since the epoch")
    campaign = text(event, "campaign")
    return {
        "event_id": text(event, "event_id"),
        "event_type": event_type,
        "event_time": at,
        "provider": PROVIDER,
        "send_id": text(event, "message_id"),
        "campaign_id": campaign,
        "campaign_name": titles.get(campaign, campaign),
        "audience": text(event, "audience"),
        "email_sha256": text(event, "email_sha256"),
        "bounce_class": event.get("bounce_class") if event_type == "bounced" else None,
        "bounce_reason": event.get("bounce_reason") if event_type == "bounced" else None,
        "domain": event.get("domain"),
        "is_machine": event.get("machine") is True,
        "url": text(event, "url") if event_type == "clicked" else None,
        "sent_as_of": day(text(event, "as_of")),
    }
