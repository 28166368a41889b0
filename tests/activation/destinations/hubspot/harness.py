"""The HubSpot connector, and a stand-in with contacts, properties, lists and short-lived tokens."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import requests
from activation.destinations.harness import WithLists
from activation.destinations.stand_in import SECRET, Answer, StandIn, route

CONTACTS = "/crm/objects/2026-09/contacts"
LISTS = "/crm/lists/2026-09"
PROPERTIES = "/crm/v3/properties/contacts"
WHEN = "2017-12-26T00:00:00Z"
REFRESH = "refresh-token-of-tests"
OURS = {"email", "hs_email_optout", "hs_email_hard_bounce_reason_enum", "hs_email_quarantined"}


def problem(status: int, message: str, category: str = "VALIDATION_ERROR") -> Answer:
    """A refusal, as the API words it."""
    known = {"correlationId": "5a2b8e0c-0d5e-4c5e-9d52-0b5f0b0d8f11", "category": category}
    return Answer(status, {"status": "error", "message": message, **known})


class HubSpot(StandIn):
    """A bad property value rejects a whole batch; tokens of the OAuth app live for half an hour."""

    windows = ((100, 10),)

    def empty(self) -> None:
        self.contacts: dict[str, dict[str, Any]] = {}
        self.properties: dict[str, str] = {"email": "string", "firstname": "string"}
        self.lists: dict[str, dict[str, Any]] = {}
        self.tokens: list[str] = [SECRET]
        self.granted = 0

    def authorised(self, request: requests.PreparedRequest) -> bool:
        if str(request.url).endswith("/oauth/v1/token"):
            return "Authorization" not in request.headers
        return request.headers.get("Authorization") in {f"Bearer {token}" for token in self.tokens}

    def unauthorised(self) -> Answer:
        return problem(401, "Authentication credentials not found.", "INVALID_AUTHENTICATION")

    @route("POST", "/oauth/v1/token")
    def token(self, body: Any, query: dict[str, str]) -> Any:
        expected = {"grant_type": "refresh_token", "client_id": "app", "client_secret": SECRET}
        if body != {**expected, "refresh_token": REFRESH}:
            raise problem(400, "missing or invalid refresh token", "BAD_REFRESH_TOKEN")
        self.granted += 1
        self.tokens = [f"access-{self.granted}"]
        return {"access_token": self.tokens[0], "refresh_token": REFRESH, "expires_in": 1800}

    @route("GET", PROPERTIES)
    def list_properties(self, body: Any, query: dict[str, str]) -> Any:
        return {"results": [{"name": name, "type": kind} for name, kind in self.properties.items()]}

    @route("POST", PROPERTIES)
    def create_property(self, body: Any, query: dict[str, str]) -> Any:
        assert body["groupName"] == "contactinformation"
        self.properties[body["name"]] = body["type"]
        return 201, body

    def contact(self, email: str) -> dict[str, Any]:
        """Somebody's contact, there from now on."""
        new = {"id": str(101 + len(self.contacts)), "properties": {"email": email}}
        return self.contacts.setdefault(email, new)

    @route("POST", f"{CONTACTS}/batch/upsert", upsert=True)
    def upsert(self, body: Any, query: dict[str, str]) -> Any:
        if len(body["inputs"]) > 100:
            raise problem(400, "The maximum number of inputs is 100")
        for each in body["inputs"]:
            assert each["idProperty"] == "email"
            for name, value in each["properties"].items():
                is_number = value.lstrip("-").replace(".", "", 1).isdigit()
                if "@" not in each["id"] or (self.properties[name] == "number" and value and not is_number):
                    raise problem(400, "Property values were not valid")
        results: list[dict[str, Any]] = []
        errors = []
        for each in body["inputs"]:
            if each["id"].startswith("refused-later-"):
                wrong = {"status": "error", "category": "CONFLICT", "message": f"{each['id']} is taken"}
                errors.append({**wrong, "context": {}, "errors": [], "links": {}})
                continue
            contact = self.contact(each["id"])
            kept = {**contact["properties"], **each["properties"]}
            contact["properties"] = {name: value for name, value in kept.items() if value != ""}
            told = {
                "id": contact["id"],
                "properties": {},
                "createdAt": WHEN,
                "updatedAt": WHEN,
                "archived": False,
            }
            results.insert(0, {**told, "new": False, "objectWriteTraceId": each["objectWriteTraceId"]})
        answer = {"status": "COMPLETE", "startedAt": WHEN, "completedAt": WHEN, "results": results}
        return (207, {**answer, "numErrors": len(errors), "errors": errors}) if errors else answer

    @route("POST", f"{CONTACTS}/batch/read")
    def read(self, body: Any, query: dict[str, str]) -> Any:
        assert len(body["inputs"]) <= 100
        found = [self.contacts[each["id"]] for each in body["inputs"] if each["id"] in self.contacts]
        answer = {
            "status": "COMPLETE",
            "startedAt": WHEN,
            "completedAt": WHEN,
            "results": [self._told(e) for e in found],
        }
        return (200 if len(found) == len(body["inputs"]) else 207), answer

    @route("POST", f"{CONTACTS}/search", windows=((5, 1),))
    def search(self, body: Any, query: dict[str, str]) -> Any:
        assert body["limit"] <= 200
        assert body["sorts"] == ["hs_object_id"]
        (group,) = body["filterGroups"]
        found = [
            each for each in self.contacts.values() if all(_meets(each, rule) for rule in group["filters"])
        ]
        return {"total": len(found), "results": [self._told(each) for each in found[: body["limit"]]]}

    @route("POST", LISTS)
    def create_list(self, body: Any, query: dict[str, str]) -> Any:
        number = str(10 + len(self.lists))
        self.lists[number] = {"members": set(), **body}
        return {"list": self._list_told(number)}

    @route("GET", f"{LISTS}/object-type-id/0-1/name/{{name}}")
    def list_by_name(self, body: Any, query: dict[str, str], name: str) -> Any:
        for number, each in self.lists.items():
            if each["name"] == unquote(name):
                return {"list": self._list_told(number)}
        raise problem(404, f"List does not exist with name {unquote(name)}", "OBJECT_NOT_FOUND")

    @route("PUT", f"{LISTS}/{{number}}/update-list-name")
    def rename_list(self, body: Any, query: dict[str, str], number: str) -> Any:
        self._list(number)["name"] = query["listName"]
        return {"updatedList": self._list_told(number)}

    @route("PUT", f"{LISTS}/{{number}}/memberships/add-and-remove")
    def change_list(self, body: Any, query: dict[str, str], number: str) -> Any:
        there = self._list(number)
        there["members"] |= set(body["recordIdsToAdd"])
        there["members"] -= set(body["recordIdsToRemove"])
        return {"recordsIdsAdded": body["recordIdsToAdd"], "recordIdsRemoved": body["recordIdsToRemove"],
                "recordIdsMissing": []}  # fmt: skip

    def _list(self, number: str) -> dict[str, Any]:
        if number not in self.lists:
            raise problem(404, f"List does not exist with ID {number}", "OBJECT_NOT_FOUND")
        return self.lists[number]

    def _list_told(self, number: str) -> dict[str, Any]:
        told = {key: self.lists[number][key] for key in ("name", "objectTypeId", "processingType")}
        return {**told, "listId": number, "listVersion": 1, "processingStatus": "COMPLETE"}

    def _told(self, contact: dict[str, Any]) -> dict[str, Any]:
        email = {"email": contact["properties"]["email"]}
        return {
            "id": contact["id"],
            "properties": email,
            "createdAt": WHEN,
            "updatedAt": WHEN,
            "archived": False,
        }


