"""A Braze instance with campaigns, and people who bounced or unsubscribed, told by day, the newest first."""

from datetime import UTC, datetime
from typing import Any

import requests
from activation.destinations.stand_in import SECRET, Clock, StandIn, Windows, route
from openapi_check import OpenApi, present

from perennial.activation.destinations.auth import Key
from perennial.activation.destinations.braze.destination import BrazeClient
from perennial.activation.destinations.registry import connector
from perennial.activation.destinations.wire import Wire
from perennial.activation.kept import Kept
from perennial.responses.braze import Lists

from .polled import ANN, BOB, NINE

HOURLY: Windows = ((250_000, 3600),)
SENT = {"first_sent": "2017-12-26T09:00:00+00:00", "last_sent": "2017-12-26T09:10:00+00:00"}
NAMES = {"a": "Thanks audience:best", "b": "News", "c": "Draft audience:best", "d": "Others audience:lapsing"}


class Instance(StandIn):
    """The campaign `a` went to our audience `best`, `d` to another one of ours; `c` was not sent."""

    def empty(self) -> None:
        self.lists: dict[str, list[tuple[str, int]]] = {"hard_bounces": [], "unsubscribes": []}
        self.asked: list[tuple[str, str, str]] = []

    def authorised(self, request: requests.PreparedRequest) -> bool:
        return request.headers.get("Authorization") == f"Bearer {SECRET}"

    @route("GET", "/email/hard_bounces", windows=HOURLY)
    def hard_bounces(self, body: Any, query: dict[str, str]) -> Any:
        return self._told("hard_bounces", "hard_bounced_at", query)

    @route("GET", "/email/unsubscribes", windows=HOURLY)
    def unsubscribes(self, body: Any, query: dict[str, str]) -> Any:
        return self._told("unsubscribes", "unsubscribed_at", query)

    @route("GET", "/campaigns/list", windows=HOURLY)
    def list_campaigns(self, body: Any, query: dict[str, str]) -> Any:
        told = [
            {"id": key, "name": name, "tags": [], "is_api_campaign": False} for key, name in NAMES.items()
        ]
        return {"message": "success", "campaigns": told if query["page"] == "0" else []}

    @route("GET", "/campaigns/details", windows=HOURLY)
    def details(self, body: Any, query: dict[str, str]) -> Any:
        name = NAMES[query["campaign_id"]]
        assert "audience:" in name, "a campaign that is not ours costs no call"
        told = {"name": name, "channels": ["email"], "draft": name.startswith("Draft")}
        return {"message": "success", **told, **({} if told["draft"] else SENT)}

    def _told(self, name: str, key: str, query: dict[str, str]) -> Any:
        start, end = query["start_date"], query["end_date"]
        self.asked.append((name, start, end))
        whole = [(email, datetime.fromtimestamp(NINE + second, UTC)) for email, second in self.lists[name]]
        chosen = [(email, at) for email, at in whole if start <= f"{at:%Y-%m-%d}" < end]
        chosen.sort(key=lambda each: each[1], reverse=True)
        begin, size = int(query["offset"]), int(query["limit"])
        page = chosen[begin : begin + size]
        emails = [{"email": email, key: f"{at:%Y-%m-%d %H:%M:%S} +0000"} for email, at in page]
        return {"message": "success", "emails": emails}

    def happen(self, kind: str, email: str, second: int) -> None:
        """Something happens, so many seconds after nine."""
        self.lists[kind].append((email, second))


def account() -> Instance:
    """An instance; what is asked and told is checked."""
    stand_in = Instance()
    stand_in.clock = Clock()
    if paths := present("braze.yml"):
        stand_in.checks = OpenApi(paths, strict=True).check
    return stand_in


def reader(stand_in: Instance, kept: Kept, url: str) -> Lists:
    """Who asks it; the ledger has Ann and Bob in the audience `best`."""
    ours = connector("braze")
    account = ours.account("b", {"host": "https://rest.iad-01.braze.com", "password": SECRET})
    wire = Wire(sleep=stand_in.clock.sleep, clock=stand_in.clock, adapter=stand_in)
    client = BrazeClient(account.url, Key(f"Bearer {SECRET}"), ours.limits, wire, {})
    held = {ANN: ["best"], BOB: ["best"]}
    return Lists(client, kept, lambda keys: {key: held[key] for key in keys if key in held})
