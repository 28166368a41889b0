"""A message in; what the batch path would say of it, as violations, out."""

from typing import Any

from perennial.signals.dataset import Dataset
from perennial.signals.reading import messages
from perennial.signals.validation import validate

MOST = 5
"""Violations of one message that are told."""


def violations(body: bytes, dataset: Dataset) -> list[dict[str, Any]]:
    """Up to five, as `{field, reason}`; none for a good message. `field` is None where none is to blame."""
    chunk = messages([body], dataset, "message")
    reasons: list[str] = chunk.broken["reasons"].explode().to_list()
    if not chunk.rows.is_empty():
        reasons += validate(chunk.rows, dataset).bad["reasons"].explode().to_list()
    return [_violation(reason) for reason in reasons[:MOST]]


def _violation(reason: str) -> dict[str, Any]:
    field, found, rest = reason.partition(": ")
    named = found and " " not in field
    return {"field": field if named else None, "reason": rest if named else reason}
