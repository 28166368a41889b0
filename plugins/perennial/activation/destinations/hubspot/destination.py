"""HubSpot as a destination: contacts are upserted in batches, manual lists hold audiences.

Whether somebody is subscribed is a property there: mappings to it are refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from perennial.activation.destinations.base import (
    BatchRefusedError,
    FieldKind,
    Limits,
    ListGoneError,
    Row,
    Submitted,
    Suppression,
    SuppressionKind,
    WithoutJobs,
)
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.failures import RefusedError, redact
from perennial.activation.destinations.hubspot.client import HubSpotClient
from perennial.activation.destinations.values import refuse_bad_addresses
from perennial.activation.destinations.wire import Wire
from perennial.errors import TerminalError

CONTACTS = "/crm/objects/2026-09/contacts"
LISTS = "/crm/lists/2026-09"
PROPERTIES = "/crm/v3/properties/contacts"
CONTACT = "0-1"
"""HubSpot's name for the type of contacts."""
PAGE = 200
TYPES: dict[FieldKind, tuple[str, str]] = {
    "text": ("string", "text"),
    "number": ("number", "number"),
    "date": ("date", "date"),
}
"""What a property holds, and how HubSpot shows it."""
SUPPRESSIONS: list[tuple[SuppressionKind, dict[str, str]]] = [
    ("unsubscribe", {"propertyName": "hs_email_optout", "operator": "EQ", "value": "true"}),
    ("bounce", {"propertyName": "hs_email_hard_bounce_reason_enum", "operator": "HAS_PROPERTY"}),
    ("suppressed", {"propertyName": "hs_email_quarantined", "operator": "EQ", "value": "true"}),
]


def connect(account: Account, limits: Limits, wire: Wire) -> "HubSpotDestination":
    """The destination of an account."""
    return HubSpotDestination(HubSpotClient(account, limits, wire), limits)


class HubSpotDestination(WithoutJobs):
    """Implements `perennial.activation.destinations.base.Destination`."""

    def __init__(self, client: HubSpotClient, limits: Limits) -> None:
        self._client, self.limits = client, limits

    def prepare(self, fields: Mapping[str, FieldKind]) -> None:
        """Look up the properties, and create those that are missing."""
        known = self._client.call("GET", PROPERTIES)["results"] if fields else []
        types = {each["name"]: each["type"] for each in known}
        for name, kind in fields.items():
            holds, shown = TYPES[kind]
            if name not in types:
                body = {"name": name, "label": name, "type": holds, "fieldType": shown}
                body["groupName"] = "contactinformation"
                self._client.call("POST", PROPERTIES, body, repeatable=False)
            elif types[name] != holds and kind != "text":
                raise TerminalError(
                    f"HubSpot's property {name} holds {types[name]}, and the mapping gives {holds}; map to"
                    " another name, or change the property in HubSpot"
                )

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        """One batch; those whom the answer shows then join the lists."""
        refuse_bad_addresses(rows)
        inputs = [
            {
                "id": row.key,
                "idProperty": "email",
                "objectWriteTraceId": str(number),
                # An empty text empties a property of any kind.
                "properties": {"email": row.key, **{name: text or "" for name, text in row.fields.items()}},
            }
            for number, row in enumerate(rows)
        ]
        try:
            answer = self._client.call("POST", f"{CONTACTS}/batch/upsert", {"inputs": inputs})
        except RefusedError as error:
            raise BatchRefusedError(str(error)) if error.status == 400 else error from None
        ids = _ids(answer, rows)
        for each in lists:
            self._change(each, add=list(ids.values()))
        reasons = "; ".join(redact(each["message"]) for each in answer.get("errors", []))
        return Submitted(rejected={row.key: reasons for row in rows if row.key not in ids})

    def ensure_list(self, name: str, known: str | None) -> str:
        """Find by name, rename, or create a manual list."""
        if known is not None:
            self._client.call("PUT", f"{LISTS}/{known}/update-list-name", params={"listName": name})
            return known
        path = f"{LISTS}/object-type-id/{CONTACT}/name/{quote(name, safe='')}"
        found = self._client.call("GET", path, accept={404})
        if "list" not in found:
            body = {"name": name, "objectTypeId": CONTACT, "processingType": "MANUAL"}
            found = self._client.call("POST", LISTS, body, repeatable=False)
        if found["list"]["processingType"] == "DYNAMIC":
            raise TerminalError(f"HubSpot's list {name!r} fills itself: rename it, or change list_name")
        return str(found["list"]["listId"])

    def submit_removals(self, list_id: str, keys: Sequence[str]) -> Submitted:
        """Look up the contacts' ids, and take them off the list."""
        body = {
            "idProperty": "email",
            "inputs": [{"id": key} for key in keys],
            "properties": ["email"],
            "propertiesWithHistory": [],
        }
        found = self._client.call("POST", f"{CONTACTS}/batch/read", body)["results"]
        self._change(list_id, remove=[str(each["id"]) for each in found])
        return Submitted()

    def _change(self, list_id: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        if not add and not remove:
            return
        body = {"recordIdsToAdd": list(add), "recordIdsToRemove": list(remove)}
        path = f"{LISTS}/{list_id}/memberships/add-and-remove"
        self._client.call("PUT", path, body, missing=ListGoneError)

    def suppressions(self) -> Iterator[Suppression]:
        """Who opted out of all e-mail, bounced, or is quarantined; by id, for a search ends at 10,000."""
        for kind, condition in SUPPRESSIONS:
            last = "0"
            while True:
                beyond = {"propertyName": "hs_object_id", "operator": "GT", "value": last}
                page = self._search([condition, beyond], PAGE)["results"]
                for contact in page:
                    if email := contact["properties"].get("email"):
                        yield Suppression(email.lower(), kind)
                if len(page) < PAGE:
                    break
                last = str(page[-1]["id"])

    def _search(self, filters: list[dict[str, str]], limit: int) -> dict[str, Any]:
        body = {
            "filterGroups": [{"filters": filters}],
            "sorts": ["hs_object_id"],
            "properties": ["email"],
            "limit": limit,
            "after": "0",
        }
        found: dict[str, Any] = self._client.call("POST", f"{CONTACTS}/search", body)
        return found

    def check(self) -> str:
        """Ask how many contacts have an address."""
        found = self._search([{"propertyName": "email", "operator": "HAS_PROPERTY"}], 1)
        return f"{found['total']} contacts"


def _ids(answer: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, str]:
    """The ids of those who were taken, by our key: by our number of the row, or by their address."""
    keys = {str(number): row.key for number, row in enumerate(rows)} | {row.key: row.key for row in rows}
    found = {}
    for each in answer["results"]:
        said = str(each.get("objectWriteTraceId") or (each["properties"].get("email") or "").lower())
        if said in keys:
            found[keys[said]] = str(each["id"])
    return found
