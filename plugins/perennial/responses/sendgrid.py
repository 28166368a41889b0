"""SendGrid's event webhook in, responses in our schema out; what is no response is set apart with a reason.

A campaign's categories tell whom it was sent to: `audience:<name>`, and `as_of:<day>` of the audience's
snapshot. See https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event for the events.
"""

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from perennial.identity.values import EMAIL, EMAIL_SHA256, address, sha256
from perennial.responses.shape import (
    Mapped,
    NoResponseError,
    Posts,
    day,
    frame,
    seconds,
    sorted_out,
    text,
    with_people,
)

PROVIDER = "sendgrid"
EVENT_TYPES = {
    "processed": "sent",
    "delivered": "delivered",
    "bounce": "bounced",
    "deferred": "deferred",
    "dropped": "dropped",
    "open": "opened",
    "click": "clicked",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
    "spamreport": "complained",
}
MAIL_PRIVACY = "Mozilla/5.0"
"""All that Apple's Mail Privacy Protection says of itself when it loads pictures before anybody reads."""
UNCLASSIFIED = "Unclassified"
STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
"""A status code of RFC 3463."""


def map_events(posts: Posts, identities: pl.LazyFrame) -> Mapped:
    """Map `posts` of (received at, in microseconds since the epoch; events).

    `identities` (email_sha256, person_id) names the people; who is not among them stays null.
    """
    rows, apart = sorted_out(posts, _response)
    hashed = sha256(address(pl.col(EMAIL))).alias(EMAIL_SHA256)
    send_id = pl.concat_str("send_id", pl.lit("/"), pl.col(EMAIL_SHA256).str.slice(0, 16))
    responses = frame(rows, {EMAIL: pl.String()}).with_columns(hashed).with_columns(send_id=send_id)
    return Mapped(with_people(responses, identities), apart)


def _response(event: Any) -> dict[str, Any]:
    if not isinstance(event, dict):
        raise NoResponseError("not an object")
    kind = event.get("event")
    event_type = EVENT_TYPES.get(kind) if isinstance(kind, str) else None
    if event_type is None:
        raise NoResponseError(f"unknown event type {kind!r:.60}")
    categories = _categories(event.get("category"))
    if "audience" not in categories:
        raise NoResponseError("no category audience:<name>: not sent to an audience of ours")
    return {
        "event_id": text(event, "sg_event_id"),
        "event_type": event_type,
        "event_time": seconds(event),
        "provider": PROVIDER,
        "send_id": text(event, "sg_message_id"),
        "campaign_id": text(event, "singlesend_id"),
        "campaign_name": str(event.get("singlesend_name") or event["singlesend_id"]),
        "audience": categories["audience"],
        EMAIL: text(event, "email"),
        "bounce_class": _bounce_class(event) if event_type == "bounced" else None,
        "is_machine": event_type == "opened" and _is_machine(event),
        "url": str(event["url"]) if event.get("url") else None,
        "bounce_reason": _bounce_reason(event) if event_type == "bounced" else None,
        "sent_as_of": day(categories.get("as_of")),
    }


def _categories(value: Any) -> dict[str, str]:
    """`name:value` categories; SendGrid sends one as text, several as a list."""
    found = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    pairs = (each.split(":", 1) for each in found if isinstance(each, str) and ":" in each)
    return {name: content for name, content in pairs if content}


def _bounce_class(event: Mapping[str, Any]) -> str:
    """A `blocked` or `expired` message may get through another time; a `bounce` will not."""
    return "soft" if event.get("type") in ("blocked", "expired") else "hard"


def _is_machine(event: Mapping[str, Any]) -> bool:
    """SendGrid flags what it knows; a mailbox that says no more than Apple's proxy does is one as well."""
    return event.get("sg_machine_open") is True or event.get("useragent") == MAIL_PRIVACY


def _bounce_reason(event: Mapping[str, Any]) -> str:
    """SendGrid's classification or the status code; not the server's words, which may name the address."""
    said, status = event.get("bounce_classification"), event.get("status")
    if isinstance(said, str) and 0 < len(said) <= 60 and "@" not in said and said != UNCLASSIFIED:
        return said
    return status if isinstance(status, str) and STATUS.fullmatch(status) else UNCLASSIFIED
