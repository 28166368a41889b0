"""Webhook signatures: did this provider write these bytes, and just now?

Each verifier is made from a key as the provider's settings show it, and checks a post's headers and its raw
body; `SignatureRefusedError` says what is wrong.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from perennial.errors import TerminalError

TOLERANCE = 300
"""Seconds by which a signed time may differ from ours; an older request is a replay."""
DIGITS = 12
"""Of a time in seconds, at most."""
ALGORITHM = ec.ECDSA(hashes.SHA256())


class SignatureRefusedError(TerminalError):
    """The request does not prove that the provider sent it."""


class Verifier(Protocol):
    """Checks posts that were signed with one key."""

    def check(self, headers: Mapping[str, str], body: bytes, now: float) -> None:
        """Return if the signature is good; `now` in seconds since 1970."""


class SendGrid:
    """ECDSA with SHA-256 over timestamp and body.

    https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
    """

    SIGNATURE = "x-twilio-email-event-webhook-signature"
    TIMESTAMP = "x-twilio-email-event-webhook-timestamp"

    def __init__(self, encoded: str) -> None:
        """The verification key: DER, base64."""
        try:
            key = load_der_public_key(base64.b64decode(encoded, validate=True))
        except (ValueError, binascii.Error) as error:
            raise TerminalError(
                f"the webhook's public key is not base64 of a DER public key: {error}"
            ) from None
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise TerminalError("the webhook's public key is not an elliptic-curve key")
        self._key = key

    def check(self, headers: Mapping[str, str], body: bytes, now: float) -> None:
        timestamp = _timestamp(headers.get(self.TIMESTAMP, ""))
        try:
            signature = base64.b64decode(headers.get(self.SIGNATURE, ""), validate=True)
            self._key.verify(signature, timestamp + body, ALGORITHM)
        except (InvalidSignature, ValueError, binascii.Error):
            raise SignatureRefusedError("the signature does not match") from None
        _within(timestamp, now)


class CustomerIo:
    """HMAC with SHA-256 over `v0:<timestamp>:<body>`, in hexadecimal digits.

    https://docs.customer.io/journeys/webhooks/#securely-verify-requests
    """

    SIGNATURE = "x-cio-signature"
    TIMESTAMP = "x-cio-timestamp"

    def __init__(self, key: str) -> None:
        """The webhook's signing key."""
        self._key = key.encode()

    def check(self, headers: Mapping[str, str], body: bytes, now: float) -> None:
        timestamp = _timestamp(headers.get(self.TIMESTAMP, ""))
        expected = hmac.new(self._key, b"v0:%b:%b" % (timestamp, body), sha256).hexdigest()
        _equal(expected.encode(), [headers.get(self.SIGNATURE, "").encode()])
        _within(timestamp, now)


class Mailchimp:
    """HMAC with SHA-256 over `<timestamp>.<body>`: `t=<timestamp>,v1=<hexadecimal digits>`.

    While Mailchimp's secret changes, there are several `v1`.
    https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/
    """

    SIGNATURE = "x-mailchimp-signature"

    def __init__(self, key: str) -> None:
        """The webhook's signing secret."""
        self._key = key.encode()

    def check(self, headers: Mapping[str, str], body: bytes, now: float) -> None:
        parts = [part.strip().partition("=") for part in headers.get(self.SIGNATURE, "").split(",")]
        timestamp = _timestamp(next((value for name, _, value in parts if name == "t"), ""))
        expected = hmac.new(self._key, b"%b.%b" % (timestamp, body), sha256).hexdigest()
        _equal(expected.encode(), [value.encode() for name, _, value in parts if name == "v1"])
        _within(timestamp, now)


class Salesforce:
    """HMAC with SHA-256 over the body, as base64; no time is signed.

    https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/ens-notification-signing.html
    """

    SIGNATURE = "x-sfmc-ens-signature"

    def __init__(self, key: str) -> None:
        """The callback's signature key."""
        self._key = key.encode()

    def check(self, headers: Mapping[str, str], body: bytes, now: float) -> None:
        expected = base64.b64encode(hmac.digest(self._key, body, sha256))
        _equal(expected, [headers.get(self.SIGNATURE, "").encode()])


def _timestamp(value: str) -> bytes:
    if not value.isascii() or not value.isdigit() or len(value) > DIGITS:
        raise SignatureRefusedError("the timestamp is missing or not a number")
    return value.encode()


def _equal(expected: bytes, signatures: list[bytes]) -> None:
    if not any(hmac.compare_digest(expected, each) for each in signatures):
        raise SignatureRefusedError("the signature does not match")


def _within(timestamp: bytes, now: float) -> None:
    if abs(now - int(timestamp)) > TOLERANCE:
        raise SignatureRefusedError("the request was signed too long ago, or in the future")
