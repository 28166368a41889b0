"""Braze as a destination: users get attributes, and one of those is an array of the audiences they are in.

Whether somebody is subscribed is an attribute there, like any other: mappings to it are refused.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import requests

from perennial.activation.destinations.auth import Key
from perennial.activation.destinations.base import (
    FieldKind,
    Limits,
    Row,
    Submitted,
    Suppression,
    SuppressionKind,
    WithoutJobs,
)
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.failures import Problem, redact, seconds
from perennial.activation.destinations.http import Client
from perennial.activation.destinations.values import typed
from perennial.activation.destinations.wire import Wire

PAGE = 500
BEGINNING = "2010-01-01"
"""Braze began later."""
SUPPRESSIONS: dict[str, SuppressionKind] = {"unsubscribes": "unsubscribe", "hard_bounces": "bounce"}


class BrazeClient(Client):
    """JSON with one instance: https://www.braze.com/docs/api/basics/."""

    title = "Braze"
    hints = {
        401: "check the REST API key and the endpoint in the connection",
        403: "the API key needs the permissions users.track, email.unsubscribe and email.hard_bounces; and"
        " campaigns.list and campaigns.details, for what came back",
    }

    def problems(self, response: requests.Response) -> list[Problem]:
        answer = response.json()
        return [Problem(str(answer["message"])), *(Problem(_text(each)) for each in answer.get("errors", []))]

    def retry_after(self, response: requests.Response) -> float | None:
        """Its own header, or until `X-RateLimit-Reset`, seconds since the epoch."""
        said = seconds(response.headers.get("X-Ratelimit-Retry-After", ""))
        reset = response.headers.get("X-RateLimit-Reset", "")
        if said is None and response.status_code == 429 and reset.isdigit():
            said = max(0.0, float(reset) - time.time())
        return said if said is not None else super().retry_after(response)


def connect(account: Account, limits: Limits, wire: Wire) -> "BrazeDestination":
    """The destination of an instance."""
    client = BrazeClient(account.url, Key(f"Bearer {account.password}"), limits, wire, {})
    return BrazeDestination(client, account.extra["attribute"], limits, wire)


class BrazeDestination(WithoutJobs):
    """Implements `perennial.activation.destinations.base.Destination`; a list's id is its name."""

    def __init__(self, client: BrazeClient, attribute: str, limits: Limits, wire: Wire) -> None:
        self._client, self._attribute, self.limits, self._wire = client, attribute, limits, wire
        self._kinds: Mapping[str, FieldKind] = {}

    def prepare(self, fields: Mapping[str, FieldKind]) -> None:
        """Attributes come into being by themselves."""
        self._kinds = fields

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        """One request, whose bad rows the answer names."""
        users = [
            {
                **{name: typed(text, self._kinds[name]) for name, text in row.fields.items()},
                "email": row.key,
                "_update_existing_only": False,
                **({self._attribute: {"add": list(lists)}} if lists else {}),
            }
            for row in rows
        ]
        return Submitted(rejected=self._track(users, [row.key for row in rows]))

    def submit_removals(self, list_id: str, keys: Sequence[str]) -> Submitted:
        """Take an audience out of people's attribute."""
        leaves = {self._attribute: {"remove": [list_id]}, "_update_existing_only": True}
        self._track([{"email": key, **leaves} for key in keys], keys)
        return Submitted()

    def _track(self, users: list[dict[str, Any]], keys: Sequence[str]) -> dict[str, str]:
        answer = self._client.call("POST", "/users/track", {"attributes": users})
        errors = [each for each in answer.get("errors", []) if each.get("input_array") == "attributes"]
        return {keys[each["index"]]: redact(_text(each)) for each in errors}

    def ensure_list(self, name: str, known: str | None) -> str:
        """A value needs no making; it stays what it was when the audience is renamed."""
        return known or name

    def suppressions(self) -> Iterator[Suppression]:
        """Everybody who ever unsubscribed or bounced hard, and still counts as such."""
        end = (self._wire.today() + timedelta(days=1)).isoformat()
        for path, kind in SUPPRESSIONS.items():
            # Where there is no order to ask for, who comes while we read comes first: nobody is missed.
            order = {"sort_direction": "asc"} if path == "unsubscribes" else {}
            for offset in count(0, PAGE):
                asked: dict[str, str | int] = {"start_date": BEGINNING, "end_date": end, "limit": PAGE}
                page = self._client.call("GET", f"/email/{path}", params={**asked, "offset": offset, **order})
                yield from (Suppression(each["email"].lower(), kind) for each in page["emails"])
                if len(page["emails"]) < PAGE:
                    break

    def check(self) -> str:
        """Ask for a bounce."""
        asked: dict[str, str | int] = {
            "start_date": BEGINNING,
            "end_date": self._wire.today().isoformat(),
            "limit": 2,
        }
        self._client.call("GET", "/email/hard_bounces", params=asked, repeatable=False)
        return "the key can read hard bounces"


def _text(error: Any) -> str:
    return str(error.get("type") or error) if isinstance(error, dict) else str(error)
