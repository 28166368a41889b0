"""SendGrid as a destination: contacts are upserted as jobs, lists hold audiences, suppressions are read."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote_plus

from perennial.activation.destinations.base import (
    BatchRefusedError,
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
from perennial.activation.destinations.failures import RefusedError, redact
from perennial.activation.destinations.sendgrid.client import SendGridClient
from perennial.activation.destinations.values import ADDRESS, is_address
from perennial.activation.destinations.wire import Wire
from perennial.errors import TerminalError

PAGE = 500
FIELD_TYPES: dict[FieldKind, str] = {"text": "Text", "number": "Number", "date": "Date"}
STANDARD = {
    "first_name": 50, "last_name": 50, "address_line_1": 100, "address_line_2": 100, "city": 60,
    "state_province_region": 50, "postal_code": 50, "country": 50, "external_id": 254,
}  # fmt: skip
"""Fields that every contact has, with their greatest length; every other target is a custom field."""
SUPPRESSIONS: dict[str, SuppressionKind] = {
    "unsubscribes": "unsubscribe",
    "bounces": "bounce",
    "spam_reports": "spam_report",
    "invalid_emails": "invalid_email",
}


def connect(account: Account, limits: Limits, wire: Wire) -> "SendGridDestination":
    """The destination of an account."""
    return SendGridDestination(SendGridClient(account.url, account.password, limits, wire), limits)


class SendGridDestination:
    """Implements `perennial.activation.destinations.base.Destination`."""

    def __init__(self, client: SendGridClient, limits: Limits) -> None:
        self._client, self.limits = client, limits
        self._custom: dict[str, tuple[str, FieldKind]] = {}
        """Custom fields by name: SendGrid's id, and what they hold."""

    def prepare(self, fields: Mapping[str, FieldKind]) -> None:
        """Look up the custom fields, and create those that are missing."""
        wanted = {name: kind for name, kind in fields.items() if name not in STANDARD}
        self._custom = {}
        if not wanted:
            return
        known = self._client.call("GET", "/marketing/field_definitions")["custom_fields"]
        by_name = {field["name"].lower(): field for field in known}
        for name, kind in wanted.items():
            field = by_name.get(name.lower())
            if field is None:
                body = {"name": name, "field_type": FIELD_TYPES[kind]}
                field = self._client.call("POST", "/marketing/field_definitions", body, repeatable=False)
            if field["field_type"] != FIELD_TYPES[kind]:
                raise TerminalError(
                    f"SendGrid's custom field {name} holds {field['field_type']}, and the mapping gives"
                    f" {FIELD_TYPES[kind]}; map to another name, or delete the field in SendGrid"
                )
            self._custom[name] = (field["id"], kind)

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        """One `PUT /marketing/contacts`; what SendGrid would refuse for sure is refused before it is sent."""
        problems = {i: problem for i, row in enumerate(rows) if (problem := _problem(row))}
        if problems:
            raise BatchRefusedError(f"{len(problems)} of {len(rows)} rows cannot be sent", problems)
        body = {"list_ids": list(lists), "contacts": [self._contact(row) for row in rows]}
        try:
            job = self._client.call("PUT", "/marketing/contacts", body, missing=ListGoneError)
        except RefusedError as error:
            if error.status == 400:
                raise BatchRefusedError(str(error)) from None
            raise
        return Submitted(str(job["job_id"]))

    def _contact(self, row: Row) -> dict[str, Any]:
        contact: dict[str, Any] = {"email": row.key}
        custom: dict[str, str] = {}
        for name, value in row.fields.items():
            if name in STANDARD:
                contact[name] = value or ""
                continue
            field_id, kind = self._custom[name]
            if value is not None:
                custom[field_id] = value
            elif kind == "text":
                # Numbers and dates cannot be cleared over the API: "custom field cannot be null".
                custom[field_id] = ""
        if custom:
            contact["custom_fields"] = custom
        return contact

    def finished(self, job: str) -> bool:
        """Poll the job once."""
        return str(self._status(job)["status"]) != "pending"

    def conclude(self, job: str, keys: Sequence[str]) -> Mapping[str, str]:
        """Read the error file of a job that took only a part."""
        status = self._status(job)
        if status["status"] == "completed":
            return {}
        results = status.get("results", {})
        if not results.get("errors_url"):
            raise JobFailedError(f"SendGrid's job {job} {status['status']} without a list of errors")
        lines = self._client.download(results["errors_url"]).decode().lower().splitlines()
        ours = set(keys)
        found = {key: redact(line) for line in lines for key in ADDRESS.findall(line) if key in ours}
        if len(found) < results.get("errored_count", 0):
            raise JobFailedError(
                f"SendGrid's job {job} refused {results['errored_count']} rows and names {len(found)};"
                " the rest cannot be told apart: read the job's error file in SendGrid"
            )
        return found

    def _status(self, job: str) -> dict[str, Any]:
        path = f"/marketing/contacts/imports/{job}"
        status: dict[str, Any] = self._client.call("GET", path, missing=JobUnknownError)
        return status

    def ensure_list(self, name: str, known: str | None) -> str:
        """Find by name, rename, or create: SendGrid's names are unique."""
        if known is not None:
            self._client.call("PATCH", f"/marketing/lists/{known}", {"name": name})
            return known
        for listing in self._lists():
            if listing["name"] == name:
                return str(listing["id"])
        return str(self._client.call("POST", "/marketing/lists", {"name": name}, repeatable=False)["id"])

    def _lists(self) -> Iterator[dict[str, Any]]:
        token: str | None = ""
        while token is not None:
            params: dict[str, str | int] = {"page_size": 1000, **({"page_token": token} if token else {})}
            page = self._client.call("GET", "/marketing/lists", params=params)
            yield from page["result"]
            following = re.search(r"[?&]page_token=([^&]+)", page.get("_metadata", {}).get("next", ""))
            token = unquote_plus(following[1]) if following else None

    def submit_removals(self, list_id: str, keys: Sequence[str]) -> Submitted:
        """Look up the contacts' ids, and take them off the list."""
        addresses = [key for key in keys if ADDRESS.fullmatch(key)]
        if not addresses:
            return Submitted()
        answer = self._client.call(
            "POST", "/marketing/contacts/search/emails", {"emails": addresses}, accept={404}
        )
        found = [each["contact"] for each in answer.get("result", {}).values() if "contact" in each]
        ids = sorted(contact["id"] for contact in found if list_id in contact["list_ids"])
        if not ids:
            return Submitted()
        params = {"contact_ids": ",".join(ids)}
        answer = self._client.call("DELETE", f"/marketing/lists/{list_id}/contacts", params=params)
        return Submitted(str(answer["job_id"]))

    def suppressions(self) -> Iterator[Suppression]:
        """Global unsubscribes, bounces, spam reports and invalid addresses, page by page."""
        for path, kind in SUPPRESSIONS.items():
            for offset in range(0, 100_000_000, PAGE):
                params: dict[str, str | int] = {"limit": PAGE, "offset": offset}
                page = self._client.call("GET", f"/suppression/{path}", params=params)
                yield from (Suppression(each["email"].lower(), kind) for each in page)
                if len(page) < PAGE:
                    break

    def check(self) -> str:
        """Ask for the number of contacts."""
        answer = self._client.call("GET", "/marketing/contacts/count", repeatable=False)
        return f"{answer['contact_count']} contacts"


def _problem(row: Row) -> str | None:
    if not is_address(row.key):
        return "the address is not valid"
    for name, longest in STANDARD.items():
        if len(row.fields.get(name) or "") > longest:
            return f"{name} is longer than {longest} characters"
    return None
