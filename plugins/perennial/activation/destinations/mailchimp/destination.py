"""Mailchimp as a destination: members are upserted in batches, static segments hold audiences.

Nobody is subscribed: a new person becomes `transactional`, which campaigns do not reach, and the status of a
member who is there already is never written.
"""

import hashlib
import json
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
)
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.failures import redact
from perennial.activation.destinations.mailchimp import batches
from perennial.activation.destinations.mailchimp.client import MailchimpClient
from perennial.activation.destinations.values import typed
from perennial.activation.destinations.wire import Wire
from perennial.errors import TerminalError

PAGE = 1000
FIELD_TYPES: dict[FieldKind, set[str]] = {
    "text": {"text", "zip", "phone", "url", "imageurl", "radio", "dropdown"},
    "number": {"number", "text"},
    "date": {"date", "text"},
}
"""The types of merge fields that take a kind of value; a field that is missing gets the type of this name."""
SUPPRESSIONS: dict[str, SuppressionKind] = {
    "unsubscribed": "unsubscribe",
    "cleaned": "bounce",
    "archived": "archived",
}
NEW = "transactional"
"""The status of people whom Mailchimp does not know yet."""


def connect(account: Account, limits: Limits, wire: Wire) -> "MailchimpDestination":
    """The destination of an account's audience."""
    return MailchimpDestination(MailchimpClient(account, limits, wire), account.extra["audience_id"], limits)


class MailchimpDestination:
    """Implements `perennial.activation.destinations.base.Destination`."""

    def __init__(self, client: MailchimpClient, audience_id: str, limits: Limits) -> None:
        self._client, self._list, self.limits = client, f"/lists/{audience_id}", limits
        self._tags: dict[str, tuple[str, FieldKind]] = {}
        """Merge fields by our name: Mailchimp's tag, and what we send."""

    def prepare(self, fields: Mapping[str, FieldKind]) -> None:
        """Look up the merge fields by name or tag, and create those that are missing, not to be shown."""
        known = list(self._pages("merge-fields", "merge_fields", "name", "tag", "type")) if fields else []
        by_name = {str(each[by]).lower(): each for by in ("tag", "name") for each in known}
        for name, kind in fields.items():
            found = by_name.get(name.lower())
            if found is None:
                body = {"name": name, "type": kind, "public": False}
                found = self._client.call("POST", f"{self._list}/merge-fields", body, repeatable=False)
            if found["type"] not in FIELD_TYPES[kind]:
                raise TerminalError(
                    f"Mailchimp's field {name} holds {found['type']}, and the mapping gives {kind}; map to"
                    " another name, or change the field in Mailchimp"
                )
            self._tags[name] = (found["tag"], kind)

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        """One batch; the segments follow when it is done, for they take only those who are there."""
        batch = batches.start(self._client, map(self._upsert, rows))
        return Submitted(job=f"{batch} {','.join(lists)}")

    def _upsert(self, row: Row) -> dict[str, Any]:
        merge = {tag: typed(row.fields.get(name), kind) for name, (tag, kind) in self._tags.items()}
        body = {
            "email_address": row.key,
            "status_if_new": NEW,
            "merge_fields": {tag: "" if value is None else value for tag, value in merge.items()},
        }
        return {
            "method": "PUT",
            "path": f"{self._list}/members/{_digest(row.key)}",
            "params": {"skip_merge_validation": "true"},
            "operation_id": _digest(row.key),
            "body": json.dumps(body),
        }

    def finished(self, job: str) -> bool:
        """Poll the batch once."""
        return bool(batches.status(self._client, job.split()[0])["status"] == "finished")

    def conclude(self, job: str, keys: Sequence[str]) -> Mapping[str, str]:
        """Put those whom the batch took into their segments."""
        batch, segments = job.split()
        refused = batches.refusals(self._client, batch)
        rejected = {key: refused[_digest(key)] for key in keys if _digest(key) in refused}
        taken = [key for key in keys if key not in rejected]
        for segment in segments.split(","):
            for start in range(0, len(taken), self.limits.removals):
                part = taken[start : start + self.limits.removals]
                answer = self._change(segment, {"members_to_add": part})
                for error in answer.get("errors", []):
                    rejected |= dict.fromkeys(error["email_addresses"], redact(error["error"]))
        return rejected

    def ensure_list(self, name: str, known: str | None) -> str:
        """Find by name, rename, or create a static segment, which Mailchimp shows as a tag."""
        segments = f"{self._list}/segments"
        if known is not None:
            self._client.call("PATCH", f"{segments}/{known}", {"name": name})
            return known
        for segment in self._pages("segments", "segments", "id", "name", type="static"):
            if segment["name"] == name:
                return str(segment["id"])
        created = self._client.call("POST", segments, {"name": name, "static_segment": []}, repeatable=False)
        return str(created["id"])

    def submit_removals(self, list_id: str, keys: Sequence[str]) -> Submitted:
        """Take people out of a static segment; they stay members."""
        self._change(list_id, {"members_to_remove": list(keys)})
        return Submitted()

    def _change(self, segment: str, body: dict[str, list[str]]) -> dict[str, Any]:
        path = f"{self._list}/segments/{segment}"
        answer: dict[str, Any] = self._client.call("POST", path, body, missing=ListGoneError)
        return answer

    def suppressions(self) -> Iterator[Suppression]:
        """The unsubscribed, the cleaned (bounced) and the archived, whom an upsert would bring back."""
        for status, kind in SUPPRESSIONS.items():
            # Who changes while we read comes last, and is not missed.
            order = {"status": status, "sort_field": "last_changed", "sort_dir": "ASC"}
            for member in self._pages("members", "members", "email_address", **order):
                yield Suppression(member["email_address"].lower(), kind)

    def check(self) -> str:
        """Ask for the audience's name."""
        answer = self._client.call("GET", self._list, params={"fields": "name"}, repeatable=False)
        return f"audience {answer['name']}"

    def _pages(self, path: str, name: str, *fields: str, **params: str) -> Iterator[dict[str, Any]]:
        chosen = ",".join(f"{name}.{field}" for field in fields)
        for offset in count(0, PAGE):
            paging: dict[str, str | int] = {"count": PAGE, "offset": offset, "fields": chosen, **params}
            page = self._client.call("GET", f"{self._list}/{path}", params=paging)[name]
            yield from page
            if len(page) < PAGE:
                return


def _digest(key: str) -> str:
    """Mailchimp's name of a member: the MD5 of the address in lower case."""
    return hashlib.md5(key.lower().encode(), usedforsecurity=False).hexdigest()
