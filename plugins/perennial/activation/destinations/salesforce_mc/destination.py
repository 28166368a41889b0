"""Salesforce Marketing Cloud as a destination: sendable data extensions hold audiences, a row a person.

A data extension knows nothing of subscriptions: those belong to the subscriber, and are only read.
"""

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock

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
from perennial.activation.destinations.salesforce_mc import extensions
from perennial.activation.destinations.salesforce_mc.client import (
    TITLE,
    RestClient,
    messages,
    refuse,
    token,
)
from perennial.activation.destinations.salesforce_mc.extensions import EMAIL
from perennial.activation.destinations.salesforce_mc.soap import SoapClient
from perennial.activation.destinations.values import refuse_bad_addresses, typed
from perennial.activation.destinations.wire import Wire
from perennial.errors import TerminalError

ASYNC = "/data/v1/async"
PAGE = 2500
SUPPRESSIONS: dict[str, SuppressionKind] = {"Unsubscribed": "unsubscribe", "Held": "bounce"}
"""By the subscriber's status. One that bounced is held after three bounces; before, it can be sent to."""


def connect(account: Account, limits: Limits, wire: Wire) -> "SalesforceDestination":
    """The destination of a business unit."""
    auth = token(account, wire)
    rest, soap = RestClient(account, auth, limits, wire), SoapClient(account, auth, limits, wire)
    return SalesforceDestination(rest, soap, limits)


class SalesforceDestination:
    """Implements `perennial.activation.destinations.base.Destination`."""

    def __init__(self, rest: RestClient, soap: SoapClient, limits: Limits) -> None:
        self._rest, self._soap, self.limits = rest, soap, limits
        self._kinds: Mapping[str, FieldKind] = {}
        self._widened: set[str] = set()
        self._lock = Lock()

    def prepare(self, fields: Mapping[str, FieldKind]) -> None:
        """Columns are added to each data extension before its first rows of a run."""
        if taken := [name for name in fields if name.lower() == EMAIL.lower()]:
            raise TerminalError(
                f"mapping: {taken[0]} is the key of {TITLE}'s rows and is sent anyway; take it out"
            )
        self._kinds = fields
        self._widened.clear()

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        """An asynchronous request for each data extension; their ids together are the job."""
        refuse_bad_addresses(rows)
        items = [
            {EMAIL: row.key, **{name: typed(text, self._kinds[name]) for name, text in row.fields.items()}}
            for row in sorted(rows, key=lambda row: row.key)
        ]
        jobs = []
        for each in lists:
            self._widen(each)
            answer = self._rest.call(
                "PUT", f"{ASYNC}/dataextensions/key:{each}/rows", {"items": items}, missing=ListGoneError
            )
            if "CustomObjectNotFound" in messages(answer).values():
                raise ListGoneError(f"{TITLE}: {redact('; '.join(messages(answer)))}")
            refuse(answer, "rows")
            jobs.append(str(answer["requestId"]))
        return Submitted(" ".join(jobs) or None)

    def _widen(self, list_id: str) -> None:
        with self._lock:
            if list_id not in self._widened:
                extensions.widen(self._soap, list_id, self._kinds)
                self._widened.add(list_id)

    def finished(self, job: str) -> bool:
        """Poll each request once."""
        return all(self._status(each)["requestStatus"] != "Pending" for each in job.split())

    def conclude(self, job: str, keys: Sequence[str]) -> Mapping[str, str]:
        """Read what became of each row; the results come in the order of the rows, and those by address."""
        found: dict[str, str] = {}
        for each in job.split() if keys else ():
            status = self._status(each)
            if not status.get("hasErrors") and status["requestStatus"] != "Error":
                continue
            results = list(self._results(each))
            if len(results) != len(keys):
                raise JobFailedError(
                    f"{TITLE}'s request {each} failed, and tells of {len(results)} rows where"
                    f" {len(keys)} were sent: {redact(next(iter(results), (False, ''))[1])}"
                )
            for key, (is_good, said) in zip(sorted(keys), results, strict=True):
                if not is_good:
                    found[key] = redact(said)
        return found

    def _results(self, request: str) -> Iterator[tuple[bool, str]]:
        """For each row: whether it was taken, and what is said of it."""
        page, seen = 1, 0
        while True:
            asked: dict[str, str | int] = {"$page": page, "$pageSize": PAGE}
            answer = self._rest.call("GET", f"{ASYNC}/{request}/results", params=asked)
            refuse(answer, "results")
            items = answer.get("items") or []
            yield from ((each.get("status") == "OK", str(each.get("message", ""))) for each in items)
            page, seen = page + 1, seen + len(items)
            if not items or seen >= int(answer.get("count", 0)):
                return

    def _status(self, request: str) -> dict[str, str | bool]:
        answer = self._rest.call("GET", f"{ASYNC}/{request}/status", missing=JobUnknownError)
        if "status" not in answer:
            raise JobUnknownError(f"{TITLE}: {redact('; '.join(messages(answer)))}")
        status: dict[str, str | bool] = answer["status"]
        return status

    def ensure_list(self, name: str, known: str | None) -> str:
        """Find by name, or create; the name of one that is there stays."""
        return known or extensions.ensure(self._soap, name)

    def submit_removals(self, list_id: str, keys: Sequence[str]) -> Submitted:
        """Delete the rows."""
        extensions.take_out(self._soap, list_id, keys)
        return Submitted()

    def suppressions(self) -> Iterator[Suppression]:
        """All subscribers who unsubscribed, or whose mail keeps bouncing."""
        for status, kind in SUPPRESSIONS.items():
            for each in self._soap.retrieve("Subscriber", ["EmailAddress", "Status"], "Status", [status]):
                if each["EmailAddress"]:
                    yield Suppression(each["EmailAddress"].lower(), kind)

    def check(self) -> str:
        """Ask for a data extension."""
        list(self._soap.retrieve("DataExtension", ["CustomerKey"], "Name", ["Perennial"]))
        return "data extensions can be read"
