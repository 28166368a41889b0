"""Marketing Cloud's tracking events in, type by type; what recipients did with e-mails of our audiences, out.

REST has no call for them: these are the SOAP objects. An event names its send, and that its e-mail, whose
name has to say the audience. Who it is about is said by the subscriber's key, which is the address for the
data extensions that activations make.
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/trackingevent.html
"""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

from perennial.activation.destinations.salesforce_mc.soap import SoapClient
from perennial.activation.kept import Kept
from perennial.identity.values import EMAIL
from perennial.responses.asking import Position, Stretch, delivery
from perennial.responses.bounces import class_of, code, word
from perennial.responses.salesforce import PROVIDER
from perennial.responses.sends import Campaign, Campaigns, Sent
from perennial.responses.shape import moment
from perennial.responses.spans import HOUR, Page, Span, portions, read, spans

TYPES = {
    "BounceEvent": "bounced",
    "SentEvent": "sent",
    "NotSentEvent": "dropped",
    "OpenEvent": "opened",
    "ClickEvent": "clicked",
    "UnsubEvent": "unsubscribed",
}
"""Bounces come first: what is sent counts as delivered where it is not known to have bounced."""
COMMON = ("SendID", "SubscriberKey", "EventDate", "BatchID")
MORE = {"BounceEvent": ("BounceCategory", "SMTPCode"), "ClickEvent": ("URL",)}
CLASSES = {"hard bounce": "hard", "soft bounce": "soft", "block bounce": "soft", "technical bounce": "soft"}
SERVER = timezone(timedelta(hours=-6))
"""What times without a zone are in: Central Standard Time, all year."""
LATE = HOUR
"""Seconds of sends that are left for the next run, for their bounces to be known."""
ADDRESSLESS = "subscribers of this send have keys that are no addresses"
Json = dict[str, str]


class TrackingEvents:
    """Implements `perennial.responses.asking.Reader`."""

    pending = ()

    def __init__(self, client: SoapClient, kept: Kept) -> None:
        self._client, self._kept = client, kept
        self._campaigns = Campaigns(kept)
        self.unclear = self._campaigns.unclear

    def stretches(self, position: Position, now: datetime) -> Iterator[Stretch]:
        """Each type's spans, a day at a time."""
        if self._kept.since is None:
            return
        first, until = int(self._kept.since.timestamp()), int(now.timestamp())
        for kind in TYPES:
            left = spans(position(kind), first, until - LATE if kind == "SentEvent" else until)

            def pages(span: Span, kind: str = kind) -> Iterator[Page]:
                asked = (*COMMON, *MORE.get(kind, ()))
                told = self._client.retrieve_between(kind, asked, "EventDate", *span.times)
                return portions(row for event in told for row in self._rows(kind, event))

            yield from read(kind, position, left, pages)

    def _rows(self, kind: str, event: Json) -> Iterator[tuple[dict[str, Any] | None, int]]:
        at = moment(_time(event["EventDate"]).isoformat())
        whom, email = self._sent(event["SendID"]), event["SubscriberKey"]
        if whom is not None and "@" not in email:
            self.unclear[event["SendID"]] = ADDRESSLESS
        if whom is None or "@" not in email:
            yield None, at // 1_000_000
            return
        told = "/".join([kind, *(event[each] for each in COMMON), event.get("URL", "")])
        found, category = code(event.get("SMTPCode")), event.get("BounceCategory", "")
        bounced = kind == "BounceEvent"
        row = {
            "event_id": f"{PROVIDER}/{sha256(told.encode()).hexdigest()[:32]}",
            "event_type": TYPES[kind],
            "event_time": at,
            "provider": PROVIDER,
            EMAIL: email,
            "bounce_class": CLASSES.get(category.lower(), class_of(found)) if bounced else None,
            "bounce_reason": (found or word(category)) if bounced else None,
            "is_machine": False,
            "url": event.get("URL") or None,
            **whom.columns(),
        }
        yield row, at // 1_000_000
        if kind == "SentEvent":
            yield delivery(row), at // 1_000_000

    def _sent(self, send: str) -> Sent | None:
        """What the e-mail of a send says; what is not ours is told apart."""
        return self._campaigns.sent(send, send, lambda: self._campaign(send))

    def _campaign(self, send: str) -> Campaign:
        named = list(self._client.retrieve("Send", ["ID", "EmailName", "SentDate"], "ID", [send]))
        name, date = (named[0]["EmailName"], named[0]["SentDate"]) if named else ("", "")
        return Campaign(send, name or send, sent_at=_time(date) if date else None)


def _time(written: str) -> datetime:
    at = datetime.fromisoformat(written)
    return at if at.tzinfo else at.replace(tzinfo=SERVER)
