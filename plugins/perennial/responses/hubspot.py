"""HubSpot's e-mail events in, day by day; what recipients did with the e-mails of our audiences, out.

An event names its campaign, the campaign its marketing e-mail, and that the lists that it went to. See
https://developers.hubspot.com/docs/api-reference/legacy/email-analytics-v1/guide for the events.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from perennial.activation.destinations.failures import RefusedError
from perennial.activation.destinations.hubspot.client import HubSpotClient
from perennial.activation.kept import Kept
from perennial.identity.values import EMAIL
from perennial.responses.asking import Position, Stretch
from perennial.responses.bounces import class_of, code, word
from perennial.responses.sends import Campaign, Campaigns, Sent
from perennial.responses.shape import NoResponseError
from perennial.responses.spans import Page, Span, read, spans

PROVIDER = "hubspot"
STREAM = "events"
TYPES = {
    "SENT": "sent",
    "DELIVERED": "delivered",
    "DEFERRED": "deferred",
    "DROPPED": "dropped",
    "BOUNCE": "bounced",
    "OPEN": "opened",
    "CLICK": "clicked",
    "STATUSCHANGE": "unsubscribed",
    "SPAMREPORT": "complained",
}
EVENTS = "/email/public/v1/events"
PAGE = 1000
GONE = 404
Json = dict[str, Any]


class Events:
    """Implements `perennial.responses.asking.Reader`."""

    pending = ()

    def __init__(self, client: HubSpotClient, kept: Kept) -> None:
        self._client, self._kept = client, kept
        self._campaigns = Campaigns(kept)
        self.unclear = self._campaigns.unclear

    def stretches(self, position: Position, now: datetime) -> Iterator[Stretch]:
        """All types together, each day's newest first, as HubSpot tells them."""
        if self._kept.since is not None:
            first, until = int(self._kept.since.timestamp()), int(now.timestamp())
            yield from read(STREAM, position, spans(position(STREAM), first, until), self._pages)

    def _pages(self, span: Span) -> Iterator[Page]:
        # The end is one of the times that it tells.
        asked: dict[str, str | int] = {
            "startTimestamp": span.start * 1000, "endTimestamp": span.end * 1000 - 1, "limit": PAGE,
        }  # fmt: skip
        while True:
            page = self._client.call("GET", EVENTS, params=asked)
            rows = [row for event in page["events"] if (row := self._row(event))]
            yield rows, max((event["created"] // 1000 for event in page["events"]), default=0)
            if not page.get("hasMore"):
                return
            asked["offset"] = page["offset"]

    def _row(self, event: Json) -> Json | None:
        """None for events of other campaigns, and for those that another one stands in place of."""
        kind = str(event.get("type"))
        event_type, email = TYPES.get(kind), event.get("recipient")
        if event_type is None or not email or event.get("obsoletedBy"):
            return None
        if event_type == "unsubscribed" and not _left(event):
            return None
        whom = self._sent(event)
        if whom is None:
            return None
        bounced = event_type == "bounced"
        found = code(event.get("status"), event.get("response"))
        send = event["id"] if kind in ("SENT", "DROPPED") else (event.get("sentBy") or {}).get("id")
        return {
            "event_id": f"{PROVIDER}/{event['id']}",
            "event_type": event_type,
            "event_time": event["created"] * 1000,
            "provider": PROVIDER,
            "send_id": f"{PROVIDER}/{send}" if send else None,
            EMAIL: str(email),
            "bounce_class": class_of(found) if bounced else None,
            "bounce_reason": (word(event.get("category")) or found) if bounced else None,
            "is_machine": event_type == "opened" and event.get("filteredEvent") is True,
            "url": str(event["url"]) if event_type == "clicked" and event.get("url") else None,
            **whom.columns(),
        }

    def _sent(self, event: Json) -> Sent | None:
        number = event.get("emailCampaignId")
        if number is None:
            return None
        return self._campaigns.sent(number, str(number), lambda: self._campaign(number, event.get("appId")))

    def _campaign(self, number: int, app: int | None) -> Campaign:
        asked: dict[str, str | int] = {} if app is None else {"appId": app}
        told = self._asked(f"/email/public/v1/campaigns/{number}", asked)
        if told is None:
            raise NoResponseError(f"campaign {number} is no longer there")
        content = told.get("contentId")
        email = self._asked(f"/marketing/v3/emails/{content}") if content else None
        if not email:
            return Campaign(str(number), str(told.get("name") or number))
        lists = ((email.get("to") or {}).get("contactIlsLists") or {}).get("include") or []
        at = email.get("publishDate")
        name = str(email.get("name") or told.get("name") or number)
        return Campaign(
            str(number), name, [str(each) for each in lists], datetime.fromisoformat(at) if at else None
        )

    def _asked(self, path: str, params: dict[str, str | int] | None = None) -> Json | None:
        """None where it was deleted."""
        try:
            found: Json = self._client.call("GET", path, params=params)
        except RefusedError as error:
            if error.status != GONE:
                raise
            return None
        return found


def _left(event: Json) -> bool:
    """Whether a change of status is that somebody unsubscribed, from this kind of e-mails or from all."""
    changed = [event.get("portalSubscriptionStatus")]
    changed += [each.get("status") for each in event.get("subscriptions") or []]
    return "UNSUBSCRIBED" in changed and not event.get("bounced")
