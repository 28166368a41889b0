"""Whose webhooks are taken: what each signs with, and what its posts look like."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from perennial.collector.refusals import Refused
from perennial.collector.signatures import CustomerIo, Mailchimp, Salesforce, SendGrid, Verifier

LONGEST_CALLBACK = 4096
"""Bytes: it is read before anybody has signed it."""
MOST_FIELDS = 1000
"""Of a form."""
Events = tuple[bytes, int]
"""A JSON array of events, and how many there are in it."""


@dataclass(frozen=True)
class Provider:
    """One provider's webhook, at `/webhooks/<name>`."""

    name: str
    title: str
    verifier: Callable[[str], Verifier]
    """Makes a verifier of a key; `TerminalError` where it can be none."""
    events: Callable[[bytes], Events]
    """Takes a post apart; `Refused` with 400 where it is no such post."""
    accepted: int = 200
    """The status of the answer to a post that was taken."""
    asks: bool = False
    """Whether the address is asked with GET if it is there, before it is used."""
    handshake: Callable[[Mapping[str, str], bytes], str | None] | None = None
    """What to tell the person who sets the webhook up, of a post that only asks whether somebody is there."""

    @property
    def setting(self) -> str:
        """The environment's variable with its keys."""
        return setting(self.name)


def setting(name: str) -> str:
    """The environment's variable with a provider's keys."""
    return f"PERENNIAL_{name.upper()}_WEBHOOK_KEY"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError):
        raise Refused(400, "not_json", "the body is not JSON") from None


def array(body: bytes) -> Events:
    """Events in an array, exactly as they came."""
    events = _json(body)
    if not isinstance(events, list):
        raise Refused(400, "not_an_array", "the body is not an array of events")
    return body, len(events)


def one(body: bytes) -> Events:
    """One event, exactly as it came."""
    if not isinstance(_json(body), dict):
        raise Refused(400, "not_an_object", "the body is not an event, which is an object")
    return b"[%b]" % body, 1


def array_or_one(body: bytes) -> Events:
    """Events in an array, or one by itself."""
    return one(body) if body.lstrip()[:1] == b"{" else array(body)


def form(body: bytes) -> Events:
    """A form's fields as an event; names such as `data[email]` stay what they are."""
    try:
        fields = dict(parse_qsl(body.decode(), True, errors="strict", max_num_fields=MOST_FIELDS))
    except ValueError:
        fields = {}
    if not fields.get("type"):
        raise Refused(
            400, "not_a_form", f"the body is not a form with a type and at most {MOST_FIELDS} fields"
        )
    return json.dumps([fields]).encode(), 1


def callback(headers: Mapping[str, str], body: bytes) -> str | None:
    """Salesforce asks, unsigned, whether somebody listens; its key has to be brought back by a person."""
    if Salesforce.SIGNATURE in headers or len(body) > LONGEST_CALLBACK:
        return None
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.keys() != {"callbackId", "verificationKey"}:
        return None
    if not all(isinstance(each, str) for each in said.values()):
        return None
    # As JSON, for whoever wrote it must not write lines of the log.
    return f"to verify the callback, send to POST /platform/v1/ens-verify: {json.dumps(said)[:500]}"


PROVIDERS = [
    Provider("sendgrid", "SendGrid", SendGrid, array, accepted=202),
    Provider("customer_io", "Customer.io", CustomerIo, one),
    Provider("mailchimp", "Mailchimp", Mailchimp, form, asks=True),
    Provider("salesforce", "Salesforce Marketing Cloud", Salesforce, array_or_one, handshake=callback),
]
