"""Klaviyo as a destination: import jobs carry profiles into lists, suppressions are read by reason.

Joining a list this way changes nobody's consent; the endpoint that subscribes is not used, for it lifts
suppressions.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from perennial.activation.destinations.base import (
    FieldKind,
    JobFailedError,
    JobUnknownError,
    Limits,
    ListGoneError,
    Row,
    Submitted,
    Suppression,
    SuppressionKind,
)
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.failures import redact
from perennial.activation.destinations.klaviyo.client import KlaviyoClient
from perennial.activation.destinations.values import typed
from perennial.activation.destinations.wire import Wire

JOBS = "/api/profile-bulk-import-jobs"
PAGE = 100
LOOKUP = 50
"""Addresses in one search, which stand in the URL."""
STANDARD = {"first_name", "last_name", "organization", "locale", "image", "phone_number", "external_id"}
LOCATION = {"address1", "address2", "city", "country", "region", "zip", "timezone"}
"""Attributes that every profile has; every other target is a custom property."""
SUPPRESSIONS: dict[str, SuppressionKind] = {
    "UNSUBSCRIBE": "unsubscribe",
    "HARD_BOUNCE": "bounce",
    "SPAM_COMPLAINT": "spam_report",
    "INVALID_EMAIL": "invalid_email",
    "USER_SUPPRESSED": "suppressed",
}


def connect(account: Account, limits: Limits, wire: Wire) -> "KlaviyoDestination":
    """The destination of an account."""
    return KlaviyoDestination(KlaviyoClient(account, limits, wire), limits)


class KlaviyoDestination:
    """Implements `perennial.activation.destinations.base.Destination`."""

    def __init__(self, client: KlaviyoClient, limits: Limits) -> None:
        self._client, self.limits = client, limits
        self._kinds: Mapping[str, FieldKind] = {}

    def prepare(self, fields: Mapping[str, FieldKind]) -> None:
        """Custom properties come into being by themselves."""
        self._kinds = fields

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        """One import job."""
        profiles = [self._profile(row) for row in rows]
        data: dict[str, Any] = {
            "type": "profile-bulk-import-job",
            "attributes": {"profiles": {"data": profiles}},
        }
        if lists:
            data["relationships"] = {"lists": {"data": [{"type": "list", "id": each} for each in lists]}}
        job = self._client.call("POST", JOBS, {"data": data}, missing=ListGoneError)
        return Submitted(str(job["data"]["id"]))

    def _profile(self, row: Row) -> dict[str, Any]:
        attributes: dict[str, Any] = {"email": row.key}
        location: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        for name, text in row.fields.items():
            value = typed(text, self._kinds[name])
            place = attributes if name in STANDARD else location if name in LOCATION else properties
            place[name] = value
        if location:
            attributes["location"] = location
        known = {name: value for name, value in properties.items() if value is not None}
        unset = sorted(properties.keys() - known.keys())
        profile = {"type": "profile", "attributes": {**attributes, "properties": known}}
        return {**profile, "meta": {"patch_properties": {"unset": unset}}} if unset else profile

    def finished(self, job: str) -> bool:
        """Poll the job once."""
        return self._status(job)["status"] in ("complete", "cancelled")

    def conclude(self, job: str, keys: Sequence[str]) -> Mapping[str, str]:
        """Read the errors of a job that took only a part."""
        status = self._status(job)
        if status["status"] == "cancelled":
            raise JobFailedError(f"Klaviyo cancelled the job {job}")
        failed = status.get("failed_count") or 0
        if not failed:
            return {}
        ours, found = set(keys), {}
        for error in self._client.pages(f"{JOBS}/{job}/import-errors", **{"page[size]": PAGE}):
            said = error["attributes"]
            payload = said.get("original_payload") or {}
            key = str(payload.get("email") or payload.get("attributes", {}).get("email")).lower()
            if key in ours:
                found[key] = redact(said["detail"])
        if len(found) < failed:
            raise JobFailedError(
                f"Klaviyo's job {job} refused {failed} profiles and names {len(found)}; the rest cannot be"
                " told apart"
            )
        return found

    def _status(self, job: str) -> dict[str, Any]:
        answer = self._client.call("GET", f"{JOBS}/{job}", missing=JobUnknownError)
        status: dict[str, Any] = answer["data"]["attributes"]
        return status

    def ensure_list(self, name: str, known: str | None) -> str:
        """Find by name, rename, or create."""
        data: dict[str, Any] = {"type": "list", "attributes": {"name": name}}
        if known is not None:
            self._client.call("PATCH", f"/api/lists/{known}", {"data": {**data, "id": known}})
            return known
        for found in self._client.pages("/api/lists", filter=f"equals(name,{json.dumps(name)})"):
            return str(found["id"])
        return str(self._client.call("POST", "/api/lists", {"data": data}, repeatable=False)["data"]["id"])

    def submit_removals(self, list_id: str, keys: Sequence[str]) -> Submitted:
        """Look up the profiles' ids, and take them off the list."""
        ids = [
            each for start in range(0, len(keys), LOOKUP) for each in self._ids(keys[start : start + LOOKUP])
        ]
        if ids:
            body = {"data": [{"type": "profile", "id": each} for each in ids]}
            path = f"/api/lists/{list_id}/relationships/profiles"
            self._client.call("DELETE", path, body, missing=ListGoneError)
        return Submitted()

    def _ids(self, keys: Sequence[str]) -> list[str]:
        asked: dict[str, str | int] = {"fields[profile]": "email", "page[size]": PAGE}
        chosen = f"any(email,{json.dumps(list(keys))})"
        return [str(each["id"]) for each in self._client.pages("/api/profiles", filter=chosen, **asked)]

    def suppressions(self) -> Iterator[Suppression]:
        """Everybody whom Klaviyo would not mail, by reason."""
        asked: dict[str, str | int] = {"fields[profile]": "email", "page[size]": PAGE}
        for reason, kind in SUPPRESSIONS.items():
            chosen = f'equals(subscriptions.email.marketing.suppression.reason,"{reason}")'
            for profile in self._client.pages("/api/profiles", filter=chosen, **asked):
                if email := profile["attributes"].get("email"):
                    yield Suppression(email.lower(), kind)

    def check(self) -> str:
        """Ask for a list."""
        self._client.call("GET", "/api/lists", params={"page[size]": 1}, repeatable=False)
        return "the key can read lists"
