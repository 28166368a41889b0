"""Webhook signatures: did this provider write these bytes, and just now?"""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from perennial.errors import TerminalError

TOLERANCE = 300
"""Seconds by which a signed time may differ from ours; an older request is a replay."""


class SignatureRefusedError(TerminalError):
    """The request does not prove that the provider sent it."""


def sendgrid_key(encoded: str) -> ec.EllipticCurvePublicKey:
    """SendGrid's verification key, as its settings page shows it: DER, base64."""
    try:
        key = load_der_public_key(base64.b64decode(encoded, validate=True))
    except (ValueError, binascii.Error) as error:
        raise TerminalError(f"the webhook's public key is not base64 of a DER public key: {error}") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TerminalError("the webhook's public key is not an elliptic-curve key")
    return key


def verify_sendgrid(
    key: ec.EllipticCurvePublicKey, signature: str, timestamp: str, body: bytes, now: float
) -> None:
    """Check ECDSA with SHA-256 over timestamp and raw body; `SignatureRefusedError` says what is wrong."""
    if not timestamp.isascii() or not timestamp.isdigit():
        raise SignatureRefusedError("the timestamp header is missing or not a number")
    try:
        key.verify(
            base64.b64decode(signature, validate=True), timestamp.encode() + body, ec.ECDSA(hashes.SHA256())
        )
    except (InvalidSignature, ValueError, binascii.Error):
        raise SignatureRefusedError("the signature does not match") from None
    if abs(now - int(timestamp)) > TOLERANCE:
        raise SignatureRefusedError("the request was signed too long ago, or in the future")
