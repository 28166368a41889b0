"""Iterable's campaign analytics in, exported type by type; what recipients did with our campaigns, out.

System webhooks tell the same, but their delivery is not guaranteed and nothing signs them: it is asked for.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from perennial.activation.destinations.failures import RefusedError
from perennial.activation.destinations.iterable.destination import IterableClient
from perennial.activation.kept import Kept
from perennial.identity.values import EMAIL
from perennial.responses.asking import Position, Stretch, delivery
from perennial.responses.sendgrid import MAIL_PRIVACY
from perennial.responses.sends import Campaign, Campaigns, Sent
from perennial.responses.shape import NoResponseError, moment
from perennial.responses.spans import DAY, HOUR, Page, Span, portions, read, spans

PROVIDER = "iterable"
TYPES = {
    "emailBounce": "bounced",
    "emailSend": "sent",
    "emailSendSkip": "dropped",
    "emailOpen": "opened",
    "emailClick": "clicked",
    "emailUnSubscribe": "unsubscribed",
    "emailComplaint": "complained",
}
"""Bounces come first: what is sent counts as delivered where it is not known to have bounced."""
FIELDS = "email,campaignId,messageId,createdAt,recipientState,url,userAgent,isBot"
LONGEST = 31 * DAY
"""Seconds that one export tells of: four a minute are allowed."""
LATE = HOUR
"""Seconds of sends that are left for the next run, for their bounces to be known."""
UNKNOWN = (400, 404)
Json = dict[str, Any]


class Exports:
    """Implements `perennial.responses.asking.Reader`."""

    pending = ()

    def __init__(self, client: IterableClient, kept: Kept) -> None:
        self._client, self._kept = client, kept
        self._campaigns = Campaigns(kept)
        self.unclear = self._campaigns.unclear

    def stretches(self, position: Position, now: datetime) -> Iterator[Stretch]:
        """Each type's spans, line by line."""
        if self._kept.since is None:
            return
        first, until = int(self._kept.since.timestamp()), int(now.timestamp())
        for kind in TYPES:
            end = until - LATE if kind == "emailSend" else until
            left = spans(position(kind), first, end, longest=LONGEST)

            def pages(span: Span, kind: str = kind) -> Iterator[Page]:
                return portions(self._rows(kind, span))

            yield from read(kind, position, left, pages)

    def _rows(self, kind: str, span: Span) -> Iterator[tuple[Json | None, int]]:
        start, end = (f"{at:%Y-%m-%d %H:%M:%S} +00:00" for at in span.times)
        asked: dict[str, str | int] = {
            "dataTypeName": kind, "startDateTime": start, "endDateTime": end, "onlyFields": FIELDS,
        }  # fmt: skip
        for line in self._client.lines("/api/export/data.json", asked):
            if line:
                yield from self._told(kind, json.loads(line))

    def _told(self, kind: str, event: Json) -> Iterator[tuple[Json | None, int]]:
        # Iterable writes a space before the zone.
        written = str(event.get("createdAt"))
        at = moment(written.replace(" +", "+").replace(" Z", "Z"))
        whom, email, message = self._sent(event), event.get("email"), event.get("messageId")
        if whom is None or not email:
            yield None, at // 1_000_000
            return
        told = f"{kind}/{message or email}/{written}/{event.get('url') or ''}"
        row = {
            "event_id": f"{PROVIDER}/{sha256(told.encode()).hexdigest()[:32]}",
            "event_type": TYPES[kind],
            "event_time": at,
            "provider": PROVIDER,
            "send_id": f"{PROVIDER}/{message}" if message else None,
            EMAIL: str(email),
            "bounce_class": _bounce_class(event) if kind == "emailBounce" else None,
            "is_machine": kind == "emailOpen"
            and (event.get("isBot") is True or event.get("userAgent") == MAIL_PRIVACY),
            "url": str(event["url"]) if kind == "emailClick" and event.get("url") else None,
            **whom.columns(),
        }
        yield row, at // 1_000_000
        if kind == "emailSend":
            yield delivery(row), at // 1_000_000

    def _sent(self, event: Json) -> Sent | None:
        number = event.get("campaignId")
        if number is None:
            return None
        return self._campaigns.sent(number, str(number), lambda: self._campaign(int(number)))

    def _campaign(self, number: int) -> Campaign:
        try:
            told = self._client.call("GET", f"/api/campaigns/{number}")
        except RefusedError as error:
            if error.status not in UNKNOWN:
                raise
            raise NoResponseError(f"campaign {number} is no longer there") from None
        at = told.get("startAt")
        return Campaign(
            str(number),
            str(told.get("name") or number),
            [str(each) for each in told.get("listIds") or ()],
            datetime.fromtimestamp(at / 1000, UTC) if at else None,
        )


def _bounce_class(event: Json) -> str | None:
    """None where Iterable does not say it."""
    said = str(event.get("recipientState") or "").lower()
    return next((kind for kind in ("hard", "soft") if said.startswith(kind)), None)
