"""Salesforce Marketing Cloud's Event Notification Service in, responses in our schema out.

Only that an e-mail was sent, or not, tells what and to whom; opens, clicks and bounces name the same job,
batch, list and subscriber, and are understood by the sends that came before. An event has no id: it is
called by its content, which is the same whenever it comes. See
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/ens-supported-events.html
"""

import json
from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import Any

import polars as pl

from perennial.identity.values import EMAIL, EMAIL_SHA256
from perennial.responses.bounces import code
from perennial.responses.sends import Sent, said
from perennial.responses.shape import (
    LAST_SECOND,
    Mapped,
    NoResponseError,
    Posts,
    addressed,
    day,
    sorted_out,
    text,
)

PROVIDER = "salesforce"
EVENT_TYPES = {
    "TransactionalSendEvents.EmailSent": "sent",
    "TransactionalSendEvents.EmailNotSent": "dropped",
    "TransactionalSendEvents.EmailBounced": "bounced",
    "EngagementEvents.EmailOpen": "opened",
    "EngagementEvents.EmailClick": "clicked",
    "EngagementEvents.EmailUnsubscribe": "unsubscribed",
}
SEND = ("jobId", "batchId", "listId", "subscriberId")
UNDEFINED = ("", "NA", None)
"""What stands for the definition where the event does not know it."""
UNKNOWN = "of an e-mail of which it did not come before that it was sent"
Known = Mapping[str, Mapping[str, Any]]
"""Sends that are in the lake, by their ids: the columns of `SENT`."""
SENT = ("campaign_id", "campaign_name", "audience", "sent_as_of", "domain", EMAIL_SHA256)
Earlier = Callable[[Collection[str]], Known]
"""Looks up the sends of these ids."""


def map_events(posts: Posts, identities: pl.LazyFrame, earlier: Earlier) -> Mapped:
    """Map posts; `identities` (email_sha256, person_id) names the people."""
    rows, apart = sorted_out(posts, _response)
    told = addressed([row for row in rows if row["audience"]], identities)
    asked = [row for row in rows if not row["audience"]]
    known = dict(earlier({row["send_id"] for row in asked}))
    known |= {row["send_id"]: row for row in told.select("send_id", *SENT).iter_rows(named=True)}
    apart += [(row["event"], UNKNOWN) for row in asked if row["send_id"] not in known]
    found = [{**row, **known[row["send_id"]]} for row in asked if row["send_id"] in known]
    return Mapped(pl.concat([told, addressed(found, identities)]), apart)


def sends(events: pl.LazyFrame, ids: Collection[str]) -> Known:
    """Those of these sends that are among the lake's events."""
    ours = events.filter(pl.col("provider") == PROVIDER, pl.col("send_id").is_in(list(ids)))
    rows = ours.select("send_id", *SENT).unique("send_id").collect().iter_rows(named=True)
    return {row["send_id"]: row for row in rows}


def _response(event: Any) -> dict[str, Any]:
    if not isinstance(event, dict):
        raise NoResponseError("not an object")
    kind = event.get("eventCategoryType")
    event_type = EVENT_TYPES.get(kind) if isinstance(kind, str) else None
    if event_type is None:
        raise NoResponseError(f"unknown event type {kind!r:.60}")
    info = event["info"] if isinstance(event.get("info"), dict) else {}
    content = json.dumps(event, sort_keys=True).encode()
    return {
        "event": event,
        "event_id": f"{PROVIDER}/{sha256(content).hexdigest()[:32]}",
        "event_type": event_type,
        "event_time": _milliseconds(event) * 1000,
        "provider": PROVIDER,
        "send_id": _send(event),
        "bounce_class": _bounce_class(info) if event_type == "bounced" else None,
        "bounce_reason": code(info.get("smtpReason"), info.get("smtpCode"))
        if event_type == "bounced"
        else None,
        "is_machine": False,
        "url": str(info["contentLink"]) if info.get("contentLink") else None,
        **_told(event, info),
    }


def _told(event: Mapping[str, Any], info: Mapping[str, Any]) -> dict[str, Any]:
    """The campaign and the recipient, where the event knows its definition."""
    key = event.get("definitionKey")
    if key in UNDEFINED:
        return {"audience": None}
    names = said(f"{key} {info.get('messageKey')}")
    if "audience" not in names:
        raise NoResponseError(
            f"neither the definition's key {key!r:.60} nor the message's has audience-<name> in it"
        )
    campaign = Sent(str(key), str(key), names["audience"], day(names.get("as_of")))
    return {**campaign.columns(), EMAIL: text(info, "to")}


def _send(event: Mapping[str, Any]) -> str:
    parts = event.get("composite")
    parts = parts if isinstance(parts, dict) else {}
    return ".".join(text(parts, name) for name in SEND)


def _milliseconds(event: Mapping[str, Any]) -> int:
    value = event.get("timestampUTC")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LAST_SECOND * 1000:
        raise NoResponseError("no timestampUTC in milliseconds since the epoch")
    return value


def _bounce_class(info: Mapping[str, Any]) -> str:
    return "hard" if str(info.get("bounceCode")).upper() == "HARD" else "soft"
