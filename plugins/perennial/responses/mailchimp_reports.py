"""Mailchimp's reports in; what happened to each member of the campaigns that went to our audiences, out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from perennial.activation.destinations.failures import RefusedError
from perennial.activation.destinations.mailchimp.client import MailchimpClient
from perennial.activation.kept import Kept
from perennial.responses.asking import Position, Stretch
from perennial.responses.mailchimp import row
from perennial.responses.sends import Campaign, Sent, sent
from perennial.responses.shape import NoResponseError

PAGE = 1000
WATCHED = timedelta(days=60)
"""How long after it was sent a campaign is asked for."""
OVERLAP = 3600
"""Seconds that are asked for again: not everything is told at once."""
SECOND = 1_000_000
GONE = 404
ACTIONS = {"open": "opened", "click": "clicked", "bounce": "bounced"}
GROWING = {"sent-to": "emails_sent", "unsubscribed": "unsubscribed", "abuse-reports": "abuse_reports"}
"""Lists without times to ask by, and which number of a report says how long each is."""


class Reports:
    """Implements `perennial.responses.asking.Reader`, and tells where a campaign went to."""

    pending = ()

    def __init__(self, client: MailchimpClient, kept: Kept) -> None:
        self._client, self._kept = client, kept
        self._found: dict[str, Sent | NoResponseError] = {}
        self.unclear: dict[str, str] = {}

    def __call__(self, campaign: str) -> Sent:
        """Whom a campaign went to; `NoResponseError` where it cannot be told."""
        if campaign not in self._found:
            try:
                self._found[campaign] = sent(self._campaign(campaign), self._kept)
            except NoResponseError as error:
                self._found[campaign] = error
        found = self._found[campaign]
        if isinstance(found, NoResponseError):
            raise found
        return found

    def stretches(self, position: Position, now: datetime) -> Iterator[Stretch]:
        """Of each campaign: whom it was sent to, what they did, who left, and who complained."""
        since = max(self._kept.since or now, now - WATCHED).isoformat(timespec="seconds")
        for report in list(self._pages("/reports", "reports", since_send_time=since)):
            try:
                campaign = self(report["id"])
            except NoResponseError as error:
                self.unclear[report["id"]] = str(error)
                continue
            yield from self._activity(position, campaign)
            for what, number in GROWING.items():
                stream = f"{campaign.campaign_id}/{what}"
                if (report.get(number) or 0) > position(stream):
                    yield from self._whole(what, campaign, report["send_time"])
                    yield Stretch([], (stream, report[number]))

    def _whole(self, what: str, campaign: Sent, sent_at: str) -> Iterator[Stretch]:
        path = f"/reports/{campaign.campaign_id}/{what}"
        if what == "abuse-reports":  # It has no pages.
            members = self._client.call("GET", path)["abuse_reports"]
            yield Stretch(
                [row("complained", each["date"], each["email_address"], campaign) for each in members]
            )
        elif what == "unsubscribed":
            for page in self._each_page(path, "unsubscribes"):
                yield Stretch(
                    [row("unsubscribed", each["timestamp"], each["email_address"], campaign) for each in page]
                )
        else:
            for page in self._each_page(path, "sent_to"):
                # Mailchimp counts as delivered what did not bounce.
                yield Stretch(
                    [
                        row(event_type, sent_at, each["email_address"], campaign)
                        for each in page
                        for event_type in ("sent", *(["delivered"] if each["status"] == "sent" else []))
                    ]
                )

    def _activity(self, position: Position, campaign: Sent) -> Iterator[Stretch]:
        """Opens, clicks and bounces, member by member; the position is the newest second of them."""
        stream, asked = f"{campaign.campaign_id}/email-activity", {}
        newest = position(stream)
        if newest > OVERLAP:
            asked["since"] = datetime.fromtimestamp(newest - OVERLAP, UTC).isoformat()
        for page in self._each_page(f"/reports/{campaign.campaign_id}/email-activity", "emails", **asked):
            acts = [(member["email_address"], act) for member in page for act in member["activity"]]
            rows = [_acted(email, act, campaign) for email, act in acts if act.get("action") in ACTIONS]
            newest = max([newest, *(each["event_time"] // SECOND for each in rows)])
            yield Stretch(rows)
        if newest > position(stream):
            yield Stretch([], (stream, newest))

    def _campaign(self, name: str) -> Campaign:
        try:
            told = self._client.call("GET", f"/campaigns/{name}")
        except RefusedError as error:
            if error.status != GONE:
                raise
            raise NoResponseError(f"campaign {name} is no longer there") from None
        title = (told.get("settings") or {}).get("title")
        at = told.get("send_time")
        lists = _segments((told.get("recipients") or {}).get("segment_opts") or {})
        return Campaign(name, str(title or name), lists, datetime.fromisoformat(at) if at else None)

    def _pages(self, path: str, name: str, **asked: str) -> Iterator[dict[str, Any]]:
        for page in self._each_page(path, name, **asked):
            yield from page

    def _each_page(self, path: str, name: str, **asked: str) -> Iterator[list[dict[str, Any]]]:
        for offset in count(0, PAGE):
            page = self._client.call("GET", path, params={"count": PAGE, "offset": offset, **asked})[name]
            if page:
                yield page
            if len(page) < PAGE:
                return


def _acted(email: str, act: dict[str, Any], campaign: Sent) -> dict[str, Any]:
    event_type = ACTIONS[act["action"]]
    bounce = ("hard" if act.get("type") == "hard" else "soft") if event_type == "bounced" else None
    url = act.get("url") if event_type == "clicked" else None
    return row(event_type, act["timestamp"], email, campaign, bounce_class=bounce, url=url)


def _segments(options: dict[str, Any]) -> list[str]:
    """The static segment (tag) that a campaign went to, if it went to one and to nothing else."""
    conditions = options.get("conditions") or []
    named = [each.get("value") for each in conditions if each.get("op") == "static_is"]
    saved = options.get("saved_segment_id")
    found = {str(each) for each in [*named, *([saved] if saved else [])]}
    return sorted(found) if len(conditions) <= 1 and len(named) == len(conditions) else []
