"""Oracle Eloqua as a destination: contacts are imported in bulk, shared lists hold audiences.

Whether somebody is subscribed is a field there: mappings to it are refused, and no import writes it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from perennial.activation.destinations.base import FieldKind, Limits, Row, Submitted, Suppression
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.eloqua import bulk
from perennial.activation.destinations.eloqua.bulk import BULK, EMAIL
from perennial.activation.destinations.eloqua.client import EloquaClient
from perennial.activation.destinations.failures import UnavailableError
from perennial.activation.destinations.wire import Wire
from perennial.errors import TerminalError

LISTS = "/api/REST/1.0/assets/contact/list"
MOST_FIELDS = 100
"""Fields in the definition of an import, the address among them."""
EXPORTED = 50_000
PAUSE, PATIENCE = 5.0, 1800.0
"""Seconds between looks at an export, and in all."""
OUT = {
    "name": "Perennial: who must not be sent",
    "fields": {
        "email": EMAIL,
        "subscribed": "{{Contact.Email.IsSubscribed}}",
        "bounced": "{{Contact.Email.IsBounced}}",
    },
    "filter": "'{{Contact.Email.IsSubscribed}}' = 'false' OR '{{Contact.Email.IsBounced}}' = 'true'",
}


def connect(account: Account, limits: Limits, wire: Wire) -> "EloquaDestination":
    """The destination of an instance."""
    return EloquaDestination(EloquaClient(account, limits, wire), limits, wire)


class EloquaDestination:
    """Implements `perennial.activation.destinations.base.Destination`."""

    def __init__(self, client: EloquaClient, limits: Limits, wire: Wire) -> None:
        self._client, self.limits, self._wire = client, limits, wire
        self._statements: dict[str, str] = {}
        """Mapped fields by our name, as Eloqua's markup."""

    def prepare(self, fields: Mapping[str, FieldKind]) -> None:
        """Look up the contact fields by internal or shown name; the API does not create them."""
        if len(fields) >= MOST_FIELDS:
            raise TerminalError(f"Eloqua takes {MOST_FIELDS - 1} mapped fields, found {len(fields)}")
        known: dict[str, str] = {}
        for field in bulk.pages(self._client, f"{BULK}/contacts/fields", 1000) if fields else ():
            for name in (field["internalName"], field["name"]):
                known.setdefault(name.lower(), field["statement"])
        if missing := [name for name in fields if name.lower() not in known]:
            raise TerminalError(
                f"Eloqua has no contact field {', '.join(missing)}: create it in Eloqua, or map to the"
                " internal name of another"
            )
        self._statements = {name: known[name.lower()] for name in fields}
        if consent := [
            name for name, each in self._statements.items() if each.startswith("{{Contact.Email.")
        ]:
            raise TerminalError(f"mapping: {', '.join(consent)} is consent at Eloqua, and is never written")

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        """One import, whose contacts join the lists."""
        definition = {
            **_definition(lists, "add"),
            "fields": {"email": EMAIL, **self._statements},
            "isSyncTriggeredOnImport": False,
            "updateRule": "always",
        }
        data = [{"email": row.key, **{name: text or "" for name, text in row.fields.items()}} for row in rows]
        return Submitted(bulk.start(self._client, "imports", definition, data))

    def submit_removals(self, list_id: str, keys: Sequence[str]) -> Submitted:
        """One sync action that takes contacts off a list."""
        definition = {**_definition([list_id], "remove"), "fields": {"email": EMAIL}}
        return Submitted(
            bulk.start(self._client, "syncActions", definition, [{"email": key} for key in keys])
        )

    def finished(self, job: str) -> bool:
        """Poll the sync once."""
        return bulk.ended(self._client, job)

    def conclude(self, job: str, keys: Sequence[str]) -> Mapping[str, str]:
        """Read whom the sync rejected."""
        ours = set(keys)
        return {key: reason for key, reason in bulk.rejects(self._client, job) if key in ours}

    def ensure_list(self, name: str, known: str | None) -> str:
        """Find by name, or create; to rename would be to write the whole list anew."""
        if known is not None:
            return known
        found = self._client.call("GET", f"{LISTS}s", params={"search": name, "depth": "minimal"})
        for each in found.get("elements", []):
            if each["name"] == name:
                return str(each["id"])
        return str(self._client.call("POST", LISTS, {"name": name}, repeatable=False)["id"])

    def suppressions(self) -> Iterator[Suppression]:
        """Export everybody who is unsubscribed or bounced."""
        sync = bulk.start(self._client, "exports", OUT, [])
        waited = 0.0
        while not bulk.ended(self._client, sync):
            if waited > PATIENCE:
                raise UnavailableError(f"Eloqua's export {sync} is not finished after {PATIENCE:g} seconds")
            self._wire.sleep(PAUSE)
            waited += PAUSE
        list(bulk.rejects(self._client, sync))
        for contact in bulk.pages(self._client, f"{BULK}/syncs/{sync}/data", EXPORTED):
            if contact["subscribed"].lower() == "false":
                yield Suppression(contact["email"].lower(), "unsubscribe")
            if contact["bounced"].lower() == "true":
                yield Suppression(contact["email"].lower(), "bounce")

    def check(self) -> str:
        """Ask for a contact field."""
        self._client.call("GET", f"{BULK}/contacts/fields", params={"limit": 1}, repeatable=False)
        return f"instance at {self._client.url}"


def _definition(lists: Sequence[str], action: str) -> dict[str, Any]:
    actions = [{"action": action, "destination": f"{{{{ContactList[{each}]}}}}"} for each in lists]
    return {"name": "Perennial", "identifierFieldName": "email", "syncActions": actions}
