"""Customer.io as a destination: people are identified in batches, manual segments hold audiences.

Whether somebody is subscribed is an attribute there, like any other: mappings to it are refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from perennial.activation.destinations.base import (
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
from perennial.activation.destinations.customer_io.client import CustomerIoClient, app, reason, track
from perennial.activation.destinations.failures import redact
from perennial.activation.destinations.values import typed
from perennial.activation.destinations.wire import Wire
from perennial.errors import TerminalError

PAGE = 1000
BY_EMAIL = {"id_type": "email"}
UNSUBSCRIBED = {"filter": {"attribute": {"field": "unsubscribed", "operator": "eq", "value": "true"}}}
SUPPRESSIONS: dict[str, SuppressionKind] = {
    "bounces": "bounce",
    "spam_reports": "spam_report",
    "invalid_emails": "invalid_email",
}


def connect(account: Account, limits: Limits, wire: Wire) -> "CustomerIoDestination":
    """The destination of a workspace."""
    sends = not account.extra.get("own_mail_server")
    return CustomerIoDestination(track(account, limits, wire), app(account, limits, wire), limits, sends)


class CustomerIoDestination(WithoutJobs):
    """Implements `perennial.activation.destinations.base.Destination`; `sends`: it is the mail server too."""

    def __init__(self, track: CustomerIoClient, app: CustomerIoClient, limits: Limits, sends: bool) -> None:
        self._track, self._app, self.limits, self._sends = track, app, limits, sends
        self._kinds: Mapping[str, FieldKind] = {}

    def prepare(self, fields: Mapping[str, FieldKind]) -> None:
        """Attributes come into being by themselves."""
        self._kinds = fields

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        """One batch, whose bad rows the answer names; the others then join the segments."""
        answer = self._track.call("POST", "/api/v2/batch", {"batch": [self._person(row) for row in rows]})
        errors = (answer or {}).get("errors") or []
        rejected = {rows[each["batch_index"]].key: redact(reason(each)) for each in errors}
        taken = [row.key for row in rows if row.key not in rejected]
        for segment in lists:
            self._change(segment, "add_customers", taken)
        return Submitted(rejected=rejected)

    def _person(self, row: Row) -> dict[str, Any]:
        values = {name: typed(text, self._kinds[name]) for name, text in row.fields.items()}
        # An empty text takes an attribute away.
        attributes = {name: "" if value is None else value for name, value in values.items()}
        return {
            "type": "person",
            "identifiers": {"email": row.key},
            "action": "identify",
            "attributes": attributes,
        }

    def ensure_list(self, name: str, known: str | None) -> str:
        """Find by name, or create; the API does not rename."""
        if known is not None:
            return known
        for segment in self._app.call("GET", "/v1/segments")["segments"]:
            if segment["name"] == name and segment["type"] == "manual":
                return str(segment["id"])
        body = {"segment": {"name": name, "description": "Kept by Perennial"}}
        return str(self._app.call("POST", "/v1/segments", body, repeatable=False)["segment"]["id"])

    def submit_removals(self, list_id: str, keys: Sequence[str]) -> Submitted:
        """Take people out of a segment; they stay in the workspace."""
        self._change(list_id, "remove_customers", keys)
        return Submitted()

    def _change(self, segment: str, how: str, keys: Sequence[str]) -> None:
        if not keys:
            return
        path = f"/api/v1/segments/{segment}/{how}"
        self._track.call("POST", path, {"ids": list(keys)}, BY_EMAIL, missing=ListGoneError)

    def suppressions(self) -> Iterator[Suppression]:
        """The unsubscribed, and whom the mail server suppressed."""
        start: str | None = ""
        while start is not None:
            asked: dict[str, str | int] = {"limit": PAGE, **({"start": start} if start else {})}
            page = self._app.call("POST", "/v1/customers", UNSUBSCRIBED, asked)
            for person in page["identifiers"]:
                if person.get("email"):
                    yield Suppression(person["email"].lower(), "unsubscribe")
            start = page.get("next") or None
        for path, kind in SUPPRESSIONS.items() if self._sends else ():
            for offset in count(0, PAGE):
                asked = {"limit": PAGE, "offset": offset}
                found = self._app.call("GET", f"/v1/esp/suppression/{path}", params=asked)["suppressions"]
                yield from (Suppression(each["email"].lower(), kind) for each in found)
                if len(found) < PAGE:
                    break

    def check(self) -> str:
        """Try both keys, and see that the workspace is at this address."""
        home = self._track.call("GET", "/api/v1/accounts/region", repeatable=False)
        if home["url"] != self._track.url:
            raise TerminalError(f"the workspace is at {home['url']}: put that into the connection's host")
        self._app.call("GET", "/v1/segments", repeatable=False)
        return f"workspace {home['environment_id']}"
