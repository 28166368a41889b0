"""Oracle Eloqua's activities in, exported in bulk type by type; what recipients did with our campaigns, out.

An export is a job there: it is begun, remembered, and read when it has ended, in this run or in a later one.
Which lists a campaign went to is not told: its name, or its e-mail's, has to say the audience.
https://docs.oracle.com/en/cloud/saas/marketing/eloqua-develop/ says what each type has.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from perennial.activation.destinations.base import JobFailedError, JobUnknownError
from perennial.activation.destinations.eloqua import bulk
from perennial.activation.destinations.eloqua.bulk import BULK
from perennial.activation.destinations.eloqua.client import EloquaClient
from perennial.activation.kept import Kept
from perennial.identity.values import EMAIL
from perennial.responses.asking import Position, Stretch, delivery
from perennial.responses.bounces import class_of, code
from perennial.responses.exports import Export, Exports
from perennial.responses.sends import Campaign, Campaigns, Sent
from perennial.responses.shape import moment
from perennial.responses.spans import DAY, HOUR, Span, portions, reached, spans

PROVIDER = "eloqua"
TYPES = {
    "Bounceback": "bounced",
    "EmailSend": "sent",
    "EmailOpen": "opened",
    "EmailClickthrough": "clicked",
    "Unsubscribe": "unsubscribed",
}
"""Bounces come first: what is sent counts as delivered where it is not known to have bounced."""
COMMON = {
    "id": "{{Activity.Id}}",
    "at": "{{Activity.CreatedAt}}",
    "email": "{{Activity.Field(EmailAddress)}}",
    "recipient": "{{Activity.Field(EmailRecipientId)}}",
    "asset": "{{Activity.Asset.Id}}",
    "asset_name": "{{Activity.Asset.Name}}",
    "campaign": "{{Activity.Campaign.Id}}",
    "campaign_name": "{{Activity.Campaign.Field(CampaignName)}}",
}
MORE = {
    "Bounceback": {
        "error": "{{Activity.Field(SmtpErrorCode)}}",
        "status": "{{Activity.Field(SmtpStatusCode)}}",
        "said": "{{Activity.Field(SmtpMessage)}}",
    },
    "EmailClickthrough": {"url": "{{Activity.Field(EmailClickedThruLink)}}"},
}
LATE = HOUR
"""Seconds that are left for the next run: activities are recorded asynchronously."""
OVERLAPS = {"Bounceback": 2 * DAY}
"""Seconds that are asked for again; bounces may appear days after they are dated."""
PAGE = 50_000
PAUSE, PATIENCE = 5.0, 20.0
"""Seconds between looks at an export, and for which one is waited for by itself."""
Json = dict[str, Any]


class Activities:
    """Implements `perennial.responses.asking.Reader`."""

    def __init__(
        self,
        client: EloquaClient,
        kept: Kept,
        exports: Exports,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._kept, self._exports = client, kept, exports
        self._sleep, self._clock = sleep, clock
        self._campaigns = Campaigns(kept)
        self.unclear = self._campaigns.unclear
        self.pending: list[str] = []

    def stretches(self, position: Position, now: datetime) -> Iterator[Stretch]:
        """Each type's spans; of all types one is under way at the same time, for Eloqua to work on."""
        if self._kept.since is None:
            return
        first, until = int(self._kept.since.timestamp()), int(now.timestamp()) - LATE
        left = {kind: self._left(kind, position, first, until) for kind in TYPES}
        under_way = {kind: self._begun(kind, left[kind]) for kind in TYPES}
        while under_way:
            following: dict[str, Export | None] = {}
            for kind, export in under_way.items():
                if export is None:
                    continue
                if not self._ended(kind, export):
                    self.pending.append(export.job)
                    continue
                yield from self._read(kind, export, position)
                self._exports.end(kind)
                following[kind] = self._begun(kind, left[kind])
            under_way = following

    def _left(self, kind: str, position: Position, first: int, until: int) -> Iterator[Span]:
        """What is not read, beyond an export that an earlier run began."""
        if there := self._exports.find(kind):
            return spans(there.span.end, first, until, overlap=0)
        return spans(position(kind), first, until, OVERLAPS.get(kind, HOUR))

    def _begun(self, kind: str, left: Iterator[Span]) -> Export | None:
        """What is under way, or else the next export; None where all is read."""
        if (there := self._exports.find(kind)) or (span := next(left, None)) is None:
            return there
        start, end = (f"{at:%Y-%m-%d %H:%M:%S}" for at in span.times)
        created = "'{{Activity.CreatedAt}}'"
        definition = {
            "name": f"Perennial: {kind} {start}",
            "fields": {**COMMON, **MORE.get(kind, {})},
            "filter": f"'{{{{Activity.Type}}}}'='{kind}' AND {created}>='{start}' AND {created}<'{end}'",
            "areSystemTimestampsInUTC": True,
        }
        export = Export(bulk.start(self._client, "exports", definition, [], of="activities"), span)
        self._exports.begin(kind, export)
        return export

    def _ended(self, kind: str, export: Export) -> bool:
        deadline = self._clock() + PATIENCE
        try:
            while not bulk.ended(self._client, export.job):
                if self._clock() + PAUSE > deadline:
                    return False
                self._sleep(PAUSE)
            list(bulk.rejects(self._client, export.job))
        except (JobUnknownError, JobFailedError):
            # Whoever tries again asks anew.
            self._exports.end(kind)
            raise
        return True

    def _read(self, kind: str, export: Export, position: Position) -> Iterator[Stretch]:
        told = bulk.pages(self._client, f"{BULK}/syncs/{export.job}/data", PAGE)
        newest = 0
        for rows, at in portions(each for activity in told for each in self._rows(kind, activity)):
            newest = max(newest, at)
            yield Stretch(rows)
        yield from reached(kind, position, export.span, newest)

    def _rows(self, kind: str, activity: Json) -> Iterator[tuple[Json | None, int]]:
        at, whom = moment(activity["at"]), self._sent(activity)
        if whom is None or not activity.get("email"):
            yield None, at // 1_000_000
            return
        found = code(activity.get("status"), activity.get("error"), activity.get("said"))
        bounced = kind == "Bounceback"
        row = {
            "event_id": f"{PROVIDER}/{kind}/{activity['id']}",
            "event_type": TYPES[kind],
            "event_time": at,
            "provider": PROVIDER,
            "send_id": f"{PROVIDER}/{activity['recipient']}" if activity.get("recipient") else None,
            EMAIL: str(activity["email"]),
            "bounce_class": class_of(found) if bounced else None,
            "bounce_reason": found if bounced else None,
            "is_machine": False,
            "url": activity.get("url") or None,
            **whom.columns(),
        }
        yield row, at // 1_000_000
        if kind == "EmailSend":
            yield delivery(row), at // 1_000_000

    def _sent(self, activity: Json) -> Sent | None:
        """The campaign, or the e-mail where there is none; what is not ours is told apart."""
        named = (activity.get(each) for each in ("campaign", "campaign_name", "asset", "asset_name"))
        number, title, asset, email = (str(each or "") for each in named)
        campaign = number or f"email-{asset}"
        # Either name may say it.
        both = f"{title} {email}"
        found = self._campaigns.sent((campaign, both), campaign, lambda: Campaign(campaign, both))
        return found and replace(found, campaign_name=title or email)
