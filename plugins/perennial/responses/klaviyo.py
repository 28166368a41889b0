"""Klaviyo's events in, metric by metric; what recipients did with the campaigns of our audiences, out.

An event names the message that it is about; a campaign has its messages and the lists that it went to. What
was sent is what was received or bounced, since Klaviyo has no metric of it.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from perennial.activation.destinations.klaviyo.client import KlaviyoClient
from perennial.activation.kept import Kept
from perennial.identity.values import EMAIL
from perennial.responses.asking import Position, Stretch
from perennial.responses.sends import Campaign, Sent, sent
from perennial.responses.shape import NoResponseError

PROVIDER = "klaviyo"
METRICS = {
    "Received Email": "delivered",
    "Bounced Email": "bounced",
    "Dropped Email": "dropped",
    "Opened Email": "opened",
    "Clicked Email": "clicked",
    "Unsubscribed from Email Marketing": "unsubscribed",
    "Marked Email as Spam": "complained",
}
PAGE = 1000
OVERLAP = 3600
"""Seconds that are asked for again: not every event is there at once."""
Json = dict[str, Any]


class Events:
    """Implements `perennial.responses.asking.Reader`."""

    pending = ()

    def __init__(self, client: KlaviyoClient, kept: Kept) -> None:
        self._client, self._kept = client, kept
        self.unclear: dict[str, str] = {}

    def stretches(self, position: Position, now: datetime) -> Iterator[Stretch]:
        """Each metric's events in their order; the position is the second of the newest one."""
        if self._kept.since is None:
            return
        first = int(self._kept.since.timestamp())
        messages = self._messages(first)
        for metric in self._client.pages("/api/metrics", filter='equals(integration.name,"Klaviyo")'):
            event_type = METRICS.get(metric["attributes"]["name"])
            if event_type is None:
                continue
            stream = f"metric/{metric['id']}"
            since = max(first, position(stream) - OVERLAP)
            for page in self._pages(metric["id"], since):
                emails = {
                    each["id"]: each["attributes"].get("email")
                    for each in page.get("included") or []
                    if each["type"] == "profile"
                }
                told = [each for each in page["data"] if each["attributes"].get("timestamp") is not None]
                rows = [row for each in told for row in _rows(each, event_type, messages, emails)]
                newest = max((each["attributes"]["timestamp"] for each in told), default=0)
                yield Stretch(rows, (stream, newest) if newest > position(stream) else None)

    def _messages(self, since: int) -> dict[str, Sent]:
        """Where the messages of campaigns went to; those of no one audience of ours are told apart."""
        found: dict[str, Sent] = {}
        asked = f'equals(messages.channel,"email"),greater-or-equal(updated_at,{_time(since)})'
        for each in self._client.pages("/api/campaigns", filter=asked, include="campaign-messages"):
            told, related = each["attributes"], each.get("relationships") or {}
            lists = (told.get("audiences") or {}).get("included") or []
            at = told.get("send_time")
            campaign = Campaign(each["id"], told["name"], lists, datetime.fromisoformat(at) if at else None)
            try:
                whom = sent(campaign, self._kept)
            except NoResponseError as error:
                if at:
                    self.unclear[each["id"]] = str(error)
                continue
            of = (related.get("campaign-messages") or {}).get("data") or []
            found |= dict.fromkeys([each["id"], *(message["id"] for message in of)], whom)
        return found

    def _pages(self, metric: str, since: int) -> Iterator[Json]:
        asked: dict[str, str | int] = {
            "filter": f"equals(metric_id,{json.dumps(metric)}),greater-or-equal(timestamp,{since})",
            "include": "profile",
            "fields[profile]": "email",
            "fields[event]": "timestamp,event_properties",
            "sort": "timestamp",
            "page[size]": PAGE,
        }
        return self._client.whole_pages("/api/events", **asked)


def _rows(event: Json, event_type: str, messages: dict[str, Sent], emails: dict[str, Any]) -> Iterator[Json]:
    """None for events of flows, and of campaigns that are not ours."""
    properties = event["attributes"].get("event_properties") or {}
    whom = messages.get(str(properties.get("$message")))
    profile = ((event.get("relationships") or {}).get("profile") or {}).get("data") or {}
    # A profile's address may have changed since; some events have the one that it was sent to.
    email = properties.get("Recipient Email Address") or emails.get(str(profile.get("id")))
    if whom is None or not email:
        return
    common = {
        "event_time": event["attributes"]["timestamp"] * 1_000_000,
        "provider": PROVIDER,
        EMAIL: str(email),
        **whom.columns(),
    }
    if event_type in ("delivered", "bounced"):
        yield {"of_send": "sent", "event_type": "sent", "is_machine": False, **common}
    yield {
        "event_id": f"{PROVIDER}/{event['id']}",
        "event_type": event_type,
        "bounce_class": _bounce_class(properties) if event_type == "bounced" else None,
        "is_machine": event_type == "opened" and properties.get("machine_open") is True,
        "url": str(properties["URL"]) if event_type == "clicked" and properties.get("URL") else None,
        **common,
    }


def _bounce_class(properties: Json) -> str | None:
    """None where Klaviyo does not say it."""
    said = str(properties.get("Bounce Type") or properties.get("bounce_type") or "").lower()
    return next((kind for kind in ("hard", "soft") if said.startswith(kind)), None)


def _time(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()
