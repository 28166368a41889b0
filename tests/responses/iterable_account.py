"""An Iterable project with campaigns and their analytics, exported line by line."""

import json
from datetime import UTC, datetime
from typing import Any

import requests
from activation.destinations.stand_in import SECRET, Answer, Clock, StandIn, route
from openapi_check import OpenApi, present

from perennial.activation.destinations.auth import Key
from perennial.activation.destinations.iterable.destination import IterableClient
from perennial.activation.destinations.registry import connector
from perennial.activation.destinations.wire import Wire
from perennial.activation.kept import Kept
from perennial.responses.iterable import Exports

from .polled import NINE

WRITTEN = "%Y-%m-%d %H:%M:%S +00:00"


class Project(StandIn):
    """Campaign 7 went to the list 17, 8 to that and to another one."""

    def empty(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str, str]] = []

    def authorised(self, request: requests.PreparedRequest) -> bool:
        return request.headers.get("Api-Key") == SECRET

    @route("GET", "/api/export/data.json", windows=((4, 60),))
    def export(self, body: Any, query: dict[str, str]) -> Any:
        kind, start, end = (query[name] for name in ("dataTypeName", "startDateTime", "endDateTime"))
        self.asked.append((kind, start[:19], end[:19]))
        fields = query["onlyFields"].split(",")
        chosen = [e for e in self.events if e["kind"] == kind and start <= e["createdAt"] < end]
        lines = [{name: each[name] for name in fields if name in each} for each in chosen]
        return "".join(f"{json.dumps(line)}\n" for line in lines).encode()

    @route("GET", "/api/campaigns/{number}", windows=((100, 1),))
    def campaign(self, body: Any, query: dict[str, str], number: str) -> Any:
        if number not in ("7", "8"):
            raise Answer(404, {"msg": "no such campaign", "code": "NotFound"})
        name, lists = {"7": ("Thanks", [17]), "8": ("News", [17, 9])}[number]
        at = NINE * 1000
        return {
            "id": int(number), "name": name, "listIds": lists, "suppressionListIds": [], "startAt": at,
            "createdAt": at, "updatedAt": at, "campaignState": "Finished", "createdByUserId": "a@example.com",
            "messageMedium": "Email", "type": "Blast", "labels": [],
        }  # fmt: skip

    def happen(self, kind: str, email: str, second: int, campaign: int = 7, **more: Any) -> None:
        """Something happens, so many seconds after nine."""
        at = datetime.fromtimestamp(NINE + second, UTC)
        event = {"kind": kind, "email": email, "campaignId": campaign, "createdAt": f"{at:{WRITTEN}}"}
        self.events.append({**event, "messageId": f"m-{email}-{campaign}", **more})


def account() -> Project:
    """A project; what is asked and told is checked."""
    stand_in = Project()
    stand_in.clock = Clock()
    if paths := present("iterable.json"):
        stand_in.checks = OpenApi(paths, strict=True).check
    return stand_in


def reader(stand_in: Project, kept: Kept, url: str) -> Exports:
    """Who asks it, in a run of its own: some time after the last one."""
    ours = connector("iterable")
    stand_in.clock.sleep(60)
    account = ours.account("i", {"password": SECRET, "channel_id": "42"})
    wire = Wire(sleep=stand_in.clock.sleep, clock=stand_in.clock, adapter=stand_in)
    client = IterableClient(account.url, Key(account.password, "Api-Key"), ours.limits, wire, {})
    return Exports(client, kept)
