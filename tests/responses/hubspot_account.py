"""A HubSpot account with e-mail events, told as the documentation shows them: the newest first, in pages."""

from typing import Any

import requests
from activation.destinations.stand_in import SECRET, Answer, Clock, StandIn, route

from perennial.activation.destinations.hubspot.client import HubSpotClient
from perennial.activation.destinations.registry import connector
from perennial.activation.destinations.wire import Wire
from perennial.activation.kept import Kept
from perennial.responses.hubspot import Events

from .polled import NINE

ASKED = {"startTimestamp", "endTimestamp", "limit", "offset"}
EMAILS = {"70": ("Thanks", ["17"]), "71": ("News", ["17", "9"])}


class Account(StandIn):
    """Campaign 7 is of the e-mail 70, which went to the list 17; 8 of one that also went to another list."""

    windows = ((100, 10),)

    def empty(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.asked: list[tuple[int, int]] = []

    def authorised(self, request: requests.PreparedRequest) -> bool:
        return request.headers.get("Authorization") == f"Bearer {SECRET}"

    @route("GET", "/email/public/v1/events")
    def list_events(self, body: Any, query: dict[str, str]) -> Any:
        assert query.keys() <= ASKED
        start, end, size = (int(query[name]) for name in ("startTimestamp", "endTimestamp", "limit"))
        self.asked.append((start // 1000 - NINE, (end + 1) // 1000 - NINE))
        chosen = [each for each in self.events if start <= each["created"] <= end]
        chosen.sort(key=lambda each: -each["created"])
        begin = int(query.get("offset", 0))
        more = begin + size < len(chosen)
        return {"hasMore": more, "offset": str(begin + size), "events": chosen[begin : begin + size]}

    @route("GET", "/email/public/v1/campaigns/{number}")
    def campaign(self, body: Any, query: dict[str, str], number: str) -> Any:
        assert query == {"appId": "113"}
        if number not in ("7", "8"):
            raise Answer(404, {"message": "resource not found"})
        content = {"7": 70, "8": 71}[number]
        return {"id": int(number), "appId": 113, "appName": "Batch", "contentId": content, "name": "batch 7"}

    @route("GET", "/marketing/v3/emails/{number}")
    def email(self, body: Any, query: dict[str, str], number: str) -> Any:
        name, lists = EMAILS[number]
        to = {"contactIlsLists": {"include": lists, "exclude": []}, "contactIds": {"include": []}}
        return {"id": number, "name": name, "publishDate": "2017-12-26T09:00:00Z", "to": to}

    def happen(self, kind: str, email: str, second: int, campaign: int = 7, **more: Any) -> None:
        """Something happens, so many seconds after nine."""
        event = {
            "id": f"h{len(self.events)}", "created": (NINE + second) * 1000 + 7, "type": kind, "portalId": 1,
            "recipient": email, "appId": 113, "appName": "Batch", "emailCampaignId": campaign,
        }  # fmt: skip
        sent = next(
            (each for each in self.events if each["type"] == "SENT" and each["recipient"] == email), None
        )
        if sent and kind not in ("SENT", "DROPPED"):
            event["sentBy"] = {"id": sent["id"], "created": sent["created"]}
        self.events.append({**event, **more})


def account() -> Account:
    """An account."""
    stand_in = Account()
    stand_in.clock = Clock()
    return stand_in


def reader(stand_in: Account, kept: Kept, url: str) -> Events:
    """Who asks it."""
    ours = connector("hubspot")
    wire = Wire(sleep=stand_in.clock.sleep, clock=stand_in.clock, adapter=stand_in)
    return Events(HubSpotClient(ours.account("h", {"password": SECRET}), ours.limits, wire), kept)
