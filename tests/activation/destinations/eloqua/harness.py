"""The Eloqua connector, and a stand-in with contacts, shared lists, and definitions that are synced.

There is no official specification of the API that can be read by a machine: this follows the documentation.
"""

from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from activation.destinations.harness import WithLists
from activation.destinations.stand_in import SECRET, Answer, StandIn, Windows, route

BULK = "/api/bulk/2.0"
LISTS = "/api/REST/1.0/assets/contact/list"
USER = "Company\\marketer"
HOURLY: Windows = ((2000, 3600),)
FIELDS = {
    "C_EmailAddress": "Email Address",
    "spend_decile": "Spend decile",
    "rank": "Rank",
    "age": "Age",
    "C_FirstName": "First Name",
}
OURS = {"subscribed", "bounced"}


def refused(constraint: str) -> Answer:
    """A definition that is not valid."""
    failure = {"field": "syncActions", "value": None, "constraint": constraint}
    return Answer(400, {"failures": [failure]})


class Eloqua(StandIn):
    """A sync ends at the second look; a key that is staged twice is rejected once."""

    def empty(self) -> None:
        self.pod = "https://secure.p03.eloqua.com"
        self.contacts: dict[str, dict[str, str]] = {}
        self.lists: dict[str, dict[str, Any]] = {}
        self.definitions: list[dict[str, Any]] = []
        self.syncs: dict[str, dict[str, Any]] = {}
        self.broken = False

    def authorised(self, request: requests.PreparedRequest) -> bool:
        url, said = str(request.url), str(request.headers["Authorization"])
        is_ours = said.startswith("Basic ") and b64decode(said[6:]).decode() == f"{USER}:{SECRET}"
        self.is_ours = is_ours
        return url == "https://login.eloqua.com/id" or (is_ours and url.startswith(self.pod))

    @route("GET", "/id")
    def who(self, body: Any, query: dict[str, str]) -> Any:
        return {"site": {"id": 1}, "urls": {"base": self.pod}} if self.is_ours else "Not authenticated."

    @route("GET", f"{BULK}/contacts/fields")
    def fields(self, body: Any, query: dict[str, str]) -> Any:
        told = [
            {
                "internalName": name,
                "name": shown,
                "statement": f"{{{{Contact.Field({name})}}}}",
                "dataType": "string",
            }
            for name, shown in FIELDS.items()
        ]
        told.append(
            {
                "internalName": "Wants_mail",
                "name": "Wants mail",
                "statement": "{{Contact.Email.IsSubscribed}}",
            }
        )
        return self._page(told, query)

    @route("POST", f"{BULK}/contacts/imports", windows=HOURLY)
    def define_import(self, body: Any, query: dict[str, str]) -> Any:
        assert body["identifierFieldName"] in body["fields"]
        assert len(body["fields"]) <= 100
        return self._define("imports", body)

    @route("POST", f"{BULK}/contacts/syncActions", windows=((4000, 3600),))
    def define_actions(self, body: Any, query: dict[str, str]) -> Any:
        return self._define("syncActions", body)

    @route("POST", f"{BULK}/contacts/exports", windows=HOURLY)
    def define_export(self, body: Any, query: dict[str, str]) -> Any:
        assert (
            body["filter"]
            == "'{{Contact.Email.IsSubscribed}}' = 'false' OR '{{Contact.Email.IsBounced}}' = 'true'"
        )
        return self._define("exports", body)

    @route("POST", f"{BULK}/contacts/imports/{{number}}/data", upsert=True)
    def stage_import(self, body: Any, query: dict[str, str], number: str) -> Any:
        self.definitions[int(number)]["rows"] += body
        return 204, None

    @route("POST", f"{BULK}/contacts/syncActions/{{number}}/data")
    def stage_actions(self, body: Any, query: dict[str, str], number: str) -> Any:
        self.definitions[int(number)]["rows"] += body
        return 204, None

    @route("POST", f"{BULK}/syncs")
    def sync(self, body: Any, query: dict[str, str]) -> Any:
        name = str(1000 + len(self.syncs))
        definition = self.definitions[int(body["syncedInstanceUri"].rpartition("/")[2])]
        self.syncs[name] = {
            "of": definition,
            "uri": body["syncedInstanceUri"],
            "looks": 0,
            "status": "pending",
            "rejects": [],
            "items": [],
        }
        return 201, {"uri": f"/syncs/{name}", "status": "pending", **body}

    @route("GET", f"{BULK}/syncs/{{name}}")
    def look(self, body: Any, query: dict[str, str], name: str) -> Any:
        if name not in self.syncs:
            raise Answer(404, {"failures": [{"constraint": "no such sync"}]})
        there = self.syncs[name]
        there["looks"] += 1
        if there["looks"] == 2:
            self._work(there)
        return {"uri": f"/syncs/{name}", "status": there["status"], "syncedInstanceUri": there["uri"]}

    @route("GET", f"{BULK}/syncs/{{name}}/rejects")
    def rejects(self, body: Any, query: dict[str, str], name: str) -> Any:
        return self._page(self.syncs[name]["rejects"], query)

    @route("GET", f"{BULK}/syncs/{{name}}/logs")
    def logs(self, body: Any, query: dict[str, str], name: str) -> Any:
        ended = {"statusCode": "ELQ-00137", "message": "Ready for data import.", "severity": "information"}
        wrong = {"statusCode": "ELQ-00146", "message": "Error in sync.", "severity": "error"}
        return self._page([ended, wrong], query)

    @route("GET", f"{BULK}/syncs/{{name}}/data")
    def data(self, body: Any, query: dict[str, str], name: str) -> Any:
        return self._page(self.syncs[name]["items"], query)

    @route("GET", f"{LISTS}s")
    def find_lists(self, body: Any, query: dict[str, str]) -> Any:
        told = [{"id": number, "name": each["name"]} for number, each in self.lists.items()]
        return {"elements": [each for each in told if query["search"] in each["name"]]}

    @route("POST", LISTS)
    def create_list(self, body: Any, query: dict[str, str]) -> Any:
        number = str(20 + len(self.lists))
        self.lists[number] = {"name": body["name"], "members": set()}
        return 201, {"id": number, **body}

    def _define(self, kind: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        for action in body.get("syncActions", []):
            number = action["destination"].removeprefix("{{ContactList[").removesuffix("]}}")
            if number not in self.lists:
                raise refused("Must be a reference to an existing object.")
        self.definitions.append({**body, "kind": kind, "rows": []})
        return 201, {**body, "uri": f"/contacts/{kind}/{len(self.definitions) - 1}"}

    def _work(self, sync: dict[str, Any]) -> None:
        definition = sync["of"]
        if self.broken:
            sync["status"] = "error"
            return
        if definition["kind"] == "exports":
            out = {key: each for key, each in self.contacts.items() if OURS & each.keys()}
            sync["items"] = [
                {
                    "email": key,
                    "subscribed": each.get("subscribed", "True"),
                    "bounced": each.get("bounced", "False"),
                }
                for key, each in out.items()
            ]
        seen: set[str] = set()
        for number, row in enumerate(definition["rows"]):
            email, code = row["email"], ""
            if email in seen:
                code = "ELQ-00026"
            elif "@" not in email or email.startswith("refused-later-"):
                code = "ELQ-00002"
            if code:
                sync["rejects"].append(
                    {
                        "fieldValues": row,
                        "statusCode": code,
                        "message": f"{email} is not taken.",
                        "recordIndex": number,
                    }
                )
                continue
            seen.add(email)
            self._take(definition, row)
        sync["status"] = "warning" if sync["rejects"] else "success"

    def _take(self, definition: dict[str, Any], row: dict[str, str]) -> None:
        email = row["email"]
        if definition["kind"] == "imports":
            there = self.contacts.setdefault(email, {})
            there |= {name: value for name, value in row.items() if name != "email"}
            for name in [name for name, value in there.items() if value == ""]:
                del there[name]
        for action in definition["syncActions"]:
            members = self.lists[action["destination"][14:-3]]["members"]
            (members.add if action["action"] == "add" else members.discard)(email)

    def _page(self, items: list[Any], query: dict[str, str]) -> dict[str, Any]:
        start, size = int(query.get("offset", 0)), int(query.get("limit", 1000))
        return {"items": items[start : start + size], "hasMore": start + size < len(items)}


class EloquaHarness(WithLists):
    """The connector and the stand-in."""

    kind = "eloqua"
    given = {"login": USER}
    stand_in: Eloqua

    def members(self, list_name: str, keys: Iterable[str]) -> dict[str, dict[str, str]]:
        inside = self.inside(list_name)
        return {
            key: {name: value for name, value in self.stand_in.contacts[key].items() if name not in OURS}
            for key in keys
            if key in inside
        }

    def unsubscribe(self, key: str) -> None:
        self.stand_in.contacts.setdefault(key, {})["subscribed"] = "False"

    def subscribed(self) -> set[str]:
        return {key for key, each in self.stand_in.contacts.items() if each.get("subscribed") == "True"}

    def refused_later(self, name: str) -> str:
        return f"refused-later-{name}@example.com"


@contextmanager
def start(folder: Path) -> Iterator[EloquaHarness]:
    """A stand-in, until the block ends."""
    yield EloquaHarness(Eloqua())
