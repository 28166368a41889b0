"""The pattern of Eloqua's Bulk API: a definition, its data, and a sync that works on it in its own time."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from perennial.activation.destinations.base import JobFailedError, JobUnknownError, ListGoneError
from perennial.activation.destinations.eloqua.client import EloquaClient
from perennial.activation.destinations.failures import RefusedError, redact

BULK = "/api/bulk/2.0"
EMAIL = "{{Contact.Field(C_EmailAddress)}}"
KEPT = {"dataRetentionDuration": "P1D", "autoDeleteDuration": "P7D"}
"""How long Eloqua keeps what we stage, and the definitions: ISO 8601."""
DUPLICATES = {"ELQ-00011", "ELQ-00026"}
"""A key stands once in our data: a duplicate is a post that was repeated because its answer was lost."""
ENDED = {"success", "warning", "error"}


def start(
    client: EloquaClient, kind: str, definition: Mapping[str, Any], rows: Sequence[Any], of: str = "contacts"
) -> str:
    """Stage rows for a new definition, and have them worked on; the sync's id."""
    try:
        uri = str(client.call("POST", f"{BULK}/{of}/{kind}", {**definition, **KEPT})["uri"])
    except RefusedError as error:
        # Fields were looked up before: what else can be wrong is the list, where there is one.
        is_gone = error.status in (400, 404) and "syncActions" in definition
        raise ListGoneError(str(error)) if is_gone else error from None
    if rows:
        client.call("POST", f"{BULK}{uri}/data", list(rows))
    sync = client.call("POST", f"{BULK}/syncs", {"syncedInstanceUri": uri}, repeatable=False)
    return str(sync["uri"]).rpartition("/")[2]


def ended(client: EloquaClient, sync: str) -> bool:
    """Poll a sync once."""
    return _status(client, sync) in ENDED


def rejects(client: EloquaClient, sync: str) -> Iterator[tuple[str, str]]:
    """Of a sync that ended: addresses that were not taken, and why. `JobFailedError` where none was."""
    status = _status(client, sync)
    if status == "error":
        logs = client.call("GET", f"{BULK}/syncs/{sync}/logs")["items"]
        said = "; ".join(
            f"{each['statusCode']} {each['message']}" for each in logs if each["severity"] == "error"
        )
        raise JobFailedError(f"Eloqua's sync {sync} failed: {redact(said)}")
    if status == "warning":
        for reject in pages(client, f"{BULK}/syncs/{sync}/rejects", 1000):
            if reject["statusCode"] not in DUPLICATES:
                yield str(reject["fieldValues"]["email"]).lower(), redact(reject["message"])


def pages(client: EloquaClient, path: str, size: int, **params: str) -> Iterator[dict[str, Any]]:
    """All items, page by page."""
    for offset in count(0, size):
        page = client.call("GET", path, params={"limit": size, "offset": offset, **params})
        yield from page.get("items", [])
        if not page["hasMore"]:
            return


def _status(client: EloquaClient, sync: str) -> str:
    return str(client.call("GET", f"{BULK}/syncs/{sync}", missing=JobUnknownError)["status"])
