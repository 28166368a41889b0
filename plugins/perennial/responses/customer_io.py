"""Customer.io's reporting webhook in, responses in our schema out; what is no response is set apart.

Events name their newsletter, campaign or broadcast by its id; the App API tells its name and segments. See
https://docs.customer.io/integrations/api/webhooks/ for the events.
"""

import re
from collections.abc import Callable
from typing import Any

import polars as pl

from perennial.identity.values import EMAIL
from perennial.responses.bounces import code
from perennial.responses.sends import Sent
from perennial.responses.shape import (
    Mapped,
    NoResponseError,
    Posts,
    addressed,
    seconds,
    sorted_out,
    text,
)

PROVIDER = "customer_io"
METRICS = {
    "sent": "sent",
    "delivered": "delivered",
    "attempted": "deferred",
    "bounced": "bounced",
    "dropped": "dropped",
    "failed": "dropped",
    "undeliverable": "dropped",
    "opened": "opened",
    "clicked": "clicked",
    "unsubscribed": "unsubscribed",
    "spammed": "complained",
}
KINDS = ("newsletter", "broadcast", "campaign")
"""What messages are of; an event has the id of one of these."""
REPLY = re.compile(r"(?<![\d.])([45])(\.\d{1,3}\.\d{1,3}|\d\d)(?![\d.])")
"""A mail server's (RFC 5321, RFC 3463): with a 4, it may be another one tomorrow."""
Sends = Callable[[str, int], Sent]
"""What the message of a kind with an id was sent to; `NoResponseError` where it cannot be told."""


def map_events(posts: Posts, identities: pl.LazyFrame, sends: Sends) -> Mapped:
    """Map posts; `identities` (email_sha256, person_id) names the people."""
    rows, apart = sorted_out(posts, lambda event: _response(event, sends))
    return Mapped(addressed(rows, identities), apart)


def _response(event: Any, sends: Sends) -> dict[str, Any]:
    if not isinstance(event, dict):
        raise NoResponseError("not an object")
    channel, metric, data = event.get("object_type"), event.get("metric"), event.get("data")
    if channel != "email" or not isinstance(data, dict):
        raise NoResponseError(f"not about an e-mail, but of the type {channel!r:.40}")
    event_type = METRICS.get(metric) if isinstance(metric, str) else None
    if event_type is None:
        raise NoResponseError(f"unknown metric {metric!r:.60}")
    machine = (data.get("prefetched"), data.get("machine"))
    return {
        "event_id": text(event, "event_id"),
        "event_type": event_type,
        "event_time": seconds(event),
        "provider": PROVIDER,
        "send_id": text(data, "delivery_id"),
        EMAIL: _recipient(data),
        "bounce_class": _bounce_class(data) if event_type == "bounced" else None,
        "bounce_reason": code(data.get("failure_message")) if event_type == "bounced" else None,
        "is_machine": True in machine,
        "url": str(data["href"]) if event_type == "clicked" and data.get("href") else None,
        **sends(*_message(data)).columns(),
    }


def _message(data: dict[str, Any]) -> tuple[str, int]:
    for kind in KINDS:
        number = data.get(f"{kind}_id")
        if isinstance(number, int) and not isinstance(number, bool):
            return kind, number
    raise NoResponseError("of no newsletter, broadcast or campaign")


def _recipient(data: dict[str, Any]) -> str:
    """Not all metrics have the recipient; the person's address is the same unless it was changed since."""
    if data.get("recipient"):
        return text(data, "recipient")
    identifiers = data.get("identifiers")
    return text(identifiers if isinstance(identifiers, dict) else {}, "email")


def _bounce_class(data: dict[str, Any]) -> str:
    reply = REPLY.search(str(data.get("failure_message")))
    return "soft" if reply and reply[1] == "4" else "hard"
