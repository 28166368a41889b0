"""Mailchimp's batches: many operations in one request, worked on later, their answers in an archive."""

import io
import json
import tarfile
from collections.abc import Iterable
from typing import Any

from perennial.activation.destinations.base import JobFailedError, JobUnknownError
from perennial.activation.destinations.failures import redact
from perennial.activation.destinations.mailchimp.client import MailchimpClient, complaints

LARGEST = 1024 * 1024 * 1024
"""Bytes of all answers of a batch, unpacked."""


def start(client: MailchimpClient, operations: Iterable[dict[str, Any]]) -> str:
    """Hand over operations; the batch's id."""
    return str(client.call("POST", "/batches", {"operations": list(operations)})["id"])


def status(client: MailchimpClient, batch: str) -> dict[str, Any]:
    """How far it is. `JobUnknownError` where it was forgotten: batches are kept for seven days."""
    found: dict[str, Any] = client.call("GET", f"/batches/{batch}", missing=JobUnknownError)
    return found


def refusals(client: MailchimpClient, batch: str) -> dict[str, str]:
    """Of a finished batch: the `operation_id`s that were refused, and why."""
    told = status(client, batch)
    if not told.get("errored_operations"):
        return {}
    if not told.get("response_body_url"):
        raise JobFailedError(f"Mailchimp's batch {batch} has errors and no list of them")
    answers = list(_answers(client.download(told["response_body_url"])))
    return {
        str(each["operation_id"]): redact("; ".join(complaints(json.loads(each["response"]))))
        for each in answers
        if each["status_code"] >= 400
    }


def _answers(archive: bytes) -> Iterable[dict[str, Any]]:
    left = LARGEST
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as files:
        for member in files:
            file = files.extractfile(member) if member.isfile() and member.name.endswith(".json") else None
            if file is not None:
                left -= member.size
                if left < 0:
                    raise JobFailedError(f"Mailchimp's list of errors has more than {LARGEST:,} bytes")
                yield from json.load(file)
