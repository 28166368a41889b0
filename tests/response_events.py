"""Webhook events as SendGrid's documentation shows them, for a campaign of ours."""

from typing import Any

SENT_AT = 1_514_278_800
"""2017-12-26 09:00 UTC."""


def event(kind: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    """One event of one message to ann@example.com."""
    return {
        "email": "ann@example.com",
        "timestamp": SENT_AT + number,
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "event": kind,
        "category": ["audience:best", "as_of:2017-12-26", "winter"],
        "sg_event_id": f"event-{number}",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        "singlesend_id": "27c21bbf-a12c-440b-b8bf-c526975328ca",
        "singlesend_name": "Thank you",
        **changes,
    }
