"""A Mailchimp account: campaigns that were sent, their reports, and what members did."""

from datetime import datetime, timedelta
from typing import Any

import requests
from activation.destinations.stand_in import SECRET, Answer, Clock, StandIn, route
from openapi_check import OpenApi, present

from perennial.activation.destinations.mailchimp.client import MailchimpClient
from perennial.activation.destinations.registry import connector
from perennial.activation.destinations.wire import Wire
from perennial.activation.kept import Kept
from perennial.responses.mailchimp_reports import Reports

SENT_AT = "2017-12-26T09:00:00+00:00"
REPORTS = "/3.0/reports"
ANN, BOB, CY = (f"{name}@example.com" for name in ("ann", "bob", "cy"))


class Mailchimp(StandIn):
    """Two campaigns: `ours` went to the tag 17, `news` to the whole audience."""

    def empty(self) -> None:
        self.asked: list[str] = []
        self.campaigns: dict[str, dict[str, Any]] = {
            "ours": self._sent("Thanks", 17),
            "news": self._sent("News"),
        }
        self.sent_to: list[dict[str, Any]] = []
        self.activity: dict[str, list[dict[str, Any]]] = {}
        self.left: list[dict[str, Any]] = []
        self.complaints: list[dict[str, Any]] = []

    def _sent(self, title: str, tag: int | None = None) -> dict[str, Any]:
        conditions = [
            {"condition_type": "StaticSegment", "field": "static_segment", "op": "static_is", "value": tag}
        ]
        options = {"match": "any", "conditions": conditions} if tag else {}
        recipients = {"list_id": "a1b2c3d4e5", "segment_opts": options}
        return {"settings": {"title": title}, "send_time": SENT_AT, "recipients": recipients}

    def authorised(self, request: requests.PreparedRequest) -> bool:
        self.asked.append(str(request.url).partition("/3.0")[2].partition("?")[0])
        return "Basic" in str(request.headers["Authorization"])

    @route("GET", "/3.0/campaigns/{name}")
    def campaign(self, body: Any, query: dict[str, str], name: str) -> Any:
        if name not in self.campaigns:
            raise Answer(404, {"title": "Resource Not Found", "status": 404, "detail": "x"})
        return {"id": name, **self.campaigns[name]}

    @route("GET", REPORTS)
    def reports(self, body: Any, query: dict[str, str]) -> Any:
        told = [
            {
                "id": name, "campaign_title": each["settings"]["title"], "send_time": each["send_time"],
                "emails_sent": len(self.sent_to), "unsubscribed": len(self.left),
                "abuse_reports": len(self.complaints),
            }
            for name, each in self.campaigns.items()
        ]  # fmt: skip
        return {"reports": self._page(told, query)}

    @route("GET", f"{REPORTS}/ours/sent-to")
    def recipients(self, body: Any, query: dict[str, str]) -> Any:
        return {"sent_to": self._page(self.sent_to, query)}

    @route("GET", f"{REPORTS}/ours/email-activity")
    def acts(self, body: Any, query: dict[str, str]) -> Any:
        since = query.get("since", "")
        told = [
            {"email_address": email, "activity": newer}
            for email, acts in self.activity.items()
            if (newer := [act for act in acts if act["timestamp"] >= since])
        ]
        return {"emails": self._page(told, query)}

    @route("GET", f"{REPORTS}/ours/unsubscribed")
    def unsubscribed(self, body: Any, query: dict[str, str]) -> Any:
        return {"unsubscribes": self._page(self.left, query)}

    @route("GET", f"{REPORTS}/ours/abuse-reports")
    def abuse(self, body: Any, query: dict[str, str]) -> Any:
        assert not query, "it has no pages"
        return {"abuse_reports": self.complaints}

    def _page(self, rows: list[Any], query: dict[str, str]) -> list[Any]:
        start = int(query["offset"])
        return rows[start : start + int(query["count"])]

    def receive(self, *emails: str, status: str = "sent") -> None:
        """A campaign reaches these."""
        self.sent_to += [{"email_address": each, "status": status} for each in emails]

    def act(self, email: str, action: str, second: int, **more: str) -> None:
        """Somebody does something, so many seconds after nine."""
        at = (datetime.fromisoformat(SENT_AT) + timedelta(seconds=second)).isoformat()
        act = {"action": action, "timestamp": at, **more}
        self.activity.setdefault(email, []).append(act)


def account(kept: Kept) -> tuple[Mailchimp, Reports]:
    """An account, and who asks it."""
    stand_in, clock = Mailchimp(), Clock()
    stand_in.clock = clock
    if paths := present("mailchimp-reports.yml"):
        stand_in.checks = OpenApi(paths, strict=True, undocumented=(r"/3.0/campaigns/\w+",)).check
    return stand_in, reader(stand_in, kept)


def wire(stand_in: StandIn) -> Wire:
    """The way to it."""
    return Wire(sleep=stand_in.clock.sleep, clock=stand_in.clock, adapter=stand_in)


def reader(stand_in: Mailchimp, kept: Kept) -> Reports:
    """Who asks it."""
    ours = connector("mailchimp")
    given = {"host": "https://us21.api.mailchimp.com", "password": SECRET, "audience_id": "a1b2c3d4e5"}
    return Reports(MailchimpClient(ours.account("m", given), ours.limits, wire(stand_in)), kept)
