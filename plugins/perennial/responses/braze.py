"""What Braze tells of by asking: people who bounced or unsubscribed; and counts of campaigns, by day.

Only the first is about people, and Braze does not say of which campaign it is. So it counts for the
campaign that went to the person last: the newest one of our campaigns that was sent in the days before, to
an audience in which the ledger has the address. Sends, opens and clicks of people are only in Currents.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any, NamedTuple

from perennial.activation.destinations.braze.destination import PAGE, BrazeClient
from perennial.activation.kept import Kept
from perennial.identity.values import EMAIL
from perennial.responses.asking import Position, Stretch
from perennial.responses.sends import Campaign, Sent, said, sent
from perennial.responses.shape import moment
from perennial.responses.spans import DAY, Page, Span, read, spans

PROVIDER = "braze"
LISTS = {
    "hard_bounces": ("bounced", "hard_bounced_at"),
    "unsubscribes": ("unsubscribed", "unsubscribed_at"),
}
ANSWERED = timedelta(days=3)
"""How long after its last message something counts for a campaign."""
OVERLAP = DAY
"""Seconds that are asked for again: Braze is asked by days."""
LONGEST = 31 * DAY
CAMPAIGNS = 100
"""Of a page, as Braze gives them."""
Json = dict[str, Any]
Holding = Callable[[Collection[str]], Mapping[str, Collection[str]]]
"""By address, those of these that were ever sent: in which audiences."""


class Run(NamedTuple):
    """A campaign of ours, and the time in which it was sent."""

    whom: Sent
    first: datetime
    last: datetime


class Lists:
    """Implements `perennial.responses.asking.Reader`."""

    pending = ()

    def __init__(self, client: BrazeClient, kept: Kept, holding: Holding) -> None:
        self._client, self._kept, self._holding = client, kept, holding
        self._runs: list[Run] = []
        self.unclear: dict[str, str] = {}

    def stretches(self, position: Position, now: datetime) -> Iterator[Stretch]:
        """Who bounced, then who unsubscribed."""
        if self._kept.since is None:
            return
        first, until = int(self._kept.since.timestamp()), int(now.timestamp())
        self._runs = list(self._campaigns())
        for name in LISTS:
            left = spans(position(name), first, until, OVERLAP, LONGEST)

            def pages(span: Span, name: str = name) -> Iterator[Page]:
                return self._pages(name, span)

            yield from read(name, position, left, pages)

    def _pages(self, name: str, span: Span) -> Iterator[Page]:
        start, end = (at.date() for at in span.times)
        asked: dict[str, str | int] = {
            "start_date": start.isoformat(), "end_date": _after(end).isoformat(), "limit": PAGE,
        }  # fmt: skip
        event_type, key = LISTS[name]
        for offset in count(0, PAGE):
            # Newest first: who comes while we read moves the others on, and nobody is missed.
            page = self._client.call("GET", f"/email/{name}", params={**asked, "offset": offset})["emails"]
            held = self._holding([str(each["email"]).lower() for each in page])
            told = [(each["email"], moment(each[key].replace(" +", "+"))) for each in page]
            rows = [row for email, at in told if (row := self._row(event_type, str(email), at, held))]
            yield rows, max((at // 1_000_000 for _, at in told), default=0)
            if len(page) < PAGE:
                return

    def _row(self, event_type: str, email: str, at: int, held: Mapping[str, Collection[str]]) -> Json | None:
        moment_, audiences = datetime.fromtimestamp(at / 1_000_000, UTC), held.get(email.lower(), ())
        runs = [
            run
            for run in self._runs
            if run.whom.audience in audiences and run.first <= moment_ <= run.last + ANSWERED
        ]
        if not runs:
            return None
        newest = max(runs, key=lambda run: (run.first, run.whom.campaign_id))
        return {
            # By what happened alone: later the campaign may be taken for another one.
            "event_id": f"{PROVIDER}/{event_type}/{sha256(email.lower().encode()).hexdigest()[:16]}/{at}",
            "event_type": event_type,
            "event_time": at,
            "provider": PROVIDER,
            EMAIL: email,
            "bounce_class": "hard" if event_type == "bounced" else None,
            "is_machine": False,
            **newest.whom.columns(),
        }

    def _campaigns(self) -> Iterator[Run]:
        """Our campaigns, by their names, as far as they were sent."""
        for page in count():
            found = self._client.call("GET", "/campaigns/list", params={"page": page})["campaigns"]
            for each in found:
                if "audience" not in said(each["name"]):
                    continue
                told = self._client.call("GET", "/campaigns/details", params={"campaign_id": each["id"]})
                first, last = told.get("first_sent"), told.get("last_sent")
                if first and last:
                    at = datetime.fromisoformat(first)
                    whom = sent(Campaign(each["id"], each["name"], sent_at=at), self._kept)
                    yield Run(whom, at, datetime.fromisoformat(last))
            if len(found) < CAMPAIGNS:
                return


def _after(day: date) -> date:
    return day + timedelta(days=1)