def _meets(contact: dict[str, Any], rule: dict[str, str]) -> bool:
    if rule["propertyName"] == "hs_object_id":
        return int(contact["id"]) > int(rule["value"])
    value = contact["properties"].get(rule["propertyName"])
    return value is not None if rule["operator"] == "HAS_PROPERTY" else value == rule["value"]


class HubSpotHarness(WithLists):
    """The connector and the stand-in."""

    kind = "hubspot"
    documents = ("hubspot-contacts.json", "hubspot-lists.json")
    undocumented = (PROPERTIES, "/oauth/v1/token")
    stand_in: HubSpot

    def members(self, list_name: str, keys: Iterable[str]) -> dict[str, dict[str, str]]:
        inside = self.inside(list_name)
        known = {key: self.stand_in.contacts[key] for key in keys if key in self.stand_in.contacts}
        return {
            key: {name: value for name, value in contact["properties"].items() if name not in OURS}
            for key, contact in known.items()
            if contact["id"] in inside
        }

    def unsubscribe(self, key: str) -> None:
        self.stand_in.contact(key)["properties"]["hs_email_optout"] = "true"

    def subscribed(self) -> set[str]:
        contacts = self.stand_in.contacts
        return {key for key, each in contacts.items() if each["properties"].get("hs_email_optout") == "false"}

    def refused_later(self, name: str) -> str:
        return f"refused-later-{name}@example.com"


@contextmanager
def start(folder: Path) -> Iterator[HubSpotHarness]:
    """A stand-in, until the block ends."""
    yield HubSpotHarness(HubSpot())
