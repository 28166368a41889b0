"""The Customer.io connector, and a stand-in with people, their attributes and manual segments."""

from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from activation.destinations.harness import InProcess
from activation.destinations.stand_in import SECRET, Answer, StandIn, Windows, route

APP: Windows = ((10, 1),)
APP_KEY = "app-key-of-tests"
SITE = "site-of-tests"


class CustomerIo(StandIn):
    """The Track API on one host, the App API on another, each with its own key."""

    def empty(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.segments: dict[str, dict[str, Any]] = {}
        self.suppressed: dict[str, list[str]] = {"bounces": [], "spam_reports": [], "invalid_emails": []}

    def authorised(self, request: requests.PreparedRequest) -> bool:
        said, host = request.headers["Authorization"], str(request.url).split("/")[2]
        if host == "track.customer.io":
            return said.startswith("Basic ") and b64decode(said[6:]).decode() == f"{SITE}:{SECRET}"
        assert host == "api.customer.io"
        return said == f"Bearer {APP_KEY}"

    @route("GET", "/api/v1/accounts/region")
    def region(self, body: Any, query: dict[str, str]) -> Any:
        return {"url": "https://track.customer.io", "region": "us", "environment_id": 4711}

    @route("POST", "/api/v2/batch", upsert=True)
    def batch(self, body: Any, query: dict[str, str]) -> Any:
        errors = []
        for number, each in enumerate(body["batch"]):
            email = each["identifiers"]["email"]
            if "@" not in email or email.startswith("refused-later-"):
                wrong = {"reason": "invalid", "field": "email", "message": f"{email} is no valid address"}
                errors.append({"batch_index": number, **wrong})
                continue
            there = self.people.setdefault(email, {})
            there |= each["attributes"]
            for name in [name for name, value in there.items() if value == ""]:
                del there[name]
        return (207, {"errors": errors}) if errors else {}

    @route("POST", "/api/v1/segments/{segment}/add_customers")
    def join(self, body: Any, query: dict[str, str], segment: str) -> Any:
        assert query == {"id_type": "email"}
        self._segment(segment)["members"] |= {each for each in body["ids"] if each in self.people}
        return {}

    @route("POST", "/api/v1/segments/{segment}/remove_customers")
    def leave(self, body: Any, query: dict[str, str], segment: str) -> Any:
        assert query == {"id_type": "email"}
        self._segment(segment)["members"] -= set(body["ids"])
        return {}

    @route("GET", "/v1/segments", windows=APP)
    def list_segments(self, body: Any, query: dict[str, str]) -> Any:
        told = [
            {"id": int(key), "name": each["name"], "type": "manual"} for key, each in self.segments.items()
        ]
        return {"segments": [{"id": 1, "name": "Perennial: Best", "type": "dynamic"}, *told]}

    @route("POST", "/v1/segments", windows=APP)
    def create_segment(self, body: Any, query: dict[str, str]) -> Any:
        number = 10 + len(self.segments)
        self.segments[str(number)] = {"name": body["segment"]["name"], "members": set()}
        return {"segment": {"id": number, **body["segment"]}}

    @route("POST", "/v1/customers", windows=APP)
    def search(self, body: Any, query: dict[str, str]) -> Any:
        wanted = body["filter"]["attribute"]
        assert (wanted["field"], wanted["operator"], wanted["value"]) == ("unsubscribed", "eq", "true")
        chosen = [{"email": key} for key, each in self.people.items() if each.get("unsubscribed") == "true"]
        start, size = int(query.get("start", 0)), int(query["limit"])
        following = str(start + size) if start + size < len(chosen) else ""
        return {"identifiers": chosen[start : start + size], "ids": [], "next": following}

    @route("GET", "/v1/esp/suppression/{kind}", windows=APP)
    def esp(self, body: Any, query: dict[str, str], kind: str) -> Any:
        start = int(query["offset"])
        chosen = self.suppressed[kind][start : start + int(query["limit"])]
        return {"category": kind, "suppressions": [{"email": each, "reason": "x"} for each in chosen]}

    def _segment(self, segment: str) -> dict[str, Any]:
        if segment not in self.segments:
            raise Answer(404, {"meta": {"errors": ["segment not found"]}})
        return self.segments[segment]


class CustomerIoHarness(InProcess):
    """The connector and the stand-in."""

    kind = "customer_io"
    documents = ("customer-io-track-api-openapi.json",)
    undocumented = (r"/v1/.*",)
    given = {"login": SITE, "app_api_key": APP_KEY}
    stand_in: CustomerIo

    def members(self, list_name: str, keys: Iterable[str]) -> dict[str, dict[str, str]]:
        inside = {
            key
            for each in self.stand_in.segments.values()
            if each["name"] == list_name
            for key in each["members"]
        }
        return {
            key: {
                name: str(value)
                for name, value in self.stand_in.people[key].items()
                if name != "unsubscribed"
            }
            for key in keys
            if key in inside
        }

    def list_names(self) -> set[str]:
        return {each["name"] for each in self.stand_in.segments.values()}

    def unsubscribe(self, key: str) -> None:
        self.stand_in.people.setdefault(key, {})["unsubscribed"] = "true"

    def subscribed(self) -> set[str]:
        return {key for key, each in self.stand_in.people.items() if each.get("unsubscribed") == "false"}

    def refused_later(self, name: str) -> str:
        return f"refused-later-{name}@example.com"


@contextmanager
def start(folder: Path) -> Iterator[CustomerIoHarness]:
    """A stand-in, until the block ends."""
    yield CustomerIoHarness(CustomerIo())
