"""A Klaviyo account: campaigns with their lists and messages, metrics, and events of profiles."""

import re
from typing import Any

import requests
from activation.destinations.klaviyo.harness import S, links
from activation.destinations.stand_in import SECRET, Clock, StandIn, Windows, route
from openapi_check import OpenApi, present

from perennial.activation.destinations.klaviyo.client import KlaviyoClient
from perennial.activation.destinations.registry import connector
from perennial.activation.destinations.wire import Wire
from perennial.activation.kept import Kept
from perennial.responses.klaviyo import Events

SENT_AT = "2017-12-26T09:00:00+00:00"
NINE = 1_514_278_800
EVENTS: Windows = ((350, 1), (3500, 60))
CAMPAIGN: dict[str, Any] = {
    "status": "Sent", "archived": False, "send_options": {"use_smart_sending": True}, "send_time": SENT_AT,
    "send_strategy": {"method": "immediate"}, "created_at": SENT_AT, "updated_at": SENT_AT,
}  # fmt: skip
MESSAGE = {"type": "campaign-message"}


class Klaviyo(StandIn):
    """`C1` went to the list L1, `C2` to L1 and to another one, and there is a flow."""

    def empty(self) -> None:
        self.metrics = {"M1": "Received Email", "M2": "Opened Email", "M3": "Clicked Email",
                        "M4": "Bounced Email", "M5": "Placed Order"}  # fmt: skip
        self.events: list[dict[str, Any]] = []
        self.asked: list[tuple[str, int]] = []

    def authorised(self, request: requests.PreparedRequest) -> bool:
        return request.headers.get("Authorization") == f"Klaviyo-API-Key {SECRET}"

    @route("GET", "/api/campaigns", windows=S)
    def campaigns(self, body: Any, query: dict[str, str]) -> Any:
        assert query["filter"].startswith(
            'equals(messages.channel,"email"),greater-or-equal(updated_at,2017-'
        )
        told = [("C1", "Thanks", ["L1"]), ("C2", "News", ["L1", "L9"])]
        return {
            "data": [
                {
                    "type": "campaign", "id": name,
                    "attributes": {**CAMPAIGN, "name": title, "audiences": {"included": lists}},
                    "relationships": {"campaign-messages": {"data": [{**MESSAGE, "id": f"{name}-m"}]}},
                    **links(f"/api/campaigns/{name}"),
                }
                for name, title, lists in told
            ],
            "links": {"self": "https://a.klaviyo.com/api/campaigns"},
        }  # fmt: skip

    @route("GET", "/api/metrics", windows=S)
    def list_metrics(self, body: Any, query: dict[str, str]) -> Any:
        told = [
            {"type": "metric", "id": name, "attributes": {"name": title}, **links(f"/api/metrics/{name}")}
            for name, title in self.metrics.items()
        ]
        return {"data": told, "links": {"self": "https://a.klaviyo.com/api/metrics"}}

    @route("GET", "/api/events", windows=EVENTS)
    def list_events(self, body: Any, query: dict[str, str]) -> Any:
        found = re.fullmatch(
            r'equals\(metric_id,"(\w+)"\),greater-or-equal\(timestamp,(\d+)\)', query["filter"]
        )
        assert found, query["filter"]
        assert (query["sort"], query["include"]) == ("timestamp", "profile")
        metric, since = found[1], int(found[2])
        self.asked.append((metric, since))
        chosen = [each for each in self.events if each["metric"] == metric and each["at"] >= since]
        chosen.sort(key=lambda each: each["at"])
        start, size = int(query.get("page[cursor]", 0)), int(query["page[size]"])
        page, url = chosen[start : start + size], "https://a.klaviyo.com/api/events"
        more = {"next": f"{url}?page%5Bcursor%5D={start + size}"} if start + size < len(chosen) else {}
        profiles = {each["profile"] for each in page}
        return {
            "data": [self._told(each) for each in page],
            "included": [
                {"type": "profile", "id": email.partition("@")[0], "attributes": {"email": email},
                 **links("/api/profiles")}
                for email in sorted(profiles)
            ],
            "links": {"self": url, **more},
        }  # fmt: skip

    def _told(self, event: dict[str, Any]) -> dict[str, Any]:
        profile = {"data": {"type": "profile", "id": event["profile"].partition("@")[0]}}
        attributes = {"timestamp": event["at"], "event_properties": event["properties"]}
        return {
            "type": "event", "id": event["id"], "attributes": attributes,
            "relationships": {"profile": profile},
            **links(f"/api/events/{event['id']}"),
        }  # fmt: skip

    def happen(self, metric: str, email: str, second: int, message: str = "C1-m", **properties: Any) -> None:
        """Something happens, so many seconds after nine."""
        event = {"id": f"e{len(self.events)}", "metric": metric, "at": NINE + second, "profile": email}
        self.events.append({**event, "properties": {"$message": message, **properties}})


def account() -> Klaviyo:
    """An account; what is asked and told is checked."""
    stand_in, clock = Klaviyo(), Clock()
    stand_in.clock = clock
    if paths := present("klaviyo.json"):
        check = OpenApi(paths, strict=True).check

        def checked(told: requests.Response) -> None:
            # The document's send options of e-mails are those of all channels, of which it allows one.
            if "/api/campaigns" not in told.url:
                check(told)

        stand_in.checks = checked
    return stand_in


def reader(stand_in: Klaviyo, kept: Kept) -> Events:
    """Who asks it."""
    ours = connector("klaviyo")
    wire = Wire(sleep=stand_in.clock.sleep, clock=stand_in.clock, adapter=stand_in)
    return Events(KlaviyoClient(ours.account("k", {"password": SECRET}), ours.limits, wire), kept)
