"""Iterable as a destination: users are updated in bulk, static lists hold audiences.

Subscriptions are fields of a user there: mappings to them are refused. Leaving a list is not unsubscribing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests

from perennial.activation.destinations.auth import Key
from perennial.activation.destinations.base import (
    FieldKind,
    Limits,
    ListGoneError,
    Row,
    Submitted,
    Suppression,
    WithoutJobs,
)
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.failures import Problem, RefusedError
from perennial.activation.destinations.http import Client
from perennial.activation.destinations.values import typed
from perennial.activation.destinations.wire import Wire
from perennial.errors import TerminalError

USERS: dict[str, str | int] = {
    "dataTypeName": "user",
    "range": "All",
    "onlyFields": "email,unsubscribedChannelIds",
}


class IterableClient(Client):
    """JSON with one project: https://api.iterable.com/api/docs."""

    title = "Iterable"
    hints = {401: "check the API key in the connection: it must be of the type Server-side"}

    def problems(self, response: requests.Response) -> list[Problem]:
        return [Problem(str(response.json()["msg"]))]


def connect(account: Account, limits: Limits, wire: Wire) -> "IterableDestination":
    """The destination of a project."""
    client = IterableClient(account.url, Key(account.password, "Api-Key"), limits, wire, {})
    if not account.extra["channel_id"].isdigit():
        raise TerminalError(
            f"connection to Iterable: channel_id: expected a number, found {account.extra['channel_id']!r}"
        )
    return IterableDestination(client, int(account.extra["channel_id"]), limits)


class IterableDestination(WithoutJobs):
    """Implements `perennial.activation.destinations.base.Destination`."""

    def __init__(self, client: IterableClient, channel: int, limits: Limits) -> None:
        self._client, self._channel, self.limits = client, channel, limits
        self._kinds: Mapping[str, FieldKind] = {}

    def prepare(self, fields: Mapping[str, FieldKind]) -> None:
        """Fields come into being by themselves, as each update asks for."""
        self._kinds = fields

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        """One update, whose bad rows the answer names; the others then join the lists."""
        users = [{"email": row.key, "dataFields": self._values(row)} for row in rows]
        answer = self._client.call("POST", "/api/users/bulkUpdate", {"users": users, "createNewFields": True})
        rejected = _rejected(answer, {row.key for row in rows})
        for each in lists:
            taken = [row.key for row in rows if row.key not in rejected]
            rejected |= self._change(each, "subscribe", taken)
        return Submitted(rejected=rejected)

    def _values(self, row: Row) -> dict[str, Any]:
        return {name: typed(text, self._kinds[name]) for name, text in row.fields.items()}

    def ensure_list(self, name: str, known: str | None) -> str:
        """Find by name, or create; the API does not rename."""
        if known is not None:
            return known
        for found in self._client.call("GET", "/api/lists")["lists"]:
            if found["name"] == name and found["listType"] == "Standard":
                return str(found["id"])
        return str(self._client.call("POST", "/api/lists", {"name": name}, repeatable=False)["listId"])

    def submit_removals(self, list_id: str, keys: Sequence[str]) -> Submitted:
        """Take users off a list, and nothing else: their subscriptions stay as they are."""
        self._change(list_id, "unsubscribe", keys)
        return Submitted()

    def _change(self, list_id: str, how: str, keys: Sequence[str]) -> dict[str, str]:
        if not keys:
            return {}
        body: dict[str, Any] = {"listId": int(list_id), "subscribers": [{"email": key} for key in keys]}
        if how == "unsubscribe":
            body["channelUnsubscribe"] = False
        try:
            answer = self._client.call("POST", f"/api/lists/{how}", body)
        except RefusedError as error:
            # What we send besides the list is only addresses, and bad ones are named, not refused.
            is_gone = error.status in (400, 404)
            raise ListGoneError(str(error)) if is_gone else error from None
        return _rejected(answer, set(keys))

    def suppressions(self) -> Iterator[Suppression]:
        """Who unsubscribed from the channel, and who is on a global suppression list."""
        for line in self._client.lines("/api/export/data.json", USERS):
            user = json.loads(line) if line else {}
            if user.get("email") and self._channel in (user.get("unsubscribedChannelIds") or []):
                yield Suppression(user["email"].lower(), "unsubscribe")
        for found in self._client.call("GET", "/api/lists")["lists"]:
            if found["listType"] == "Suppression" and found.get("isGlobalSuppressionEnabled"):
                for email in self._client.lines("/api/lists/getUsers", {"listId": found["id"]}):
                    if email:
                        yield Suppression(email.strip().lower(), "suppressed")

    def check(self) -> str:
        """Ask for the channel's name."""
        for channel in self._client.call("GET", "/api/channels", repeatable=False)["channels"]:
            if channel["id"] == self._channel:
                return f"channel {channel['name']}"
        raise TerminalError(f"Iterable has no channel {self._channel}: check channel_id in the connection")


def _rejected(answer: Mapping[str, Any], keys: set[str]) -> dict[str, str]:
    """Whom an answer names as not taken, by the kind of the failure."""
    failures = answer.get("failedUpdates") or {}
    return {
        email.lower(): f"Iterable: {kind.removesuffix('Emails')}"
        for kind, emails in failures.items()
        if kind.endswith("Emails")
        for email in emails
        if email.lower() in keys
    }
